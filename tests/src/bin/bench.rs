//! Measures what Bufferlake carries and compares it with its goals: `cargo run --release --bin bench`.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use bufferlake_tests::bench::{self, Settings};
use clap::Parser;

/// Measures the programs beside this one, prints a table and writes it as JSON.
#[derive(Debug, Parser)]
#[command(name = "bench")]
struct Options {
    /// Run only this part: asn_lookup, agent_size, agent_busy, agent_flood, telemetry, support, ingest, analytics, cut,
    /// rankings, pages, release or download.
    #[arg(long)]
    only: Option<String>,
    /// Where the rows go; rows of parts that do not run stay.
    #[arg(long, default_value = "target/bench.json")]
    output: PathBuf,
    /// How long batches are sent, in seconds.
    #[arg(long, default_value_t = 120)]
    ingest_seconds: u64,
    /// How long single results are sent, in seconds, in each case.
    #[arg(long, default_value_t = 20)]
    telemetry_seconds: u64,
    /// How long an agent is looked at while it works, in seconds, in each case.
    #[arg(long, default_value_t = 60)]
    agent_seconds: u64,
    /// Distinct sources of the flood.
    #[arg(long, default_value_t = 10_000_000)]
    flood_sources: u64,
    /// Results in the window of the larger cut.
    #[arg(long, default_value_t = 100_000_000)]
    cut_results: u64,
    /// Results on top of which a night is measured.
    #[arg(long, default_value_t = 100_000_000)]
    release_results: u64,
    /// Results in the release that is read over HTTP.
    #[arg(long, default_value_t = 12_000_000)]
    download_results: u64,
    /// Seed of the simulated world.
    #[arg(long, default_value_t = 2026)]
    seed: u64,
}

fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    let settings = Settings {
        seed: options.seed,
        ingest_time: Duration::from_secs(options.ingest_seconds),
        telemetry_time: Duration::from_secs(options.telemetry_seconds),
        agent_time: Duration::from_secs(options.agent_seconds),
        flood_sources: options.flood_sources,
        cut_results: options.cut_results,
        release_results: options.release_results,
        download_results: options.download_results,
    };
    let rows = bench::run(options.only.as_deref(), &settings)?;
    bench::print(&rows);
    if let Some(directory) = options.output.parent() {
        std::fs::create_dir_all(directory).with_context(|| format!("making {}", directory.display()))?;
    }
    bench::write(&options.output, &rows)
}
