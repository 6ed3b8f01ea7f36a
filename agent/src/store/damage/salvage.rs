//! Reads what can be read of a damaged database into a new one.
//!
//! The damaged file is only read, but for the names of its tables, which are put right if a bit of them was changed.

mod batches;

use std::path::Path;

use rusqlite::config::DbConfig;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags, params_from_iter};
use wire::DropReason;

use super::files::{self, Stamp};
use super::pages::{Gap, Table};
use super::{Found, Part, check};
use crate::store::identity::{self, Identity};
use crate::store::{StoreFault, drops, schema, webhooks};

/// Builds a database from what the damaged one still gives. It lies where [`files::exchange`] takes it.
///
/// # Errors
/// [`StoreFault`] if the new one cannot be written; the damaged one is in its place then.
pub(super) fn salvage(path: &Path, stamp: &Stamp, now_s: i64) -> Result<Vec<Found>, StoreFault> {
    let mut new = schema::build(&files::building(path))?;
    let old = open_damaged(path);
    let transaction = new.transaction()?;
    let whole = Found { part: Part::Database, lost: 0, file: Some(stamp.file_name(path)) };
    let mut found = vec![whole];
    // Without this the file is no database at all, and its new epoch is that of the new one.
    if let Ok(old) = &old {
        copy_all(old, &transaction, now_s, &mut found)?;
    } else {
        found.push(Found::lost(Part::Identity, 1));
    }
    transaction.commit()?;
    new.close().map_err(|(_, error)| error)?;
    Ok(found)
}

/// Opens a database that SQLite would refuse: shorter than it says, or with a schema that does not parse.
fn open_damaged(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    // Its log stays beside it, for a human to look at.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    connection.pragma_update(None, "writable_schema", true)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    if let Err(error) = mend_schema(&connection) {
        tracing::warn!(%error, "the damaged database's schema cannot be mended; tables may be missing");
    }
    Ok(connection)
}

/// Puts the text of the schema right where it is not ours: it is the same in every database of this version.
fn mend_schema(connection: &Connection) -> rusqlite::Result<()> {
    let fresh = schema::in_memory().map_err(|_| rusqlite::Error::InvalidQuery)?;
    let mut ours = fresh.prepare("SELECT rowid, type, name, tbl_name, sql FROM sqlite_schema")?;
    let mut rows = ours.query([])?;
    let mut changed = 0;
    while let Some(row) = rows.next()? {
        let values: Vec<rusqlite::types::Value> = (0..5).map(|at| row.get(at)).collect::<Result<_, _>>()?;
        changed += connection.execute(
            "UPDATE sqlite_schema SET type = ?2, name = ?3, tbl_name = ?4, sql = ?5
             WHERE rowid = ?1 AND (type, name, tbl_name, sql) IS NOT (?2, ?3, ?4, ?5)",
            params_from_iter(values),
        )?;
    }
    if changed > 0 {
        // Read anew from here on.
        connection.execute_batch("PRAGMA writable_schema = RESET; PRAGMA writable_schema = ON")?;
    }
    Ok(())
}

fn copy_all(old: &Connection, new: &Connection, now_s: i64, found: &mut Vec<Found>) -> Result<(), StoreFault> {
    let triggers = take_triggers(new)?;
    let me = identity::read(old).ok();
    if me.is_none() {
        found.push(Found::lost(Part::Identity, 1));
    }
    let (mut largest_id, mut batches_lost) = (0, false);
    for table in tables(new)? {
        if table == "identity" {
            continue;
        }
        let copied = copy_table(old, new, &table)?;
        let ceiling = match (table.as_str(), &me) {
            ("history" | "outbox", Some(me)) => Some(me.next_local_id - 1),
            ("batches", Some(me)) => i64::try_from(me.next_seq.0 - 1).ok(),
            _ => None,
        };
        let lost = copied.refused + copied.gaps.iter().map(|gap| copied.lost_in(*gap, ceiling)).sum::<u64>();
        if lost > 0 || !copied.gaps.is_empty() {
            found.push(Found::lost(Part::of_table(&table), lost));
        }
        match table.as_str() {
            "history" | "outbox" => largest_id = largest_id.max(copied.largest),
            "batches" => batches_lost = copied.refused > 0 || !copied.gaps.is_empty(),
            _ => {}
        }
        if table == "outbox" {
            drops::add(new, DropReason::Damaged, lost)?;
        }
    }
    // One that is older than the rows knows nothing of what was sent since.
    let me = match me {
        Some(me) if check::numbers_in_use(new, &me)? => {
            found.push(Found::lost(Part::Identity, 1));
            None
        }
        me => me,
    };
    match me {
        Some(me) => batches::keep_epoch(old, new, &me, batches_lost, now_s)?,
        None => {
            let fresh = identity::read(new)?;
            let me = Identity { next_local_id: largest_id + 1, ..fresh };
            identity::write(new, &me)?;
            batches::begin_epoch(new, &me, now_s)?;
        }
    }
    // The key is what it was, whoever the database is now.
    let key_check = old.query_row("SELECT key_check FROM identity", [], |row| row.get::<_, Option<Vec<u8>>>(0));
    new.execute("UPDATE identity SET key_check = ?1", [key_check.ok().flatten()])?;
    webhooks::recount(new)?;
    for trigger in triggers {
        new.execute_batch(&trigger)?;
    }
    Ok(())
}

