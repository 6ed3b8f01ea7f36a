//! Records that wait for sealing, and the seal itself: the moment at which a record loses its link to history.

use rusqlite::{Connection, params};
use wire::{AgentId, Batch, DropReason, MAX_BATCH_RECORDS, Record, SCHEMA, Seq};

use super::damage::{self, Part};
use super::{StoreFault, checksum, drops, identity};

/// Level of zstd: batches are small and many, and the writer thread seals between two commits.
const ZSTD_LEVEL: i32 = 3;

/// Puts a record into the outbox under its result's number.
pub(super) fn push(connection: &Connection, local_id: i64, record: &Record) -> Result<u64, StoreFault> {
    let json = serde_json::to_vec(record).map_err(|error| StoreFault::Seal(error.into()))?;
    let hour = record.tested_hour.0;
    connection
        .prepare_cached("INSERT INTO outbox (local_id, tested_hour, record, checksum) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![local_id, hour, json, checksum_of(local_id, &json)])?;
    Ok(json.len() as u64)
}

fn checksum_of(local_id: i64, record: &[u8]) -> i64 {
    checksum::of(&[&local_id.to_be_bytes(), record])
}

/// What one sealing did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sealed {
    /// Number of the batch.
    pub seq: Seq,
    /// Records that left the outbox, the damaged ones too.
    pub taken: u64,
    /// Bytes of those records.
    pub taken_bytes: u64,
    /// Bytes of the sealed batch.
    pub body_bytes: u64,
}

/// The batch that a seal would make now, and what it would take for it.
pub struct Draft {
    /// The batch; its records are not sorted yet.
    pub batch: Batch,
    taken: Taken,
}

impl Draft {
    /// The bytes that would be signed and sent.
    ///
    /// # Errors
    /// [`StoreFault`] if they cannot be made.
    pub fn body(self) -> Result<Vec<u8>, StoreFault> {
        compress(self.batch)
    }
}

/// Drafts the next batch of the oldest records (at most `limit`) and the counts of what was dropped. Without either
/// there is none. Nothing is changed.
///
/// # Errors
/// [`StoreFault`] if they cannot be read.
pub fn draft(connection: &Connection, agent: &AgentId, limit: usize) -> Result<Option<Draft>, StoreFault> {
    let mut taken = look(connection, limit.min(MAX_BATCH_RECORDS))?;
    let mut dropped = drops::read(connection)?;
    if taken.damaged > 0 {
        *dropped.entry(DropReason::Damaged).or_default() += taken.damaged;
    }
    if taken.rows == 0 && dropped.is_empty() {
        return Ok(None);
    }
    let me = identity::read(connection)?;
    let records = std::mem::take(&mut taken.records);
    let batch = Batch { schema: SCHEMA, agent: agent.clone(), epoch: me.epoch, seq: me.next_seq, dropped, records };
    Ok(Some(Draft { batch, taken }))
}

/// Seals the next batch, as [`draft`] makes it: its records lose their link to the history.
///
/// # Errors
/// [`StoreFault`] if the database does not take it.
pub fn seal(connection: &Connection, agent: &AgentId, limit: usize, now_s: i64) -> Result<Option<Sealed>, StoreFault> {
    let Some(Draft { batch, taken }) = draft(connection, agent, limit)? else { return Ok(None) };
    taken.remove(connection)?;
    damage::note(connection, Part::Outbox, taken.damaged, now_s)?;
    drops::take(connection)?;
    let (seq, records) = (batch.seq, batch.records.len() as u64);
    let dropped: u64 = batch.dropped.values().sum();
    let body = compress(batch)?;
    connection
        .prepare_cached("INSERT INTO batches (seq, body, records, dropped, sealed_s) VALUES (?1, ?2, ?3, ?4, ?5)")?
        .execute(params![seq.0, body, records, dropped, now_s])?;
    identity::set_next_seq(connection, seq.next(), agent)?;
    Ok(Some(Sealed { seq, taken: taken.rows, taken_bytes: taken.bytes, body_bytes: body.len() as u64 }))
}

/// The bytes that are signed and sent: sorted, written, compressed.
pub(super) fn compress(batch: Batch) -> Result<Vec<u8>, StoreFault> {
    let json = batch.to_sealed_json().map_err(|error| StoreFault::Seal(error.into()))?;
    let mut compressor = zstd::bulk::Compressor::new(ZSTD_LEVEL).map_err(StoreFault::Seal)?;
    // So that damage is told from a sound batch before it is sent.
    compressor.set_parameter(zstd::zstd_safe::CParameter::ChecksumFlag(true)).map_err(StoreFault::Seal)?;
    compressor.compress(&json).map_err(StoreFault::Seal)
}

/// The oldest records of the outbox.
pub(super) struct Taken {
    pub(super) records: Vec<Record>,
    /// Rows that do not fit their checksum, or were no records any more.
    pub(super) damaged: u64,
    pub(super) rows: u64,
    pub(super) bytes: u64,
    last: Option<i64>,
}

impl Taken {
    fn remove(&self, connection: &Connection) -> Result<(), StoreFault> {
        if let Some(last) = self.last {
            connection.prepare_cached("DELETE FROM outbox WHERE local_id <= ?1")?.execute([last])?;
        }
        Ok(())
    }
}

/// Takes the oldest records out of the outbox.
pub(super) fn take(connection: &Connection, limit: usize) -> Result<Taken, StoreFault> {
    let taken = look(connection, limit)?;
    taken.remove(connection)?;
    Ok(taken)
}

fn look(connection: &Connection, limit: usize) -> Result<Taken, StoreFault> {
    let mut taken = Taken { records: Vec::with_capacity(limit), damaged: 0, rows: 0, bytes: 0, last: None };
    let mut statement =
        connection.prepare_cached("SELECT local_id, record, checksum FROM outbox ORDER BY local_id LIMIT ?1")?;
    let mut rows = statement.query([limit])?;
    while let Some(row) = rows.next()? {
        let local_id = row.get(0)?;
        taken.last = Some(local_id);
        let json = row.get_ref(1)?.as_bytes().map_err(rusqlite::Error::from)?;
        taken.rows += 1;
        taken.bytes += json.len() as u64;
        let fits = row.get::<_, Option<i64>>(2)?.is_none_or(|stated| stated == checksum_of(local_id, json));
        match serde_json::from_slice(json) {
            Ok(record) if fits => taken.records.push(record),
            _ => taken.damaged += 1,
        }
    }
    Ok(taken)
}
