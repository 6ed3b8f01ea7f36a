//! Looks for damage: every page, the schema, and the values that programs rely on.

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::{Connection, Error, ErrorCode, params};
use wire::DropReason;

use super::{Found, Part};
use crate::store::identity::{self, Identity};
use crate::store::{StoreFault, drops, schema, webhooks};

/// Longest check of all pages. 100 MB take 0.4 s from memory and 2 s from a cold disk.
pub const MOST_TIME: Duration = Duration::from_secs(5);

/// Instructions of SQLite between two looks at the clock.
const INSTRUCTIONS_BETWEEN_LOOKS: i32 = 10_000;

/// Findings after which the check stops: one is enough to act.
const MOST_FINDINGS: u32 = 20;

/// What the check of all pages says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// All is well.
    Sound,
    /// All was well until the time was over.
    Unfinished,
    /// The tables are sound, and an index does not fit them.
    IndexDamaged,
    /// A table is damaged; with SQLite's first words about it, which name pages and never values.
    Damaged(String),
}

/// `PRAGMA integrity_check` within [`MOST_TIME`]: as against `quick_check` it also holds indexes against tables, at the
/// same cost on a cold disk.
pub(super) fn pages(connection: &mut Connection) -> Result<Verdict, StoreFault> {
    let began = Instant::now();
    connection.progress_handler(INSTRUCTIONS_BETWEEN_LOOKS, Some(move || began.elapsed() > MOST_TIME))?;
    let lines = connection
        .prepare(&format!("PRAGMA integrity_check({MOST_FINDINGS})"))
        .and_then(|mut check| check.query_map([], |row| row.get::<_, String>(0))?.collect::<Result<Vec<_>, _>>());
    connection.progress_handler(0, None::<fn() -> bool>)?;
    let lines = match lines {
        Err(Error::SqliteFailure(failure, _)) if failure.code == ErrorCode::OperationInterrupted => {
            return Ok(Verdict::Unfinished);
        }
        lines => lines?,
    };
    let only_indexes = |line: &String| {
        ["missing from index", "# of entries in index", "differ from index", "non-unique entry in index"]
            .iter()
            .any(|words| line.contains(words))
    };
    match lines.first() {
        Some(line) if line == "ok" => Ok(Verdict::Sound),
        _ if lines.iter().all(only_indexes) => Ok(Verdict::IndexDamaged),
        first => Ok(Verdict::Damaged(first.cloned().unwrap_or_default())),
    }
}

/// True if the main file alone is a whole database.
pub(super) fn is_sound_without_log(path: &Path) -> bool {
    let looked = schema::open_without_log(path).and_then(|mut connection| {
        let sound = !schema_differs(&connection)? && pages(&mut connection)? == Verdict::Sound;
        Ok(sound && !numbers_in_use(&connection, &identity::read(&connection)?)?)
    });
    looked.unwrap_or(false)
}

/// True if the tables and indexes are not those of this version.
pub(super) fn schema_differs(connection: &Connection) -> Result<bool, StoreFault> {
    Ok(objects(connection)? != objects(&schema::in_memory()?)?)
}

/// Type, name, table and text of an object of the schema.
type Object = (String, String, String, Option<String>);

fn objects(connection: &Connection) -> Result<Vec<Object>, StoreFault> {
    let mut statement = connection
        .prepare("SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%' ORDER BY 1, 2")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// What every row of a table fulfils; a row that does not was damaged, and goes.
const RULES: [(&str, &str); 6] = [
    ("history", "length(client_ip) = 16 AND test_type IN ('single', 'household')"),
    ("outbox", "tested_hour BETWEEN 0 AND 4294967295"),
    ("set_aside", "records >= 0 AND epoch BETWEEN 0 AND 9007199254740991"),
    ("votes", "tested_day BETWEEN 0 AND 4294967295 AND voted_day BETWEEN 0 AND 4294967295"),
    ("answers", "length(key) = 16 AND length(client) = 16"),
    ("drops", "records >= 0"),
];

/// True if the numbers that `identity` would give next are in use already: then it is older than the rows.
pub(super) fn numbers_in_use(connection: &Connection, me: &Identity) -> Result<bool, StoreFault> {
    Ok(connection.query_row(
        "SELECT EXISTS (SELECT 1 FROM history WHERE local_id >= ?1) OR EXISTS (SELECT 1 FROM outbox WHERE local_id >= ?1)
             OR EXISTS (SELECT 1 FROM batches WHERE seq >= ?2 OR seq < 1)",
        params![me.next_local_id, me.next_seq.0],
        |row| row.get(0),
    )?)
}

/// Lets go of rows with values that cannot be, and counts them.
pub(super) fn values(connection: &Connection) -> Result<Vec<Found>, StoreFault> {
    let mut found = Vec::new();
    for (table, rule) in RULES {
        // The look comes first: a database without damage is not written to, and opens on a full disk.
        let broken: u64 =
            connection.query_row(&format!("SELECT count(*) FROM {table} WHERE NOT ({rule})"), [], |row| row.get(0))?;
        if broken > 0 {
            connection.execute(&format!("DELETE FROM {table} WHERE NOT ({rule})"), [])?;
            found.push(Found::lost(Part::of_table(table), broken));
            if table == "outbox" {
                drops::add(connection, DropReason::Damaged, broken)?;
            }
        }
    }
    webhooks::recount(connection)?;
    Ok(found)
}
