//! Who this database is: epoch, counters, and the alarm that stops uploading until a human acts.

use rusqlite::{Connection, OptionalExtension, params};
use serde::{Deserialize, Serialize};
use wire::{AgentId, Epoch, Seq};

use super::{StoreFault, checksum, schema};

/// The one row of `identity`. It is read only if it fits its checksum: a number that changed by itself would make this
/// database look like a restored one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Random number born with the database.
    pub epoch: Epoch,
    /// Number of the next batch to seal.
    pub next_seq: Seq,
    /// Number of the next result to take.
    pub next_local_id: i64,
    /// The agent id inside this epoch's sealed batches; none before the first.
    pub agent: Option<AgentId>,
    /// Why uploading stopped, if it did.
    pub alarm: Option<Alarm>,
    /// Rises with every transaction of the writer.
    pub turn: u64,
    /// Batches below this number may have been lost by damage: if the warehouse asks for one, it goes out empty.
    pub lost_below: Seq,
}

/// Why uploading stopped until a human acts. Results are still taken, and wait.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Alarm {
    /// The warehouse is further than this database: it was restored from a backup, or runs twice.
    #[error(
        "the warehouse expects batch {expected} and this database is at {ours}: it was restored or cloned; \
         make sure that only one agent uses it, then run `agent new-epoch`"
    )]
    Cloned {
        /// What the warehouse expects next.
        expected: u64,
        /// What this database would send next.
        ours: u64,
    },
    /// The warehouse asks for a batch that is no longer kept.
    #[error(
        "the warehouse expects batch {expected}, and the oldest that is still kept is {ours}; the warehouse's operator \
         can run `warehouse agents accept-gap <this agent> --epoch {epoch} --seq {ours}`; the agent goes on by itself then"
    )]
    Gap {
        /// The epoch of both.
        epoch: u64,
        /// What the warehouse expects next.
        expected: u64,
        /// The oldest batch that is still kept from there on.
        ours: u64,
    },
    /// The warehouse takes nothing of this agent: its key or its registration is not in order.
    #[error(
        "the warehouse takes nothing of this agent ({reason}): check the agent id and the secret with the warehouse's \
         operator; the agent tries again by itself"
    )]
    Denied {
        /// Slug of the warehouse's problem document.
        reason: String,
    },
    /// This epoch was sealed under another agent id.
    #[error(
        "this database sealed its batches under another agent id than the configured one; \
         set the old id again, or give up what is unsent with `agent new-epoch`"
    )]
    AgentChanged,
    /// The warehouse refused even a batch without records.
    #[error("the warehouse refuses batch {seq} even without records; this version of the agent cannot go on")]
    RefusedEmpty {
        /// The batch.
        seq: u64,
    },
}

impl Alarm {
    /// True if only `agent new-epoch` (or another configuration) helps; false if the other side can clear it.
    #[must_use]
    pub fn is_final(&self) -> bool {
        !matches!(self, Self::Gap { .. } | Self::Denied { .. })
    }
}

/// Reads the row.
///
/// # Errors
/// [`StoreFault::Damaged`] if it does not fit its checksum; [`StoreFault`] if it cannot be read.
pub fn read(connection: &Connection) -> Result<Identity, StoreFault> {
    let mut statement = connection.prepare_cached(
        "SELECT epoch, next_seq, next_local_id, agent, alarm, lost_below, version, checksum, turn FROM identity",
    )?;
    let found = statement.query_row([], |row| {
        let agent: Option<String> = row.get(3)?;
        let alarm: Option<String> = row.get(4)?;
        let identity = Identity {
            epoch: Epoch::from_random_bits(row.get(0)?),
            next_seq: Seq(row.get(1)?),
            next_local_id: row.get(2)?,
            agent: agent.and_then(|text| AgentId::parse(&text).ok()),
            alarm: alarm.and_then(|text| serde_json::from_str(&text).ok()),
            lost_below: Seq(row.get(5)?),
            turn: row.get(8)?,
        };
        let fits = row.get::<_, Option<i64>>(7)? == Some(checksum_of(row.get(6)?, &identity));
        Ok(fits.then_some(identity))
    });
    found.optional()?.flatten().ok_or(StoreFault::Damaged("identity"))
}

fn checksum_of(version: u64, me: &Identity) -> i64 {
    let numbers = [version, me.epoch.get(), me.next_seq.0, me.lost_below.0, me.turn].map(u64::to_be_bytes);
    let agent = me.agent.as_ref().map_or("", AgentId::as_str);
    checksum::of(&[numbers.as_flattened(), &me.next_local_id.to_be_bytes(), agent.as_bytes()])
}

/// Writes who this database is, all but the alarm, with the checksum over it.
///
/// # Errors
/// [`StoreFault`] if it cannot be written.
pub(super) fn write(connection: &Connection, me: &Identity) -> Result<(), StoreFault> {
    let version = schema::VERSION as u64;
    connection
        .prepare_cached(
            "UPDATE identity SET version = ?1, epoch = ?2, next_seq = ?3, next_local_id = ?4, agent = ?5,
                                 lost_below = ?6, checksum = ?7, turn = ?8",
        )?
        .execute(params![
            version,
            me.epoch.get(),
            me.next_seq.0,
            me.next_local_id,
            me.agent.as_ref().map(AgentId::as_str),
            me.lost_below.0,
            checksum_of(version, me),
            me.turn,
        ])?;
    Ok(())
}

/// Remembers the number of the next batch and whose it is.
pub(super) fn set_next_seq(connection: &Connection, next: Seq, agent: &AgentId) -> Result<(), StoreFault> {
    write(connection, &Identity { next_seq: next, agent: Some(agent.clone()), ..read(connection)? })
}

/// Notes that one more transaction of the writer ends, and the number of the next result.
pub(super) fn end_turn(connection: &Connection, next_local_id: i64) -> Result<(), StoreFault> {
    let me = read(connection)?;
    write(connection, &Identity { next_local_id, turn: me.turn.saturating_add(1), ..me })
}

/// Raises or clears the alarm. An alarm that stands keeps the time at which it was raised.
///
/// # Errors
/// [`StoreFault`] if it cannot be written.
pub fn set_alarm(connection: &Connection, alarm: Option<&Alarm>, now_s: i64) -> Result<(), StoreFault> {
    let text = alarm.and_then(|alarm| serde_json::to_string(alarm).ok());
    let mut statement = connection.prepare_cached(
        "UPDATE identity SET alarm_since_s = CASE WHEN ?1 IS NULL THEN NULL WHEN alarm IS ?1 THEN alarm_since_s ELSE ?2 END,
                             alarm = ?1",
    )?;
    statement.execute(params![text, now_s])?;
    Ok(())
}

/// Since when the alarm stands, in Unix seconds.
///
/// # Errors
/// [`StoreFault`] if it cannot be read.
pub fn alarm_since_s(connection: &Connection) -> Result<Option<i64>, StoreFault> {
    Ok(connection.query_row("SELECT alarm_since_s FROM identity", [], |row| row.get(0)).optional()?.flatten())
}
