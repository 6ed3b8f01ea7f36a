//! Sealed batches of a damaged database: under which epoch and number they go on.

use rusqlite::{Connection, params};
use wire::{Batch, DropReason, Seq};

use crate::store::identity::{self, Identity};
use crate::store::{StoreFault, aside, batches, damage, drops, outbox};

/// What `batches_known` says of a batch.
struct Known {
    seq: u64,
    /// What is lost with it: its records, and those that it reports as dropped.
    accounts_for: u64,
}

/// The database knows who it is: batches keep their numbers. The numbers of those that are lost go out without records
/// if the warehouse asks for them, and what they held is counted.
pub(super) fn keep_epoch(
    old: &Connection,
    new: &Connection,
    me: &Identity,
    some_lost: bool,
    now_s: i64,
) -> Result<(), StoreFault> {
    let next = me.next_seq.0;
    let last_settled: u64 =
        new.query_row("SELECT coalesce(max(seq), 0) FROM batches WHERE settled_s IS NOT NULL", [], |row| row.get(0))?;
    let mut lost = 0;
    for known in known(old) {
        let is_there = new.prepare_cached("SELECT 1 FROM batches WHERE seq = ?1")?.exists([known.seq])?;
        if !is_there && (last_settled + 1..next).contains(&known.seq) {
            lost += known.accounts_for;
        }
    }
    drops::add(new, DropReason::Damaged, lost)?;
    let lost_below = if some_lost { me.next_seq } else { me.lost_below };
    identity::write(new, &Identity { lost_below, ..me.clone() })?;
    let since_s = identity::alarm_since_s(old).ok().flatten().unwrap_or(now_s);
    identity::set_alarm(new, me.alarm.as_ref(), since_s)
}

/// Batches as the index knows them; none if it cannot be read either.
fn known(old: &Connection) -> Vec<Known> {
    let mut known = Vec::new();
    // What can be read before an error is read.
    let _ =
        old.prepare("SELECT seq, records + dropped FROM batches INDEXED BY batches_known").and_then(|mut statement| {
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                known.push(Known { seq: row.get(0)?, accounts_for: row.get(1)? });
            }
            Ok(())
        });
    known
}

/// The database does not know who it is: a new epoch begins. Batches that were never offered are sealed anew under it;
/// others may have reached the warehouse, so they are set aside and counted.
pub(super) fn begin_epoch(new: &Connection, me: &Identity, now_s: i64) -> Result<(), StoreFault> {
    type Row = (u64, Vec<u8>, u64, u64, bool);
    let waiting: Vec<Row> = new
        .prepare("SELECT seq, body, records, dropped, offered FROM batches WHERE settled_s IS NULL ORDER BY seq")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)))?
        .collect::<Result<_, _>>()?;
    new.execute("DELETE FROM batches", [])?;
    let mut next = Seq::FIRST;
    let mut agent = None;
    for (seq, body, records, reports, offered) in waiting {
        let batch = batches::open(&body);
        match batch {
            Some(batch) if !offered => {
                agent = Some(batch.agent.clone());
                let (epoch, records) = (me.epoch, batch.records.len());
                let body = outbox::compress(Batch { epoch, seq: next, ..batch })?;
                new.execute(
                    "INSERT INTO batches (seq, body, records, dropped, sealed_s) VALUES (?1, ?2, ?3, ?4, ?5)",
                    params![next.0, body, records, reports, now_s],
                )?;
                next = next.next();
            }
            _ => {
                for (reason, count) in batches::reported(&body, reports) {
                    drops::add(new, reason, count)?;
                }
                drops::add(new, DropReason::Damaged, records)?;
                damage::note(new, damage::Part::Batches, 1, now_s)?;
                batches::set_aside(new, me.epoch, Some(Seq(seq)), &body, records, aside::DAMAGED, now_s)?;
            }
        }
    }
    identity::write(new, &Identity { next_seq: next, agent, ..me.clone() })
}
