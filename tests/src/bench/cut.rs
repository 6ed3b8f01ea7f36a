//! What a public cut costs: the next one after a day of new results, on windows of ten and of a hundred million, and everything
//! made again. Beside it others make the same figures from the raw rows.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use intake::clock::ManualClock;
use jiff::Timestamp;
use serde_json::Value;
use warehouse::agents::Store;
use warehouse::config::Config;
use warehouse::keeper::{Keeper, Task};
use warehouse::lake::Lake;
use warehouse::landing::LandedBatch;
use warehouse::paths::DataDir;
use wire::signature::ContentDigest;
use wire::{
    AgentId, Asn, AsnOutcome, Country, Day, Epoch, Grade, Hour, IpVersion, Latency, MAX_BATCH_RECORDS, Rate, Record,
    RecordFields, Seq, TestType,
};

use super::Settings;
use super::report::{Goal, Row};
use super::sample::{cpu_time, memory};
use crate::harness::{Scratch, python};
use crate::simulator::dice::Dice;

/// The first day of the world.
const FIRST_DAY: Day = Day(20_700);
/// Days of the window.
pub(super) const DAYS: u32 = 30;
/// Networks: as many in each world, so that only the number of results differs.
pub(super) const NETWORKS: u32 = 3_000;
/// The first of them.
pub(super) const FIRST_ASN: u32 = 200_000;
/// Results that arrive before the cut that is measured.
pub(super) const NEW: u64 = 100_000;
/// Records of one seal.
const AT_ONCE: u64 = 500_000;
/// Memory that the engine may use, in MiB.
const MEMORY_MIB: u32 = 2_048;
/// Memory that a peer may use, in MiB.
const PEER_MEMORY_MIB: u64 = 20 * 1_024;
/// Threads of the engine, and of the others.
const THREADS: u32 = 2;
/// A program that refuses no release: what the check of a release costs is measured with the release.
pub(super) const NO_CHECK: &str = "/bin/true";
/// How much longer than the fastest of the peers before it another one may take.
const MOST_SLOWER: f64 = 1.2;
/// How many times cheaper a cut is than the same figures from raw rows.
const TIMES_CHEAPER: f64 = 10.0;
/// How much dearer a window of ten times as many results may be.
const MOST_GROWTH: f64 = 1.3;
/// How much dearer everything anew may be than the same statements in plain DuckDB.
const MOST_OVERHEAD: f64 = 1.2;

/// What one world cost.
struct Cost {
    first: Duration,
    next: Duration,
    next_cpu: Duration,
    memory_mb: f64,
}

/// Measures the larger world with its peers, and a tenth of it, which is large enough for what grows with the results.
pub(super) fn measure(settings: &Settings) -> anyhow::Result<Vec<Row>> {
    let scratch = Scratch::new("bench-cut")?;
    let small_dir = scratch.join("small");
    let small = world(&small_dir, settings.cut_results / 10, settings.seed)?;
    let rebuild = rebuild(&small_dir)?;
    eprintln!("cut: duckdb, everything that a rebuild makes");
    let everything = recompute(&small_dir, "duckdb-all", None)?;
    std::fs::remove_dir_all(&small_dir)?;
    let large_dir = scratch.join("large");
    let large = world(&large_dir, settings.cut_results, settings.seed)?;
    let mut peers = BTreeMap::new();
    for engine in ["polars", "duckdb", "datafusion"] {
        eprintln!("cut: {engine} from the raw rows");
        let fastest = peers.values().copied().reduce(f64::min);
        match recompute(&large_dir, engine, fastest.map(|seconds| seconds * MOST_SLOWER)) {
            Ok(seconds) => {
                eprintln!("cut: {engine} took {seconds:.1} s");
                peers.insert(engine, seconds);
            }
            // The slower ones need more time, or more memory than there is, for a hundred million.
            Err(fault) => eprintln!("cut: {engine} did not come to an end: {fault:#}"),
        }
    }
    let (fastest, seconds) = peers
        .iter()
        .min_by(|a, b| a.1.total_cmp(b.1))
        .map(|(engine, seconds)| (*engine, *seconds))
        .context("no peer")?;
    let next = large.next.as_secs_f64();
    let mut rows = vec![
        Row::new("cut.next", next, "s after 100,000 new results")
            .with_goal(Goal::AtMost(seconds / TIMES_CHEAPER))
            .with_peer(&format!("the same figures from raw rows, {fastest}"), seconds),
        Row::new("cut.next_cpu", large.next_cpu.as_secs_f64(), "s of processor"),
        Row::new("cut.next_growth", next, "s, of ten times the results")
            .with_goal(Goal::AtMost(small.next.as_secs_f64() * MOST_GROWTH))
            .with_peer("a tenth of the results", small.next.as_secs_f64()),
        Row::new("cut.rebuild", rebuild.as_secs_f64(), "s, everything anew, of a tenth of the results")
            .with_goal(Goal::AtMost(everything * MOST_OVERHEAD))
            .with_peer("plain DuckDB, the same statements and files", everything),
        Row::new("cut.first", large.first.as_secs_f64(), "s, 30 days closed at once"),
        Row::new("cut.memory", large.memory_mb, "MB resident after it"),
    ];
    rows.extend(
        peers.iter().map(|(engine, seconds)| Row::new(&format!("cut.peer_{engine}"), *seconds, "s from raw rows")),
    );
    #[expect(clippy::cast_precision_loss, reason = "a number of results")]
    let results = settings.cut_results as f64 / 1e6;
    rows.push(Row::new("cut.results", results, "million results in the window"));
    Ok(rows)
}

