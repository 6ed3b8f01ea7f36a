//! What a release costs: bytes of a result, writing them beside DuckDB's COPY of the same rows, and a night on top of many.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use intake::clock::ManualClock;
use warehouse::agents::Store;
use warehouse::config::Config;
use warehouse::cut::{CutDocument, CutFault, Latest};
use warehouse::engine::{Engine, Settings as EngineSettings, quoted_path};
use warehouse::export::{Layout, TableFile};
use warehouse::keeper::Task;
use warehouse::lake::Lake;
use warehouse::paths::DataDir;
use wire::{AgentId, Asn, Day, Hour};

use super::Settings;
use super::cut::{DAYS, FIRST_ASN, NETWORKS, NEW, NO_CHECK, fill, moment, timed};
use super::report::{Goal, Row};
use super::sample::cpu_time;
use crate::harness::Scratch;
use crate::simulator::dice::Dice;

/// The first day of the world: it runs over the end of a month.
const FIRST_DAY: Day = Day(20_770);
/// Memory that the engine may use, in MiB.
const MEMORY_MIB: u32 = 2_048;
/// Rows that are written to compare.
const COMPARED_ROWS: u64 = 4_000_000;
/// Rounds of which the cheapest counts.
const ROUNDS: u32 = 3;
/// Most bytes of a result.
const MOST_BYTES: f64 = 14.0;
/// How much cheaper writing must be than COPY.
const TIMES_CHEAPER: f64 = 1.3;
/// How much dearer a night may be on ten times the results.
const MOST_GROWTH: f64 = 1.3;

/// Measures both worlds and the writing.
pub(super) fn measure(settings: &Settings) -> anyhow::Result<Vec<Row>> {
    let scratch = Scratch::new("bench-release")?;
    let small = world(&scratch.join("small"), settings.release_results / 10, settings.seed)?;
    let dir = scratch.join("large");
    let large = world(&dir, settings.release_results, settings.seed)?;
    let files: Vec<_> = large.document.files_of("results").collect();
    let rows: u64 = files.iter().filter_map(|file| file.rows).sum();
    let bytes: u64 = files.iter().map(|file| file.bytes).sum();
    #[expect(clippy::cast_precision_loss, reason = "numbers of rows and bytes")]
    let (rows, bytes, results) = (rows as f64, bytes as f64, settings.release_results as f64);
    let (ours, copy) = compare(&dir, &large.document)?;
    let check = check(&dir, &large.document)?;
    Ok(vec![
        Row::new("release.bytes", bytes / rows, "bytes a result").with_goal(Goal::AtMost(MOST_BYTES)),
        Row::new("release.write", ours.as_secs_f64(), "s of processor, 4 M results")
            .with_goal(Goal::AtMost(copy.as_secs_f64() / TIMES_CHEAPER))
            .with_peer("DuckDB's COPY of the same rows", copy.as_secs_f64()),
        Row::new("release.night", large.night.as_secs_f64(), "s, of ten times the results")
            .with_goal(Goal::AtMost(small.night.as_secs_f64() * MOST_GROWTH))
            .with_peer("a tenth of the results", small.night.as_secs_f64()),
        Row::new("release.night_cpu", large.night_cpu.as_secs_f64(), "s of processor"),
        Row::new("release.check", check.as_secs_f64(), "s, bufferlake-verify over the whole release"),
        Row::new("release.first", large.first.as_secs_f64(), "s, everything at once"),
        Row::new("release.results", results / 1e6, "million results"),
    ])
}

struct Cost {
    first: Duration,
    night: Duration,
    night_cpu: Duration,
    document: CutDocument,
}

/// Fills a lake, makes its first release, lets a day of new results come, and makes the night.
fn world(dir: &Path, results: u64, seed: u64) -> anyhow::Result<Cost> {
    let agent = AgentId::parse("isp-one")?;
    let networks: Vec<Asn> = (0..NETWORKS).filter_map(|at| Asn::new(FIRST_ASN + at)).collect();
    std::fs::create_dir_all(dir)?;
    let data = DataDir::new(dir);
    Store::new(data.clone()).add(&agent, &networks, Hour(0))?;
    let mut dice = Dice::of(&[seed, results]);
    let mut seq = 0;
    eprintln!("release: sealing {results} results");
    {
        let (lake, _) = Lake::open(dir, moment(FIRST_DAY)?)?;
        for at in 0..DAYS {
            fill(&lake, &agent, FIRST_DAY.plus(at), results / u64::from(DAYS), &mut seq, &mut dice)?;
        }
    }
    let clock = Arc::new(ManualClock::at(moment(FIRST_DAY.plus(DAYS + 2))?));
    let mut config = Config { dir: dir.to_owned(), ..Config::default() };
    (config.engine.memory_mib, config.engine.threads) = (MEMORY_MIB, 2);
    // The check is measured by itself, and so is the file for analysts (the part `analytics`).
    config.release.verify = Some(NO_CHECK.into());
    config.analytics.automatic = false;
    let (first, _) = timed(&config, &clock, Task::Publish)?;
    {
        let (lake, _) = Lake::open(dir, moment(FIRST_DAY.plus(DAYS + 1))?)?;
        fill(&lake, &agent, FIRST_DAY.plus(DAYS), NEW, &mut seq, &mut dice)?;
    }
    clock.set(moment(FIRST_DAY.plus(DAYS + 3))?);
    eprintln!("release: the night");
    let (night, night_cpu) = timed(&config, &clock, Task::Nightly)?;
    let latest = Latest::read(&data.public())?.context("no release")?;
    let document = serde_json::from_slice(&std::fs::read(data.public().join(latest.manifest))?)?;
    Ok(Cost { first, night, night_cpu, document })
}

