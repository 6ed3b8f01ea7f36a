//! The outbox's caps: what goes first when it is too large or too old, and how it is counted.

use rusqlite::{Connection, OptionalExtension, params};
use wire::{DropReason, Seq};

use super::{StoreFault, batches, drops, identity};

/// Bytes counted for each row beside its body, so that many small rows are bounded too.
pub const ROW_OVERHEAD_BYTES: u64 = 64;

/// Limits of the outbox: waiting records, sealed batches and what was set aside, together.
#[derive(Debug, Clone, Copy)]
pub struct OutboxCaps {
    /// Most bytes.
    pub max_bytes: u64,
    /// Oldest record that is still sent, in seconds.
    pub max_age_s: i64,
    /// How long settled batches and those set aside stay, in seconds.
    pub settled_kept_s: i64,
}

/// Bytes of the cap for each sealed batch that may wait. Batches that lost their records to the cap still go out, for
/// their numbers and their counts; this bounds how many of them there can be.
const CAP_BYTES_PER_BATCH: u64 = 1_024;

impl OutboxCaps {
    /// Most sealed batches that wait for their acknowledgement; beyond it records wait unsealed.
    #[must_use]
    pub fn max_unsettled_batches(&self) -> u64 {
        self.max_bytes / CAP_BYTES_PER_BATCH
    }
}

/// What an eviction freed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Freed {
    /// Bytes.
    pub bytes: u64,
    /// Waiting records that were given up; those of sealed batches are not among them.
    pub waiting: u64,
}

/// Bytes in the outbox.
///
/// # Errors
/// [`StoreFault`] if they cannot be read.
pub fn bytes(connection: &Connection) -> Result<u64, StoreFault> {
    let mut statement = connection.prepare_cached(
        "SELECT (SELECT coalesce(sum(length(record)) + count(*) * ?1, 0) FROM outbox)
              + (SELECT coalesce(sum(length(body)) + count(*) * ?1, 0) FROM batches)
              + (SELECT coalesce(sum(length(body)) + count(*) * ?1, 0) FROM set_aside)",
    )?;
    Ok(statement.query_row([ROW_OVERHEAD_BYTES], |row| row.get(0))?)
}

/// Lets go of what is too old: settled and set-aside batches silently, unsent records counted.
///
/// # Errors
/// [`StoreFault`] if the database does not take it.
pub fn by_age(connection: &Connection, caps: &OutboxCaps, now_s: i64) -> Result<(), StoreFault> {
    let kept_from = now_s.saturating_sub(caps.settled_kept_s);
    // A settled batch goes only with all before it: rewinding needs an unbroken row.
    connection
        .prepare_cached(
            "DELETE FROM batches WHERE settled_s < ?1
             AND seq < coalesce((SELECT min(seq) FROM batches WHERE settled_s IS NULL OR settled_s >= ?1), seq + 1)",
        )?
        .execute([kept_from])?;
    connection.prepare_cached("DELETE FROM set_aside WHERE at_s < ?1")?.execute([kept_from])?;
    let sent_from = now_s.saturating_sub(caps.max_age_s);
    let old = connection
        .prepare_cached("DELETE FROM outbox WHERE tested_hour < ?1")?
        .execute([sent_from.div_euclid(3_600)])?;
    drops::add(connection, DropReason::OutboxOld, old as u64)?;
    let me = identity::read(connection)?;
    let mut statement = connection.prepare_cached(
        "SELECT seq FROM batches WHERE settled_s IS NULL AND offered = 0 AND records > 0 AND sealed_s < ?1",
    )?;
    let seqs = statement.query_map([sent_from], |row| row.get(0).map(Seq))?.collect::<Result<Vec<_>, _>>()?;
    for seq in seqs {
        batches::empty(connection, &me, seq, DropReason::OutboxOld)?;
    }
    Ok(())
}

/// Lets go of the oldest until at least `excess` bytes are free: settled batches first, then what was set aside,
/// then sealed batches that no one has seen (their numbers go out without records), then waiting records.
/// An offered batch stays, because its bytes may already be in the warehouse.
///
/// # Errors
/// [`StoreFault`] if the database does not take it.
pub fn by_size(connection: &Connection, excess: u64) -> Result<Freed, StoreFault> {
    let mut freed = Freed::default();
    let ways: [Way; 4] = [drop_settled, drop_set_aside, empty_batch, drop_records];
    for way in ways {
        while freed.bytes < excess {
            let step = way(connection)?;
            if step.bytes == 0 {
                break;
            }
            freed = Freed { bytes: freed.bytes + step.bytes, waiting: freed.waiting + step.waiting };
        }
    }
    Ok(freed)
}

/// Frees the oldest of one kind; no bytes if there is none.
type Way = fn(&Connection) -> Result<Freed, StoreFault>;

/// The oldest settled batch. It goes only with all before it: rewinding needs an unbroken row.
fn drop_settled(connection: &Connection) -> Result<Freed, StoreFault> {
    drop_row(
        connection,
        "DELETE FROM batches WHERE seq = (SELECT min(seq) FROM batches) AND settled_s IS NOT NULL
         RETURNING length(body) + ?1",
    )
}

fn drop_set_aside(connection: &Connection) -> Result<Freed, StoreFault> {
    drop_row(connection, "DELETE FROM set_aside WHERE id = (SELECT min(id) FROM set_aside) RETURNING length(body) + ?1")
}

fn drop_row(connection: &Connection, statement: &str) -> Result<Freed, StoreFault> {
    let mut statement = connection.prepare_cached(statement)?;
    let bytes = statement.query_row([ROW_OVERHEAD_BYTES], |row| row.get(0)).optional()?.unwrap_or(0);
    Ok(Freed { bytes, waiting: 0 })
}

fn empty_batch(connection: &Connection) -> Result<Freed, StoreFault> {
    let found: Option<(u64, u64)> = connection
        .prepare_cached(
            "SELECT seq, length(body) FROM batches
             WHERE settled_s IS NULL AND offered = 0 AND records > 0 ORDER BY seq LIMIT 1",
        )?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((seq, before)) = found else { return Ok(Freed::default()) };
    batches::empty(connection, &identity::read(connection)?, Seq(seq), DropReason::OutboxFull)?;
    let after: u64 = connection
        .prepare_cached("SELECT length(body) FROM batches WHERE seq = ?1")?
        .query_row([seq], |row| row.get(0))?;
    // At least 1, because 0 would mean that there was none.
    Ok(Freed { bytes: before.saturating_sub(after).max(1), waiting: 0 })
}

/// How many waiting records go at once: few enough to lose little, enough not to do it at every request.
const DROP_AT_ONCE: u64 = 64;

fn drop_records(connection: &Connection) -> Result<Freed, StoreFault> {
    let mut statement = connection.prepare_cached(
        "DELETE FROM outbox WHERE local_id IN (SELECT local_id FROM outbox ORDER BY local_id LIMIT ?2)
         RETURNING length(record) + ?1",
    )?;
    let freed = statement
        .query_map(params![ROW_OVERHEAD_BYTES, DROP_AT_ONCE], |row| row.get::<_, u64>(0))?
        .collect::<Result<Vec<_>, _>>()?;
    drops::add(connection, DropReason::OutboxFull, freed.len() as u64)?;
    Ok(Freed { bytes: freed.iter().sum(), waiting: freed.len() as u64 })
}
