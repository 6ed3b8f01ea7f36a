//! `agent import-legacy`.

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use clap::Args;
use intake::clock::{Clock as _, SystemClock};
use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};
use serde_json::json;

use super::output::{print, print_json};
use super::words::{Times, count, line, number};
use super::{EXIT_CODES, database};
use crate::config::Config;
use crate::legacy::{self, Importer, Plan, Source};

/// Takes the results of the old system into the history.
///
/// They are for the support desk only: they are never uploaded, and give no votes. The old file is only read, also while
/// the old system still writes it. The agent may run. A file may be imported again: what was taken is not taken twice, a
/// run that broke off goes on, and results that were erased since stay erased.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub(super) struct ImportLegacy {
    /// The old database: /opt/libreqos_data/isp_telemetry.db on most servers.
    file: PathBuf,
    /// The zone of times that have no offset: a name such as Europe/Berlin, or an offset such as +02:00; this machine's
    /// if it is not given.
    #[arg(long, value_name = "ZONE")]
    timezone: Option<String>,
    /// Say what would be taken, and take nothing.
    #[arg(long)]
    dry_run: bool,
    /// Take the results of this file out of the history again, for instance to import it with another time zone. Results
    /// that were erased since would come back with the next import.
    #[arg(long, conflicts_with_all = ["timezone", "dry_run"])]
    undo: bool,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

/// How often progress is shown.
const SHOW_EVERY: Duration = Duration::from_millis(500);

impl ImportLegacy {
    pub(super) fn run(&self, config: &Config) -> anyhow::Result<ExitCode> {
        if self.undo {
            return self.undo(config);
        }
        let (zone, zone_name) = self.zone()?;
        let source = Source::open(&self.file)?;
        let now = SystemClock.now();
        let mut connection =
            if self.dry_run { database::read(&config.data_dir)? } else { database::write(&config.data_dir)? };
        let importer = Importer::new(&connection, &source, &zone, now, config.history.max_rows)?;
        let mut progress = Progress::new("read", source.rows()?);
        let plan = importer.plan(&connection, |rows| progress.show(rows));
        progress.end();
        let plan = plan?;
        if !self.json {
            print(&in_words(&plan, &source, &zone_name, now))?;
        }
        let done = if self.dry_run {
            None
        } else {
            let mut progress = Progress::new("done", plan.rows);
            let done = importer.carry_out(&mut connection, &plan, |rows| progress.show(rows));
            progress.end();
            Some(done?)
        };
        if self.json {
            let mut shown = serde_json::to_value(&plan)?;
            shown["file"] = json!(source.path());
            shown["timezone"] = json!(zone_name);
            shown["done"] = json!(done);
            print_json(&shown)?;
        } else if let Some(done) = done {
            let taken = count(done.taken, "result was", "results were");
            print(&format!(
                "{taken} taken into the history; nothing of them is uploaded.\n\
                 The old file still holds addresses: delete it when you need it no more.\n"
            ))?;
        } else {
            print("Nothing was taken: --dry-run.\n")?;
        }
        Ok(ExitCode::SUCCESS)
    }

    fn undo(&self, config: &Config) -> anyhow::Result<ExitCode> {
        let mut connection = database::write(&config.data_dir)?;
        let undone = legacy::undo(&mut connection, &self.file)?
            .with_context(|| format!("{} was never imported here", self.file.display()))?;
        if self.json {
            print_json(&json!({ "file": self.file, "undone": undone }))?;
        } else {
            let results = count(undone, "result was", "results were");
            print(&format!("{results} taken out of the history; the file can be imported anew\n"))?;
        }
        Ok(ExitCode::SUCCESS)
    }

    fn zone(&self) -> anyhow::Result<(TimeZone, String)> {
        let Some(name) = &self.timezone else {
            let zone = TimeZone::try_system().ok().filter(|zone| !zone.is_unknown()).context(
                "this machine does not say in which time zone it is; give --timezone Europe/Berlin or --timezone +02:00",
            )?;
            let name = zone.iana_name().unwrap_or("this machine's zone").to_owned();
            return Ok((zone, name));
        };
        let zone = match offset(name) {
            Some(offset) => TimeZone::fixed(offset),
            None => TimeZone::get(name).with_context(|| {
                format!("this machine knows no time zone `{name}`; give a name such as Europe/Berlin, or an offset such as +02:00")
            })?,
        };
        Ok((zone, name.clone()))
    }
}

