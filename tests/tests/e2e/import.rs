//! Results of others, brought into a warehouse that runs and into one that does not.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::ensure;
use bufferlake_tests::harness::{Program, Scratch, Warehouse, WarehouseOptions, until};
use intake::clock::{Clock as _, SystemClock};
use serde_json::Value;

use super::lake;

/// Enough for a kill to find the import at work.
const ROWS: u32 = 60_000;

/// Longest wait for the first rows of an import.
const PATIENCE: Duration = Duration::from_secs(30);

/// A file of results of yesterday.
fn results(scratch: &Scratch) -> anyhow::Result<PathBuf> {
    let yesterday = SystemClock.hour().0 - 24;
    let mut text =
        "tested_hour,test_type,asn,asn_outcome,country,ip_version,vote_day,vote_month,baseline,download_increase,\
                    upload_increase,grade_overall\n"
            .to_owned();
    for row in 0..ROWS {
        writeln!(text, "{yesterday},single,{},hit,DE,4,true,true,1200,{},450,B", 64_500 + row % 7, 100 + row % 800)?;
    }
    let file = scratch.join("results.csv");
    fs::write(&file, text)?;
    Ok(file)
}

fn imported(output: &str) -> anyhow::Result<Value> {
    Ok(serde_json::from_str(output.trim())?)
}

// Aim: an import beside a running server that is killed and started again brings each row in once; the rows are marked, and
// have no votes.
#[test]
fn a_broken_import_goes_on() -> anyhow::Result<()> {
    let scratch = Scratch::new("import")?;
    let file = results(&scratch)?;
    let file = file.to_str().expect("a path of text");
    let warehouse = Warehouse::start(WarehouseOptions::new(scratch.join("warehouse")))?;
    let config = scratch.join("warehouse.toml");
    let config = config.to_str().expect("a path of text");
    let import = ["--config", config, "import", "--source", "peer", "--json", file];
    let mut program = Program::start("warehouse", &import, &[], &scratch.join("import.log"))?;
    until("the first rows are in the lake", PATIENCE, || {
        lake::manifest(warehouse.dir()).ok().filter(|snapshot| snapshot.rows() > 0)
    })?;
    program.kill()?;

    let second = imported(&warehouse.command(&["import", "--source", "peer", "--json", file])?)?;
    let count = |value: &Value, name: &str| value[name].as_u64().unwrap_or_default();
    ensure!(count(&second, "already") > 0, "the kill came before the first batch: {second}");
    ensure!(count(&second, "taken") > 0, "the kill came after the last batch: {second}");
    ensure!(count(&second, "already") + count(&second, "taken") == u64::from(ROWS), "{second}");
    let third = imported(&warehouse.command(&["import", "--source", "peer", "--json", file])?)?;
    ensure!(count(&third, "taken") == 0, "{third}");

    lake::await_rows(warehouse.dir(), u64::from(ROWS))?;
    let rows = lake::rows_by_batch(warehouse.dir())?;
    ensure!(rows.keys().all(|(agent, _, _)| agent == "import-peer"), "rows of other agents");
    let counted = until("the marts have counted them", PATIENCE, || {
        let sums = warehouse.sql("SELECT sum(tests)::BIGINT AS tests, sum(votes)::BIGINT AS votes FROM daily").ok()?;
        sums.into_iter().next().filter(|row| row["tests"] == ROWS)
    })?;
    ensure!(counted["votes"] == 0, "imported tests have votes: {counted}");
    Ok(())
}

// Aim: without a server the command does it alone, and the rows are in the lake when it ends. The names are the warehouse's own.
#[test]
fn an_import_works_alone() -> anyhow::Result<()> {
    let scratch = Scratch::new("import-alone")?;
    let file = results(&scratch)?;
    let file = file.to_str().expect("a path of text");
    let mut warehouse = Warehouse::start(WarehouseOptions::new(scratch.join("warehouse")))?;
    warehouse.program().stop()?;
    let said = imported(&warehouse.command(&["import", "--source", "peer", "--keep-votes", "--json", file])?)?;
    ensure!(said["taken"] == ROWS && said["agent"] == "import-peer", "{said}");
    lake::await_rows(warehouse.dir(), u64::from(ROWS))?;
    let refused =
        warehouse.command(&["agents", "add", "import-peer", "--asn", "64500"]).expect_err("the name is taken");
    ensure!(refused.to_string().contains("the warehouse's own"), "{refused}");
    let bad = warehouse.command(&["import", "--source", "Peer!", file]).expect_err("no such source");
    ensure!(bad.to_string().contains("a-z"), "{bad}");
    Ok(())
}
