//! `warehouse publish`, `nightly`, `rebuild`, `withdraw` and `sql`: asked of the server that runs here, or done alone if none does.

use std::sync::Arc;

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use comfy_table::Table as Printed;
use comfy_table::presets::NOTHING;
use intake::clock::SystemClock;
use serde_json::{Map, Value};
use wire::{AgentId, Hour};

use crate::config::Config;
use crate::control::{self, Request};
use crate::engine::{Cell, Table};
use crate::keeper::{Keeper, Task};
use crate::lake::paths::TestDate;
use crate::paths::DataDir;
use crate::withdrawals::Withdrawal;

/// An agent's results of some days.
#[derive(Debug, Args)]
pub(super) struct Range {
    /// Whose results; `direct` are the warehouse's own.
    #[arg(long, value_parser = super::agents::agent_id)]
    agent: AgentId,
    /// First test day, YYYY-MM-DD.
    #[arg(long, value_parser = test_date)]
    from: TestDate,
    /// Last test day, YYYY-MM-DD.
    #[arg(long, value_parser = test_date)]
    to: TestDate,
}

/// How rows are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people.
    Table,
    /// Comma-separated values with a line of names.
    Csv,
    /// An array of objects.
    Json,
}

/// Makes the public cut of all closed days.
pub(super) fn publish(config: Config) -> anyhow::Result<()> {
    print_outcome(&done(config, Task::Publish)?);
    Ok(())
}

/// Does the night's work.
pub(super) fn nightly(config: Config) -> anyhow::Result<()> {
    let is_alone = control::call(&DataDir::new(&config.dir), &Request::Status)?.is_none();
    print_outcome(&done(config.clone(), Task::Nightly)?);
    // A server does it by itself.
    if is_alone && config.bucket.is_set() {
        super::upload::upload(&config, false)?;
    }
    Ok(())
}

/// Makes marts, blocks and the cut again.
pub(super) fn rebuild(config: Config) -> anyhow::Result<()> {
    print_outcome(&done(config, Task::Rebuild)?);
    Ok(())
}

/// Takes an agent's results back.
pub(super) fn withdraw(config: Config, range: Range) -> anyhow::Result<()> {
    let Range { agent, from, to } = range;
    // The one who does it notes the hour.
    let withdrawal = Withdrawal { agent, from, to, said_at: Hour(0) };
    done(config, Task::Withdraw(withdrawal))?;
    println!("Withdrawn. The marts leave these results out; `warehouse publish` makes a cut without them.");
    Ok(())
}

/// Answers a statement over the marts.
pub(super) fn sql(config: Config, statement: &str, format: Format) -> anyhow::Result<()> {
    let value = done(config, Task::Sql { statement: statement.to_owned() })?;
    let table: Table = serde_json::from_value(value).context("the server's answer is no table")?;
    match format {
        Format::Table => print_table(&table),
        Format::Csv => print_csv(&table),
        Format::Json => println!("{}", serde_json::to_string_pretty(&objects(&table))?),
    }
    Ok(())
}

/// Has it done by the server that runs in the data directory, or does it alone.
fn done(config: Config, task: Task) -> anyhow::Result<Value> {
    let request = Request::Keep(task.clone());
    if let Some(value) = control::call(&DataDir::new(&config.dir), &request)? {
        return Ok(value);
    }
    let (_lock, mut keeper) = Keeper::alone(config, Arc::new(SystemClock))?;
    keeper.perform(task)
}

fn print_outcome(outcome: &Value) {
    let count = |name: &str| outcome.get(name).and_then(Value::as_u64).unwrap_or(0);
    match outcome.get("cut").and_then(Value::as_str) {
        None => println!("No day has closed yet: days close 24 hours after their end. Nothing was published."),
        Some(cut) => {
            let is_new = outcome.get("is_new").and_then(Value::as_bool).unwrap_or(false);
            let says = if is_new { "is public now" } else { "says all there is; no new one was made" };
            println!("Cut {cut} {says}.");
        }
    }
    println!("Days closed: {}; blocks closed: {}.", count("days_closed"), count("blocks_closed"));
}

fn print_table(table: &Table) {
    let mut printed = Printed::new();
    printed.load_preset(NOTHING).set_header(&table.columns);
    for row in &table.rows {
        printed.add_row(row.iter().map(|cell| cell.text().unwrap_or("")));
    }
    println!("{printed}");
}

fn print_csv(table: &Table) {
    let quoted = |text: &str| {
        if text.contains(['"', ',', '\n', '\r']) {
            format!("\"{}\"", text.replace('"', "\"\""))
        } else {
            text.to_owned()
        }
    };
    println!("{}", table.columns.iter().map(|name| quoted(name)).collect::<Vec<_>>().join(","));
    for row in &table.rows {
        println!("{}", row.iter().map(|cell| quoted(cell.text().unwrap_or(""))).collect::<Vec<_>>().join(","));
    }
}

fn objects(table: &Table) -> Vec<Map<String, Value>> {
    let value = |cell: &Cell| match cell {
        Cell::Null => Value::Null,
        Cell::Bare(text) => serde_json::from_str(text).unwrap_or_else(|_| text.as_str().into()),
        Cell::Text(text) => text.as_str().into(),
    };
    let object = |row: &Vec<Cell>| table.columns.iter().cloned().zip(row.iter().map(value)).collect();
    table.rows.iter().map(object).collect()
}

fn test_date(text: &str) -> Result<TestDate, String> {
    text.parse().map_err(|_| "a day is written YYYY-MM-DD".to_owned())
}
