//! A sealed batch's life: waiting, offered, settled; or refused, rewound, set aside.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, params};
use wire::{AgentId, Batch, DropReason, Epoch, MAX_BATCH_JSON_BYTES, SCHEMA, Seq};

use super::damage::{self, Part};
use super::identity::{self, Alarm, Identity};
use super::{StoreFault, aside, outbox};

/// A batch on its way: the same bytes at every attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// Number of the batch.
    pub seq: Seq,
    /// The compressed bytes to sign and send.
    pub body: Vec<u8>,
    /// How many records it holds.
    pub records: u64,
}

/// Most batches that are made anew at once for numbers that damage took; for more a human decides.
const MAX_STAND_INS: u64 = 4_096;

/// What the uploader is given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Offered {
    /// The oldest batch that is not settled; none if there is nothing to send.
    pub offer: Option<Offer>,
    /// True if it was not offered before: it may be sent only after the database's main file holds it.
    pub first_time: bool,
}

/// The oldest batch that is not settled, marked as offered: from this commit on its bytes never change, because
/// they may have reached the warehouse. A batch whose bytes were damaged here goes out without records.
///
/// # Errors
/// [`StoreFault`] if the database does not take it.
pub fn offer(connection: &Connection, now_s: i64) -> Result<Offered, StoreFault> {
    loop {
        let found = connection
            .prepare_cached(
                "SELECT seq, body, records, offered, settled_s FROM batches WHERE settled_s IS NULL ORDER BY seq LIMIT 1",
            )?
            .query_row([], |row| {
                let offer = Offer { seq: Seq(row.get(0)?), body: row.get(1)?, records: row.get(2)? };
                Ok((offer, row.get::<_, bool>(3)?, row.get::<_, Option<i64>>(4)?))
            })
            .optional()?;
        let Some((offer, already, settled)) = found else { return Ok(Offered::default()) };
        // The index says that it waits, and the row does not.
        if settled.is_some() {
            return Err(StoreFault::Damaged("an index"));
        }
        if !is_whole(&offer.body) {
            remake(connection, &offer, already, now_s)?;
            continue;
        }
        if !already {
            connection.prepare_cached("UPDATE batches SET offered = 1 WHERE seq = ?1")?.execute([offer.seq.0])?;
        }
        return Ok(Offered { offer: Some(offer), first_time: !already });
    }
}

/// True if the compressed bytes are those that were sealed, by their own checksum.
fn is_whole(body: &[u8]) -> bool {
    zstd::bulk::decompress(body, MAX_BATCH_JSON_BYTES).is_ok()
}

/// Sets a damaged batch aside and makes it anew without records. If it was offered, the warehouse may have its first
/// bytes: when it says so, that is no sign of a restored database.
fn remake(connection: &Connection, offer: &Offer, offered: bool, now_s: i64) -> Result<(), StoreFault> {
    let me = identity::read(connection)?;
    set_aside(connection, me.epoch, Some(offer.seq), &offer.body, offer.records, aside::DAMAGED, now_s)?;
    damage::note(connection, Part::Batches, 1, now_s)?;
    empty(connection, &me, offer.seq, DropReason::Damaged)?;
    connection
        .prepare_cached("UPDATE batches SET remade = remade OR ?2 WHERE seq = ?1")?
        .execute(params![offer.seq.0, offered])?;
    Ok(())
}

/// The warehouse has it. Settling twice is the same as once.
///
/// # Errors
/// [`StoreFault`] if the database does not take it.
pub fn settle(connection: &Connection, seq: Seq, now_s: i64) -> Result<(), StoreFault> {
    connection
        .prepare_cached("UPDATE batches SET settled_s = ?2 WHERE seq = ?1 AND settled_s IS NULL")?
        .execute(params![seq.0, now_s])?;
    if identity::read(connection)?.alarm.is_some_and(|alarm| !alarm.is_final()) {
        identity::set_alarm(connection, None, now_s)?;
    }
    Ok(())
}

