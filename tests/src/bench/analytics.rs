//! What analysts cost agents: batches at a steady pace, and how long their acknowledgements take, without a file for analysts
//! and with one that is published after every refresh of the marts, which is far more often than usual.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use intake::clock::SystemClock;
use warehouse::agents::Store;
use warehouse::config::Config;
use warehouse::keeper::{Keeper, Task};
use warehouse::lake::Lake;
use warehouse::paths::DataDir;
use wire::{AgentId, Asn, Day, Epoch, Hour, MAX_BATCH_RECORDS};

use super::batches::{Batches, Pool};
use super::cut::{FIRST_ASN, NETWORKS, fill, moment, record};
use super::load::{Answers, drive_every};
use super::report::{Goal, Row};
use super::sample::percentile;
use super::{Settings, now_unix_s};
use crate::harness::{Scratch, Warehouse, WarehouseOptions};
use crate::http;
use crate::simulator::dice::Dice;

/// Days that the lake looks back on.
const DAYS: u32 = 30;
/// Results a day.
const RESULTS_A_DAY: u64 = 50_000;
/// Agents that send, each with one batch in flight.
const AGENTS: usize = 4;
/// When each sends its next one: together they send 40 batches a second.
const EVERY: Duration = Duration::from_millis(100);
/// How much longer the slowest acknowledgement may take because a file is published, in ms.
const MOST_DELAY_MS: f64 = 50.0;

/// Measures it.
pub(super) fn measure(settings: &Settings) -> anyhow::Result<Vec<Row>> {
    let scratch = Scratch::new("bench-analytics")?;
    let dir = scratch.join("warehouse");
    eprintln!("analytics: sealing {} results and publishing them", RESULTS_A_DAY * u64::from(DAYS));
    look_back(&dir, settings.seed)?;
    let time = settings.ingest_time / 2;
    let run = |automatic: bool| -> anyhow::Result<(Answers, BTreeMap<String, f64>)> {
        let sources = sources(settings, &dir, automatic, time)?;
        let mut options = WarehouseOptions { seal_interval_ms: 2_000, ..WarehouseOptions::new(&dir) };
        options.more = format!("\n[analytics]\nautomatic = {automatic}\nevery_minutes = 0\n");
        let mut warehouse = Warehouse::start(options)?;
        eprintln!("analytics: sending for {time:?} {} publishing", if automatic { "while" } else { "without" });
        let answers = drive_every(warehouse.address(), sources, time, EVERY)?;
        answers.require_all_ok()?;
        let metrics = metrics(&warehouse)?;
        warehouse.program().stop()?;
        Ok((answers, metrics))
    };
    let (mut without, _) = run(false)?;
    let (mut with, metrics) = run(true)?;
    let published = metrics.get("warehouse_analytics_published_total").copied().unwrap_or(0.0);
    ensure!(published >= 2.0, "only {published} files were published: there was nothing to measure");
    let figure = |name: &str| metrics.get(name).copied().unwrap_or(f64::NAN);
    let ms = |answers: &mut Answers, share: f64| f64::from(percentile(&mut answers.latencies_us, share)) / 1e3;
    let slowest = |answers: &Answers| f64::from(answers.latencies_us.iter().copied().max().unwrap_or(0)) / 1e3;
    let delayed = |name: &str, with: f64, without: f64| {
        Row::new(name, with, "ms a batch, while publishing")
            .with_goal(Goal::AtMost(without + MOST_DELAY_MS))
            .with_peer("without publishing", without)
    };
    Ok(vec![
        delayed("analytics.ack_p99", ms(&mut with, 0.99), ms(&mut without, 0.99)),
        delayed("analytics.ack_max", slowest(&with), slowest(&without)),
        Row::new("analytics.published", published, "files in that time"),
        Row::new("analytics.seconds", figure("warehouse_last_analytics_seconds"), "s for the last one"),
        Row::new("analytics.megabytes", figure("warehouse_analytics_bytes") / 1e6, "MB, the file"),
    ])
}

/// Fills a lake with closed days and makes its release.
fn look_back(dir: &Path, seed: u64) -> anyhow::Result<()> {
    let agent = AgentId::parse("isp-one")?;
    std::fs::create_dir_all(dir)?;
    Store::new(DataDir::new(dir)).add(&agent, &networks(), Hour(0))?;
    let first_day = Day(Hour::of_unix_s(now_unix_s()).day().0 - DAYS - 3);
    let mut dice = Dice::of(&[seed]);
    let mut seq = 0;
    {
        let (lake, _) = Lake::open(dir, moment(first_day)?)?;
        for at in 0..DAYS {
            fill(&lake, &agent, first_day.plus(at), RESULTS_A_DAY, &mut seq, &mut dice)?;
        }
    }
    let config = Config { dir: dir.to_owned(), ..Config::default() };
    let (_lock, mut keeper) = Keeper::alone(config, Arc::new(SystemClock))?;
    keeper.perform(Task::Publish)?;
    Ok(())
}

/// Every agent's batches: of yesterday, so that the marts change with each. The agents are registered before the warehouse starts.
fn sources(settings: &Settings, dir: &Path, automatic: bool, time: Duration) -> anyhow::Result<Vec<Batches>> {
    let now = now_unix_s();
    let mut dice = Dice::of(&[settings.seed, 1]);
    let yesterday = Day(Hour::of_unix_s(now).day().0 - 1);
    let records = (0..MAX_BATCH_RECORDS * 8).map(|_| record(yesterday, &mut dice)).collect::<Result<Vec<_>, _>>()?;
    let pool = Pool::of(&records)?;
    let count = usize::try_from(time.as_millis() / EVERY.as_millis()).unwrap_or(usize::MAX) + 1;
    let store = Store::new(DataDir::new(dir));
    (0..AGENTS)
        .map(|index| {
            let agent = AgentId::parse(&format!("bench-{index}-{automatic}"))?;
            let secret = store.add(&agent, &networks(), Hour(0))?.secret;
            pool.requests(&agent, &secret, Epoch::from_random_bits(1), count, now)
        })
        .collect()
}

fn networks() -> Vec<Asn> {
    (0..NETWORKS).filter_map(|at| Asn::new(FIRST_ASN + at)).collect()
}

/// The values of all metrics without labels.
fn metrics(warehouse: &Warehouse) -> anyhow::Result<BTreeMap<String, f64>> {
    let answer = http::get(warehouse.metrics(), "/metrics")?;
    let text = String::from_utf8(answer.body).context("the metrics are no text")?;
    let line = |line: &str| {
        let (name, value) = line.split_once(' ')?;
        Some((name.to_owned(), value.parse().ok()?))
    };
    Ok(text.lines().filter(|line| !line.starts_with('#')).filter_map(line).collect())
}
