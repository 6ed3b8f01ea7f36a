//! Proofs that are programs: they compute, compare, and say by their exit code whether it fits.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, ensure};
use bufferlake_tests::harness::{Trials, python};

fn run(script: &str, arguments: &[&str]) -> anyhow::Result<()> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("sql").join(script);
    let output =
        Command::new(python()?).arg(&path).args(arguments).output().with_context(|| format!("starting {script}"))?;
    let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    println!("{said}");
    ensure!(output.status.success(), "{script} does not agree:\n{said}");
    Ok(())
}

// Aim: Polars, from the blocks and the methodology alone, comes to the same rankings to the last digit.
#[test]
fn an_independent_computation_agrees() -> anyhow::Result<()> {
    run("oracle.py", &[&Trials::few_or_all(6, 60).each().len().to_string()])
}

// Aim: intervals hold the truth as often as the methodology says, and forgers and changes are found as often as it says.
#[test]
fn intervals_hold_what_they_promise() -> anyhow::Result<()> {
    run("coverage.py", &[])
}

// Aim: nobody who keeps every release can solve for fewer than ten votes; cells that are planted beside them are found.
#[test]
fn nothing_small_can_be_solved_for() -> anyhow::Result<()> {
    run("audit.py", &[&Trials::few_or_all(2, 20).each().len().to_string()])
}

// Aim: most single tests can be found by who knows their numbers, and docs/privacy.md says so; were it not so, it would have to
// say otherwise.
#[test]
fn rows_can_be_found() -> anyhow::Result<()> {
    run("uniqueness.py", &["100000"])
}

// Aim: quantiles of a lake drawn from real percentiles come back within 1 %.
#[test]
fn real_percentiles_come_back() -> anyhow::Result<()> {
    let data =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/mlab-ndt-2025-10-downloads-by-country.parquet");
    if !data.is_file() {
        println!("skipped: the percentiles of Measurement Lab are not here");
        return Ok(());
    }
    run("mlab.py", &[data.to_str().context("a path of text")?])
}
