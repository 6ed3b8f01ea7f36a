//! A flood: millions of distinct IPv6 sources, each a client of its own. What the agent remembers of clients is bounded, so
//! its memory is.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context as _, ensure};

use super::Settings;
use super::load::{Source, drive};
use super::report::{Goal, Row};
use super::sample::memory;
use crate::harness::{Agent, AgentOptions, Scratch};
use crate::http;

/// Connections over which they come.
const CONNECTIONS: u64 = 64;
/// One source in so many sends a good result, whose client is remembered; the others are refused at the door. The disk would
/// take many times as long for results of all.
const GOOD_ONE_IN: u64 = 10;
/// Most memory that the flood may add, in MB.
const GOAL_MB: f64 = 64.0;
/// How often memory is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// Patience with the flood.
const PATIENCE: Duration = Duration::from_secs(3_600);
/// A result that can vote, so that its client is remembered for a month.
const GOOD: &str = r#"{"results":{"test_type":"single","metrics":{"baseline_latency_ms":20,"download_latency_increase_ms":10,"upload_latency_increase_ms":30,"download_throughput_mbps":100,"upload_throughput_mbps":20}}}"#;

/// Measures it.
pub(super) fn measure(settings: &Settings) -> anyhow::Result<Vec<Row>> {
    let scratch = Scratch::new("bench-agent-flood")?;
    let mut agent = Agent::start(AgentOptions { seal_interval_s: 900, ..AgentOptions::alone(scratch.join("agent")) })?;
    let address = agent.address();
    let id = agent.program().id();
    // Once round, so that connections and threads have what they need.
    drive(address, sources(1_000, 1 << 40), PATIENCE)?;
    let before = memory(id)?.anonymous_mb;

    eprintln!("agent_flood: {} sources", settings.flood_sources);
    let flooding = AtomicBool::new(true);
    let (answers, most) = std::thread::scope(|scope| -> anyhow::Result<_> {
        let watch = scope.spawn(|| -> anyhow::Result<f64> {
            let mut most = before;
            while flooding.load(Ordering::Relaxed) {
                most = most.max(memory(id)?.anonymous_mb);
                std::thread::sleep(LOOK_EVERY);
            }
            Ok(most)
        });
        let answers = drive(address, sources(settings.flood_sources, 0), PATIENCE);
        flooding.store(false, Ordering::Relaxed);
        let most = watch.join().ok().context("the watch broke off")??;
        Ok((answers?, most))
    })?;
    ensure!(answers.by_status.keys().all(|status| *status < 500), "answers by status: {:?}", answers.by_status);
    ensure!(answers.by_status.contains_key(&200), "no result was kept: {:?}", answers.by_status);
    agent.program().assert_sound()?;
    agent.kill()?;
    #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
    let millions = settings.flood_sources as f64 / 1e6;
    Ok(vec![
        Row::new("agent_flood.memory", most - before, "MB anonymous that the flood adds")
            .with_goal(Goal::AtMost(GOAL_MB)),
        Row::new("agent_flood.sources", millions, "million distinct IPv6 /64, one in ten with a result"),
        Row::new("agent_flood.rate", answers.per_second(), "requests/s"),
    ])
}

fn sources(count: u64, first: u64) -> Vec<Flood> {
    (0..CONNECTIONS).map(|stream| Flood { next: first + stream, end: first + count, request: Vec::new() }).collect()
}

/// Every so many-th source, each once.
struct Flood {
    next: u64,
    end: u64,
    request: Vec<u8>,
}

impl Source for Flood {
    fn next(&mut self) -> Option<&[u8]> {
        if self.next >= self.end {
            return None;
        }
        let client =
            std::net::Ipv6Addr::from_bits((0x2a0a_u128 << 112) | (u128::from(self.next) << 64) | 1).to_string();
        let body = if self.next.is_multiple_of(GOOD_ONE_IN) { GOOD } else { "{}" };
        let headers = [("content-type", "application/json"), ("x-forwarded-for", client.as_str())];
        self.request = http::request("POST", "/api/telemetry", &headers, body.as_bytes());
        self.next += CONNECTIONS;
        Some(&self.request)
    }
}
