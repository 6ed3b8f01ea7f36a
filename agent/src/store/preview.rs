//! What waits to leave, looked at without touching it.

use rusqlite::{Connection, OptionalExtension};

use super::StoreFault;

/// Records that wait for their seal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// How many there are.
    pub total: u64,
    /// The oldest of them, as the bytes (JSON) that the next batch will hold.
    pub records: Vec<Vec<u8>>,
}

/// The records that the next batch will hold, at most `limit` of them.
///
/// # Errors
/// [`StoreFault`] if they cannot be read.
pub fn waiting(connection: &Connection, limit: u32) -> Result<Waiting, StoreFault> {
    let total = connection.query_row("SELECT count(*) FROM outbox", [], |row| row.get(0))?;
    let mut statement = connection.prepare_cached("SELECT record FROM outbox ORDER BY local_id LIMIT ?1")?;
    let records = statement.query_map([limit], |row| row.get(0))?.collect::<Result<_, _>>()?;
    Ok(Waiting { total, records })
}

/// The record of one result while it waits for its seal; after that nothing leads from the result to it.
///
/// # Errors
/// [`StoreFault`] if it cannot be read.
pub fn record_of(connection: &Connection, local_id: i64) -> Result<Option<Vec<u8>>, StoreFault> {
    let mut statement = connection.prepare_cached("SELECT record FROM outbox WHERE local_id = ?1")?;
    Ok(statement.query_row([local_id], |row| row.get(0)).optional()?)
}
