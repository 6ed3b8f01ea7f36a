//! `agent status`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use intake::clock::{Clock as _, SystemClock};
use jiff::Timestamp;
use serde::Serialize;
use wire::DropReason;

use super::output::{print, print_json};
use super::words::{Times, bytes, count, line, number};
use super::{EXIT_CODES, database};
use crate::config::Config;
use crate::lock::DataLock;
use crate::store::report::{Report, report};
use crate::store::{database_path, schema};

/// Prints what waits, what was sent, and why uploading stopped.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub(super) struct Status {
    /// As JSON; times are Unix seconds.
    #[arg(long)]
    json: bool,
}

/// The store in figures, and what is around it.
#[derive(Debug, Serialize)]
pub(super) struct Figures {
    #[serde(flatten)]
    report: Report,
    /// Version of this program.
    version: &'static str,
    /// Version of the database.
    database_version: usize,
    /// True while an agent runs in this data directory; null if that cannot be seen.
    running: Option<bool>,
    data_dir: PathBuf,
    /// Of the database and its write-ahead log.
    database_bytes: u64,
    /// Free on its disk for the agent's user; null if that cannot be seen.
    disk_free_bytes: Option<u64>,
    /// Most results in the history.
    history_max_rows: u64,
    /// Most bytes in the outbox.
    outbox_max_bytes: u64,
    /// Where batches go; null if results stay here.
    warehouse: Option<String>,
    /// As whom.
    agent_id: Option<String>,
    /// When the figures were read.
    now_s: i64,
}

impl Status {
    pub(super) fn run(&self, config: &Config) -> anyhow::Result<ExitCode> {
        let figures = Figures::gather(config)?;
        if self.json {
            print_json(&figures)?;
        } else {
            print(&figures.in_words())?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Figures {
    /// Reads the figures, beside a running agent or without one.
    pub(super) fn gather(config: &Config) -> anyhow::Result<Self> {
        let connection = database::read(&config.data_dir)?;
        let path = database_path(&config.data_dir);
        let report = report(&connection).map_err(|fault| database::explain(&path, fault))?;
        let warehouse = config.uploads_to();
        Ok(Self {
            report,
            version: env!("CARGO_PKG_VERSION"),
            database_version: schema::VERSION,
            running: DataLock::is_held(&config.data_dir).ok(),
            data_dir: config.data_dir.clone(),
            database_bytes: database_bytes(&path),
            disk_free_bytes: free_bytes(&config.data_dir),
            history_max_rows: config.history.max_rows,
            outbox_max_bytes: config.outbox.max_bytes,
            warehouse: warehouse.map(|warehouse| warehouse.url.shown()),
            agent_id: warehouse.map(|warehouse| warehouse.agent_id.to_string()),
            now_s: SystemClock.now().as_second(),
        })
    }

    fn in_words(&self) -> String {
        let report = &self.report;
        let times = Times::here(Timestamp::from_second(self.now_s).unwrap_or_default());
        let since = |moment: Option<i64>, before: &str| {
            moment.map_or_else(String::new, |moment| format!(", {before} {}", times.ago_s(moment)))
        };
        let records = |how_many| count(how_many, "record", "records");
        let batches = |how_many| count(how_many, "batch", "batches");
        let mut text = String::new();
        let running = match self.running {
            Some(true) => "running",
            Some(false) => "NOT RUNNING",
            None => "not known whether it runs",
        };
        let says = format!("{running}; version {}, database version {}", self.version, self.database_version);
        line(&mut text, "agent", &says);
        let says = match (&self.warehouse, &self.agent_id) {
            (Some(url), Some(id)) => format!("to {url} as {id}{}", since(report.last_settled_s, "last acknowledged")),
            _ => "none: results stay here".to_owned(),
        };
        line(&mut text, "uploads", &says);
        match &report.alarm {
            Some(alarm) => line(&mut text, "ALARM", &format!("{alarm}{}", since(report.alarm_since_s, "raised"))),
            None => line(&mut text, "alarm", "none"),
        }
        let oldest = report
            .oldest_waiting_s
            .map_or_else(String::new, |hour| format!(", the oldest of the hour from {}", times.at_s(hour)));
        line(&mut text, "waiting", &format!("{} for sealing{oldest}", records(report.waiting_records)));
        let oldest = since(report.oldest_unsettled_s, "the oldest sealed");
        let (unsettled, inside) = (batches(report.unsettled_batches), records(report.unsettled_records));
        line(&mut text, "sealed", &format!("{unsettled} with {inside} not acknowledged{oldest}"));
        let kept = batches(report.settled_batches);
        line(&mut text, "kept", &format!("{kept} acknowledged; the next is number {}", report.next_seq));
        if report.set_aside_batches > 0 {
            let (aside, inside) = (batches(report.set_aside_batches), records(report.set_aside_records));
            line(&mut text, "set aside", &format!("{aside} with {inside}; see `agent queue list`"));
        }
        for (reason, dropped) in &report.dropped {
            let why = in_words(*reason);
            line(&mut text, "given up", &format!("{} ({why}), reported with the next batch", records(*dropped)));
        }
        let (used, most) = (bytes(report.outbox_bytes), bytes(self.outbox_max_bytes));
        line(&mut text, "outbox", &format!("{used} of at most {most}"));
        let webhook = &report.webhook;
        if webhook.waiting + webhook.set_aside + webhook.dropped() > 0 {
            let waiting = count(webhook.waiting, "delivery", "deliveries");
            let oldest = since(webhook.oldest_waiting_s, "the oldest queued");
            let (aside, dropped) = (number(webhook.set_aside), number(webhook.dropped()));
            line(&mut text, "webhook", &format!("{waiting} waiting{oldest}; {aside} set aside, {dropped} given up"));
        }
        let span = match (report.oldest_result_ms, report.newest_result_ms) {
            (Some(oldest), Some(newest)) => format!(", {} to {}", times.at_ms(oldest), times.at_ms(newest)),
            _ => String::new(),
        };
        let results = format!("{} of at most {} results", number(report.history_rows), number(self.history_max_rows));
        line(&mut text, "history", &format!("{results}{span}"));
        let free = self.disk_free_bytes.map_or_else(String::new, |free| format!("; {} free on its disk", bytes(free)));
        let (size, place) = (bytes(self.database_bytes), self.data_dir.display());
        line(&mut text, "database", &format!("{size} in {place}{free}"));
        line(&mut text, "epoch", &report.epoch.to_string());
        text
    }
}

/// Why records were given up.
fn in_words(reason: DropReason) -> &'static str {
    match reason {
        DropReason::OutboxFull => "the outbox was full",
        DropReason::OutboxOld => "too old",
        DropReason::Restored => "set aside by new-epoch",
        DropReason::Poison => "refused for good",
        DropReason::Damaged => "damaged",
        _ => "another reason",
    }
}

/// Bytes of the database and its write-ahead log.
pub(super) fn database_bytes(path: &Path) -> u64 {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    [path, Path::new(&log)].iter().filter_map(|file| std::fs::metadata(file).ok()).map(|file| file.len()).sum()
}

/// Bytes that are free on the directory's disk for others than the administrator.
pub(super) fn free_bytes(directory: &Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(directory).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}
