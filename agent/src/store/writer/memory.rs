//! What the writer knows without asking the database.

use jiff::Timestamp;
use rusqlite::Connection;

use super::Moment;
use crate::store::answers::Answers;
use crate::store::erase::{self, Erasure, Step};
use crate::store::votes::Voters;
use crate::store::webhooks::{self, Depth};
use crate::store::{StoreFault, drops, evict, identity};

/// How often old rows are looked for, in milliseconds.
const MAINTENANCE_MS: u64 = 60_000;

/// Counts and first answers; read anew after a transaction that failed.
pub(super) struct Memory {
    pub(super) answers: Answers,
    pub(super) voters: Voters,
    pub(super) next_local_id: i64,
    pub(super) history_rows: u64,
    pub(super) waiting: u64,
    pub(super) outbox_bytes: u64,
    pub(super) drops_wait: bool,
    pub(super) webhooks: Depth,
    pub(super) seal_due_ms: Option<i64>,
    /// True if the last turn sealed as much as one turn may, and left records that fill a batch.
    pub(super) more_to_seal: bool,
    pub(super) maintained_ms: i64,
}

impl Memory {
    pub(super) fn load(connection: &Connection, now: Moment) -> Result<Self, StoreFault> {
        let mut memory = Self {
            answers: Answers::load(connection, now)?,
            voters: Voters::load(connection)?,
            next_local_id: identity::read(connection)?.next_local_id,
            history_rows: 0,
            waiting: 0,
            outbox_bytes: 0,
            drops_wait: false,
            webhooks: webhooks::depth(connection)?,
            seal_due_ms: None,
            more_to_seal: false,
            maintained_ms: i64::MIN,
        };
        memory.recount(connection)?;
        Ok(memory)
    }

    /// Erases what one transaction may of a client.
    pub(super) fn erase(&mut self, connection: &Connection, erasure: &Erasure) -> Result<Step, StoreFault> {
        let step = erase::step(connection, &mut self.answers, &mut self.voters, erasure)?;
        self.history_rows = self.history_rows.saturating_sub(step.erased.history);
        self.waiting = self.waiting.saturating_sub(step.erased.unsealed_records);
        self.outbox_bytes = self.outbox_bytes.saturating_sub(step.outbox_bytes);
        self.webhooks = webhooks::depth(connection)?;
        Ok(step)
    }

    /// Counts history and outbox anew: commands such as `import-legacy` write beside the running agent.
    pub(super) fn recount(&mut self, connection: &Connection) -> Result<(), StoreFault> {
        self.history_rows = connection.query_row("SELECT count(*) FROM history", [], |row| row.get(0))?;
        self.waiting = connection.query_row("SELECT count(*) FROM outbox", [], |row| row.get(0))?;
        self.outbox_bytes = evict::bytes(connection)?;
        self.drops_wait = !drops::read(connection)?.is_empty();
        Ok(())
    }

    /// True once a minute.
    pub(super) fn maintenance_is_due(&self, now: Timestamp) -> bool {
        now.as_millisecond().abs_diff(self.maintained_ms) >= MAINTENANCE_MS
    }
}
