//! What analysts open: `analytics.duckdb` with PyPI's DuckDB, the newest and the oldest, and `warehouse sql`.

mod asked;

mod replaced;

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use bufferlake_tests::harness::{python, run_python};
use serde_json::Value;

use super::stage::Stage;

/// Opens the file as a notebook does and prints the rows of each statement of the input, a line of JSON for each.
const ASK: &str = "
import json, sys
setup = json.load(sys.stdin)
if setup['oldest']:
    sys.path.insert(0, setup['oldest'])
import duckdb
connection = duckdb.connect(setup['file'], read_only=True)
answers = [connection.execute(statement).fetchall() for statement in setup['statements']]
print(json.dumps({'version': duckdb.__version__, 'answers': answers}, default=str))
";

/// The answers of PyPI's DuckDB to these statements, and its version.
fn ask(file: &Path, oldest: bool, statements: &[&str]) -> anyhow::Result<(String, Vec<Value>)> {
    let oldest = if oldest { Some(oldest_packages()?) } else { None };
    let setup = serde_json::json!({"file": file, "oldest": oldest, "statements": statements});
    let said: Value = serde_json::from_str(&run_python(ASK, setup.to_string().as_bytes())?)?;
    let version = said["version"].as_str().context("no version")?.to_owned();
    Ok((version, said["answers"].as_array().context("no answers")?.clone()))
}

/// Where the oldest DuckDB lies that must read the file.
fn oldest_packages() -> anyhow::Result<PathBuf> {
    let packages = python()?.ancestors().nth(2).context("Python lies nowhere")?.join("oldest");
    anyhow::ensure!(packages.is_dir(), "{} is missing: `make setup` installs it", packages.display());
    Ok(packages)
}

fn file(stage: &Stage) -> PathBuf {
    stage.warehouse.dir().join("analytics/analytics.duckdb")
}

// Aim: the newest and the oldest DuckDB open the file beside the running server, find every relation of it usable, and
// count what the API and the lake say.
#[test]
fn analysts_open_the_file_beside_the_server() -> anyhow::Result<()> {
    let mut stage = Stage::open("analysts")?;
    stage.warehouse.command(&["publish"])?;
    let said = stage.warehouse.command(&["analytics"])?;
    anyhow::ensure!(said.contains("analytics.duckdb"), "{said}");
    let relations = "SELECT table_name FROM duckdb_tables() WHERE NOT internal
        UNION ALL SELECT view_name FROM duckdb_views() WHERE NOT internal ORDER BY 1";
    let (_, names) = ask(&file(&stage), false, &[relations])?;
    let names = names[0].as_array().context("no names")?;
    let names: Vec<String> = names.iter().filter_map(|row| Some(row[0].as_str()?.to_owned())).collect();
    anyhow::ensure!(names.len() == warehouse::analytics::RELATIONS.len(), "other relations: {names:?}");
    let counts: Vec<String> =
        names.iter().map(|name| format!("SELECT count(*), count(COLUMNS(*)) FROM {name}")).collect();
    let mut statements: Vec<&str> = counts.iter().map(String::as_str).collect();
    statements.push("SELECT CAST(count(*) AS VARCHAR) FROM rankings WHERE test_type = 'single' AND window_days = 30");
    statements.push("SELECT comment FROM duckdb_columns() WHERE table_name = 'daily' AND column_name = 'votes'");
    statements.push("SELECT release FROM meta");
    let (newest, by_newest) = ask(&file(&stage), false, &statements)?;
    let (oldest, by_oldest) = ask(&file(&stage), true, &statements)?;
    anyhow::ensure!(newest.starts_with("1.5") && oldest == "1.0.0", "{newest} and {oldest}");
    assert_eq!(by_newest, by_oldest);
    let of = |name: &str| names.iter().position(|other| other == name).map(|at| by_newest[at][0][0].clone());
    anyhow::ensure!(of("results") == Some(stage.results.into()), "{:?} results", of("results"));
    for name in ["daily", "blocks", "block_bins", "block_agents", "rankings", "trends", "asn_sources", "bins", "frames"]
    {
        anyhow::ensure!(of(name).and_then(|count| count.as_u64()) > Some(0), "{name} is empty");
    }
    let comment = by_newest[names.len() + 1][0][0].as_str().unwrap_or_default();
    anyhow::ensure!(
        comment.contains("votes: tests that are their client's first") && comment.ends_with("(votes)"),
        "{comment}"
    );
    anyhow::ensure!(by_newest[names.len() + 2][0][0].is_string(), "no release is named");
    stage.assert_sound()
}
