//! `bufferlake-verify` over a release that the warehouse made: whole, damaged in many ways, and from a server.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};

use anyhow::{Context as _, ensure};
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse as _, Redirect};
use bufferlake_tests::harness::{Scratch, Warehouse, WarehouseOptions, binary, python};
use bufferlake_tests::past::{self, Past};
use intake::clock::{Clock as _, SystemClock};
use serde_json::Value;

/// Damages, as `damage.py` names them, and the check that must find each.
const DAMAGES: &[(&str, &str)] = &[
    ("a byte is flipped", "files"),
    ("a file is missing", "files"),
    ("a digest in SHA256SUMS is another", "sums"),
    ("a file lies beside the others", "sums"),
    ("the manifest is not the announced one", "manifest"),
    ("the manifest counts a row more", "rows"),
    ("a file lies in another month", "rows"),
    ("a block ends a year before", "rows"),
    ("a column too many", "contracts"),
    ("a column too few", "contracts"),
    ("a column of another type", "contracts"),
    ("columns in another order", "contracts"),
    ("a file calls itself another table", "contracts"),
    ("a word that is none", "contracts"),
    ("rows in another order", "grain"),
    ("a row twice", "grain"),
    ("an address as a name", "addresses"),
    ("an address inside of a text", "addresses"),
    ("a logarithm is another", "inputs"),
    ("a gate is lower", "inputs"),
    ("a threshold is moved", "inputs"),
    ("a block is missing", "blocks"),
    ("a block of nine votes", "blocks"),
    ("a part with a vote more", "blocks"),
    ("blocks that overlap", "blocks"),
    ("a vote with a better grade", "blocks"),
    ("a vote in another bin", "results"),
    ("a result is missing", "results"),
    ("a result is no vote", "results"),
    ("a result of another network", "results"),
    ("a rank is another", "rankings"),
    ("a score is a hundredth better", "rankings"),
    ("a network is missing", "rankings"),
    ("a network is moved under a policy", "rankings_by_policy"),
    ("a median is a hundredth less", "latencies"),
    ("a vote in another column", "histograms"),
    ("a country's share is another", "areas"),
    ("a change is another", "trends"),
    ("an exact number of votes", "provenance"),
];

/// Every check of a whole release.
const CHECKS: usize = 17;

/// A warehouse with one release.
struct Published {
    // Ends before its directory goes.
    warehouse: Warehouse,
    scratch: Scratch,
}

impl Published {
    /// Made by the warehouse of 40,000 results of 40 days: two months, one of which is over, and every kind of ranking.
    fn make(name: &str) -> anyhow::Result<Self> {
        let scratch = Scratch::new(name)?;
        let dir = scratch.join("warehouse");
        let past =
            Past { dir, days: 40, results: 40_000, providers: 4, seed: 5, asn_database: Vec::new(), cut_off_days: 0 };
        past::happen(&past, SystemClock.hour(), |_| {})?;
        let warehouse = Warehouse::start(WarehouseOptions::new(past.dir))?;
        let said = warehouse.command(&["publish"])?;
        ensure!(said.contains("is public now"), "{said}");
        Ok(Self { warehouse, scratch })
    }

    fn public(&self) -> PathBuf {
        self.scratch.join("warehouse/public")
    }

    /// A copy, damaged in this way.
    fn damaged(&self, number: usize, damage: &str) -> anyhow::Result<PathBuf> {
        let copy = self.scratch.join(format!("copy-{number}"));
        copy_tree(&self.public(), &copy)?;
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/release/damage.py");
        let output = Command::new(python()?).arg(script).arg(&copy).arg(damage).output().context("starting Python")?;
        ensure!(output.status.success(), "{damage}: {}", String::from_utf8_lossy(&output.stderr));
        Ok(copy)
    }
}

fn copy_tree(from: &Path, to: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let path = entry?.path();
        let target = to.join(path.file_name().context("a name")?);
        if path.is_dir() {
            copy_tree(&path, &target)?;
        } else {
            fs::copy(&path, &target)?;
        }
    }
    Ok(())
}