/// Takes the triggers away while rows are copied: what they would do was done when the rows first came.
fn take_triggers(new: &Connection) -> Result<Vec<String>, StoreFault> {
    let mut statement = new.prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' ORDER BY rowid")?;
    let triggers: Vec<(String, String)> =
        statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?;
    let mut texts = Vec::new();
    for (name, sql) in triggers {
        new.execute_batch(&format!("DROP TRIGGER {name}"))?;
        texts.push(sql);
    }
    Ok(texts)
}

fn tables(new: &Connection) -> Result<Vec<String>, StoreFault> {
    let mut statement =
        new.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY rowid")?;
    Ok(statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?)
}

/// What became of a table.
struct Copied {
    gaps: Vec<Gap>,
    /// Rows that were read and are none of this table: a value of another type, a number twice.
    refused: u64,
    rows: u64,
    bytes: u64,
    largest: i64,
}

impl Copied {
    /// How many rows a gap stands for; `ceiling` is the largest number that was given. Numbers are given one after the
    /// other; where there is nothing to count from, a page's worth is a modest guess.
    fn lost_in(&self, gap: Gap, ceiling: Option<i64>) -> u64 {
        let a_page = (4_096 * self.rows).checked_div(self.bytes).unwrap_or(0).max(1);
        let width = |from: i64, to: i64| to.checked_sub(from).map_or(0, |width| u64::try_from(width + 1).unwrap_or(0));
        match (gap.from, gap.to, ceiling) {
            (i64::MIN, i64::MAX, _) => 0,
            (i64::MIN, to, _) => width(1, to).min(a_page),
            (from, i64::MAX, Some(ceiling)) => width(from, ceiling),
            (_, i64::MAX, None) => a_page,
            // Numbers of what was imported or is sent again lie far below those of results.
            (from, to, _) if from < 1 => width(1, to).max(a_page),
            (from, to, _) => width(from, to),
        }
    }
}

fn copy_table(old: &Connection, new: &Connection, table: &str) -> Result<Copied, StoreFault> {
    let mut copied = Copied { gaps: Vec::new(), refused: 0, rows: 0, bytes: 0, largest: 0 };
    let columns = |connection: &Connection| -> rusqlite::Result<Vec<String>> {
        let mut statement = connection.prepare("SELECT name FROM pragma_table_info(?1)")?;
        statement.query_map([table], |row| row.get(0))?.collect()
    };
    let had = columns(old).unwrap_or_default();
    let both: Vec<String> = columns(new)?.into_iter().filter(|column| had.contains(column)).collect();
    if both.is_empty() {
        copied.gaps.push(Gap { from: i64::MIN, to: i64::MAX });
        return Ok(copied);
    }
    let list = both.join(", ");
    let places = vec!["?"; both.len()].join(", ");
    let mut insert = new.prepare(&format!("INSERT OR REPLACE INTO {table} ({list}) VALUES ({places})"))?;
    let mut fault = None;
    let mut take = |row: &rusqlite::Row<'_>, first: usize| {
        let values: rusqlite::Result<Vec<ValueRef<'_>>> =
            (first..first + both.len()).map(|at| row.get_ref(at)).collect();
        let Ok(values) = values else { return copied.refused += 1 };
        copied.bytes += values.iter().map(|value| bytes_of(*value)).sum::<u64>();
        match insert
            .execute(params_from_iter(values.iter().map(|value| rusqlite::types::ToSqlOutput::Borrowed(*value))))
        {
            Ok(1) => copied.rows += 1,
            Ok(_) => copied.refused += 1,
            Err(error) if is_about_the_row(&error) => copied.refused += 1,
            // There is no room for the new database.
            Err(error) => fault = Some(error),
        }
        if first == 1 {
            copied.largest = copied.largest.max(row.get(0).unwrap_or(0));
        }
    };
    // Only a table that is its own index has no numbers.
    let numbered = new.prepare(&format!("SELECT rowid FROM {table}")).is_ok();
    if numbered {
        copied.gaps = Table::new(old, table, &list).read(|row| take(row, 1));
    } else {
        let read = old.prepare(&format!("SELECT {list} FROM {table}")).and_then(|mut statement| {
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                take(row, 0);
            }
            Ok(())
        });
        if read.is_err() {
            copied.gaps.push(Gap { from: i64::MIN, to: i64::MAX });
        }
    }
    fault.map_or(Ok(copied), |fault| Err(fault.into()))
}

fn bytes_of(value: ValueRef<'_>) -> u64 {
    match value {
        ValueRef::Null => 1,
        ValueRef::Integer(_) | ValueRef::Real(_) => 8,
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => bytes.len() as u64,
    }
}

/// True if the row is refused for what it is, and not for want of room.
fn is_about_the_row(error: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode::{ConstraintViolation, TooBig, TypeMismatch};
    matches!(error.sqlite_error_code(), Some(ConstraintViolation | TooBig | TypeMismatch))
}