/// A sealed batch as it lies here: the one of this number, or the oldest that is not settled. Nothing is changed.
///
/// # Errors
/// [`StoreFault`] if it cannot be read.
pub fn sealed(connection: &Connection, seq: Option<Seq>) -> Result<Option<Offer>, StoreFault> {
    let mut statement = connection.prepare_cached(
        "SELECT seq, body, records FROM batches
         WHERE CASE WHEN ?1 IS NULL THEN settled_s IS NULL ELSE seq = ?1 END ORDER BY seq LIMIT 1",
    )?;
    let found = statement.query_row([seq.map(|seq| seq.0)], |row| {
        Ok(Offer { seq: Seq(row.get(0)?), body: row.get(1)?, records: row.get(2)? })
    });
    Ok(found.optional()?)
}

/// What the agent does when the warehouse expects another batch than the one it was offered.
///
/// # Errors
/// [`StoreFault`] if the database does not take it.
pub fn go_to(connection: &Connection, ours: Seq, expected: Seq, now_s: i64) -> Result<Option<Alarm>, StoreFault> {
    let alarm = if expected > ours {
        if has_first_bytes(connection, ours, expected)? {
            settle(connection, ours, now_s)?;
            None
        } else {
            Some(Alarm::Cloned { expected: expected.0, ours: ours.0 })
        }
    } else {
        stand_in_for_lost(connection, expected, now_s)?;
        let from = rewind(connection, expected)?;
        let epoch = identity::read(connection)?.epoch.get();
        (from > expected).then_some(Alarm::Gap { epoch, expected: expected.0, ours: from.0 })
    };
    identity::set_alarm(connection, alarm.as_ref(), now_s)?;
    Ok(alarm)
}

/// True if the warehouse is ahead by one batch that was made anew here after damage: it has the batch as it first was.
fn has_first_bytes(connection: &Connection, ours: Seq, expected: Seq) -> Result<bool, StoreFault> {
    let remade = connection
        .prepare_cached("SELECT remade FROM batches WHERE seq = ?1 AND settled_s IS NULL")?
        .query_row([ours.0], |row| row.get(0))
        .optional()?;
    Ok(remade == Some(true) && expected == ours.next())
}

/// Makes the batches that the warehouse asks for and damage took, without records: their numbers must go out, and what
/// they held was counted when they were lost.
fn stand_in_for_lost(connection: &Connection, expected: Seq, now_s: i64) -> Result<(), StoreFault> {
    let me = identity::read(connection)?;
    let Some(agent) = me.agent.clone() else { return Ok(()) };
    if me.lost_below.0.saturating_sub(expected.0) > MAX_STAND_INS {
        return Ok(());
    }
    for seq in (expected.0..me.lost_below.min(me.next_seq).0).map(Seq) {
        if connection.prepare_cached("SELECT 1 FROM batches WHERE seq = ?1")?.exists([seq.0])? {
            continue;
        }
        let (agent, dropped) = (agent.clone(), BTreeMap::new());
        let batch = Batch { schema: SCHEMA, agent, epoch: me.epoch, seq, dropped, records: Vec::new() };
        connection
            .prepare_cached(
                "INSERT INTO batches (seq, body, records, sealed_s, offered, remade) VALUES (?1, ?2, 0, ?3, 1, 1)",
            )?
            .execute(params![seq.0, outbox::compress(batch)?, now_s])?;
    }
    Ok(())
}

/// Makes every batch from `expected` on wait again, or from the oldest on that is still kept: batches go in their
/// order only, so those that are kept are an unbroken row. Returns where the row begins.
fn rewind(connection: &Connection, expected: Seq) -> Result<Seq, StoreFault> {
    let from: u64 = connection
        .prepare_cached("SELECT max(?1, coalesce(min(seq), ?1)) FROM batches")?
        .query_row([expected.0], |row| row.get(0))?;
    connection
        .prepare_cached("UPDATE batches SET settled_s = NULL WHERE seq >= ?1 AND settled_s IS NOT NULL")?
        .execute([from])?;
    Ok(Seq(from))
}

/// How many sealed batches wait for their acknowledgement, when `next` is the number of the next one.
pub(super) fn unsettled(connection: &Connection, next: Seq) -> Result<u64, StoreFault> {
    let oldest: Option<u64> = connection
        .prepare_cached("SELECT min(seq) FROM batches WHERE settled_s IS NULL")?
        .query_row([], |row| row.get(0))?;
    Ok(oldest.map_or(0, |oldest| next.0.saturating_sub(oldest)))
}

