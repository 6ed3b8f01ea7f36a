//! What `agent status` and the health page show of the database.

use std::collections::BTreeMap;

use rusqlite::Connection;
use serde::Serialize;
use wire::DropReason;

use super::webhooks::{self, Depth};
use super::{StoreFault, drops, evict, identity};

/// The store in figures; no row of it has an address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Random number born with the database.
    pub epoch: u64,
    /// Number of the next batch to seal.
    pub next_seq: u64,
    /// Results in the history.
    pub history_rows: u64,
    /// Those of them that came from the old system by `agent import-legacy`.
    pub imported_rows: u64,
    /// When the oldest result was received, in Unix milliseconds.
    pub oldest_result_ms: Option<i64>,
    /// When the newest result was received, in Unix milliseconds.
    pub newest_result_ms: Option<i64>,
    /// Records that wait for sealing.
    pub waiting_records: u64,
    /// The hour of the first of them, as Unix seconds of its beginning.
    pub oldest_waiting_s: Option<i64>,
    /// Sealed batches that the warehouse has not acknowledged.
    pub unsettled_batches: u64,
    /// Records in them.
    pub unsettled_records: u64,
    /// When the oldest of them was sealed, in Unix seconds.
    pub oldest_unsettled_s: Option<i64>,
    /// Acknowledged batches that are still kept.
    pub settled_batches: u64,
    /// When the last one was acknowledged, in Unix seconds.
    pub last_settled_s: Option<i64>,
    /// Batches set aside for a human to look at.
    pub set_aside_batches: u64,
    /// Records in them.
    pub set_aside_records: u64,
    /// Bytes in the outbox: waiting, sealed and set aside.
    pub outbox_bytes: u64,
    /// Records given up and not yet reported, by reason.
    pub dropped: BTreeMap<DropReason, u64>,
    /// Deliveries to the provider's own system.
    pub webhook: Depth,
    /// Why uploading stopped, in words.
    pub alarm: Option<String>,
    /// Since when, in Unix seconds.
    pub alarm_since_s: Option<i64>,
}

/// Reads the figures.
///
/// # Errors
/// [`StoreFault`] if they cannot be read.
pub fn report(connection: &Connection) -> Result<Report, StoreFault> {
    let me = identity::read(connection)?;
    let one = |sql: &str| -> Result<u64, StoreFault> { Ok(connection.query_row(sql, [], |row| row.get(0))?) };
    let maybe = |sql: &str| -> Result<Option<i64>, StoreFault> { Ok(connection.query_row(sql, [], |row| row.get(0))?) };
    Ok(Report {
        epoch: me.epoch.get(),
        next_seq: me.next_seq.0,
        history_rows: one("SELECT count(*) FROM history")?,
        imported_rows: one("SELECT count(*) FROM history WHERE local_id < 0")?,
        oldest_result_ms: maybe("SELECT min(received_ms) FROM history")?,
        newest_result_ms: maybe("SELECT max(received_ms) FROM history")?,
        waiting_records: one("SELECT count(*) FROM outbox")?,
        oldest_waiting_s: maybe("SELECT (SELECT tested_hour * 3600 FROM outbox ORDER BY local_id LIMIT 1)")?,
        unsettled_batches: one("SELECT count(*) FROM batches WHERE settled_s IS NULL")?,
        unsettled_records: one("SELECT coalesce(sum(records), 0) FROM batches WHERE settled_s IS NULL")?,
        oldest_unsettled_s: maybe("SELECT min(sealed_s) FROM batches WHERE settled_s IS NULL")?,
        settled_batches: one("SELECT count(*) FROM batches WHERE settled_s IS NOT NULL")?,
        last_settled_s: maybe("SELECT max(settled_s) FROM batches")?,
        set_aside_batches: one("SELECT count(*) FROM set_aside")?,
        set_aside_records: one("SELECT coalesce(sum(records), 0) FROM set_aside")?,
        outbox_bytes: evict::bytes(connection)?,
        dropped: drops::read(connection)?,
        webhook: webhooks::depth(connection)?,
        alarm: me.alarm.as_ref().map(ToString::to_string),
        alarm_since_s: identity::alarm_since_s(connection)?,
    })
}
