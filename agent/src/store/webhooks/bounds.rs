//! The queue's bounds: what goes first when it is too large or too old, and how it is counted.

use jiff::Timestamp;
use rusqlite::Connection;

use super::{StoreFault, TRIED_FOR_S};

/// How long what was set aside stays for a human to look at, in seconds: it holds addresses.
pub const ASIDE_KEPT_S: i64 = 7 * 86_400;

/// What is said of a delivery that grew old while no webhook was configured.
const NOT_CONFIGURED: &str = "no webhook was configured for a day";

/// Most rows that one step of an eviction deletes.
const MAX_DROPPED_AT_ONCE: u64 = 64;

/// Share of a bound that an eviction frees beyond what is needed, so that it is not done at every result.
const EVICTION_SLACK: u64 = 64;

/// Bounds of the queue: what waits and what was set aside, together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueCaps {
    /// Most rows.
    pub max_rows: u64,
    /// Most bytes, with what a row needs beside its body.
    pub max_bytes: u64,
}

impl Default for QueueCaps {
    /// A day of a test a second.
    fn default() -> Self {
        Self { max_rows: 100_000, max_bytes: 96 << 20 }
    }
}

/// Lets go of what was set aside long ago, counted. While no webhook is configured nothing is tried, so that what has
/// grown old is set aside here.
pub(in crate::store) fn by_age(connection: &Connection, configured: bool, now: Timestamp) -> Result<(), StoreFault> {
    let now_s = now.as_second();
    // What was written before the clock stepped back waits no longer than what is written now.
    connection
        .prepare_cached("UPDATE webhooks SET tried_until_s = ?1 WHERE aside_s IS NULL AND tried_until_s > ?1")?
        .execute([now_s.saturating_add(TRIED_FOR_S)])?;
    if !configured {
        super::set_overdue_aside(connection, NOT_CONFIGURED, now)?;
    }
    let old = connection
        .prepare_cached("DELETE FROM webhooks WHERE aside_s < ?1")?
        .execute([now_s.saturating_sub(ASIDE_KEPT_S)])?;
    if old > 0 {
        connection.prepare_cached("UPDATE webhook_counts SET dropped_old = dropped_old + ?1")?.execute([old])?;
    }
    Ok(())
}

/// Lets go of the oldest until the queue is within its bounds: what was set aside first, then what waits. Counted.
pub(in crate::store) fn by_size(connection: &Connection, caps: &QueueCaps) -> Result<(), StoreFault> {
    if excess(connection, caps.max_rows, caps.max_bytes)?.is_none() {
        return Ok(());
    }
    let max_rows = caps.max_rows - caps.max_rows / EVICTION_SLACK;
    let max_bytes = caps.max_bytes - caps.max_bytes / EVICTION_SLACK;
    let ways = [
        "SELECT local_id FROM webhooks WHERE aside_s IS NOT NULL ORDER BY aside_s, local_id",
        "SELECT local_id FROM webhooks WHERE aside_s IS NULL ORDER BY local_id",
    ];
    let mut dropped = 0;
    for oldest in ways {
        while let Some(rows) = excess(connection, max_rows, max_bytes)? {
            let gone = connection
                .prepare_cached(&format!("DELETE FROM webhooks WHERE local_id IN ({oldest} LIMIT ?1)"))?
                .execute([rows.clamp(1, MAX_DROPPED_AT_ONCE)])?;
            dropped += gone;
            if gone == 0 {
                break;
            }
        }
    }
    connection.prepare_cached("UPDATE webhook_counts SET dropped_full = dropped_full + ?1")?.execute([dropped])?;
    Ok(())
}

/// By how many rows the queue is over; 0 if it is over by bytes only, none if it is within both bounds.
fn excess(connection: &Connection, max_rows: u64, max_bytes: u64) -> Result<Option<u64>, StoreFault> {
    let (rows, bytes): (u64, u64) = connection
        .prepare_cached("SELECT waiting + aside, bytes FROM webhook_counts")?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok((rows > max_rows || bytes > max_bytes).then(|| rows.saturating_sub(max_rows)))
}