/// What it takes to check a release as the night does before it becomes the current one.
fn check(dir: &Path, document: &CutDocument) -> anyhow::Result<Duration> {
    let program = std::env::current_exe()?.with_file_name("bufferlake-verify");
    let began = Instant::now();
    let release = DataDir::new(dir).public().join(format!("releases/{}", document.id));
    let output = Command::new(&program).arg(release).output().with_context(|| {
        format!("starting {}: build it with `cargo build --release -p bufferlake-verify`", program.display())
    })?;
    ensure!(output.status.success(), "the release was refused: {}", String::from_utf8_lossy(&output.stdout));
    Ok(began.elapsed())
}

/// Processor time of sorting rows and writing them in the same order, with the same codec and row groups: ours, and COPY's.
fn compare(dir: &Path, document: &CutDocument) -> anyhow::Result<(Duration, Duration)> {
    let public = DataDir::new(dir).public();
    let settings = EngineSettings {
        memory_mib: MEMORY_MIB,
        threads: 1,
        directories: vec![dir.to_owned()],
        spill_dir: dir.join("spill"),
    };
    let engine = Engine::open(&dir.join("compare.duckdb"), &settings)?;
    let file = document.files_of("results").max_by_key(|file| file.rows).context("no results")?;
    let path = quoted_path(&file.locate(&public))?;
    let table = format!(
        "CREATE TABLE rows AS SELECT * FROM (FROM read_parquet({path}, hive_partitioning = false) LIMIT {COMPARED_ROWS}) \
         ORDER BY hash(asn, ranked_bin, upload_bin)"
    );
    engine.run("reading the rows", &table)?;
    let to = dir.join("copy.parquet");
    let names = engine.columns("naming the columns", "SELECT * FROM rows LIMIT 0")?;
    let names: Vec<String> = names.schema().fields().iter().map(|field| field.name().clone()).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let others = names.iter().filter(|name| !["asn", "test_date"].contains(name));
    let copy = format!(
        "COPY (SELECT * FROM rows ORDER BY asn, test_date, {}) TO {} (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 122880)",
        others.map(|name| format!("{name} NULLS LAST")).collect::<Vec<_>>().join(", "),
        quoted_path(&to)?
    );
    let copied = cheapest(|| Ok(engine.run("copying", &copy)?))?;
    let ours = dir.join("ours.parquet");
    let written = cheapest(|| {
        let mut pieces = Vec::new();
        engine.stream(
            "sorting",
            &Layout::Results.statement("SELECT * FROM rows", &[]),
            |piece| -> Result<(), CutFault> {
                pieces.push(piece);
                Ok(())
            },
        )?;
        let written = TableFile::write_all(&ours, Layout::Results, &names, &[], pieces)?;
        ensure!(written.is_some_and(|(rows, _)| rows > 0), "no rows were written");
        Ok(())
    })?;
    let same = format!(
        "SELECT count(*) AS n FROM (FROM read_parquet({}) EXCEPT ALL FROM read_parquet({}))",
        quoted_path(&to)?,
        quoted_path(&ours)?
    );
    ensure!(engine.query("comparing", &same, &[], |row| row.int("n"))? == [0], "the files hold other rows");
    let size = |path: &Path| std::fs::metadata(path).map(|file| file.len());
    eprintln!("release: {} of {} bytes", size(&ours)?, size(&to)?);
    Ok((written, copied))
}

/// The least processor time of some rounds.
fn cheapest(mut work: impl FnMut() -> anyhow::Result<()>) -> anyhow::Result<Duration> {
    let mut least = Duration::MAX;
    for _ in 0..ROUNDS {
        let before = cpu_time(std::process::id())?;
        work()?;
        least = least.min(cpu_time(std::process::id())?.saturating_sub(before));
    }
    Ok(least)
}
