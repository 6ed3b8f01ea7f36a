//! What test pages read from the agent: the script, the sponsor, whether it works.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, ensure};
use bufferlake_tests::harness::{Agent, AgentOptions, Scratch};
use bufferlake_tests::http::{self, Response};

use super::{alone, require};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."))
}

fn get_with(agent: &Agent, path: &str, headers: &[(&str, &str)]) -> anyhow::Result<Response> {
    http::fetch(agent.address(), &http::request("GET", path, headers, b""))
}

/// What does not change is kept by browsers, asked for again by its tag, readable by any origin, and only read.
fn require_fixed(agent: &Agent, path: &str, content_type: &str) -> anyhow::Result<Response> {
    let answer = get_with(agent, path, &[("origin", "https://test.example")])?;
    require(&answer, 200)?;
    ensure!(answer.header("content-type") == Some(content_type), "{:?}", answer.headers);
    ensure!(answer.header("access-control-allow-origin") == Some("*"), "{:?}", answer.headers);
    ensure!(answer.header("cache-control").is_some_and(|kept| kept.starts_with("public, max-age=")));
    let etag = answer.header("etag").context("no ETag")?.to_owned();
    let known = get_with(agent, path, &[("if-none-match", &etag)])?;
    require(&known, 304)?;
    ensure!(known.body.is_empty() && known.header("etag") == Some(&etag), "{known:?}");
    require(&get_with(agent, path, &[("if-none-match", "\"other\"")])?, 200)?;
    require(&http::fetch(agent.address(), &http::request("POST", path, &[], b"{}"))?, 405)?;
    Ok(answer)
}

// Aim: a page learns who runs the server, or that nobody said so.
#[test]
fn the_sponsor_is_told() -> anyhow::Result<()> {
    let scratch = Scratch::new("agent-sponsor")?;
    let (mut agent, _) = alone(&scratch, |options| options)?;
    let nobody = require_fixed(&agent, "/api/sponsor", "application/json")?.json()?;
    ensure!(nobody == serde_json::json!({"sponsor_name": null, "sponsor_url": null, "sponsor_city": null}), "{nobody}");
    agent.stop()?;
    *agent.options_mut() = AgentOptions { ..agent.options_mut().clone() }
        .with("sponsor.name", "Example \"ISP\" <b>")
        .with("sponsor.url", "https://isp.example/")
        .with("sponsor.city", "Zürich");
    agent.restart()?;
    let told = require_fixed(&agent, "/api/sponsor", "application/json")?.json()?;
    let expected = serde_json::json!({
        "sponsor_name": "Example \"ISP\" <b>", "sponsor_url": "https://isp.example/", "sponsor_city": "Zürich"
    });
    ensure!(told == expected, "{told}");
    agent.stop()
}

// Aim: the agent serves the script that lies in the repository, and machines that watch it get plain answers.
#[test]
fn the_script_and_the_agents_state_are_served() -> anyhow::Result<()> {
    let scratch = Scratch::new("agent-script")?;
    let (mut agent, _) = alone(&scratch, |options| options)?;
    let script = require_fixed(&agent, "/telemetry.js", "text/javascript; charset=utf-8")?;
    ensure!(script.body == std::fs::read(root().join("agent/assets/telemetry.js"))?, "another script is served");
    for (path, state) in [("/api/health", "ready"), ("/api/health/ready", "ready"), ("/api/health/live", "live")] {
        let answer = get_with(&agent, path, &[])?;
        require(&answer, 200)?;
        ensure!(answer.json()?["status"] == state, "{path}: {}", answer.json()?);
        ensure!(answer.header("cache-control") == Some("no-store"), "{path}: {:?}", answer.headers);
    }
    let health = agent.health()?;
    for key in ["version", "history", "outbox", "upload", "webhook"] {
        ensure!(!health[key].is_null(), "{key} is not in {health}");
    }
    agent.stop()
}

// Aim: the script does what its header promises, with every kind of network and visitor (tests/telemetry/).
#[test]
fn the_script_keeps_its_promises() -> anyhow::Result<()> {
    let output = Command::new("node")
        .args(["--test", "--test-reporter=tap", "tests/telemetry/telemetry.test.mjs"])
        .current_dir(root())
        .output()
        .context("starting node")?;
    let said = String::from_utf8_lossy(&output.stdout);
    ensure!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    let passed = said.lines().find_map(|line| line.strip_prefix("# pass ")).context("no count of tests")?;
    ensure!(passed.trim().parse::<u32>()? >= 19, "only {passed} tests ran");
    Ok(())
}
