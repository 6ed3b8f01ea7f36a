//! What an agent costs the machine of a test server when nothing happens: memory and disk.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, ensure};

use super::Settings;
use super::report::{Goal, Row};
use super::sample::memory;
use crate::asn_data;
use crate::harness::{Account, Agent, AgentOptions, Scratch, Warehouse, WarehouseOptions, binary};

/// Most anonymous memory, in MB: what the system can take from nobody else. The database's pages are the file cache's.
const MEMORY_GOAL_MB: f64 = 12.0;
/// Largest stripped program, in MB.
const PROGRAM_GOAL_MB: f64 = 10.0;
/// How long it rests before it is looked at.
const REST: Duration = Duration::from_secs(3);
/// Look-ups before the rest, so that the database is mapped and used.
const RESULTS: u32 = 200;

/// Measures it.
pub(super) fn measure(_settings: &Settings) -> anyhow::Result<Vec<Row>> {
    let scratch = Scratch::new("bench-agent-size")?;
    let database = asn_data::real_mmdb(Path::new("target/asn"))?;
    let database_mb = megabytes(&database)?;
    let warehouse = Warehouse::start(WarehouseOptions::new(scratch.join("warehouse")))?;
    let account = Account::open(&warehouse, "at-rest", &[7922])?;
    let options = AgentOptions { asn_database: vec![database], ..AgentOptions::new(scratch.join("agent"), account) };
    let mut agent = Agent::start(options)?;
    let fresh = memory(agent.program().id())?;
    for index in 0..RESULTS {
        let client = std::net::Ipv4Addr::from(0x4900_0000 + index * 65_537);
        let answer = agent.post(client.into(), r#"{"results":{"test_type":"single"}}"#)?;
        ensure!(answer.status == 200, "a result got {}", answer.status);
    }
    // A measurement of rest: there is nothing to wait for.
    std::thread::sleep(REST);
    let used = memory(agent.program().id())?;
    agent.stop()?;

    let stripped = scratch.join("agent-stripped");
    std::fs::copy(binary("agent")?, &stripped).context("copying the program")?;
    let status = Command::new("strip").arg(&stripped).status().context("starting strip")?;
    ensure!(status.success(), "strip ended with {status}");
    Ok(vec![
        Row::new("agent_size.memory", fresh.anonymous_mb, "MB anonymous, idle").with_goal(Goal::AtMost(MEMORY_GOAL_MB)),
        Row::new("agent_size.memory_used", used.anonymous_mb, "MB anonymous, idle after uploads")
            .with_goal(Goal::AtMost(MEMORY_GOAL_MB)),
        Row::new("agent_size.resident", used.resident_mb, "MB resident, with pages of mapped files")
            .with_peer("the ASN database's file", database_mb),
        Row::new("agent_size.program", megabytes(&stripped)?, "MB stripped").with_goal(Goal::AtMost(PROGRAM_GOAL_MB)),
    ])
}

fn megabytes(path: &Path) -> anyhow::Result<f64> {
    #[expect(clippy::cast_precision_loss, reason = "bytes far below 2^53")]
    let bytes =
        std::fs::metadata(path).with_context(|| format!("reading the size of {}", path.display()))?.len() as f64;
    Ok(bytes / 1e6)
}
