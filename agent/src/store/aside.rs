//! Batches that were set aside, and what a human does with them.
//!
//! A refused batch went out empty under its number and told the warehouse that its records are dropped. To send it again
//! is to put its records back into the outbox as new ones: they get a new number, and count once, because the warehouse
//! never took them. They stay in its count of dropped records. What `new-epoch` set aside is not sent again: its other
//! self may have sent it.

use rusqlite::{Connection, OptionalExtension};
use serde::Serialize;
use wire::{MAX_BATCH_RECORDS, SCHEMA};

use super::{StoreFault, batches, outbox};

/// The reason under which `new-epoch` sets batches aside.
pub(super) const RESTORED: &str = "restored";

/// The reason under which damage sets batches aside: their bytes are broken, or nobody knows whether they arrived.
pub(super) const DAMAGED: &str = "damaged";

/// True if what was set aside for this reason may have reached the warehouse.
fn may_have_counted(reason: &str) -> bool {
    [RESTORED, DAMAGED].contains(&reason)
}

/// Records that are sent again have numbers below this in the outbox: far from those of results, new or imported, by
/// which an erasure finds the records of a client.
const NUMBERS_BELOW: i64 = i64::MIN / 2;

/// A batch that was set aside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AsideBatch {
    /// Its number among those set aside.
    pub id: i64,
    /// The epoch under which it was sealed.
    pub epoch: u64,
    /// Its number there; none if it was not sealed.
    pub seq: Option<u64>,
    /// Records in it.
    pub records: u64,
    /// Bytes, compressed.
    pub bytes: u64,
    /// The warehouse's reason, or `restored`, or `damaged`.
    pub reason: String,
    /// When it was set aside, in Unix seconds.
    pub at_s: i64,
    /// False if its records may have been counted already, so that they are never sent again.
    pub can_be_retried: bool,
}

/// Why a batch is not sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotRetried {
    /// There is none of this number.
    #[error("there is no batch of this number set aside")]
    NoSuch,
    /// It may have been sent before.
    #[error(
        "its records may have been counted already: they were set aside by `agent new-epoch`, and its other self may have \
         sent them, or by damage, and nobody knows whether they arrived"
    )]
    MayHaveCounted,
    /// Its bytes are damaged, or of a schema that this version does not know.
    #[error("its bytes cannot be read any more")]
    Unreadable,
}

/// The batches that were set aside, oldest first.
///
/// # Errors
/// [`StoreFault`] if they cannot be read.
pub fn list(connection: &Connection) -> Result<Vec<AsideBatch>, StoreFault> {
    let mut statement = connection
        .prepare_cached("SELECT id, epoch, seq, records, length(body), reason, at_s FROM set_aside ORDER BY id")?;
    let batches = statement.query_map([], |row| {
        let reason: String = row.get(5)?;
        Ok(AsideBatch {
            id: row.get(0)?,
            epoch: row.get(1)?,
            seq: row.get(2)?,
            records: row.get(3)?,
            bytes: row.get(4)?,
            can_be_retried: !may_have_counted(&reason),
            reason,
            at_s: row.get(6)?,
        })
    })?;
    Ok(batches.collect::<Result<_, _>>()?)
}

