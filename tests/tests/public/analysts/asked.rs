//! `warehouse sql`, with a statement and as a shell.

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

use anyhow::{Context as _, ensure};
use bufferlake_tests::harness::{binary, run_python};

use super::super::stage::Stage;

/// Gives a script to the shell.
fn shell(stage: &Stage, arguments: &[&str], script: &str) -> anyhow::Result<Output> {
    let mut child = Command::new(binary("warehouse")?)
        .arg("--dir")
        .arg(stage.warehouse.dir())
        .arg("sql")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("starting the shell")?;
    child.stdin.take().context("no input")?.write_all(script.as_bytes())?;
    child.wait_with_output().context("waiting for the shell")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

// Aim: a statement is answered in every format, with all its rows, and a text in CSV cannot become a formula.
#[test]
fn a_statement_is_answered_in_every_format() -> anyhow::Result<()> {
    let mut stage = Stage::open("sql-formats")?;
    let ask = |arguments: &[&str]| stage.warehouse.command(&[&["sql"], arguments].concat());
    let statement =
        "SELECT 7 AS n, '=1+1' AS t, NULL AS nothing, DATE '2026-11-22' AS day, sum(i) AS total FROM range(4) AS r(i)";
    ensure!(ask(&[statement, "--format", "csv"])? == "n,t,nothing,day,total\n7,'=1+1,,2026-11-22,6\n");
    let json: serde_json::Value = serde_json::from_str(&ask(&[statement, "--format", "json"])?)?;
    ensure!(
        json == serde_json::json!([{"n": 7, "t": "=1+1", "nothing": null, "day": "2026-11-22", "total": 6}]),
        "{json}"
    );
    let table = ask(&[statement])?;
    ensure!(table.contains("total") && table.contains("=1+1"), "{table}");
    let many = "SELECT i FROM range(1500000) AS t(i)";
    ensure!(ask(&[many, "--format", "csv"])?.lines().count() == 1_500_001);
    ensure!(ask(&[many])?.lines().count() < 1_100, "a table for people has no end");
    let out = stage.warehouse.dir().join("answer.parquet");
    let out_text = out.to_str().context("no text")?;
    ask(&["SELECT * FROM results", "--format", "parquet", "--out", out_text])?;
    let count = "import duckdb, sys; print(duckdb.sql(f\"SELECT count(*) FROM '{sys.stdin.read()}'\").fetchone()[0])";
    ensure!(run_python(count, out_text.as_bytes())?.trim() == stage.results.to_string());
    stage.assert_sound()
}

// Aim: what writes, is no statement or fails half way is refused in words of the user's own statement, and leaves no file.
#[test]
fn what_cannot_be_answered_is_said() -> anyhow::Result<()> {
    let mut stage = Stage::empty("sql-refused")?;
    for (statement, said) in [
        ("DROP TABLE daily", "single SELECT"),
        ("COPY daily TO 'x.csv'", "single SELECT"),
        ("SELECT 1; SELECT 2", "single SELECT"),
        ("SELECT nothing FROM daily", "nothing"),
        ("SELECT * FROM read_csv('/etc/passwd')", "disabled"),
        ("SELECT CAST(CASE WHEN i = 99999 THEN 'none' ELSE '1' END AS INTEGER) FROM range(100000) AS t(i)", "none"),
    ] {
        let out = stage.warehouse.dir().join("answer.csv");
        let arguments = ["sql", statement, "--format", "csv", "--out", out.to_str().context("no text")?];
        let Err(fault) = stage.warehouse.command(&arguments) else { anyhow::bail!("{statement} is answered") };
        let fault = fault.to_string();
        ensure!(fault.contains(said) && !fault.contains("panicked") && !fault.contains("LINE"), "{statement}: {fault}");
        ensure!(!out.exists() && !out.with_extension("csv.tmp").exists(), "{statement} left a file");
    }
    stage.assert_sound()
}

// Aim: the shell takes statements over several lines and its commands from a pipe, explains columns, and stops at an error.
#[test]
fn the_shell_works_in_a_pipe() -> anyhow::Result<()> {
    let mut stage = Stage::open("sql-shell")?;
    let script = ".tables\n.schema daily\nSELECT 'a;b' AS text,\n  -- no end;\n  2 AS two; SELECT 3 AS three;\n.format json\n\
        DESCRIBE meta;\nEXPLAIN SELECT 1;\nSELECT 4 AS four";
    let output = shell(&stage, &[], script)?;
    let said = text(&output.stdout);
    ensure!(output.status.success(), "{said}{}", text(&output.stderr));
    for part in
        ["block_agents", "Live counts of a test day", "number of votes", "a;b", "three", "\"as_of\"", "{\"four\":4}"]
    {
        ensure!(said.contains(part), "no {part} in {said}");
    }
    for (script, answered) in
        [("SELECT 1 AS one;\nSELECT wrong;\nSELECT 2 AS two;\n", "two"), (".wrong\nSELECT 2 AS two;", "two")]
    {
        let output = shell(&stage, &["--format", "csv"], script)?;
        ensure!(output.status.code() == Some(1) && text(&output.stderr).contains("wrong"), "{}", text(&output.stderr));
        ensure!(!text(&output.stdout).contains(answered), "the shell went on: {}", text(&output.stdout));
    }
    let output = shell(
        &stage,
        &["--as-published", "--format", "csv"],
        "SELECT count(*) AS n FROM results;\n.quit\nSELECT wrong;",
    )?;
    ensure!(
        output.status.success() && text(&output.stdout) == format!("n\n{}\n", stage.results),
        "{}",
        text(&output.stdout)
    );
    stage.assert_sound()
}

// Aim: without a server the statement is answered all the same, and a reader that has enough is no error.
#[test]
fn statements_are_answered_without_a_server() -> anyhow::Result<()> {
    let mut stage = Stage::open("sql-alone")?;
    stage.warehouse.program().stop()?;
    let rows = stage.warehouse.sql("SELECT CAST(sum(tests) AS BIGINT) AS tests FROM daily")?;
    ensure!(rows[0]["tests"] == stage.results, "{rows:?}");
    let pipe = format!(
        "{} --dir {} sql 'SELECT i, i FROM range(3000000) AS t(i)' --format csv | head -n 2",
        binary("warehouse")?.display(),
        stage.warehouse.dir().display()
    );
    let output = Command::new("bash").args(["-o", "pipefail", "-c", &pipe]).output()?;
    ensure!(output.status.success() && text(&output.stderr).is_empty(), "{}", text(&output.stderr));
    Ok(())
}
