//! What the support desk sees of the store as a whole.

use rusqlite::{Connection, OptionalExtension};

use crate::store::StoreFault;
use crate::store::webhooks::{self, Depth};

/// The store in figures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figures {
    /// Results in the history.
    pub stored: u64,
    /// Addresses in it.
    pub distinct_clients: u64,
    /// When the oldest of them was received, in Unix milliseconds.
    pub oldest_ms: Option<i64>,
    /// When the newest of them was received, in Unix milliseconds.
    pub newest_ms: Option<i64>,
    /// Records that wait for sealing.
    pub waiting_records: u64,
    /// Sealed batches that the warehouse has not acknowledged.
    pub unsettled_batches: u64,
    /// Records in them.
    pub unsettled_records: u64,
    /// Since when the oldest unacknowledged record has been waiting, in Unix milliseconds: since its receipt, or the seal
    /// of its batch.
    pub unsent_since_ms: Option<i64>,
    /// When the warehouse last acknowledged a batch, in Unix seconds.
    pub last_settled_s: Option<i64>,
    /// The queue of the provider's own system.
    pub webhooks: Depth,
    /// Why the last delivery in it failed that did.
    pub webhook_fault: Option<String>,
}

/// Reads the figures.
///
/// # Errors
/// [`StoreFault`] if they cannot be read.
pub fn figures(connection: &Connection) -> Result<Figures, StoreFault> {
    let count = |sql: &str| -> Result<u64, StoreFault> { Ok(connection.query_row(sql, [], |row| row.get(0))?) };
    let moment =
        |sql: &str| -> Result<Option<i64>, StoreFault> { Ok(connection.query_row(sql, [], |row| row.get(0))?) };
    let sealed_ms = moment("SELECT min(sealed_s) * 1000 FROM batches WHERE settled_s IS NULL")?;
    // A result that is not in the history any more left its hour behind.
    let waiting_ms = moment(
        "SELECT (SELECT coalesce(history.received_ms, outbox.tested_hour * 3600000)
                 FROM outbox LEFT JOIN history USING (local_id) ORDER BY outbox.local_id LIMIT 1)",
    )?;
    let webhook_fault = connection
        .prepare_cached("SELECT last_fault FROM webhooks WHERE last_fault IS NOT NULL ORDER BY local_id DESC LIMIT 1")?
        .query_row([], |row| row.get(0))
        .optional()?;
    Ok(Figures {
        stored: count("SELECT count(*) FROM history")?,
        distinct_clients: count("SELECT count(*) FROM (SELECT DISTINCT client_ip FROM history)")?,
        oldest_ms: moment("SELECT min(received_ms) FROM history")?,
        newest_ms: moment("SELECT max(received_ms) FROM history")?,
        waiting_records: count("SELECT count(*) FROM outbox")?,
        unsettled_batches: count("SELECT count(*) FROM batches WHERE settled_s IS NULL")?,
        unsettled_records: count("SELECT coalesce(sum(records), 0) FROM batches WHERE settled_s IS NULL")?,
        unsent_since_ms: [sealed_ms, waiting_ms].into_iter().flatten().min(),
        last_settled_s: moment("SELECT max(settled_s) FROM batches")?,
        webhooks: webhooks::depth(connection)?,
        webhook_fault,
    })
}
