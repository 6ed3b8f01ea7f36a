//! A new epoch for a database that was restored or cloned: what it held may already have been sent by its other self.

use rusqlite::Connection;
use wire::{AgentId, Batch, DropReason, Epoch, MAX_BATCH_RECORDS, SCHEMA, Seq};

use super::identity::{self, Identity};
use super::{StoreFault, aside, batches, drops, outbox, schema};

/// What `agent new-epoch` did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewEpoch {
    /// The epoch that begins.
    pub epoch: Epoch,
    /// Unsent records that were set aside; the first batch reports them as dropped.
    pub restored: u64,
}

/// Sets the outbox aside, forgets the settled batches and the alarm, and begins at 1 under a new epoch.
///
/// # Errors
/// [`StoreFault`] if the database does not take it; then nothing has changed.
pub fn begin(connection: &mut Connection, now_s: i64) -> Result<NewEpoch, StoreFault> {
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let me = identity::read(&transaction)?;
    let mut restored = 0;
    let waiting: Vec<(u64, Vec<u8>, u64, u64)> = transaction
        .prepare("SELECT seq, body, records, dropped FROM batches WHERE settled_s IS NULL ORDER BY seq")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?
        .collect::<Result<_, _>>()?;
    for (seq, body, records, reports) in waiting {
        // Drops that an unsettled batch would have reported are reported under the new epoch.
        for (reason, count) in batches::reported(&body, reports) {
            drops::add(&transaction, reason, count)?;
        }
        restored += records;
        batches::set_aside(&transaction, me.epoch, Some(Seq(seq)), &body, records, aside::RESTORED, now_s)?;
    }
    transaction.execute("DELETE FROM batches", [])?;
    restored += set_waiting_aside(&transaction, &me, now_s)?;
    drops::add(&transaction, DropReason::Restored, restored)?;
    let epoch = schema::random_epoch()?;
    identity::write(
        &transaction,
        &Identity { epoch, next_seq: Seq::FIRST, lost_below: Seq::FIRST, agent: None, ..me },
    )?;
    identity::set_alarm(&transaction, None, now_s)?;
    transaction.commit()?;
    Ok(NewEpoch { epoch, restored })
}

fn set_waiting_aside(connection: &Connection, me: &Identity, now_s: i64) -> Result<u64, StoreFault> {
    let mut restored = 0;
    loop {
        let taken = outbox::take(connection, MAX_BATCH_RECORDS)?;
        if taken.rows == 0 {
            return Ok(restored);
        }
        drops::add(connection, DropReason::Damaged, taken.damaged)?;
        let records = taken.records.len() as u64;
        restored += records;
        let agent = match me.agent.clone() {
            Some(agent) => agent,
            None => AgentId::parse("unsealed").map_err(|error| StoreFault::Seal(std::io::Error::other(error)))?,
        };
        let batch = Batch {
            schema: SCHEMA,
            agent,
            epoch: me.epoch,
            seq: Seq(0),
            dropped: std::collections::BTreeMap::new(),
            records: taken.records,
        };
        batches::set_aside(connection, me.epoch, None, &outbox::compress(batch)?, records, aside::RESTORED, now_s)?;
    }
}
