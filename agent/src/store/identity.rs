//! Who this database is: epoch, counters, and the alarm that stops uploading until a human acts.

use rusqlite::{Connection, OptionalExtension, params};
use serde::{Deserialize, Serialize};
use wire::{AgentId, Epoch, Seq};

use super::StoreFault;

/// The one row of `identity`.
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
/// [`StoreFault`] if it cannot be read.
pub fn read(connection: &Connection) -> Result<Identity, StoreFault> {
    let mut statement =
        connection.prepare_cached("SELECT epoch, next_seq, next_local_id, agent, alarm FROM identity")?;
    let identity = statement.query_row([], |row| {
        let agent: Option<String> = row.get(3)?;
        let alarm: Option<String> = row.get(4)?;
        Ok(Identity {
            epoch: Epoch::from_random_bits(row.get(0)?),
            next_seq: Seq(row.get(1)?),
            next_local_id: row.get(2)?,
            agent: agent.and_then(|text| AgentId::parse(&text).ok()),
            alarm: alarm.and_then(|text| serde_json::from_str(&text).ok()),
        })
    })?;
    Ok(identity)
}

/// Remembers the number of the next batch and whose it is.
pub(super) fn set_next_seq(connection: &Connection, next: Seq, agent: &AgentId) -> Result<(), StoreFault> {
    let mut statement = connection.prepare_cached("UPDATE identity SET next_seq = ?1, agent = ?2")?;
    statement.execute(params![next.0, agent.as_str()])?;
    Ok(())
}

/// Remembers the number of the next result.
pub(super) fn set_next_local_id(connection: &Connection, next: i64) -> Result<(), StoreFault> {
    connection.prepare_cached("UPDATE identity SET next_local_id = ?1")?.execute([next])?;
    Ok(())
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
