//! The agent's door: single results, each durable before its answer, on many connections at once.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context as _, ensure};

use super::bodies::Bodies;
use super::load::{Answers, drive};
use super::report::{Goal, Row};
use super::sample::{memory, percentile};
use super::{Settings, peer};
use crate::asn_data;
use crate::harness::{Account, Agent, AgentOptions, Proxy, Scratch, Warehouse, WarehouseOptions};
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
    let database = asn_data::real_mmdb(Path::new("target/asn"))?;

    eprintln!("telemetry: the peer for {:?}", settings.telemetry_time);
    let bare = peer::start(&scratch.join("peer.sqlite"))?;
    let mut bare = drive(bare, sources(&world, settings), settings.telemetry_time)?;
    bare.require_all_ok().context("the peer")?;

    let mut warehouse = Warehouse::start(WarehouseOptions::new(scratch.join("warehouse")))?;
    let networks: Vec<u32> = world.iter().map(|network| network.asn.get()).collect();
    let start = |name: &str, way: SocketAddr| -> anyhow::Result<Agent> {
        let account = Account::open(&warehouse, name, &networks)?.by_way_of(way);
        // As in the field: batches are sealed when they are full, not every moment.
        Agent::start(AgentOptions {
            asn_database: vec![database.clone()],
            seal_interval_s: 900,
            ..AgentOptions::new(scratch.join(name), account)
        })
    };

    eprintln!("telemetry: an agent that uploads for {:?}", settings.telemetry_time);
    let mut agent = start("uploads", warehouse.address())?;
    let mut rows = case("telemetry", &mut agent, &world, settings, &mut bare)?.0;
    ensure!(agent.status()?["settled_batches"].as_u64() > Some(0), "the agent uploaded nothing");
    agent.kill()?;

    eprintln!("telemetry: an agent before a black hole for {:?}", settings.telemetry_time);
    let hole = Proxy::start(warehouse.address())?;
    hole.set_black_hole(true);
    let mut agent = start("swallowed", hole.address())?;
    let (more, answered) = case("telemetry_black_hole", &mut agent, &world, settings, &mut bare)?;
    rows.extend(more);
    ensure!(hole.swallowed() > 0, "the agent never tried the black hole");
    let status = agent.status()?;
    let held = |key: &str| status[key].as_u64().unwrap_or_default();
    let kept = held("waiting_records") + held("unsettled_records");
    ensure!(kept == answered, "{answered} results were acknowledged, {kept} are in the outbox");
    agent.kill()?;
    warehouse.program().kill()?;
    Ok(rows)
}

/// Loads one agent; its rows, and how many results it acknowledged.
fn case(
    name: &str,
    agent: &mut Agent,
    world: &[Network],
    settings: &Settings,
    bare: &mut Answers,
) -> anyhow::Result<(Vec<Row>, u64)> {
    let mut answers = drive(agent.address(), sources(world, settings), settings.telemetry_time)?;
    answers.require_all_ok().with_context(|| format!("the agent ({name})"))?;
    let anonymous = memory(agent.program().id())?.anonymous_mb;
    let peer = "axum and rusqlite with group commit, nothing else";
    let p99_ms = |answers: &mut Answers| f64::from(percentile(&mut answers.latencies_us, 0.99)) / 1e3;
    let rows = vec![
        Row::new(&format!("{name}.rate"), answers.per_second(), "results/s")
            .with_goal(Goal::AtLeast(GOAL))
            .with_peer(peer, bare.per_second()),
        Row::new(&format!("{name}.p99"), p99_ms(&mut answers), "ms")
            .with_goal(Goal::AtMost(P99_GOAL_MS))
            .with_peer(peer, p99_ms(bare)),
        Row::new(&format!("{name}.memory"), anonymous, "MB anonymous after it"),
    ];
    Ok((rows, answers.latencies_us.len() as u64))
}

fn sources(world: &[Network], settings: &Settings) -> Vec<Bodies> {
    (0..CONNECTIONS).map(|stream| Bodies::new(world, settings.seed, stream)).collect()
}
