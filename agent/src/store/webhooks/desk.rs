//! What a human asks of the queue: how much lies there, what was set aside, send it again, drop it, erase a client.

use ipnet::IpNet;
use jiff::Timestamp;
use rusqlite::{Connection, params};
use serde::Serialize;

use super::{StoreFault, TRIED_FOR_S};
use crate::store::lookup::range;

/// The queue in figures; none of them tells of a client.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Depth {
    /// Deliveries that wait.
    pub waiting: u64,
    /// Those that were set aside.
    pub set_aside: u64,
    /// Bytes of both.
    pub bytes: u64,
    /// Since when the oldest of those that wait has been tried, in Unix seconds.
    pub oldest_waiting_s: Option<i64>,
    /// Those that were given up since the database was made because the queue was full.
    pub dropped_full: u64,
    /// Those that were given up since the database was made because they had been set aside for too long.
    pub dropped_old: u64,
}

impl Depth {
    /// Those that were given up to hold the queue's bounds.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.dropped_full + self.dropped_old
    }
}

/// A row of the queue, without its body and its address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Queued {
    /// The result's number.
    pub local_id: i64,
    /// `webhook-id`.
    pub message_id: String,
    /// Bytes of the body.
    pub bytes: u64,
    /// When it was queued, in Unix seconds.
    pub queued_s: i64,
    /// Attempts that failed.
    pub attempts: u32,
    /// When it is tried next, in Unix milliseconds.
    pub next_try_ms: i64,
    /// Why the last attempt failed.
    pub last_fault: Option<String>,
    /// When it was set aside, in Unix seconds; none if it waits.
    pub aside_s: Option<i64>,
}

/// How much lies in the queue.
///
/// # Errors
/// [`StoreFault`] if it cannot be read.
pub fn depth(connection: &Connection) -> Result<Depth, StoreFault> {
    let mut statement = connection.prepare_cached(
        "SELECT waiting, aside, bytes, dropped_full, dropped_old,
                (SELECT min(tried_until_s) FROM webhooks WHERE aside_s IS NULL) - ?1
         FROM webhook_counts",
    )?;
    Ok(statement.query_row([TRIED_FOR_S], |row| {
        Ok(Depth {
            waiting: row.get(0)?,
            set_aside: row.get(1)?,
            bytes: row.get(2)?,
            dropped_full: row.get(3)?,
            dropped_old: row.get(4)?,
            oldest_waiting_s: row.get(5)?,
        })
    })?)
}

/// The oldest rows, at most `limit` of them: those that were set aside, or those that wait.
///
/// # Errors
/// [`StoreFault`] if they cannot be read.
pub fn list(connection: &Connection, set_aside: bool, limit: u32) -> Result<Vec<Queued>, StoreFault> {
    let mut statement = connection.prepare_cached(
        "SELECT local_id, message_id, length(body), queued_s, attempts, next_try_ms, last_fault, aside_s
         FROM webhooks WHERE (aside_s IS NOT NULL) = ?1 ORDER BY local_id LIMIT ?2",
    )?;
    let rows = statement.query_map(params![set_aside, limit], |row| {
        Ok(Queued {
            local_id: row.get(0)?,
            message_id: row.get(1)?,
            bytes: row.get(2)?,
            queued_s: row.get(3)?,
            attempts: row.get(4)?,
            next_try_ms: row.get(5)?,
            last_fault: row.get(6)?,
            aside_s: row.get(7)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Makes one delivery due now and for a day, whether it waits or was set aside; a running agent takes it up within
/// seconds. False if there is none of this number.
///
/// # Errors
/// [`StoreFault`] if the database does not take it.
pub fn retry(connection: &Connection, local_id: i64, now: Timestamp) -> Result<bool, StoreFault> {
    let mut statement = connection.prepare_cached(
        "UPDATE webhooks SET aside_s = NULL, attempts = 0, next_try_ms = ?1, tried_until_s = ?2 WHERE local_id = ?3",
    )?;
    let until_s = now.as_second().saturating_add(TRIED_FOR_S);
    Ok(statement.execute([now.as_millisecond(), until_s, local_id])? > 0)
}

/// Drops one delivery, whether it waits or was set aside; false if there is none of this number. One that is just on
/// its way arrives all the same.
///
/// # Errors
/// [`StoreFault`] if the database does not take it.
pub fn drop_one(connection: &Connection, local_id: i64) -> Result<bool, StoreFault> {
    Ok(connection.prepare_cached("DELETE FROM webhooks WHERE local_id = ?1")?.execute([local_id])? > 0)
}

/// Erases the deliveries of this address or prefix. Returns how many. One that is just on its way arrives all the same.
///
/// # Errors
/// [`StoreFault`] if the database does not take it.
pub fn erase(connection: &Connection, client: IpNet) -> Result<u64, StoreFault> {
    let (first, last) = range(client);
    let mut statement = connection.prepare_cached("DELETE FROM webhooks WHERE client_ip BETWEEN ?1 AND ?2")?;
    Ok(statement.execute(params![first, last])? as u64)
}
