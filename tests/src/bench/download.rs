//! What it takes to read a little of a release over HTTP: one network's month out of twelve months. Requests and bytes are
//! counted by the server, not timed.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use anyhow::{Context as _, ensure};
use intake::clock::ManualClock;
use serde_json::Value;
use warehouse::agents::Store;
use warehouse::config::Config;
use warehouse::keeper::{Keeper, Task};
use warehouse::lake::Lake;
use warehouse::paths::DataDir;
use wire::{AgentId, Asn, Day, Hour};

use super::Settings;
use super::cut::{FIRST_ASN, NETWORKS, fill, moment};
use super::report::{Goal, Row};
use crate::harness::{Scratch, Warehouse, WarehouseOptions, python};
use crate::simulator::dice::Dice;

/// The first day: 2025-01-01.
const FIRST_DAY: Day = Day(20_089);
/// Twelve months.
const DAYS: u32 = 365;
/// The month that is read.
const MONTH: &str = "2025-06";
/// Memory that the engine may use to make the release, in MiB.
const MEMORY_MIB: u32 = 2_048;
/// Most requests of DuckDB for the month, when it knows the table.
const DUCKDB_REQUESTS: f64 = 4.0;
/// Most megabytes of it.
const DUCKDB_MB: f64 = 1.0;
/// Most requests of Polars for each file.
const POLARS_REQUESTS: f64 = 2.0;

/// Makes a release of twelve months and has both engines read the month of the network in the middle of the ranking.
pub(super) fn measure(settings: &Settings) -> anyhow::Result<Vec<Row>> {
    let scratch = Scratch::new("bench-download")?;
    let dir = scratch.join("warehouse");
    publish(&dir, settings)?;
    let mut options = WarehouseOptions::new(dir);
    options.more.push_str("\n[api]\nper_client_per_minute = 1000000\n");
    let warehouse = Warehouse::start(options)?;
    let asn = median(&warehouse)?;
    let manifest = json(&warehouse, "latest.json")?["manifest"].as_str().context("no manifest")?.to_owned();
    let manifest = json(&warehouse, &manifest)?;
    let sum = |name: &str| -> f64 {
        let files = manifest["files"].as_array().into_iter().flatten().filter(|file| file["table"] == "results");
        files.filter_map(|file| file[name].as_f64()).sum()
    };
    let mut rows = Vec::new();
    let mut found = Vec::new();
    for engine in ["duckdb", "polars"] {
        let answer = read(&warehouse, engine, &asn)?;
        let of = |phase: &str, what: &str| answer["phases"][phase][what].as_f64().context("nothing was counted");
        let files = answer["files_of_month"].as_f64().context("no files")?;
        let name = |what: &str| format!("download.{engine}_{what}");
        let (requests, mb) = (of("month", "requests")?, of("month", "bytes")? / 1e6);
        rows.push(if engine == "duckdb" {
            Row::new(&name("requests"), requests, "requests for a network's month")
                .with_goal(Goal::AtMost(DUCKDB_REQUESTS))
        } else {
            Row::new(&name("requests"), requests / files, "requests a file for a network's month")
                .with_goal(Goal::AtMost(POLARS_REQUESTS))
        });
        let row = Row::new(&name("bytes"), mb, "MB for it");
        rows.push(if engine == "duckdb" { row.with_goal(Goal::AtMost(DUCKDB_MB)) } else { row });
        if engine == "duckdb" {
            rows.push(Row::new(&name("views"), of("views", "requests")?, "requests to make the views of all tables"));
        }
        rows.push(Row::new(&name("count"), of("count", "requests")?, "requests to count all rows of the year"));
        found.push([answer["rows"].clone(), answer["sum"].clone(), answer["all"].clone()]);
    }
    ensure!(found[0] == found[1] && found[0][0].as_u64() > Some(0), "the engines read other rows: {found:?}");
    rows.push(Row::new("download.month", found[0][0].as_f64().unwrap_or(0.0), "rows of the network's month"));
    rows.push(Row::new("download.results", sum("rows") / 1e6, "million results in the release"));
    rows.push(Row::new("download.row", sum("bytes") / sum("rows"), "bytes a result"));
    Ok(rows)
}

/// A lake of twelve months, and its release.
fn publish(dir: &Path, settings: &Settings) -> anyhow::Result<()> {
    let agent = AgentId::parse("isp-one")?;
    let networks: Vec<Asn> = (0..NETWORKS).filter_map(|at| Asn::new(FIRST_ASN + at)).collect();
    std::fs::create_dir_all(dir)?;
    Store::new(DataDir::new(dir)).add(&agent, &networks, Hour(0))?;
    let mut dice = Dice::of(&[settings.seed, settings.download_results]);
    let mut seq = 0;
    eprintln!("download: sealing {} results", settings.download_results);
    {
        let (lake, _) = Lake::open(dir, moment(FIRST_DAY)?)?;
        for at in 0..DAYS {
            fill(&lake, &agent, FIRST_DAY.plus(at), settings.download_results / u64::from(DAYS), &mut seq, &mut dice)?;
        }
    }
    let clock = Arc::new(ManualClock::at(moment(FIRST_DAY.plus(DAYS + 2))?));
    let mut config = Config { dir: dir.to_owned(), ..Config::default() };
    config.engine.memory_mib = MEMORY_MIB;
    eprintln!("download: making the release");
    let (_lock, mut keeper) = Keeper::alone(config, clock)?;
    let done = keeper.perform(Task::Publish)?;
    ensure!(done["is_new"] == true, "no release was made: {done}");
    Ok(())
}

/// The network in the middle of the ranking.
fn median(warehouse: &Warehouse) -> anyhow::Result<String> {
    let mut ranked = Vec::new();
    let mut path = "/api/v1/rankings?limit=1000&sort=rank".to_owned();
    loop {
        let answer = warehouse.get(&path)?.json()?;
        let rows = answer["data"].as_array().context("no ranking")?;
        ranked.extend(rows.iter().filter(|row| !row["rank"].is_null()).map(|row| row["asn"].to_string()));
        let Some(next) = answer["meta"]["next"].as_str() else { break };
        path = format!("/api/v1/rankings?limit=1000&sort=rank&cursor={next}");
    }
    let middle = ranked.len() / 2;
    ranked.into_iter().nth(middle).context("no network is ranked")
}

fn json(warehouse: &Warehouse, path: &str) -> anyhow::Result<Value> {
    let answer = warehouse.get(&format!("/data/v1/{path}"))?;
    ensure!(answer.status == 200, "{path} is answered with {}", answer.status);
    answer.json()
}

/// What an engine needed, as `tests/data/read.py` prints it.
fn read(warehouse: &Warehouse, engine: &str, asn: &str) -> anyhow::Result<Value> {
    let base = format!("http://{}/data/v1/", warehouse.address());
    let metrics = format!("http://{}/metrics", warehouse.metrics());
    let output = Command::new(python()?)
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("data/read.py"))
        .args([engine, &base, "results", "ranked_bin", asn, MONTH, &metrics])
        .output()
        .with_context(|| format!("starting {engine}"))?;
    ensure!(output.status.success(), "{engine}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).context("the script wrote no JSON")
}