/// `+02:00`, `-0530`, `+02`.
fn offset(text: &str) -> Option<Offset> {
    let sign = match text.chars().next()? {
        '+' => 1,
        '-' => -1,
        _ => return None,
    };
    let digits: String = text[1..].chars().filter(|c| *c != ':').collect();
    if !matches!(digits.len(), 2 | 4) || !digits.bytes().all(|c| c.is_ascii_digit()) {
        return None;
    }
    let hours: i32 = digits[..2].parse().ok()?;
    let minutes: i32 = if digits.len() == 4 { digits[2..].parse().ok()? } else { 0 };
    Offset::from_seconds(sign * (hours * 3_600 + minutes * 60)).ok().filter(|_| minutes < 60)
}

fn in_words(plan: &Plan, source: &Source, zone: &str, now: Timestamp) -> String {
    let times = Times::here(now);
    let mut text = String::new();
    let mut say = |label: &str, says: String| line(&mut text, label, &says);
    say("file", format!("{}, {}", source.path().display(), count(plan.rows, "row", "rows")));
    say("time zone", format!("{zone}, for times without an offset (--timezone)"));
    for (how_many, why) in
        [(plan.done_before, "dealt with by an earlier import"), (plan.already_there, "in the history already")]
    {
        if how_many > 0 {
            say("known", format!("{} {why}", number(how_many)));
        }
    }
    for (left, how_many) in &plan.left {
        say("not taken", format!("{} {}", number(*how_many), left.as_str()));
    }
    if plan.beyond_cap > 0 {
        say("not taken", format!("{} that are older than those for which there is room", number(plan.beyond_cap)));
        let (most, own) = (number(plan.history_max_rows), number(plan.own_results));
        say(
            "",
            format!(
                "(the history keeps {most} results, {own} of them this agent's own; raise history.max_rows and import again)"
            ),
        );
    }
    if plan.to_evict > 0 {
        say("let go", format!("{} of earlier imports, for newer ones", number(plan.to_evict)));
    }
    if plan.values_left_empty > 0 {
        say("left empty", count(plan.values_left_empty, "value that cannot be read", "values that cannot be read"));
    }
    let span = match (plan.first_ms, plan.last_ms) {
        (Some(first), Some(last)) => format!(", received {} to {}", times.at_ms(first), times.at_ms(last)),
        _ => String::new(),
    };
    say("to take", format!("{}{span}", count(plan.to_take, "result", "results")));
    text
}

/// How far an import is, shown to a person.
struct Progress {
    verb: &'static str,
    rows: u64,
    shown: Option<Instant>,
    to_terminal: bool,
}

impl Progress {
    fn new(verb: &'static str, rows: u64) -> Self {
        Self { verb, rows, shown: None, to_terminal: std::io::stderr().is_terminal() }
    }

    fn show(&mut self, done: u64) {
        if self.to_terminal && self.shown.is_none_or(|shown| shown.elapsed() >= SHOW_EVERY) {
            eprint!("\r{} of {} rows {}", number(done), number(self.rows), self.verb);
            self.shown = Some(Instant::now());
        }
    }

    /// Clears the line.
    fn end(&self) {
        if self.shown.is_some() {
            eprint!("\r\u{1b}[K");
        }
    }
}

#[cfg(test)]
mod tests {
    //! Aim: an offset is read in the spellings that people use, and a name is not taken for one.

    #[test]
    fn offsets_are_read() {
        for (text, seconds) in [("+02:00", 7_200), ("-0530", -19_800), ("+02", 7_200), ("+00:00", 0)] {
            assert_eq!(super::offset(text).expect(text).seconds(), seconds);
        }
        for text in ["", "+", "+2", "+02:60", "+ab:cd", "Europe/Berlin", "+2é", "+99"] {
            assert_eq!(super::offset(text), None, "{text}");
        }
    }
}
