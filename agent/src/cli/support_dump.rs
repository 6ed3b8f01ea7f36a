//! `agent support-dump`: one file for a bug report, which its sender can read before he sends it.

mod log;
mod redact;

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use intake::clock::{Clock as _, SystemClock};
use rusqlite::Connection;
use serde_json::{Map, Value, json};

use self::redact::Redactor;
use super::output::{print, print_json};
use super::status::Figures;
use super::words::bytes;
use super::{EXIT_CODES, database, doctor};
use crate::config::{Config, Loaded};
use crate::store::{aside, webhooks};
use crate::support_key::SupportKey;

/// Writes a file for a bug report: configuration, figures, checks, last log lines.
///
/// Secrets are hidden and addresses are replaced, everywhere; rows of the history are not in it. It is JSON that can be
/// read before it is sent.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub(super) struct SupportDump {
    /// The file to write; a new one in this directory if it is not given.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Take the last log lines from this file; from the journal of bufferlake-agent.service if it is not given.
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,
    /// Connect to nothing but this machine while checking.
    #[arg(long)]
    offline: bool,
    /// Say where it is as JSON.
    #[arg(long)]
    json: bool,
}

/// Deliveries whose faults are shown.
const MOST_DELIVERIES: u32 = 20;

impl SupportDump {
    pub(super) fn run(&self, loaded: &Loaded) -> anyhow::Result<ExitCode> {
        let now = SystemClock.now();
        let redactor = Redactor::new(secrets(&loaded.config));
        let mut dump = self.gather(loaded)?;
        dump["made_at"] = json!(now.to_string());
        let text = serde_json::to_string_pretty(&redactor.redact(dump))? + "\n";
        let path = self
            .out
            .clone()
            .unwrap_or_else(|| format!("bufferlake-support-{}.json", now.strftime("%Y%m%dT%H%M%SZ")).into());
        let mut options = std::fs::OpenOptions::new();
        let mut file = options
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
            .with_context(|| format!("making {} (a file that is there is not overwritten)", path.display()))?;
        file.write_all(text.as_bytes()).with_context(|| format!("writing {}", path.display()))?;
        if self.json {
            print_json(&json!({ "path": path, "bytes": text.len() }))?;
        } else {
            print(&format!(
                "{} ({}): secrets are hidden and addresses replaced; read it before you send it\n",
                path.display(),
                bytes(text.len() as u64)
            ))?;
        }
        Ok(ExitCode::SUCCESS)
    }

    /// Everything, not redacted yet. What cannot be read is replaced by the reason.
    fn gather(&self, loaded: &Loaded) -> anyhow::Result<Value> {
        let config = &loaded.config;
        let or_why = |value: anyhow::Result<Value>| value.unwrap_or_else(|error| json!(format!("{error:#}")));
        let in_database = |read: fn(&Connection) -> anyhow::Result<Value>| {
            or_why(database::read(&config.data_dir).and_then(|connection| read(&connection)))
        };
        let (log, log_from) = log::last_lines(self.log.as_deref());
        Ok(json!({
            "about": "made by `agent support-dump`; addresses other than loopback are replaced, secrets are hidden",
            "version": env!("CARGO_PKG_VERSION"),
            "system": system(),
            "configuration": configuration(loaded),
            "status": or_why(Figures::gather(config).and_then(|figures| Ok(serde_json::to_value(figures)?))),
            "checks": or_why(doctor::examine(loaded, self.offline, &SystemClock).map(|checks| doctor::as_value(&checks))),
            "tables": in_database(tables),
            "imports": in_database(imported),
            "set_aside": in_database(|connection| Ok(json!(aside::list(connection)?))),
            "deliveries": in_database(deliveries),
            "log_from": log_from,
            "log": log,
        }))
    }
}

/// What must not be in the file wherever it may have come from.
fn secrets(config: &Config) -> Vec<String> {
    let warehouse =
        config.warehouse.as_ref().and_then(|warehouse| warehouse.secret().ok()).map(|secret| secret.reveal());
    let webhook = config.webhook.as_ref().and_then(|webhook| webhook.signing_key().ok().flatten());
    let desk = match SupportKey::of(&config.support, &config.data_dir) {
        // To ask for a key that is not there would make it.
        SupportKey::File(path) => std::fs::read_to_string(path).ok(),
        SupportKey::Text(key) => Some(key.reveal().to_owned()),
    };
    warehouse.into_iter().chain(webhook.map(|key| key.reveal().to_owned())).chain(desk).collect()
}

/// Every value in force and where it was set. Of URLs only the host is shown: a path may be a secret.
fn configuration(loaded: &Loaded) -> Value {
    let shown = loaded.values.iter().map(|value| {
        let text = match (&value.value, value.key.ends_with("url")) {
            (Value::String(url), true) => json!(redact::origin_of(url)),
            (other, _) => other.clone(),
        };
        json!({ "key": value.key, "value": text, "origin": value.origin.to_string() })
    });
    shown.collect()
}

fn system() -> Value {
    let release = std::fs::read_to_string("/etc/os-release").unwrap_or_default();
    let distribution = release.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="));
    json!({
        "kernel": std::fs::read_to_string("/proc/sys/kernel/osrelease").ok().map(|text| text.trim().to_owned()),
        "machine": std::env::consts::ARCH,
        "distribution": distribution.map(|name| name.trim_matches('"')),
    })
}

/// How many rows each table has.
fn tables(connection: &Connection) -> anyhow::Result<Value> {
    let mut statement = connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")?;
    let names: Vec<String> = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    let mut counts = Map::new();
    for name in names {
        let rows: rusqlite::Result<u64> =
            connection.query_row(&format!("SELECT count(*) FROM \"{name}\""), [], |row| row.get(0));
        counts.insert(name, rows.map_or_else(|error| json!(error.to_string()), |rows| json!(rows)));
    }
    Ok(counts.into())
}

fn imported(connection: &Connection) -> anyhow::Result<Value> {
    let mut statement = connection.prepare("SELECT number, path, last_row, taken, finished_s FROM imports")?;
    let rows = statement.query_map([], |row| {
        Ok(json!({
            "number": row.get::<_, i64>(0)?,
            "path": row.get::<_, String>(1)?,
            "last_row": row.get::<_, i64>(2)?,
            "taken": row.get::<_, i64>(3)?,
            "finished_s": row.get::<_, Option<i64>>(4)?,
        }))
    })?;
    Ok(rows.collect::<Result<Vec<_>, _>>()?.into())
}

fn deliveries(connection: &Connection) -> anyhow::Result<Value> {
    let aside = webhooks::list(connection, true, MOST_DELIVERIES)?;
    let waiting = webhooks::list(connection, false, MOST_DELIVERIES)?;
    let shown: Vec<Value> = aside
        .iter()
        .chain(&waiting)
        .map(|delivery| {
            json!({
                "bytes": delivery.bytes,
                "queued_s": delivery.queued_s,
                "attempts": delivery.attempts,
                "last_fault": delivery.last_fault,
                "set_aside_s": delivery.aside_s,
            })
        })
        .collect();
    Ok(shown.into())
}
