//! Deliveries to the provider's own system: queued with the result, tried for a day, then set aside.
//!
//! A row goes when the receiver has it, when it was set aside long ago, or when the queue is full; the last two are
//! counted. Rows hold the client's address.

mod bounds;

mod desk;

use std::net::IpAddr;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

use super::StoreFault;
use super::history::address_bytes;

pub use bounds::{ASIDE_KEPT_S, QueueCaps};
pub(super) use bounds::{by_age, by_size};
pub use desk::{Depth, Queued, depth, drop_one, erase, list, retry};

/// How long a delivery is tried, in seconds.
pub const TRIED_FOR_S: i64 = 24 * 3_600;

/// Longest wait between two attempts at one delivery, in milliseconds. One that lies further ahead was written before
/// the clock stepped back, and is due.
pub const MAX_WAIT_MS: i64 = 4 * 3_600 * 1_000;

/// A delivery that is due.
#[derive(Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The result's number.
    pub local_id: i64,
    /// `webhook-id`: the same at every attempt.
    pub message_id: String,
    /// The exact bytes to sign and send. They hold the client's address.
    pub body: Vec<u8>,
    /// Attempts that failed.
    pub attempts: u32,
}

/// Queues a delivery. Its id is random: it tells neither a time nor a number, and nothing of the client.
pub(crate) fn queue(
    connection: &Connection,
    local_id: i64,
    client: IpAddr,
    body: &[u8],
    now: Timestamp,
) -> Result<(), StoreFault> {
    let message_id = format!("msg_{:032x}", rand::random::<u128>());
    let now_s = now.as_second();
    connection
        .prepare_cached(
            "INSERT INTO webhooks (local_id, message_id, client_ip, body, queued_s, tried_until_s, next_try_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![
            local_id,
            message_id,
            address_bytes(client),
            body,
            now_s,
            now_s.saturating_add(TRIED_FOR_S),
            now.as_millisecond()
        ])?;
    Ok(())
}

/// Counts the queue anew; writes only if the counts are wrong.
pub(super) fn recount(connection: &Connection) -> Result<(), StoreFault> {
    connection.execute_batch(
        "UPDATE webhook_counts SET waiting = counted.waiting, aside = counted.aside, bytes = counted.bytes
         FROM (SELECT count(*) - count(aside_s) AS waiting, count(aside_s) AS aside,
                      coalesce(sum(length(body) + 256), 0) AS bytes FROM webhooks) AS counted
         WHERE (webhook_counts.waiting, webhook_counts.aside, webhook_counts.bytes)
               IS NOT (counted.waiting, counted.aside, counted.bytes);
         UPDATE webhook_counts SET dropped_full = max(dropped_full, 0), dropped_old = max(dropped_old, 0)
         WHERE dropped_full < 0 OR dropped_old < 0",
    )?;
    Ok(())
}

/// The deliveries that have been due for the longest time, at most `limit` of them.
///
/// # Errors
/// [`StoreFault`] if they cannot be read.
pub fn due(connection: &Connection, now: Timestamp, limit: usize) -> Result<Vec<Delivery>, StoreFault> {
    let now_ms = now.as_millisecond();
    connection
        .prepare_cached("UPDATE webhooks SET next_try_ms = ?1 WHERE aside_s IS NULL AND next_try_ms > ?1 + ?2")?
        .execute([now_ms, MAX_WAIT_MS])?;
    let mut statement = connection.prepare_cached(
        "SELECT local_id, message_id, body, attempts FROM webhooks
         WHERE aside_s IS NULL AND next_try_ms <= ?1 ORDER BY next_try_ms LIMIT ?2",
    )?;
    let rows = statement.query_map(params![now_ms, limit], |row| {
        Ok(Delivery { local_id: row.get(0)?, message_id: row.get(1)?, body: row.get(2)?, attempts: row.get(3)? })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// When the next delivery after this moment is due, in Unix milliseconds.
///
/// # Errors
/// [`StoreFault`] if it cannot be read.
pub fn next_due_ms(connection: &Connection, now: Timestamp) -> Result<Option<i64>, StoreFault> {
    let mut statement = connection.prepare_cached(
        "SELECT next_try_ms FROM webhooks WHERE aside_s IS NULL AND next_try_ms > ?1 ORDER BY next_try_ms LIMIT 1",
    )?;
    Ok(statement.query_row([now.as_millisecond()], |row| row.get(0)).optional()?)
}

/// The receiver has it. A delivery that is gone already stays gone.
///
/// # Errors
/// [`StoreFault`] if the database does not take it.
pub fn delivered(connection: &Connection, local_id: i64) -> Result<(), StoreFault> {
    connection.prepare_cached("DELETE FROM webhooks WHERE local_id = ?1")?.execute([local_id])?;
    Ok(())
}

/// An attempt failed: the next one comes after `wait_ms`, and not after the last moment at which this delivery is
/// tried; an attempt at or after that moment was the last, and sets it aside. True if it was set aside.
///
/// # Errors
/// [`StoreFault`] if the database does not take it.
pub fn failed(
    connection: &Connection,
    local_id: i64,
    fault: &str,
    wait_ms: i64,
    now: Timestamp,
) -> Result<bool, StoreFault> {
    let mut statement = connection.prepare_cached(
        "UPDATE webhooks SET
             attempts = attempts + 1,
             last_fault = ?2,
             next_try_ms = min(?3, max(tried_until_s * 1000, ?4)),
             aside_s = CASE WHEN tried_until_s <= ?5 THEN ?5 END
         WHERE local_id = ?1 AND aside_s IS NULL RETURNING aside_s IS NOT NULL",
    )?;
    let now_ms = now.as_millisecond();
    let next_ms = now_ms.saturating_add(wait_ms.clamp(0, MAX_WAIT_MS));
    let aside =
        statement.query_row(params![local_id, fault, next_ms, now_ms, now.as_second()], |row| row.get(0)).optional()?;
    Ok(aside.unwrap_or(false))
}

/// The receiver answered nobody, so that none of those that should have arrived by now would have: they are set aside.
/// Returns how many.
///
/// # Errors
/// [`StoreFault`] if the database does not take it.
pub fn set_overdue_aside(connection: &Connection, fault: &str, now: Timestamp) -> Result<u64, StoreFault> {
    let rows = connection
        .prepare_cached(
            "UPDATE webhooks SET aside_s = ?1, last_fault = coalesce(last_fault, ?2)
             WHERE aside_s IS NULL AND tried_until_s <= ?1",
        )?
        .execute(params![now.as_second(), fault])?;
    Ok(rows as u64)
}

#[cfg(test)]
mod tests;