/// Runs the program; gives its exit code and its report.
fn verify(place: &str) -> anyhow::Result<(Option<i32>, Value)> {
    let output = run(&[place, "--json"])?;
    let report = serde_json::from_slice(&output.stdout)
        .with_context(|| format!("no report: {}", String::from_utf8_lossy(&output.stderr)))?;
    Ok((output.status.code(), report))
}

fn run(arguments: &[&str]) -> anyhow::Result<Output> {
    Command::new(binary("bufferlake-verify")?).args(arguments).output().context("starting bufferlake-verify")
}

/// Fails unless everything holds.
fn holds((code, report): &(Option<i32>, Value)) -> anyhow::Result<()> {
    ensure!(*code == Some(0) && report["holds"] == true, "exit code {code:?}: {report:#}");
    Ok(())
}

/// Checks with this result.
fn with_result(report: &Value, result: &str) -> Vec<String> {
    let checks = report["checks"].as_array().into_iter().flatten();
    checks.filter(|check| check["result"] == result).map(|check| check["check"].to_string()).collect()
}

fn text(path: &Path) -> anyhow::Result<&str> {
    path.to_str().context("a path of text")
}

// Aim: what the warehouse publishes holds in every check, as public directory and as release, and each check had
// something to look at.
#[test]
fn a_release_of_the_warehouse_holds() -> anyhow::Result<()> {
    let published = Published::make("verify-whole")?;
    let public = published.public();
    let told = verify(text(&public)?)?;
    holds(&told)?;
    let report = told.1;
    ensure!(with_result(&report, "held").len() == CHECKS, "{report:#}");
    for check in report["checks"].as_array().into_iter().flatten() {
        ensure!(check["looked_at"].as_u64() > Some(0), "nothing was looked at: {check:#}");
    }
    let release = public.join("releases").join(report["release"].as_str().context("a name")?);
    holds(&verify(text(&release)?)?)?;
    // While a release is made, its folder has no name yet.
    let making = public.join("releases/.making");
    fs::rename(&release, &making)?;
    holds(&verify(text(&making)?)?)
}

// Aim: whatever is changed, with every digest made right again where a forger would, is refused by the check that is
// there for it, with the place of what it found.
#[test]
fn every_damage_is_found() -> anyhow::Result<()> {
    let published = Published::make("verify-damaged")?;
    let mut missed = Vec::new();
    for (number, (damage, check)) in DAMAGES.iter().enumerate() {
        let copy = published.damaged(number, damage)?;
        let (code, report) = verify(text(&copy)?)?;
        let found = report["checks"].as_array().into_iter().flatten().find(|told| told["check"] == *check);
        let finding = found.map_or(&Value::Null, |found| &found["findings"][0]);
        let is_told = finding["where"].is_string() && finding["what"].is_string();
        if code != Some(1) || report["holds"] != false || !is_told {
            missed.push(format!("{damage}: exit code {code:?}, failed {:?}", with_result(&report, "failed")));
        }
        fs::remove_dir_all(copy)?;
    }
    ensure!(missed.is_empty(), "{missed:#?}");
    Ok(())
}

/// How the server of a test behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Manners {
    /// It serves what lies there.
    Good,
    /// It sends readers of Parquet to another server.
    Elsewhere,
    /// It sends a byte more than there is.
    Longer,
    /// It has a bad day.
    Failing,
}

/// Serves a directory under `/data/v1/` and counts what is asked for.
struct Server {
    runtime: tokio::runtime::Runtime,
    address: std::net::SocketAddr,
    asked: Arc<Mutex<BTreeMap<String, u32>>>,
}

