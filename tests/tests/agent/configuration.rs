//! The agent in the place of the old program: with what that left, and with its variables.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::Command;

use anyhow::{Context as _, ensure};
use bufferlake_tests::harness::{AgentOptions, Program, Scratch, binary, free_port, telemetry};
use bufferlake_tests::http;
use serde_json::json;

use super::results::{Scene, body, client, number, post_all};

/// The file that providers have.
const LEGACY_FILE: &str = include_str!("../../../agent/src/config/samples/lqos_test.conf");

// Aim: a provider who replaces the old program needs no new file: its file and a few variables are enough, and what
// stands in them works.
#[test]
fn the_old_programs_file_is_enough() -> anyhow::Result<()> {
    let scratch = Scratch::new("agent-old-file")?;
    let file = scratch.join("lqos_test.conf");
    std::fs::write(&file, LEGACY_FILE)?;
    let port = free_port()?;
    let variable = |name: &str, value: String| (format!("BUFFERLAKE_AGENT_{name}"), value);
    let environment = [
        variable("LISTEN", format!("127.0.0.1:{port}")),
        variable("METRICS_LISTEN", "127.0.0.1:0".to_owned()),
        variable("DATA_DIR", scratch.join("data").display().to_string()),
        variable("LEGACY_FILE", file.display().to_string()),
        ("SERVER_MODE".to_owned(), "isp".to_owned()),
    ];
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut agent = Program::start("agent", &["run"], &environment, &scratch.join("agent.log"))?;
    agent.wait_until_healthy(address)?;
    let sponsor = http::get(address, "/api/sponsor")?.json()?;
    let expected = json!({
        "sponsor_name": "Example ISP", "sponsor_url": "https://example-isp.com", "sponsor_city": "Example City",
    });
    ensure!(sponsor == expected, "the sponsor is {sponsor}");
    for (key, status) in [("your-api-key-for-telemetry-access", 200), ("another-key-for-telemetry-access", 401)] {
        let request = http::request("GET", "/api/telemetry/recent", &[("x-api-key", key)], b"");
        let answer = http::fetch(address, &request)?;
        ensure!(answer.status == status, "with {key}: {}", answer.status);
    }
    agent.stop()?;
    let log = std::fs::read_to_string(scratch.join("agent.log"))?;
    for secret in ["your-api-key-for-telemetry-access", "your-webhook-secret-key"] {
        ensure!(!log.contains(secret), "a secret stands in the log:\n{log}");
    }
    ensure!(log.contains("everybody knows"), "the start does not warn of the sample's secrets:\n{log}");
    Ok(())
}

// Aim: the central server's role is refused at each command, with a word of where it is.
#[test]
fn the_central_servers_role_is_refused() -> anyhow::Result<()> {
    for command in ["run", "check-config", "status"] {
        let output = Command::new(binary("agent")?).arg(command).env("SERVER_MODE", "central").output()?;
        let said = String::from_utf8(output.stderr).context("text")?;
        ensure!(output.status.code() == Some(78), "{command} ended with {}: {said}", output.status);
        ensure!(said.contains("SERVER_MODE") && said.contains("warehouse"), "{command}: {said}");
    }
    Ok(())
}

// Aim: what is taken while ENABLE_TELEMETRY is false stays at the provider, also when it is true again, and costs its
// client no vote.
#[test]
fn without_telemetry_results_stay_for_good() -> anyhow::Result<()> {
    let scratch = Scratch::new("agent-no-telemetry")?;
    let enabled = |yes: &str| vec![("ENABLE_TELEMETRY".to_owned(), yes.to_owned())];
    let mut scene = Scene::start(&scratch, |options| AgentOptions {
        seal_interval_s: 1,
        environment: enabled("false"),
        ..options
    })?;
    post_all(scene.agent.address(), 0..20)?;
    let status = scene.agent.status()?;
    ensure!(status["history_rows"] == 20, "kept for the support desk: {status}");
    ensure!(status["waiting_records"] == 0 && status["unsettled_batches"] == 0, "nothing is to leave: {status}");

    scene.agent.stop()?;
    scene.agent.options_mut().environment = enabled("true");
    scene.agent.restart()?;
    post_all(scene.agent.address(), 20..30)?;
    // The same client as that of result 0, whose vote that did not use up.
    let answer = http::fetch(scene.agent.address(), &telemetry(client(0), &body(30)))?;
    ensure!(answer.status == 200, "result 30 got {}", answer.status);
    scene.require_exactly(20..31)?;
    let landed = scene.landed()?;
    let records = landed.iter().flat_map(|batch| &batch.records);
    let again = records.into_iter().find(|record| number(record).is_ok_and(|number| number == 30));
    ensure!(again.is_some_and(|record| record.vote_day && record.vote_month), "the vote was used up: {again:?}");
    Ok(())
}
