//! Damage as the real program meets it: disks that take nothing, files that are not what they were, keys that are gone. It
//! starts within ten seconds, says 200 only to what it keeps, sends nothing twice, and goes on without a human.

mod disk;
mod files;
mod large;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use bufferlake_tests::harness::{Agent, telemetry, until};
use bufferlake_tests::http::{self, Response};
use serde_json::Value;

use super::results::{body, client};

/// How long a start may take, whatever is wrong.
const START_TIMEOUT: Duration = Duration::from_secs(10);

/// How long the agent may take to notice that a cause is gone.
const RECOVERY_TIMEOUT: Duration = Duration::from_secs(10);

/// Posts result `number` once.
fn post(agent: SocketAddr, number: u32) -> anyhow::Result<Response> {
    http::fetch(agent, &telemetry(client(number), &body(number)))
}

/// Fails unless the answer says that the result was not kept, and when to come again.
fn require_refusal(answer: &Response) -> anyhow::Result<()> {
    let problem = answer.json()?;
    ensure!(answer.status == 503, "status {}: {problem}", answer.status);
    ensure!(answer.header("retry-after").is_some(), "no Retry-After: {problem}");
    ensure!(problem["type"].as_str().is_some_and(|kind| kind.ends_with("/not-kept")), "{problem}");
    Ok(())
}

/// Starts the agent again; returns how long it took until it answered, and how long until it took results.
fn restart(agent: &mut Agent) -> anyhow::Result<Duration> {
    let began = Instant::now();
    agent.restart()?;
    let took = began.elapsed();
    ensure!(took <= START_TIMEOUT, "the start took {took:?}");
    Ok(took)
}

/// Waits until it takes results again.
fn wait_until_it_recovers(agent: &Agent) -> anyhow::Result<()> {
    until("it takes results again", RECOVERY_TIMEOUT, || (agent.health().ok()?["status"] == "ready").then_some(()))
}

/// What its health page says of damage to one part.
fn damage(agent: &Agent, part: &str) -> anyhow::Result<Value> {
    let health = agent.health()?;
    let found = health["damage"].get(part).cloned();
    found.with_context(|| format!("no damage of {part} is told: {}", health["damage"]))
}

/// Results in its history.
fn kept(agent: &Agent) -> anyhow::Result<u64> {
    agent.status()?["history_rows"].as_u64().context("no number of results")
}
