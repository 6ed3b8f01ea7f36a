//! What the system carries, measured on the programs that ISPs install, with the load generator on the same machine.
//!
//! Each part gives [`Row`]s; a figure is compared with a goal, and where there is one with a peer that does the same work
//! without us, measured in the same run.

mod agent_busy;
mod agent_flood;
mod agent_size;
mod analytics;
mod asn;
mod batches;
mod bodies;
mod cut;
mod download;
mod ingest;
mod landing;
mod load;
mod pages;
mod peer;
mod rankings;
mod release;
mod report;
mod sample;
mod support;
mod telemetry;

use std::time::Duration;

use anyhow::Context as _;
use intake::clock::{Clock as _, SystemClock};

pub use report::{Goal, Row, print, write};

/// How long and on which world.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// Seed of the simulated world.
    pub seed: u64,
    /// How long batches are sent.
    pub ingest_time: Duration,
    /// How long single results are sent, in each case.
    pub telemetry_time: Duration,
    /// How long an agent is looked at while it works, in each case.
    pub agent_time: Duration,
    /// Distinct sources of the flood.
    pub flood_sources: u64,
    /// Results in the window of the larger cut.
    pub cut_results: u64,
    /// Results on top of which a night is measured.
    pub release_results: u64,
    /// Results in the release that is read over HTTP.
    pub download_results: u64,
}

type Measure = fn(&Settings) -> anyhow::Result<Vec<Row>>;

const PARTS: [(&str, Measure); 13] = [
    ("asn_lookup", asn::measure),
    ("agent_size", agent_size::measure),
    ("agent_busy", agent_busy::measure),
    ("agent_flood", agent_flood::measure),
    ("telemetry", telemetry::measure),
    ("support", support::measure),
    ("ingest", ingest::measure),
    ("analytics", analytics::measure),
    ("cut", cut::measure),
    ("rankings", rankings::measure),
    ("pages", pages::measure),
    ("release", release::measure),
    ("download", download::measure),
];

/// The names of the parts, in the order in which they run.
#[must_use]
pub fn parts() -> Vec<&'static str> {
    PARTS.iter().map(|(name, _)| *name).collect()
}

/// Runs the part of this name, or all of them.
///
/// # Errors
/// If a program does not run, an answer is wrong, or there is no such part.
pub fn run(only: Option<&str>, settings: &Settings) -> anyhow::Result<Vec<Row>> {
    let mut rows = Vec::new();
    for (name, measure) in PARTS.iter().filter(|(name, _)| only.is_none_or(|only| only == *name)) {
        eprintln!("{name} …");
        rows.extend(measure(settings).with_context(|| format!("measuring {name}"))?);
    }
    anyhow::ensure!(!rows.is_empty(), "there is no such part; the parts are {}", parts().join(", "));
    Ok(rows)
}

/// The present time in seconds since the Unix epoch.
fn now_unix_s() -> i64 {
    SystemClock.now().as_second()
}
