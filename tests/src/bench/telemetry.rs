//! The agent's door: single results, each durable before its answer, on many connections at once.

use anyhow::Context as _;
use wire::AgentId;

use super::bodies::Bodies;
use super::load::{Answers, drive};
use super::report::{Goal, Row};
use super::sample::{memory, percentile};
use super::{Settings, peer};
use crate::harness::{Agent, AgentOptions, Proxy, Scratch, Warehouse, WarehouseOptions};
use crate::simulator::network::{Network, world};

/// Connections that send at once.
const CONNECTIONS: u64 = 64;
/// What must be reached, in results a second.
const GOAL: f64 = 15_000.0;
/// Longest that one in a hundred may wait, in ms.
const P99_GOAL_MS: f64 = 25.0;

/// Measures the peer, then an agent whose warehouse answers, then one whose warehouse takes everything and says nothing.
pub(super) fn measure(settings: &Settings) -> anyhow::Result<Vec<Row>> {
    let scratch = Scratch::new("bench-telemetry")?;
    let world = world(settings.seed)?;

    let bare = peer::start(&scratch.join("peer.sqlite"))?;
    let mut bare = drive(bare, sources(&world, settings), settings.telemetry_time)?;
    bare.require_all_ok().context("the peer")?;

    let mut warehouse = Warehouse::start(WarehouseOptions::new(scratch.join("warehouse")))?;
    let mut rows = Vec::new();
    for (case, black_hole) in [("telemetry", false), ("telemetry_black_hole", true)] {
        let proxy = Proxy::start(warehouse.address())?;
        proxy.set_black_hole(black_hole);
        let id = AgentId::parse(&case.replace('_', "-")).context("naming an agent")?;
        let networks: Vec<u32> = world.iter().map(|network| network.asn.get()).collect();
        let secret = warehouse.add_agent(&id, &networks)?;
        let mut options = AgentOptions::new(scratch.join(case), id, secret, proxy.address());
        // As in the field: batches are sealed when they are full, not every moment.
        options.seal_interval_s = 60;
        let mut agent = Agent::start(options)?;
        let answers = drive(agent.address(), sources(&world, settings), settings.telemetry_time)?;
        answers.require_all_ok().with_context(|| format!("the agent ({case})"))?;
        let resident = memory(agent.program().id())?.resident_mb;
        rows.extend(rows_of(case, answers, &mut bare, resident));
        agent.program().kill()?;
    }
    warehouse.program().kill()?;
    Ok(rows)
}

fn sources(world: &[Network], settings: &Settings) -> Vec<Bodies> {
    (0..CONNECTIONS).map(|stream| Bodies::new(world, settings.seed, stream)).collect()
}

fn rows_of(case: &str, mut answers: Answers, bare: &mut Answers, resident_mb: f64) -> Vec<Row> {
    let peer = "axum and rusqlite with group commit, nothing else";
    let p99_ms = |answers: &mut Answers| f64::from(percentile(&mut answers.latencies_us, 0.99)) / 1e3;
    vec![
        Row::new(&format!("{case}.rate"), answers.per_second(), "results/s")
            .with_goal(Goal::AtLeast(GOAL))
            .with_peer(peer, bare.per_second()),
        Row::new(&format!("{case}.p99"), p99_ms(&mut answers), "ms")
            .with_goal(Goal::AtMost(P99_GOAL_MS))
            .with_peer(peer, p99_ms(bare)),
        Row::new(&format!("{case}.memory"), resident_mb, "MB resident after it"),
    ]
}