/// Fills a lake, makes its first cut, lets a day of new results come, and makes the next.
fn world(dir: &Path, results: u64, seed: u64) -> anyhow::Result<Cost> {
    let data = DataDir::new(dir);
    let agent = AgentId::parse("isp-one")?;
    let networks: Vec<Asn> = (0..NETWORKS).filter_map(|at| Asn::new(FIRST_ASN + at)).collect();
    std::fs::create_dir_all(dir)?;
    Store::new(data.clone()).add(&agent, &networks, Hour(0))?;
    let mut dice = Dice::of(&[seed, results]);
    let mut seq = 0;
    eprintln!("cut: sealing {results} results");
    {
        let (lake, _) = Lake::open(dir, moment(FIRST_DAY)?)?;
        for at in 0..DAYS {
            let day = FIRST_DAY.plus(at);
            fill(&lake, &agent, day, results / u64::from(DAYS), &mut seq, &mut dice)?;
        }
    }
    let clock = Arc::new(ManualClock::at(moment(FIRST_DAY.plus(DAYS + 2))?));
    let config = config(dir);
    eprintln!("cut: the first cut of {results} results");
    let (first, _) = timed(&config, &clock, Task::Publish)?;
    {
        let (lake, _) = Lake::open(dir, moment(FIRST_DAY.plus(DAYS + 1))?)?;
        fill(&lake, &agent, FIRST_DAY.plus(DAYS), NEW, &mut seq, &mut dice)?;
    }
    clock.set(moment(FIRST_DAY.plus(DAYS + 3))?);
    eprintln!("cut: the next one");
    let (next, next_cpu) = timed(&config, &clock, Task::Publish)?;
    let memory_mb = memory(std::process::id())?.resident_mb;
    Ok(Cost { first, next, next_cpu, memory_mb })
}

/// Makes everything of a filled lake again.
fn rebuild(dir: &Path) -> anyhow::Result<Duration> {
    eprintln!("cut: everything anew");
    let clock = Arc::new(ManualClock::at(moment(FIRST_DAY.plus(DAYS + 3))?));
    Ok(timed(&config(dir), &clock, Task::Rebuild)?.0)
}

fn config(dir: &Path) -> Config {
    let mut config = Config { dir: dir.to_owned(), ..Config::default() };
    (config.engine.memory_mib, config.engine.threads) = (MEMORY_MIB, THREADS);
    // The peers do not check what they make.
    config.release.verify = Some(NO_CHECK.into());
    config
}

pub(super) fn moment(day: Day) -> anyhow::Result<Timestamp> {
    Ok(Timestamp::from_second(day.first_hour().unix_s() + 3_600)?)
}

/// Does it as a command does that works alone, and tells what it took, opening included.
pub(super) fn timed(config: &Config, clock: &Arc<ManualClock>, task: Task) -> anyhow::Result<(Duration, Duration)> {
    let (began, cpu) = (Instant::now(), cpu_time(std::process::id())?);
    let (_lock, mut keeper) = Keeper::alone(config.clone(), Arc::clone(clock) as _)?;
    let done = keeper.perform(task)?;
    let took = began.elapsed();
    ensure!(done["cut"].is_string(), "no cut was made: {done}");
    eprintln!("cut: made in {:.1} s", took.as_secs_f64());
    Ok((took, cpu_time(std::process::id())?.saturating_sub(cpu)))
}

