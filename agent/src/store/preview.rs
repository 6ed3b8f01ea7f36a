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

#[cfg(test)]
mod tests {
    //! Aim: what waits is shown in its order, and looking takes nothing away.

    use super::*;
    use crate::store::schema;

    #[test]
    fn looking_takes_nothing_away() {
        let directory = tempfile::tempdir().expect("a directory");
        let connection = schema::open(&directory.path().join("agent.sqlite")).expect("a database");
        for id in [7, 3, 5] {
            let record = format!("record {id}").into_bytes();
            connection
                .execute("INSERT INTO outbox VALUES (?1, 0, ?2, NULL)", rusqlite::params![id, record])
                .expect("a row");
        }
        for _ in 0..2 {
            let waiting = waiting(&connection, 2).expect("read");
            assert_eq!((waiting.total, waiting.records), (3, vec![b"record 3".to_vec(), b"record 5".to_vec()]));
            assert_eq!(record_of(&connection, 7).expect("read"), Some(b"record 7".to_vec()));
            assert_eq!(record_of(&connection, 8).expect("read"), None);
        }
    }
}
