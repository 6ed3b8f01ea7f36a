//! Durable ingest of signed batches, with sealing and marts running beside it.

use std::io::Write as _;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use wire::signature::Secret;
use wire::{AgentId, Epoch, Hour, MAX_BATCH_RECORDS};

use super::batches::{Batches, Pool};
use super::landing::{Watch, mean_landing_mb, mean_resident_mb};
use super::load::drive;
use super::report::{Goal, Row};
use super::sample::percentile;
use super::{Settings, now_unix_s};
use crate::harness::{Scratch, Warehouse, WarehouseOptions};
use crate::simulator::history::{Month, ProviderHistory, providers};
use crate::simulator::network::world;

/// The peer's lines, and how many records they hold.
pub(super) type PeerRows = (Vec<Vec<u8>>, usize);

/// Agents that send at once, each with one batch in flight.
const AGENTS: usize = 32;
/// Batches made beforehand, as a multiple of what the goal needs; if they run out, the measurement ends early.
const HEADROOM: f64 = 5.0;
/// What must be reached, in records a second.
const GOAL: f64 = 100_000.0;
/// Most memory of the warehouse, in MB.
const MEMORY_GOAL_MB: f64 = 512.0;

/// Measures it.
pub(super) fn measure(settings: &Settings) -> anyhow::Result<Vec<Row>> {
    let scratch = Scratch::new("bench-ingest")?;
    let options = WarehouseOptions { seal_interval_ms: 2_000, ..WarehouseOptions::new(scratch.join("warehouse")) };
    let mut warehouse = Warehouse::start(options)?;
    let now = now_unix_s();
    eprintln!("ingest: making and signing batches");
    let (batches, example) = prepare(settings, &warehouse, "bench", now)?;
    let prepared: usize = batches.len() * example.1;

    let peer = fdatasync_each(&scratch, &example.0)?;
    eprintln!("ingest: sending {prepared} batches of {MAX_BATCH_RECORDS} for at most {:?}", settings.ingest_time);
    let watch = Watch::begin(warehouse.program().id(), warehouse.dir().join("landing"));
    let mut answers = drive(warehouse.address(), batches, settings.ingest_time)?;
    let samples = watch.end();
    answers.require_all_ok()?;

    #[expect(clippy::cast_precision_loss, reason = "a count far below 2^53")]
    let rate = answers.per_second() * MAX_BATCH_RECORDS as f64;
    let (end, tenth) = (answers.elapsed, Duration::from_secs(10).min(answers.elapsed / 4));
    let early = (tenth, tenth * 2);
    let late = (end.saturating_sub(tenth), end);
    let peak = samples.iter().map(|sample| sample.resident_mb).fold(0.0, f64::max);
    let accepted: usize = answers.latencies_us.len() * MAX_BATCH_RECORDS;
    wait_until_in_marts(&warehouse, accepted)?;
    Ok(vec![
        Row::new("ingest.rate", rate, "records/s")
            .with_goal(Goal::AtLeast(GOAL))
            .with_peer("the same bodies, one fdatasync each, nothing else", peer),
        Row::new("ingest.time", end.as_secs_f64(), "s"),
        Row::new("ingest.p99", f64::from(percentile(&mut answers.latencies_us, 0.99)) / 1e3, "ms a batch"),
        growth(
            "ingest.landing_at_end",
            "MB in the landing zone",
            |from, to| mean_landing_mb(&samples, from, to),
            early,
            late,
        ),
        growth("ingest.memory_at_end", "MB resident", |from, to| mean_resident_mb(&samples, from, to), early, late),
        Row::new("ingest.memory_peak", peak, "MB resident").with_goal(Goal::AtMost(MEMORY_GOAL_MB)),
    ])
}

type Span = (Duration, Duration);

/// A figure late in the run beside the same early in the run. It counts as flat below this multiple of the early one:
/// the tide between two seals alone is more.
fn growth(name: &str, unit: &str, mean: impl Fn(Duration, Duration) -> f64, early: Span, late: Span) -> Row {
    let (before, after) = (mean(early.0, early.1), mean(late.0, late.1));
    Row::new(name, after, unit).with_goal(Goal::AtMost(before * 1.25)).with_peer("itself from 10 s to 20 s", before)
}

/// Every agent's requests, under names that begin so, and one body with the number of batches of an agent.
pub(super) fn prepare(
    settings: &Settings,
    warehouse: &Warehouse,
    agents: &str,
    now: i64,
) -> anyhow::Result<(Vec<Batches>, PeerRows)> {
    let world = world(settings.seed)?;
    let networks: Vec<u32> = world.iter().map(|network| network.asn.get()).collect();
    let month = Month { first: Hour::of_unix_s(now - 86_400).day(), now: Hour::of_unix_s(now), results: 100_000 };
    let mut records = Vec::new();
    for provider in providers(world, 1)? {
        let mut history = ProviderHistory::new(provider, month, settings.seed);
        for day in month.days() {
            records.extend(history.day(day)?);
        }
    }
    let pool = Pool::of(&records)?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a count")]
    let per_agent =
        (GOAL * HEADROOM * settings.ingest_time.as_secs_f64() / (MAX_BATCH_RECORDS * AGENTS) as f64).ceil() as usize;
    let mut keys = Vec::new();
    for index in 0..AGENTS {
        let agent = AgentId::parse(&format!("{agents}-{index}")).context("naming an agent")?;
        let secret = warehouse.add_agent(&agent, &networks)?;
        keys.push((agent, secret));
    }
    let make = |keys: &[(AgentId, Secret)]| -> anyhow::Result<Vec<Batches>> {
        keys.iter()
            .map(|(agent, secret)| pool.requests(agent, secret, Epoch::from_random_bits(7), per_agent, now))
            .collect()
    };
    let (left, right) = keys.split_at(AGENTS / 2);
    let all = std::thread::scope(|scope| -> anyhow::Result<Vec<Batches>> {
        let other = scope.spawn(|| make(right));
        let mut all = make(left)?;
        all.extend(other.join().map_err(|_| anyhow::anyhow!("making batches panicked"))??);
        Ok(all)
    })?;
    let example = all.first().map(|batches| batches.bodies(64)).unwrap_or_default();
    ensure!(!example.is_empty(), "there is nothing to send");
    Ok((all, (example, per_agent)))
}

/// Writes the bodies to one file, each durable before the next: what a receiver without group commit can reach at most.
fn fdatasync_each(scratch: &Scratch, bodies: &[Vec<u8>]) -> anyhow::Result<f64> {
    let mut file = std::fs::File::create(scratch.join("peer")).context("making the peer's file")?;
    let began = Instant::now();
    let mut written: u32 = 0;
    while began.elapsed() < Duration::from_secs(3) {
        for body in bodies {
            file.write_all(body).context("writing the peer's file")?;
            file.sync_data().context("syncing the peer's file")?;
            written += 1;
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "500")]
    let records = MAX_BATCH_RECORDS as f64;
    Ok(f64::from(written) * records / began.elapsed().as_secs_f64())
}

/// What was acknowledged must be there: the rate of a warehouse that loses things is no rate.
fn wait_until_in_marts(warehouse: &Warehouse, accepted: usize) -> anyhow::Result<()> {
    crate::harness::until("every accepted record is in the marts", Duration::from_secs(60), || {
        let rows = warehouse.sql("SELECT sum(tests)::BIGINT AS tests FROM daily").ok()?;
        (rows.first()?.get("tests")?.as_u64()? == accepted as u64).then_some(())
    })
}