/// Seals so many results of a day.
pub(super) fn fill(
    lake: &Lake,
    agent: &AgentId,
    day: Day,
    results: u64,
    seq: &mut u64,
    dice: &mut Dice,
) -> anyhow::Result<()> {
    let mut left = results;
    while left > 0 {
        let now = left.min(AT_ONCE);
        left -= now;
        let mut batches = Vec::new();
        let mut of_batch = now;
        while of_batch > 0 {
            let records = of_batch.min(MAX_BATCH_RECORDS as u64);
            of_batch -= records;
            *seq += 1;
            batches.push(LandedBatch {
                agent: agent.clone(),
                epoch: Epoch::from_random_bits(1),
                seq: Seq(*seq),
                digest: ContentDigest::of(&seq.to_le_bytes()),
                arrived_hour: Hour(day.first_hour().0 + 23),
                dropped: BTreeMap::new(),
                quarantined: BTreeMap::new(),
                records: (0..records).map(|_| record(day, dice)).collect::<anyhow::Result<_>>()?,
            });
        }
        lake.seal(&batches, moment(day.plus(1))?)?;
    }
    Ok(())
}

/// A single test nine times of ten. Increases are spread as the product of two dice is, around a centre of the network's own.
pub(super) fn record(day: Day, dice: &mut Dice) -> anyhow::Result<Record> {
    let small = |dice: &mut Dice, bound: u32| u32::try_from(dice.below(u64::from(bound))).unwrap_or_default();
    let network = small(dice, NETWORKS);
    let single = small(dice, 10) > 0;
    let centre = 2.0 + f64::from(network % 97);
    let increase = |dice: &mut Dice| Latency::coarsen(centre * (0.2 + 4.0 * dice.uniform() * dice.uniform()));
    let measured = |dice: &mut Dice| if single { increase(dice) } else { None };
    let country = ["DE", "FR", "US", "BR", "IN"][(network % 5) as usize];
    let vote = small(dice, 10) < 8;
    let grades = [Grade::APlus, Grade::A, Grade::B, Grade::C, Grade::D, Grade::F];
    let fields = RecordFields {
        tested_hour: Hour(day.first_hour().0 + small(dice, 24)),
        test_type: if single { TestType::Single } else { TestType::Household },
        asn: Asn::new(FIRST_ASN + network),
        asn_outcome: AsnOutcome::Hit,
        country: Some(Country::parse(country)?),
        ip_version: if dice.chance(0.5) { IpVersion::V4 } else { IpVersion::V6 },
        vote_day: vote,
        vote_month: vote,
        baseline: if single { Latency::coarsen(5.0 + 40.0 * dice.uniform()) } else { None },
        download_increase: measured(dice),
        upload_increase: measured(dice),
        bidirectional_increase: measured(dice),
        download_rate: Rate::coarsen(1.0 + 500.0 * dice.uniform()),
        upload_rate: Rate::coarsen(1.0 + 100.0 * dice.uniform()),
        grade_overall: Some(grades[small(dice, 6) as usize]),
        grade_download: None,
        grade_upload: None,
        grade_bidirectional: None,
        grade_gaming: None,
        grade_video_call: None,
        grade_streaming: None,
        grade_background: None,
        duration_s: Some(40),
        client_version: Some([1, 0, 0]),
        asn_database_day: Some(day),
    };
    Ok(Record::try_from(fields)?)
}

/// Seconds that an engine takes for the same figures from the lake's files.
/// The same figures from the raw rows, in seconds; a peer that takes longer than `longest` seconds is ended.
fn recompute(dir: &Path, engine: &str, longest: Option<f64>) -> anyhow::Result<f64> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("sql/recompute.py");
    // A peer that takes all memory would end everything else with it.
    let output = Command::new("sh")
        .arg("-c")
        .arg(format!(
            "ulimit -v {}; exec timeout {} \"$0\" \"$@\"",
            PEER_MEMORY_MIB * 1_024,
            // 0 is without end.
            longest.unwrap_or_default()
        ))
        .arg(python()?)
        .arg(script)
        .arg(engine)
        .arg(dir.join("lake/results"))
        .arg(THREADS.to_string())
        .output()
        .with_context(|| format!("starting {engine}"))?;
    ensure!(output.status.success(), "{engine}: {}", String::from_utf8_lossy(&output.stderr));
    let said: Value = serde_json::from_slice(&output.stdout).context("the peer wrote no JSON")?;
    ensure!(said["networks"].as_u64() == Some(u64::from(NETWORKS)), "{engine} ranked others: {said}");
    said["seconds"].as_f64().context("no seconds")
}
