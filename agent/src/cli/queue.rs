//! `agent queue`: what was set aside, and what a human does with it.

use std::collections::BTreeSet;
use std::fmt;
use std::io::{BufRead as _, IsTerminal as _};
use std::process::ExitCode;
use std::str::FromStr;

use anyhow::{Context as _, bail, ensure};
use clap::{Args, Subcommand};
use intake::clock::{Clock as _, SystemClock};
use rusqlite::{Connection, TransactionBehavior};
use serde_json::{Value, json};

use super::output::{print, print_json};
use super::words::{Times, bytes, columns, count, printable};
use super::{EXIT_CODES, database};
use crate::config::Config;
use crate::store::{StoreFault, aside, webhooks};

/// Shows what was set aside, sends it again, or drops it.
///
/// Batches that the warehouse refused for good are set aside for a week, deliveries to your own system that failed for a
/// day (webhook) as well. The agent may run; it takes up a change within a minute.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub(super) struct Queue {
    #[command(subcommand)]
    command: QueueCommand,
}

#[derive(Debug, Subcommand)]
enum QueueCommand {
    /// Lists what was set aside and why, and the deliveries to your own system that wait.
    #[command(after_help = EXIT_CODES)]
    List {
        /// As JSON; times are Unix seconds.
        #[arg(long)]
        json: bool,
        /// Most deliveries of each kind that are listed.
        #[arg(long, default_value_t = 100)]
        limit: u32,
    },
    /// Sends what was set aside again.
    ///
    /// The records of a refused batch go back into the outbox as new ones and leave with the next batch, under a new
    /// number. They count once, because the warehouse never took them; its count of dropped records keeps them. What `agent
    /// new-epoch` set aside is not sent again: it may have been counted. A delivery is due at once, under its old id, and is
    /// tried for another day.
    #[command(after_help = EXIT_CODES)]
    Retry(Chosen),
    /// Forgets what was set aside, for good.
    #[command(after_help = EXIT_CODES)]
    Drop {
        #[command(flatten)]
        chosen: Chosen,
        /// Do not ask.
        #[arg(long)]
        yes: bool,
    },
}

#[derive(Debug, Args)]
struct Chosen {
    /// What `agent queue list` shows in its first column: batch-3, webhook-7.
    #[arg(required_unless_present = "all")]
    ids: Vec<Id>,
    /// Everything that was set aside.
    #[arg(long, conflicts_with = "ids")]
    all: bool,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

/// Most deliveries that one command works on.
const MOST_AT_ONCE: u32 = 100_000;

const NO_SUCH_DELIVERY: &str = "there is no delivery of this number; it may have arrived meanwhile";

/// What a line of the list is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Id {
    Batch(i64),
    Webhook(i64),
}

impl FromStr for Id {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number = |prefix: &str| text.strip_prefix(prefix)?.parse().ok();
        let unknown = || format!("`{text}` is no name that `agent queue list` shows, such as batch-3 or webhook-7");
        let batch = number("batch-").map(Self::Batch);
        batch.or_else(|| number("webhook-").map(Self::Webhook)).ok_or_else(unknown)
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Batch(number) => write!(f, "batch-{number}"),
            Self::Webhook(number) => write!(f, "webhook-{number}"),
        }
    }
}

/// Does something with one of them: how many records it concerned, or why it was not done.
type Act = fn(&Connection, Id) -> Result<Result<u64, String>, StoreFault>;

/// What became of one of them.
struct Outcome {
    id: Id,
    /// Records that go out again, or why none do.
    done: Result<u64, String>,
}

impl Queue {
    pub(super) fn run(&self, config: &Config) -> anyhow::Result<ExitCode> {
        match &self.command {
            QueueCommand::List { json, limit } => list(&database::read(&config.data_dir)?, *json, *limit),
            QueueCommand::Retry(chosen) => {
                let outcomes = chosen.each(&mut database::write(&config.data_dir)?, retry)?;
                chosen.report(&outcomes, "retried", |id, records| match id {
                    Id::Batch(_) => {
                        let records = count(records, "record", "records");
                        format!("{id}: {records} back in the outbox; they leave with the next batch")
                    }
                    Id::Webhook(_) => format!("{id}: due now, and tried for another day"),
                })
            }
            QueueCommand::Drop { chosen, yes } => {
                let mut connection = database::write(&config.data_dir)?;
                if !yes && !confirmed(&chosen.ids(&connection)?)? {
                    print("nothing was dropped\n")?;
                    return Ok(ExitCode::FAILURE);
                }
                let outcomes = chosen.each(&mut connection, discard)?;
                chosen.report(&outcomes, "dropped", |id, _| format!("{id}: dropped"))
            }
        }
    }
}

/// Sends one again: how many records, or why not.
fn retry(connection: &Connection, id: Id) -> Result<Result<u64, String>, StoreFault> {
    match id {
        Id::Batch(number) => Ok(aside::retry(connection, number)?.map_err(|why| why.to_string())),
        Id::Webhook(number) => {
            let found = webhooks::retry(connection, number, SystemClock.now())?;
            Ok(if found { Ok(1) } else { Err(NO_SUCH_DELIVERY.to_owned()) })
        }
    }
}

/// Drops one: how many records, or why not.
fn discard(connection: &Connection, id: Id) -> Result<Result<u64, String>, StoreFault> {
    let (gone, why) = match id {
        Id::Batch(number) => (aside::discard(connection, number)?, aside::NotRetried::NoSuch.to_string()),
        Id::Webhook(number) => (webhooks::drop_one(connection, number)?.then_some(1), NO_SUCH_DELIVERY.to_owned()),
    };
    Ok(gone.ok_or(why))
}

