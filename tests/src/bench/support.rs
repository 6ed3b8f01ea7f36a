//! The support desk's look-ups in a long history, while nothing else happens, and an erasure there.

use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};

use super::Settings;
use super::load::{Source, drive};
use super::report::{Goal, Row};
use super::sample::{memory, percentile};
use crate::harness::{Agent, AgentOptions, Scratch, telemetry};
use crate::http;

/// Results in the history.
const RESULTS: u32 = 100_000;
/// Clients of whom they are.
const CLIENTS: u32 = 5_000;
/// Connections over which they come.
const CONNECTIONS: u32 = 64;
/// Look-ups that are measured.
const LOOK_UPS: u32 = 5_000;
/// Longest that one look-up in a hundred may take, in ms.
const P99_GOAL_MS: f64 = 5.0;
/// Longest until the bytes of an erased client are gone, in ms.
const ERASE_GOAL_MS: f64 = 1_000.0;
/// Patience with the results; they come in a few seconds.
const PATIENCE: Duration = Duration::from_secs(120);

/// Measures it.
pub(super) fn measure(_settings: &Settings) -> anyhow::Result<Vec<Row>> {
    let scratch = Scratch::new("bench-support")?;
    let options = AgentOptions::alone(scratch.join("agent")).with("history.max_rows", &RESULTS.to_string());
    let mut agent = Agent::start(options)?;
    let results = (0..CONNECTIONS).map(|first| Results { next: first, request: Vec::new() }).collect();
    drive(agent.address(), results, PATIENCE)?.require_all_ok().context("keeping results")?;
    ensure!(agent.health()?["history"]["rows"] == RESULTS, "not all results are in the history");

    let key = agent.support_key()?;
    let look_ups = LookUps { key: key.clone(), done: 0, request: Vec::new() };
    let mut answers = drive(agent.address(), vec![look_ups], PATIENCE)?;
    answers.require_all_ok().context("looking customers up")?;
    ensure!(answers.latencies_us.len() == LOOK_UPS as usize, "not all look-ups were answered");
    let mut ms = |share| f64::from(percentile(&mut answers.latencies_us, share)) / 1e3;
    let (p50_ms, p99_ms) = (ms(0.5), ms(0.99));
    let anonymous = memory(agent.program().id())?.anonymous_mb;

    let path = format!("/api/telemetry/customer/{}", client(0));
    let begun = Instant::now();
    let answer = http::fetch(agent.address(), &http::request("DELETE", &path, &[("x-api-key", &key)], b""))?;
    let erase_ms = begun.elapsed().as_secs_f64() * 1e3;
    let said = answer.json()?;
    ensure!(said["erased"]["history"] == RESULTS / CLIENTS && said["erased"]["overwritten"] == true, "{said}");
    agent.stop()?;
    Ok(vec![
        Row::new("support.customer_p50", p50_ms, "ms a look-up, 20 of 100,000 results"),
        Row::new("support.customer_p99", p99_ms, "ms a look-up, 20 of 100,000 results")
            .with_goal(Goal::AtMost(P99_GOAL_MS)),
        Row::new("support.erase", erase_ms, "ms until the last byte is gone").with_goal(Goal::AtMost(ERASE_GOAL_MS)),
        Row::new("support.memory", anonymous, "MB anonymous after the look-ups"),
    ])
}

fn client(number: u32) -> IpAddr {
    Ipv4Addr::from_bits(0x4900_0000 + number * 7).into()
}

/// Every so manieth result of all.
struct Results {
    next: u32,
    request: Vec<u8>,
}

impl Source for Results {
    fn next(&mut self) -> Option<&[u8]> {
        if self.next >= RESULTS {
            return None;
        }
        let (down, up) = (1 + self.next / 300, 1 + self.next % 300);
        let body = format!(
            r#"{{"results":{{"test_type":"single","grades":{{"overall":"B"}},"metrics":{{"baseline_latency_ms":20,"download_latency_increase_ms":10,"upload_latency_increase_ms":30,"bidirectional_latency_increase_ms":40,"download_throughput_mbps":{down},"upload_throughput_mbps":{up}}}}}}}"#
        );
        self.request = telemetry(client(self.next % CLIENTS), &body);
        self.next += CONNECTIONS;
        Some(&self.request)
    }
}

/// One look-up after the other, of clients all over the history.
struct LookUps {
    key: String,
    done: u32,
    request: Vec<u8>,
}

impl Source for LookUps {
    fn next(&mut self) -> Option<&[u8]> {
        if self.done >= LOOK_UPS {
            return None;
        }
        // A stride that meets every client once.
        let path = format!("/api/telemetry/customer/{}", client(self.done * 1_999 % CLIENTS));
        self.request = http::request("GET", &path, &[("x-api-key", &self.key)], b"");
        self.done += 1;
        Some(&self.request)
    }
}