/// Puts a batch's records back into the outbox. Returns how many; call it in a transaction.
///
/// # Errors
/// [`StoreFault`] if the database does not take it.
pub fn retry(connection: &Connection, id: i64) -> Result<Result<u64, NotRetried>, StoreFault> {
    let found: Option<(Vec<u8>, String)> = connection
        .prepare_cached("SELECT body, reason FROM set_aside WHERE id = ?1")?
        .query_row([id], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((body, reason)) = found else { return Ok(Err(NotRetried::NoSuch)) };
    if may_have_counted(&reason) {
        return Ok(Err(NotRetried::MayHaveCounted));
    }
    let batch = match batches::open(&body) {
        Some(batch) if batch.schema == SCHEMA && batch.records.len() <= MAX_BATCH_RECORDS => batch,
        _ => return Ok(Err(NotRetried::Unreadable)),
    };
    let lowest: i64 = connection.query_row("SELECT coalesce(min(local_id), 0) FROM outbox", [], |row| row.get(0))?;
    let below = lowest.min(NUMBERS_BELOW);
    let count = batch.records.len() as u64;
    for (number, record) in (1..).zip(&batch.records) {
        outbox::push(connection, below - number, record)?;
    }
    discard(connection, id)?;
    Ok(Ok(count))
}

/// Forgets a batch for good. Returns how many records it had; none if there is no batch of this number.
///
/// # Errors
/// [`StoreFault`] if the database does not take it.
pub fn discard(connection: &Connection, id: i64) -> Result<Option<u64>, StoreFault> {
    let mut statement = connection.prepare_cached("DELETE FROM set_aside WHERE id = ?1 RETURNING records")?;
    Ok(statement.query_row([id], |row| row.get(0)).optional()?)
}

#[cfg(test)]
mod tests {
    //! Aim: what is sent again counts once and is found by no erasure; what may have been counted is never sent again.

    use std::collections::BTreeMap;

    use rusqlite::params;
    use wire::{AgentId, Batch, Epoch, Record, Seq};

    use super::*;
    use crate::store::schema;

    fn record(hour: u32) -> Record {
        serde_json::from_value(serde_json::json!({
            "tested_hour": hour, "test_type": "single", "asn": null, "asn_outcome": "miss", "country": null,
            "ip_version": 4, "vote_day": false, "vote_month": false, "baseline": null, "download_increase": null,
            "upload_increase": null, "bidirectional_increase": null, "download_rate": null, "upload_rate": null,
            "grade_overall": null, "grade_download": null, "grade_upload": null, "grade_bidirectional": null,
            "grade_gaming": null, "grade_video_call": null, "grade_streaming": null, "grade_background": null,
            "duration_s": null, "client_version": null, "asn_database_day": null
        }))
        .expect("a record")
    }

    fn agent() -> AgentId {
        AgentId::parse("isp-one").expect("an id")
    }

    fn set_aside(connection: &Connection, hours: std::ops::Range<u32>, reason: &str) {
        let records: Vec<Record> = hours.map(record).collect();
        let (count, epoch) = (records.len() as u64, Epoch::from_random_bits(7));
        let batch = Batch { schema: SCHEMA, agent: agent(), epoch, seq: Seq(3), dropped: BTreeMap::new(), records };
        let body = outbox::compress(batch).expect("a body");
        batches::set_aside(connection, epoch, Some(Seq(3)), &body, count, reason, 1_000).expect("set aside");
    }

    fn hours(connection: &Connection) -> Vec<u32> {
        let draft = outbox::draft(connection, &agent(), 500).expect("a draft");
        let mut hours: Vec<u32> =
            draft.into_iter().flat_map(|draft| draft.batch.records).map(|record| record.tested_hour.0).collect();
        hours.sort_unstable();
        hours
    }

    #[test]
    fn a_refused_batch_goes_out_again_once() {
        let directory = tempfile::tempdir().expect("a directory");
        let connection = schema::open(&directory.path().join("agent.sqlite")).expect("a database");
        outbox::push(&connection, 1, &record(900)).expect("a record of a new result");
        set_aside(&connection, 100..105, "bad-batch");
        set_aside(&connection, 200..203, "content-type");
        let listed = list(&connection).expect("a list");
        assert_eq!(
            listed.iter().map(|batch| (batch.records, batch.can_be_retried)).collect::<Vec<_>>(),
            [(5, true), (3, true)]
        );
        assert_eq!(retry(&connection, listed[0].id).expect("retried"), Ok(5));
        assert_eq!(retry(&connection, listed[1].id).expect("retried"), Ok(3));
        assert_eq!(retry(&connection, listed[0].id).expect("asked"), Err(NotRetried::NoSuch), "once");
        assert_eq!(hours(&connection), [100, 101, 102, 103, 104, 200, 201, 202, 900]);
        // An erasure finds unsealed records by the numbers of results, new ones and imported ones.
        let met: u64 = connection
            .query_row("SELECT count(*) FROM outbox WHERE local_id BETWEEN ?1 AND 0", [-(1_i64 << 61)], |row| {
                row.get(0)
            })
            .expect("a count");
        assert_eq!(met, 0, "numbers that a result of the history may have");
        let sealed = outbox::seal(&connection, &agent(), 500, 2_000).expect("sealed").expect("a batch");
        assert_eq!((sealed.taken, hours(&connection).len()), (9, 0));
    }

    #[test]
    fn what_may_have_counted_is_never_sent_again() {
        let directory = tempfile::tempdir().expect("a directory");
        let connection = schema::open(&directory.path().join("agent.sqlite")).expect("a database");
        set_aside(&connection, 100..105, RESTORED);
        set_aside(&connection, 100..105, "bad-batch");
        connection.execute("UPDATE set_aside SET body = x'00' WHERE id = 2", []).expect("damaged");
        assert_eq!(retry(&connection, 1).expect("asked"), Err(NotRetried::MayHaveCounted));
        assert_eq!(retry(&connection, 2).expect("asked"), Err(NotRetried::Unreadable));
        assert_eq!(hours(&connection), [0_u32; 0]);
        assert_eq!(list(&connection).expect("a list").len(), 2, "both are still there");
        assert_eq!(discard(&connection, 1).expect("dropped"), Some(5));
        assert_eq!(discard(&connection, 1).expect("asked"), None);
    }

    // Aim: a draft is what a seal makes, to the byte, and changes nothing.
    #[test]
    fn a_draft_is_the_batch_that_is_sealed() {
        let directory = tempfile::tempdir().expect("a directory");
        let connection = schema::open(&directory.path().join("agent.sqlite")).expect("a database");
        assert!(outbox::draft(&connection, &agent(), 500).expect("a draft").is_none());
        for number in 1..=7 {
            outbox::push(&connection, number, &record(900 - u32::try_from(number).expect("small"))).expect("a record");
        }
        connection
            .execute("INSERT INTO outbox VALUES (8, 1, x'00', NULL), (9, 1, x'00', NULL)", params![])
            .expect("damaged records");
        connection.execute("INSERT INTO drops VALUES ('damaged', 3), ('outbox_full', 4)", []).expect("drops");
        let drafted = || outbox::draft(&connection, &agent(), 500).expect("a draft").expect("a batch");
        let (first, second) = (drafted().body().expect("bytes"), drafted().body().expect("bytes"));
        assert_eq!(first, second, "drafting changes nothing");
        outbox::seal(&connection, &agent(), 500, 1_000).expect("sealed").expect("a batch");
        let sealed = batches::sealed(&connection, None).expect("read").expect("a sealed batch");
        assert_eq!((sealed.body, sealed.records), (first, 7));
    }
}
