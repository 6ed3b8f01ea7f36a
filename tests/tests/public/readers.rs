//! The releases in the hands of those for whom they are made: DuckDB and Polars over HTTP.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, ensure};
use bufferlake_tests::harness::{Bucket, Scratch, python};
use serde_json::Value;

use super::stage::Stage;

/// The table that is read, and the column that is summed.
const TABLE: [&str; 2] = ["results", "ranked_bin"];

/// Most requests for a network's month.
const DUCKDB_REQUESTS: u64 = 4;
const POLARS_REQUESTS_A_FILE: u64 = 2;

/// What `tests/data/read.py` prints.
fn read(arguments: &[&str]) -> anyhow::Result<Value> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/read.py");
    let output = Command::new(python()?).arg(script).args(arguments).output().context("starting Python")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{arguments:?}: {said}");
    serde_json::from_slice(&output.stdout)
        .with_context(|| format!("no JSON: {}", String::from_utf8_lossy(&output.stdout)))
}

// Aim: both engines read the same rows over HTTP, from the server and from a bucket, as many as the manifest says, with few
// requests.
#[test]
fn engines_read_over_http() -> anyhow::Result<()> {
    let scratch = Scratch::new("readers")?;
    let bucket = Bucket::start(&scratch.join("store"))?;
    let stage = Stage::open("readers-release")?;
    stage.warehouse.command(&["publish"])?;
    let config = stage.warehouse.config().to_str().context("no text")?;
    let uploaded = Command::new(bufferlake_tests::harness::binary("warehouse")?)
        .args(["--config", config, "upload"])
        .envs(Bucket::environment(bucket.address()))
        .status()?;
    ensure!(uploaded.success(), "the upload ended with {uploaded}");
    let latest = stage.warehouse.get("/data/v1/latest.json")?.json()?;
    let manifest = stage.warehouse.get(&format!("/data/v1/{}", latest["manifest"].as_str().context("no manifest")?))?;
    let manifest = manifest.json()?;
    let files: Vec<&Value> =
        manifest["files"].as_array().context("no files")?.iter().filter(|file| file["table"] == TABLE[0]).collect();
    let rows: u64 = files.iter().filter_map(|file| file["rows"].as_u64()).sum();
    let month =
        files.first().and_then(|file| file["path"].as_str()?.split_once("month=")).context("no files of the table")?;
    let month = month.1.get(..7).context("no month")?;
    let ranking = stage.rankings()?;
    let asn = ranking["data"][0]["asn"].to_string();
    let server = format!("http://{}/data/v1/", stage.warehouse.address());
    let copy = format!("http://{}{}", bucket.address(), Bucket::url_path(""));
    let metrics = format!("http://{}/metrics", stage.warehouse.metrics());
    let mut answers = Vec::new();
    for engine in ["duckdb", "polars"] {
        let answer = read(&[engine, &server, TABLE[0], TABLE[1], &asn, month, &metrics])?;
        let number = |value: &Value| value.as_u64().unwrap_or(u64::MAX);
        let requests = number(&answer["phases"]["month"]["requests"]);
        let files = number(&answer["files_of_month"]);
        let most = if engine == "duckdb" { DUCKDB_REQUESTS } else { POLARS_REQUESTS_A_FILE };
        ensure!(requests > 0 && requests <= most * files, "{engine}: {requests} requests for {files} files");
        ensure!(number(&answer["all"]) == rows, "{engine} reads {} of {rows} rows", answer["all"]);
        answers.push(answer);
        answers.push(read(&[engine, &copy, TABLE[0], TABLE[1], &asn, month])?);
    }
    let found = |answer: &Value| (answer["rows"].as_u64(), answer["sum"].as_u64(), answer["all"].as_u64());
    ensure!(answers.iter().all(|answer| found(answer) == found(&answers[0])), "they differ: {answers:?}");
    ensure!(found(&answers[0]).0 > Some(10), "the network has no rows: {answers:?}");
    Ok(())
}