/// The warehouse refused the batch for good: its bytes are set aside, and its number goes out without records.
///
/// # Errors
/// [`StoreFault`] if the database does not take it.
pub fn refuse(connection: &Connection, seq: Seq, reason: &str, now_s: i64) -> Result<Option<Alarm>, StoreFault> {
    let me = identity::read(connection)?;
    let found = connection
        .prepare_cached("SELECT body, records FROM batches WHERE seq = ?1 AND settled_s IS NULL")?
        .query_row([seq.0], |row| Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, u64>(1)?)))
        .optional()?;
    let Some((body, records)) = found else { return Ok(None) };
    if records == 0 {
        let alarm = Alarm::RefusedEmpty { seq: seq.0 };
        identity::set_alarm(connection, Some(&alarm), now_s)?;
        return Ok(Some(alarm));
    }
    set_aside(connection, me.epoch, Some(seq), &body, records, reason, now_s)?;
    empty(connection, &me, seq, DropReason::Poison)?;
    Ok(None)
}

/// Replaces a batch by one of the same number without records, which reports them as dropped beside what the batch
/// itself reported. Returns how many records that were.
pub(super) fn empty(connection: &Connection, me: &Identity, seq: Seq, reason: DropReason) -> Result<u64, StoreFault> {
    let (body, records, reports) = connection
        .prepare_cached("SELECT body, records, dropped FROM batches WHERE seq = ?1")?
        .query_row([seq.0], |row| Ok((row.get::<_, Vec<u8>>(0)?, row.get(1)?, row.get(2)?)))?;
    let Some(agent) = me.agent.clone() else { return Ok(0) };
    let mut dropped = reported(&body, reports);
    *dropped.entry(reason).or_default() += records;
    let batch = Batch { schema: SCHEMA, agent, epoch: me.epoch, seq, dropped, records: Vec::new() };
    connection
        .prepare_cached("UPDATE batches SET body = ?2, records = 0, dropped = ?3, offered = 0 WHERE seq = ?1")?
        .execute(params![seq.0, outbox::compress(batch)?, reports + records])?;
    Ok(records)
}

/// The drops that a sealed batch reports. If its bytes are damaged, their reasons are lost, and only their number is
/// known, from beside them.
pub(super) fn reported(body: &[u8], known: u64) -> BTreeMap<DropReason, u64> {
    let of_damaged = || (known > 0).then_some((DropReason::Damaged, known)).into_iter().collect();
    open(body).map_or_else(of_damaged, |batch| batch.dropped)
}

/// The batch inside sealed bytes; none if they are damaged.
pub(super) fn open(body: &[u8]) -> Option<Batch> {
    let json = zstd::bulk::decompress(body, MAX_BATCH_JSON_BYTES).ok()?;
    serde_json::from_slice(&json).ok()
}

/// Keeps bytes that will not be sent any more for a human to look at.
pub(super) fn set_aside(
    connection: &Connection,
    epoch: Epoch,
    seq: Option<Seq>,
    body: &[u8],
    records: u64,
    reason: &str,
    now_s: i64,
) -> Result<(), StoreFault> {
    connection
        .prepare_cached(
            "INSERT INTO set_aside (epoch, seq, body, records, reason, at_s) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![epoch.get(), seq.map(|seq| seq.0), body, records, reason, now_s])?;
    Ok(())
}

/// Raises the alarm if this epoch was sealed under another agent id, and clears that alarm if it was not: two ids
/// never share an epoch.
///
/// # Errors
/// [`StoreFault`] if the database does not take it.
pub fn check_agent(connection: &Connection, agent: &AgentId, now_s: i64) -> Result<Option<Alarm>, StoreFault> {
    let me = identity::read(connection)?;
    let changed = me.agent.as_ref().is_some_and(|sealed| sealed != agent);
    let blocked = me.alarm.as_ref().is_some_and(Alarm::is_final);
    match me.alarm {
        _ if changed && !blocked => identity::set_alarm(connection, Some(&Alarm::AgentChanged), now_s)?,
        Some(Alarm::AgentChanged) if !changed => identity::set_alarm(connection, None, now_s)?,
        _ => {}
    }
    Ok(identity::read(connection)?.alarm)
}
