//! Every `.slt` file of `tests/sql/cases`, on DuckDB and on Apache DataFusion.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::Context as _;
use bufferlake_tests::harness::python;
use serde_json::{Value, json};
use sqllogictest::{DB, DBOutput, DefaultColumnType, Runner};

/// One engine, behind `tests/sql/driver.py`.
struct Engine {
    name: &'static str,
    child: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
}

/// What an engine said against a statement.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Refused(String);

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("sql")
}

impl Engine {
    fn start(name: &'static str) -> anyhow::Result<Self> {
        let mut child = Command::new(python()?)
            .arg(folder().join("driver.py"))
            .arg(name)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("starting the driver")?;
        let requests = child.stdin.take().context("no standard input")?;
        let answers = BufReader::new(child.stdout.take().context("no standard output")?);
        Ok(Self { name, child, requests, answers })
    }

    fn ask(&mut self, sql: &str) -> anyhow::Result<Value> {
        writeln!(self.requests, "{}", json!({ "sql": sql })).context("asking the driver")?;
        let mut line = String::new();
        self.answers.read_line(&mut line).context("reading its answer")?;
        serde_json::from_str(&line).context("the driver ended, or wrote something else")
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl DB for Engine {
    type Error = Refused;
    type ColumnType = DefaultColumnType;

    fn run(&mut self, sql: &str) -> Result<DBOutput<DefaultColumnType>, Refused> {
        let answer = self.ask(sql).map_err(|fault| Refused(format!("{fault:#}")))?;
        if let Some(fault) = answer["error"].as_str() {
            return Err(Refused(fault.to_owned()));
        }
        let text = |cell: &Value| cell.as_str().unwrap_or_default().to_owned();
        let cells = |row: &Value| row.as_array().into_iter().flatten().map(text).collect::<Vec<_>>();
        let rows: Vec<_> = answer["rows"].as_array().into_iter().flatten().map(cells).collect();
        if sql.trim_start().starts_with("CALL ") {
            return Ok(DBOutput::StatementComplete(0));
        }
        let types = vec![DefaultColumnType::Any; rows.first().map_or(0, Vec::len)];
        Ok(DBOutput::Rows { types, rows })
    }

    fn engine_name(&self) -> &str {
        self.name
    }
}

fn run_all(engine: &'static str) -> anyhow::Result<()> {
    let mut files: Vec<_> = std::fs::read_dir(folder().join("cases"))?
        .map(|entry| Ok(entry?.path()))
        .collect::<std::io::Result<Vec<_>>>()?;
    files.sort();
    anyhow::ensure!(files.len() >= 12, "only {} files: the proofs lie elsewhere", files.len());
    for file in files {
        let mut runner = Runner::new(|| async { Engine::start(engine).map_err(|fault| Refused(format!("{fault:#}"))) });
        runner.run_file(&file).with_context(|| format!("{} on {engine}", file.display()))?;
    }
    Ok(())
}

// Aim: the statements give the answers that were computed by hand.
#[test]
fn the_answers_are_those_computed_by_hand() -> anyhow::Result<()> {
    run_all("duckdb")
}

// Aim: a second engine gives the same answers, so that the SQL can move to a cluster.
#[test]
fn a_second_engine_gives_the_same_answers() -> anyhow::Result<()> {
    run_all("datafusion")
}

// Aim: a wrong answer is seen.
#[test]
fn a_wrong_answer_is_seen() {
    let mut runner = Runner::new(|| async { Engine::start("duckdb").map_err(|fault| Refused(format!("{fault:#}"))) });
    let wrong = "query I\nSELECT count(*) FROM bins\n----\n1\n";
    assert!(runner.run_script(wrong).is_err());
    assert!(runner.run_script("query I\nSELECT nothing\n----\n1\n").is_err());
}
