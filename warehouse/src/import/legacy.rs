//! The old central system's SQLite: table `test_results`, one row a test.
//!
//! A row's grades and metrics are what its client had sent, so they pass through the same door as a client's body today:
//! the same dialects, bounds and rules about a 0. Addresses, if the database holds any, are not read.

use std::path::{Path, PathBuf};

use intake::submission::{Parsed, RecordContext, parse};
use rusqlite::{Connection, OpenFlags, OptionalExtension as _};
use serde_json::{Map, Value, json};
use wire::{Asn, AsnOutcome, Country, Epoch, Hour, IpVersion, Record};

use super::{ImportFault, Source, SourceRow};

/// The old system's database, open for reading only.
pub struct LegacySource {
    path: PathBuf,
    connection: Connection,
    epoch: Epoch,
    rows: u64,
}

/// A row as it lies there.
struct Stored {
    timestamp: Value,
    test_type: Option<String>,
    asn: Option<String>,
    grades: Option<String>,
    metrics: Option<String>,
    connection_info: Option<String>,
    duration: Option<f64>,
    client_version: Option<String>,
}

impl LegacySource {
    /// Opens the database; it may be in use.
    ///
    /// # Errors
    /// [`ImportFault::File`] if there is none, [`ImportFault::Sqlite`] if it is another one.
    pub fn open(path: &Path) -> Result<Self, ImportFault> {
        let missing = |source| ImportFault::File { path: path.to_owned(), source };
        std::fs::metadata(path).map_err(missing)?;
        let open = || -> rusqlite::Result<Self> {
            let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
            connection.busy_timeout(std::time::Duration::from_secs(5))?;
            let rows =
                connection.query_row("SELECT coalesce(max(rowid), 0) FROM test_results", [], |row| row.get(0))?;
            // The database grows while it is in use; its first test stays.
            let first: Option<String> = connection
                .query_row(
                    "SELECT test_id || ' ' || CAST(timestamp AS TEXT) FROM test_results ORDER BY rowid LIMIT 1",
                    [],
                    |row| row.get(0),
                )
                .optional()?;
            let digest = crate::digest::Sha256::of(first.unwrap_or_default().as_bytes());
            let (eighths, _) = digest.0.as_chunks::<8>();
            let epoch = Epoch::from_random_bits(eighths.first().copied().map_or(0, u64::from_be_bytes));
            Ok(Self { path: path.to_owned(), connection, epoch, rows })
        };
        open().map_err(|source| ImportFault::Sqlite { path: path.to_owned(), source })
    }

    fn stored(&self, after: u64, limit: usize) -> rusqlite::Result<Vec<(u64, Stored)>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT rowid AS number, timestamp, test_type, asn, grades_json, metrics_json, connection_info_json,
                    test_duration, client_version
             FROM test_results WHERE rowid > ?1 ORDER BY rowid LIMIT ?2",
        )?;
        // SQLite's columns have no types: what is no text or number reads as null.
        let text = |row: &rusqlite::Row<'_>, column: &str| row.get::<_, Option<String>>(column).ok().flatten();
        let rows = statement.query_map(rusqlite::params![after, limit], |row| {
            let seconds = row.get::<_, f64>("timestamp").ok().map(Value::from);
            let stored = Stored {
                timestamp: seconds.or_else(|| text(row, "timestamp").map(Value::from)).unwrap_or(Value::Null),
                test_type: text(row, "test_type"),
                asn: text(row, "asn"),
                grades: text(row, "grades_json"),
                metrics: text(row, "metrics_json"),
                connection_info: text(row, "connection_info_json"),
                duration: row.get::<_, Option<f64>>("test_duration").ok().flatten(),
                client_version: text(row, "client_version"),
            };
            Ok((row.get("number")?, stored))
        })?;
        rows.collect()
    }
}

impl Source for LegacySource {
    fn epoch(&self) -> Epoch {
        self.epoch
    }

    fn rows(&self) -> u64 {
        self.rows
    }

    fn page(&self, after: u64, limit: usize) -> Result<Vec<SourceRow>, ImportFault> {
        let stored = self.stored(after, limit);
        let stored = stored.map_err(|source| ImportFault::Sqlite { path: self.path.clone(), source })?;
        Ok(stored.into_iter().map(|(number, stored)| SourceRow { number, record: record(&stored) }).collect())
    }
}

fn record(stored: &Stored) -> Result<Record, String> {
    let object = |text: &Option<String>, name: &str| -> Result<Map<String, Value>, String> {
        let Some(text) = text.as_deref().filter(|text| !text.trim().is_empty()) else { return Ok(Map::new()) };
        match serde_json::from_str(text) {
            Ok(Value::Object(members)) => Ok(members),
            Ok(Value::Null) => Ok(Map::new()),
            _ => Err(format!("{name} is no JSON object")),
        }
    };
    let metrics = object(&stored.metrics, "metrics_json")?;
    let info = object(&stored.connection_info, "connection_info_json")?;
    let mut results = json!({
        "test_type": stored.test_type,
        "grades": object(&stored.grades, "grades_json")?,
        "client_version": stored.client_version,
        "test_duration_seconds": stored.duration,
    });
    if let Some(household) = metrics.get("household_metrics") {
        results["household_metrics"] = household.clone();
    }
    results["metrics"] = Value::Object(metrics);
    let body = json!({ "results": results }).to_string();
    let submission = match parse(body.as_bytes()) {
        Ok(Parsed::Kept(submission)) => submission,
        Ok(Parsed::OptedOut) => return Err("its client had opted out".to_owned()),
        Err(fault) => return Err(fault.to_string()),
    };
    let asn = asn(stored.asn.as_deref())?;
    let country = info.get("country_code").or_else(|| info.get("country")).and_then(Value::as_str);
    let is_v6 =
        info.get("ip_version").is_some_and(|version| matches!(version.to_string().trim_matches('"'), "6" | "IPv6"));
    Ok(submission.record(&RecordContext {
        tested_hour: hour(&stored.timestamp)?,
        // The old system did not always note it, and most of its clients came by IPv4.
        ip_version: if is_v6 { IpVersion::V6 } else { IpVersion::V4 },
        asn,
        asn_outcome: if asn.is_some() { AsnOutcome::Hit } else { AsnOutcome::Miss },
        country: country.and_then(|code| Country::parse(&code.to_ascii_uppercase()).ok()),
        asn_database_day: None,
        vote_day: false,
        vote_month: false,
    }))
}

/// `AS64500`, `as64500` or `64500`; nothing, `UNKNOWN` and `AS0` are no network.
fn asn(text: Option<&str>) -> Result<Option<Asn>, String> {
    let text = text.unwrap_or_default().trim().to_ascii_uppercase();
    if matches!(text.as_str(), "" | "UNKNOWN" | "AS_UNKNOWN" | "NONE" | "N/A") {
        return Ok(None);
    }
    let number: u32 =
        text.trim_start_matches("AS").parse().map_err(|_| "asn is neither AS and a number nor UNKNOWN".to_owned())?;
    Ok(Asn::new(number))
}

/// Unix seconds, whole or not, as a number or as text.
fn hour(timestamp: &Value) -> Result<Hour, String> {
    let seconds = match timestamp {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    let seconds = seconds.filter(|seconds| (0.0..4e9).contains(seconds));
    #[expect(clippy::cast_possible_truncation, reason = "bounded in the line before")]
    let whole = seconds.map(|seconds| seconds as i64);
    whole.map(Hour::of_unix_s).ok_or_else(|| "timestamp is no Unix time in seconds".to_owned())
}
