//! `warehouse publish`, `nightly`, `rebuild`, `withdraw` and `analytics`: asked of the server that runs here, or done alone if none does.

use std::sync::Arc;

use clap::{Args, ValueEnum};
use intake::clock::SystemClock;
use serde_json::Value;
use wire::{AgentId, Hour};

use crate::analytics::Place;
use crate::config::Config;
use crate::control::{self, Request};
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

/// Makes the public cut of all closed days.
pub(super) fn publish(config: Config) -> anyhow::Result<()> {
    print_outcome(&done(config, Task::Publish)?);
    Ok(())
}

/// A step of the night's work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Step {
    /// Close the days that can be closed.
    Close,
    /// Make the release, have it checked, and switch to it; closes days first.
    Publish,
    /// Drop old months, old releases, and files that no release names.
    Retain,
}

/// Does the night's work, or one step of it.
pub(super) fn nightly(config: Config, step: Option<Step>) -> anyhow::Result<()> {
    if let Some(step) = step {
        let task = match step {
            Step::Close => Task::Close,
            Step::Publish => Task::Publish,
            Step::Retain => Task::Retain,
        };
        print_outcome(&done(config, task)?);
        return Ok(());
    }
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

/// Publishes the file that analysts open.
pub(super) fn analytics(config: Config) -> anyhow::Result<()> {
    let path = Place::of(&config)?.path;
    match done(config, Task::Analytics)?.as_u64() {
        Some(bytes) => println!("Published {} ({bytes} bytes).", path.display()),
        None => println!("{} says all there is; no new one was made.", path.display()),
    }
    Ok(())
}

/// Has it done by the server that runs in the data directory, or does it alone.
pub(super) fn done(config: Config, task: Task) -> anyhow::Result<Value> {
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

fn test_date(text: &str) -> Result<TestDate, String> {
    text.parse().map_err(|_| "a day is written YYYY-MM-DD".to_owned())
}