impl Server {
    fn start(public: PathBuf, manners: Manners) -> anyhow::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let asked = Arc::new(Mutex::new(BTreeMap::new()));
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))?;
        let address = listener.local_addr()?;
        let seen = Arc::clone(&asked);
        let answer = move |uri: Uri| {
            let (public, seen) = (public.clone(), Arc::clone(&seen));
            async move {
                *seen.lock().expect("no thread panics with it").entry(uri.path().to_owned()).or_insert(0) += 1;
                let is_parquet = uri.path().ends_with(".parquet");
                match (manners, uri.path().strip_prefix("/data/v1/").map(|path| fs::read(public.join(path)))) {
                    (Manners::Failing, _) if is_parquet => StatusCode::SERVICE_UNAVAILABLE.into_response(),
                    (Manners::Elsewhere, _) if is_parquet => {
                        Redirect::temporary("http://127.0.0.2:1/elsewhere.parquet").into_response()
                    }
                    (Manners::Longer, Some(Ok(mut bytes))) if is_parquet => {
                        bytes.push(0);
                        bytes.into_response()
                    }
                    (_, Some(Ok(bytes))) => bytes.into_response(),
                    _ => StatusCode::NOT_FOUND.into_response(),
                }
            }
        };
        let routes = axum::Router::new().fallback(answer);
        runtime.spawn(async move { axum::serve(listener, routes).await });
        Ok(Self { runtime, address, asked })
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}/data/v1{path}", self.address)
    }

    fn stop(self) {
        self.runtime.shutdown_background();
    }
}

// Aim: from a server the release holds as well, each file fetched once; a server that sends readers elsewhere is not
// followed, one that sends more than the manifest says is found out, and one that fails says nothing about the release.
#[test]
fn a_release_is_checked_from_a_server() -> anyhow::Result<()> {
    let published = Published::make("verify-server")?;
    let warehouse = format!("http://{}/data/v1", published.warehouse.address());
    holds(&verify(&warehouse)?)?;
    let server = Server::start(published.public(), Manners::Good)?;
    let told = verify(&server.url(""))?;
    holds(&told)?;
    let asked = server.asked.lock().expect("no thread panics with it").clone();
    ensure!(asked.len() > 40 && asked.values().all(|times| *times == 1), "{asked:#?}");
    let release = told.1["release"].as_str().context("a name")?;
    holds(&verify(&server.url(&format!("/releases/{release}")))?)?;
    ensure!(run(&[&server.url("/releases/2020-02-02")])?.status.code() == Some(2), "a release that is not there");
    server.stop();
    let longer = Server::start(published.public(), Manners::Longer)?;
    let (code, report) = verify(&longer.url(""))?;
    ensure!(code == Some(1) && with_result(&report, "failed").contains(&"\"files\"".to_owned()), "{report:#}");
    longer.stop();
    for manners in [Manners::Elsewhere, Manners::Failing] {
        let server = Server::start(published.public(), manners)?;
        let output = run(&[&server.url("")])?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.code() == Some(2) && said.contains("the server answers"), "{manners:?}: {said}");
        server.stop();
    }
    Ok(())
}

// Aim: wrong usage and a place without a release are no findings, and the help says what the program does and cannot do.
#[test]
fn what_cannot_be_read_is_no_finding() -> anyhow::Result<()> {
    let scratch = Scratch::new("verify-nothing")?;
    let empty = text(scratch.path())?;
    for arguments in [&[][..], &["--what"], &[empty], &["does/not/exist"], &["http://127.0.0.1:1/data/v1"]] {
        let output = run(arguments)?;
        ensure!(output.status.code() == Some(2), "{arguments:?} ended with {}", output.status);
        ensure!(!output.stderr.is_empty() && output.stdout.is_empty(), "{arguments:?}");
    }
    fs::write(scratch.join("tombstone.json"), r#"{"release":"2025-01-31","removed":"2026-03-01"}"#)?;
    let output = run(&[empty])?;
    ensure!(String::from_utf8_lossy(&output.stderr).contains("was removed"), "{output:?}");
    let help = String::from_utf8(run(&["--help"])?.stdout)?;
    ensure!(help.contains("Exit codes:") && help.contains("cannot tell"), "{help}");
    Ok(())
}
