//! Which databases of the old system were imported, and how far: an import that broke off goes on, and one that is done
//! is never done again, also for results that were erased or evicted since.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension, params};

use super::StoreFault;

/// A row's numbers in `history` are `row - (number << ROW_BITS)`: negative, so that they never meet those of new
/// results, whose next number the running writer has in memory; and older rows of a file are below newer ones, so that
/// the history's cap lets the oldest go first.
pub const ROW_BITS: u32 = 40;

/// Most files of the old system that one database takes.
pub const MAX_IMPORTS: i64 = 1 << 20;

/// How far a file was imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// Number of the import, from 1 on.
    pub number: i64,
    /// The last row that was looked at; 0 before the first.
    pub last_row: i64,
    /// Its timestamp, as it stands in the file.
    pub last_timestamp: Option<String>,
    /// Rows up to `last_row` that were received from this moment on are done, in Unix milliseconds.
    pub done_from_ms: i64,
    /// Results that were taken in all runs.
    pub taken: u64,
    /// When the last run came to its end, in Unix seconds.
    pub finished_s: Option<i64>,
}

impl Import {
    /// The number in `history` of a row of the file; none for a row number that no database of the old system has.
    #[must_use]
    pub fn local_id(&self, row: i64) -> Option<i64> {
        (1..1 << ROW_BITS).contains(&row).then(|| row - (self.number << ROW_BITS))
    }

    /// True if the row was dealt with in an earlier run.
    #[must_use]
    pub fn is_done(&self, row: i64, received_ms: i64) -> bool {
        row <= self.last_row && received_ms >= self.done_from_ms
    }
}

/// True if the file at this path was imported to its end.
///
/// # Errors
/// [`StoreFault`] if it cannot be read.
pub fn is_finished(connection: &Connection, path: &Path) -> Result<bool, StoreFault> {
    Ok(newest(connection, path)?.is_some_and(|import| import.finished_s.is_some()))
}

/// The newest import of the file at this path.
///
/// # Errors
/// [`StoreFault`] if it cannot be read.
pub fn newest(connection: &Connection, path: &Path) -> Result<Option<Import>, StoreFault> {
    let mut statement = connection.prepare_cached(
        "SELECT number, last_row, last_timestamp, done_from_ms, taken, finished_s
         FROM imports WHERE path = ?1 ORDER BY number DESC LIMIT 1",
    )?;
    let import = statement.query_row([spelled(path)], |row| {
        Ok(Import {
            number: row.get(0)?,
            last_row: row.get(1)?,
            last_timestamp: row.get(2)?,
            done_from_ms: row.get(3)?,
            taken: row.get(4)?,
            finished_s: row.get(5)?,
        })
    });
    Ok(import.optional()?)
}

/// The import that a file would be which was never imported.
///
/// # Errors
/// [`StoreFault`] if it cannot be read.
pub fn next(connection: &Connection) -> Result<Import, StoreFault> {
    let number: i64 = connection.query_row("SELECT coalesce(max(number), 0) + 1 FROM imports", [], |row| row.get(0))?;
    let (last_row, last_timestamp, done_from_ms) = (0, None, i64::MAX);
    Ok(Import { number, last_row, last_timestamp, done_from_ms, taken: 0, finished_s: None })
}

/// Writes down how far the import is.
///
/// # Errors
/// [`StoreFault`] if the database does not take it.
pub fn save(connection: &Connection, path: &Path, import: &Import) -> Result<(), StoreFault> {
    connection
        .prepare_cached(
            "INSERT INTO imports (number, path, last_row, last_timestamp, done_from_ms, taken, finished_s)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
             ON CONFLICT (number) DO UPDATE SET last_row = ?3, last_timestamp = ?4, done_from_ms = ?5, taken = ?6,
                                                finished_s = ?7",
        )?
        .execute(params![
            import.number,
            spelled(path),
            import.last_row,
            import.last_timestamp,
            import.done_from_ms,
            import.taken,
            import.finished_s
        ])?;
    Ok(())
}

/// Takes the results of an import out of the history again, at most `limit` of them, and forgets the import once none
/// is left. Returns how many were taken out.
///
/// # Errors
/// [`StoreFault`] if the database does not take it.
pub fn undo(connection: &Connection, import: &Import, limit: u32) -> Result<u64, StoreFault> {
    let first = -(import.number << ROW_BITS);
    let rows = connection
        .prepare_cached(
            "DELETE FROM history WHERE local_id IN
                 (SELECT local_id FROM history WHERE local_id BETWEEN ?1 AND ?2 ORDER BY local_id LIMIT ?3)",
        )?
        .execute(params![first, first + (1 << ROW_BITS) - 1, limit])?;
    if rows == 0 {
        connection.prepare_cached("DELETE FROM imports WHERE number = ?1")?.execute([import.number])?;
    }
    Ok(rows as u64)
}

/// The whole path without links, as text; of a file that is gone as it was named.
fn spelled(path: &Path) -> String {
    let whole = path.canonicalize().or_else(|_| std::path::absolute(path)).unwrap_or_else(|_| path.to_owned());
    whole.to_string_lossy().into_owned()
}