impl Chosen {
    fn ids(&self, connection: &Connection) -> anyhow::Result<BTreeSet<Id>> {
        if self.all {
            let batches = aside::list(connection)?.into_iter().map(|batch| Id::Batch(batch.id));
            let deliveries = webhooks::list(connection, true, MOST_AT_ONCE)?.into_iter();
            return Ok(batches.chain(deliveries.map(|delivery| Id::Webhook(delivery.local_id))).collect());
        }
        Ok(self.ids.iter().copied().collect())
    }

    /// Does something with each of them, all in one transaction.
    fn each(&self, connection: &mut Connection, act: Act) -> anyhow::Result<Vec<Outcome>> {
        let busy = "the agent's database is busy; nothing was changed, try again in a moment";
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).context(busy)?;
        let mut outcomes = Vec::new();
        for id in self.ids(&transaction)? {
            outcomes.push(Outcome { id, done: act(&transaction, id)? });
        }
        transaction.commit().context("the agent's database did not take it; nothing was changed")?;
        Ok(outcomes)
    }

    /// Says what became of each; a failure if one that was named could not be done.
    fn report(&self, outcomes: &[Outcome], what: &str, says: impl Fn(Id, u64) -> String) -> anyhow::Result<ExitCode> {
        if self.json {
            let shown: Vec<Value> = outcomes
                .iter()
                .map(|outcome| match &outcome.done {
                    Ok(records) => json!({ "id": outcome.id.to_string(), what: true, "records": records }),
                    Err(why) => json!({ "id": outcome.id.to_string(), what: false, "why": why }),
                })
                .collect();
            print_json(&shown)?;
        } else if outcomes.is_empty() {
            print("nothing is set aside\n")?;
        } else {
            for outcome in outcomes {
                match &outcome.done {
                    Ok(records) => print(&format!("{}\n", says(outcome.id, *records)))?,
                    Err(why) => eprintln!("{}: {why}", outcome.id),
                }
            }
        }
        let failed = !self.all && outcomes.iter().any(|outcome| outcome.done.is_err());
        Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }
}

fn list(connection: &Connection, as_json: bool, limit: u32) -> anyhow::Result<ExitCode> {
    let batches = aside::list(connection)?;
    let aside = webhooks::list(connection, true, limit)?;
    let waiting = webhooks::list(connection, false, limit)?;
    let depth = webhooks::depth(connection)?;
    if as_json {
        let deliveries = [aside, waiting].concat();
        let mut shown = json!({ "batches": batches, "webhooks": deliveries, "webhook": depth });
        for (kind, number, name) in [("batches", "id", "batch"), ("webhooks", "local_id", "webhook")] {
            for value in shown[kind].as_array_mut().into_iter().flatten() {
                value["id"] = json!(format!("{name}-{}", value[number]));
            }
        }
        print_json(&shown)?;
        return Ok(ExitCode::SUCCESS);
    }
    let times = Times::here(SystemClock.now());
    let mut rows: Vec<Vec<String>> = Vec::new();
    for batch in &batches {
        rows.push(vec![
            Id::Batch(batch.id).to_string(),
            bytes(batch.bytes),
            format!("set aside {}", times.at_s(batch.at_s)),
            format!("{}: {}", count(batch.records, "record", "records"), printable(&batch.reason)),
            if batch.can_be_retried { "retry, drop" } else { "drop" }.to_owned(),
        ]);
    }
    for delivery in aside.iter().chain(&waiting) {
        let state = match delivery.aside_s {
            Some(aside_s) => format!("set aside {}", times.at_s(aside_s)),
            None => format!("due {}", times.at_ms(delivery.next_try_ms)),
        };
        let fault = delivery.last_fault.as_deref().map_or("not tried yet".to_owned(), printable);
        let tried = count(delivery.attempts.into(), "failed attempt", "failed attempts");
        rows.push(vec![
            Id::Webhook(delivery.local_id).to_string(),
            bytes(delivery.bytes),
            state,
            format!("{tried}: {fault}"),
            "retry, drop".to_owned(),
        ]);
    }
    if rows.is_empty() {
        print("nothing is set aside, and no delivery waits\n")?;
        return Ok(ExitCode::SUCCESS);
    }
    let more = (depth.set_aside + depth.waiting).saturating_sub((aside.len() + waiting.len()) as u64);
    let mut text = columns(&["id", ">size", "state", "what and why", "you can"], &rows);
    if more > 0 {
        text.push_str(&format!("and {}; --limit shows more\n", count(more, "more delivery", "more deliveries")));
    }
    print(&text)?;
    Ok(ExitCode::SUCCESS)
}

/// Asks the person at the terminal.
fn confirmed(ids: &BTreeSet<Id>) -> anyhow::Result<bool> {
    if ids.is_empty() {
        return Ok(true);
    }
    ensure!(std::io::stdin().is_terminal(), "nobody can be asked here; say --yes to drop for good");
    let names: Vec<String> = ids.iter().map(ToString::to_string).collect();
    eprint!("Drop {} for good? [y/N] ", names.join(", "));
    let mut answer = String::new();
    if std::io::stdin().lock().read_line(&mut answer)? == 0 {
        bail!("no answer; nothing was dropped");
    }
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}
