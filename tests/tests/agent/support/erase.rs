//! Erasing a customer, end to end.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use bufferlake_tests::canary::Canary;
use bufferlake_tests::harness::{AgentOptions, Scratch};
use bufferlake_tests::http;

use super::super::results::{self, Scene};
use super::{Desk, result};

/// Within this time no byte of an erased client is left.
const GONE_WITHIN: Duration = Duration::from_secs(1);

/// Spellings of the addresses in all files of the data directory, with the names of the files.
fn found(directory: &Path, client: IpAddr) -> anyhow::Result<Vec<String>> {
    let canary = Canary::of(&[client])?;
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory)? {
        let path = entry?.path();
        let bytes = std::fs::read(&path)?;
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        found.extend(canary.find(&bytes).into_iter().map(|spelling| format!("{name}: {spelling}")));
    }
    Ok(found)
}

// Aim: an erased client is in no byte of any file a second later, in whatever spelling, while others' results come in all
// the time; the answer says what was erased, and a repetition finds nothing.
#[test]
fn no_byte_of_an_erased_client_is_left() -> anyhow::Result<()> {
    let scratch = Scratch::new("support-erase")?;
    let desk = Desk::open(&scratch, |options| {
        options.with("history.max_rows", "100000").with("webhook.url", "http://127.0.0.1:9/hook")
    })?;
    let v4: IpAddr = Ipv4Addr::new(73, 187, 241, 231).into();
    let v6: IpAddr = "2a01:4f8:7a11:42c3:9b5d:e6f7:1d3b:5c97".parse::<Ipv6Addr>()?.into();
    for number in 0..60 {
        for client in [v4, v6] {
            let text = client.to_string();
            let headers =
                [("content-type", "application/json"), ("x-forwarded-for", text.as_str()), ("user-agent", &text)];
            let body = result("C")
                .replace("90.5", &format!("{}", 100 + number))
                .replace("{\"results\"", &format!(r#"{{"server_info":{{"server_name":"{text}"}},"results""#));
            let answer =
                http::fetch(desk.agent.address(), &http::request("POST", "/api/telemetry", &headers, body.as_bytes()))?;
            ensure!(answer.status == 200, "a result got {}", answer.status);
            if number % 10 == 0 {
                desk.get(&format!("/api/telemetry/customer/{client}"))?;
            }
        }
        desk.keep("198.51.100.7", &result("A").replace("90.5", &format!("{}", 200 + number)))?;
    }
    for client in [v4, v6] {
        ensure!(!found(desk.agent.dir(), client)?.is_empty(), "nothing is at stake");
    }
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| -> anyhow::Result<()> {
        let crowd: Vec<_> = (0..2_u32)
            .map(|crowd| {
                let (desk, stop) = (&desk, &stop);
                scope.spawn(move || -> anyhow::Result<u32> {
                    let mut kept = 0;
                    while !stop.load(Ordering::Relaxed) {
                        let client = Ipv4Addr::from_bits(0x0A00_0000 | crowd << 16 | kept);
                        desk.keep(&client.to_string(), &result("B"))?;
                        kept += 1;
                    }
                    Ok(kept)
                })
            })
            .collect();
        let erased = [v4, v6].map(|client| -> anyhow::Result<()> {
            let begun = Instant::now();
            let answer = desk.ask("DELETE", &format!("/api/telemetry/customer/{client}"))?;
            let said = answer.json()?;
            ensure!(answer.status == 200, "{} {said}", answer.status);
            while let left = found(desk.agent.dir(), client)?
                && !left.is_empty()
            {
                ensure!(begun.elapsed() < GONE_WITHIN, "after {:?}: {left:?}; {said}", begun.elapsed());
            }
            let erased = &said["erased"];
            for (what, rows) in [
                ("history", 60),
                ("unsealed_records", 60),
                ("webhooks", 60),
                ("vote_keys", 1),
                ("retry_keys", 60),
                ("audit_addresses", 6),
            ] {
                ensure!(erased[what] == rows, "{what}: {said}");
            }
            ensure!(erased["overwritten"] == true && said["success"] == true, "{said}");
            ensure!(said["sealed_batches"].as_str().is_some_and(|text| text.contains("sealed")), "{said}");
            ensure!(desk.get(&format!("/api/telemetry/customer/{client}"))?["total_tests"] == 0);
            Ok(())
        });
        stop.store(true, Ordering::Relaxed);
        for kept in crowd {
            ensure!(kept.join().expect("the crowd")? > 0, "nothing went on meanwhile");
        }
        erased.into_iter().collect()
    })?;
    ensure!(desk.get("/api/telemetry/customer/198.51.100.7")?["total_tests"] == 60, "others are touched");
    let again = desk.ask("DELETE", &format!("/api/telemetry/customer/{v4}"))?.json()?;
    ensure!(again["erased"]["history"] == 0 && again["success"] == true, "{again}");
    for (path, status) in [
        ("/api/telemetry/customer/10.0.0.0/8", 422),
        ("/api/telemetry/customer/2001:db8::/32", 422),
        ("/api/telemetry/customer/nobody", 400),
        ("/api/telemetry/customer/192.0.2.1?all=1", 400),
    ] {
        ensure!(desk.ask("DELETE", path)?.status == status, "{path}");
    }
    ensure!(desk.audit()?.iter().filter(|entry| entry.action == "erase").count() == 3, "erasures are in the audit log");
    Ok(())
}

// Aim: a record that was not sealed yet never leaves, all others do once, and a client that was erased is a new one.
#[test]
fn an_erased_record_never_leaves() -> anyhow::Result<()> {
    let scratch = Scratch::new("support-unsealed")?;
    let mut scene = Scene::start(&scratch, |options| AgentOptions { seal_interval_s: 5, ..options })?;
    results::post_all(scene.agent.address(), 0..30)?;
    let key = scene.agent.support_key()?;
    let erased = results::client(7);
    let path = format!("/api/telemetry/customer/{erased}");
    let delete = http::request("DELETE", &path, &[("x-api-key", &key)], b"");
    let answer = http::fetch(scene.agent.address(), &delete)?.json()?;
    ensure!(answer["erased"]["unsealed_records"] == 1, "it was sealed before it could be erased: {answer}");
    scene.require_exactly((0..30).filter(|number| *number != 7)).context("after the erasure")?;
    scene.wait_until_all_is_sent()?;

    // Sealed and sent: erasing takes the history, and the batch stays as it is.
    let sent = results::client(8);
    let delete = http::request("DELETE", &format!("/api/telemetry/customer/{sent}"), &[("x-api-key", &key)], b"");
    let answer = http::fetch(scene.agent.address(), &delete)?.json()?;
    ensure!(answer["erased"]["history"] == 1 && answer["erased"]["unsealed_records"] == 0, "{answer}");
    let again = scene.agent.post(erased, &results::body(7))?;
    ensure!(again.status == 200);
    scene.require_exactly(0..30).context("after the erased client came again")?;
    scene.agent.stop()
}
