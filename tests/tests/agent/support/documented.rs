//! The examples of the documentation, run.

use std::path::Path;

use anyhow::{Context as _, ensure};
use bufferlake_tests::harness::Scratch;
use bufferlake_tests::http;

use super::{Desk, result};

/// Where the documentation believes the agent to be.
const ADDRESS: &str = "http://127.0.0.1:8081";

/// Method, path and headers of a line that begins with `curl`.
fn request(line: &str, key: &str) -> anyhow::Result<Vec<u8>> {
    let line = line.replace("$KEY", key);
    let (mut method, mut path, mut headers) = ("GET".to_owned(), None, Vec::new());
    let mut words = line.split('"').enumerate().flat_map(|(index, part)| {
        // Every other part stands between quotes and is one word.
        if index % 2 == 1 { vec![part] } else { part.split_whitespace().collect() }
    });
    while let Some(word) = words.next() {
        match word {
            "curl" => {}
            "-X" => method = words.next().context("no method")?.to_owned(),
            "-H" => headers.push(words.next().and_then(|header| header.split_once(": ")).context("no header")?),
            word => path = Some(word.strip_prefix(ADDRESS).with_context(|| format!("{word} is not understood"))?),
        }
    }
    Ok(http::request(&method, path.context("no URL")?, &headers, b""))
}

// Aim: every documented example does what it says.
#[test]
fn documented_examples_work() -> anyhow::Result<()> {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/agent.md"))?;
    let section = text.split("\n## ").find(|section| section.starts_with("Support API")).context("no such section")?;
    let scratch = Scratch::new("support-documented")?;
    let desk = Desk::open(&scratch, |options| options)?;
    for client in ["192.0.2.7", "2001:db8:1:2::3"] {
        desk.keep(client, &result("F"))?;
    }
    let mut examples = 0;
    for line in section.lines().filter(|line| line.starts_with("curl ")) {
        let answer = http::fetch(desk.agent.address(), &request(line, &desk.key)?)?;
        ensure!(
            answer.status == 200 && answer.json()?["success"] == true,
            "{line}: {} {:?}",
            answer.status,
            answer.json()
        );
        if line.contains("/customer/") && !line.contains("DELETE") {
            ensure!(answer.json()?["total_tests"] == 1, "{line}");
        }
        examples += 1;
    }
    ensure!(examples >= 5, "only {examples} examples were found");
    ensure!(desk.get("/api/telemetry/recent")?["total"] == 1, "the last example erases one of the two");
    Ok(())
}
