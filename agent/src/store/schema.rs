//! Opens the database: its pragmas, and its migrations in order.

use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, OptionalExtension, TransactionBehavior};
use wire::{Epoch, Seq};

use super::StoreFault;
use super::identity::{self, Identity};

/// Every version of the database, in order; `user_version` counts those that were applied.
const MIGRATIONS: [&str; 5] = [
    include_str!("../../migrations/0001_first.sql"),
    include_str!("../../migrations/0002_support_desk.sql"),
    include_str!("../../migrations/0003_imports.sql"),
    include_str!("../../migrations/0004_damage.sql"),
    include_str!("../../migrations/0005_reported_drops.sql"),
];

/// The first version whose `identity` has a checksum and repeats the version.
const CHECKSUMS_SINCE: usize = 4;

/// Version of the database that this program writes.
pub const VERSION: usize = MIGRATIONS.len();

/// Memory that one connection may keep pages in, in KiB.
const PAGE_CACHE_KIB: i64 = 1_024;

/// Memory that a connection for look-ups may keep pages in, in KiB.
const READER_CACHE_KIB: i64 = 512;

/// Pages in the write-ahead log at which SQLite copies them back (4 KiB each).
const CHECKPOINT_PAGES: i64 = 2_000;

/// How long a connection waits for a lock of another process (`agent status`).
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Opens the database for writing, makes it if there is none, and brings it to the newest version.
///
/// # Errors
/// [`StoreFault`] if the file cannot be opened or is of a newer version than this program.
pub fn open(path: &Path) -> Result<Connection, StoreFault> {
    create_private(path).map_err(StoreFault::Create)?;
    let mut connection = Connection::open(path)?;
    prepare(&connection)?;
    migrate(&mut connection)?;
    Ok(connection)
}

/// Opens an existing database of this version for a command that writes beside a running agent. It brings no database
/// to a newer version: an older agent may be at work on it.
///
/// # Errors
/// [`StoreFault`] if there is none, it cannot be opened, or it is of another version.
pub fn open_beside(path: &Path) -> Result<Connection, StoreFault> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    check_version(&connection)?;
    prepare(&connection)?;
    Ok(connection)
}

/// What every connection that writes is set to.
fn prepare(connection: &Connection) -> Result<(), StoreFault> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    // An acknowledged result is on disk, not only in the operating system's memory.
    connection.pragma_update(None, "synchronous", "full")?;
    // Deleted rows are overwritten: an erased customer and a sealed record's link leave no bytes behind.
    connection.pragma_update(None, "secure_delete", true)?;
    connection.pragma_update(None, "cache_size", -PAGE_CACHE_KIB)?;
    connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
    // Addresses reach no temporary file, which nobody would ever overwrite.
    connection.pragma_update(None, "temp_store", "memory")?;
    // Pages are looked at before they are believed: damage is an error instead of nonsense.
    connection.pragma_update(None, "cell_size_check", true)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(())
}

/// Opens the main file as it is, without its log, for a look at it before anybody else has it open.
///
/// # Errors
/// [`StoreFault`] if it cannot be read.
pub(super) fn open_without_log(path: &Path) -> Result<Connection, StoreFault> {
    let escaped = path.to_string_lossy().replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
    Ok(Connection::open_with_flags(format!("file:{escaped}?immutable=1"), flags)?)
}

/// Opens the database with its log for a look, and changes neither.
///
/// # Errors
/// [`StoreFault`] if it cannot be read.
pub(super) fn open_for_a_look(path: &Path) -> Result<Connection, StoreFault> {
    Ok(Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?)
}

/// Makes an empty database of the newest version, quickly: nothing of it is durable before the caller says so.
///
/// # Errors
/// [`StoreFault`] if it cannot be made, or there is such a file.
pub(super) fn build(path: &Path) -> Result<Connection, StoreFault> {
    create_private(path).map_err(StoreFault::Create)?;
    let mut connection = Connection::open(path)?;
    connection.pragma_update(None, "journal_mode", "off")?;
    connection.pragma_update(None, "synchronous", "off")?;
    connection.pragma_update(None, "cache_size", -PAGE_CACHE_KIB)?;
    migrate(&mut connection)?;
    Ok(connection)
}

/// An empty database of the newest version in memory: what a schema must look like.
///
/// # Errors
/// [`StoreFault`] if there is no memory for it.
pub(super) fn in_memory() -> Result<Connection, StoreFault> {
    let mut connection = Connection::open_in_memory()?;
    migrate(&mut connection)?;
    Ok(connection)
}

/// Makes an empty file that only its owner reads, if there is none; SQLite gives its own files beside it the same mode.
fn create_private(path: &Path) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    match options.write(true).create_new(true).mode(0o600).open(path) {
        // One that is there and cannot be written (a read-only disk) shows later, by SQLite's own word.
        Err(error) if !path.exists() => Err(error),
        _ => Ok(()),
    }
}

/// Opens an existing database for reading only, beside a running agent.
///
/// # Errors
/// [`StoreFault`] if there is none or it cannot be read.
pub fn open_read_only(path: &Path) -> Result<Connection, StoreFault> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    check_version(&connection)?;
    Ok(connection)
}

fn check_version(connection: &Connection) -> Result<(), StoreFault> {
    let found = version(connection)?;
    if found == VERSION { Ok(()) } else { Err(StoreFault::Version { found, known: VERSION }) }
}

/// Opens an existing database for the look-ups of a running agent: reading only, and sorting in memory, so that no
/// address reaches a temporary file.
///
/// # Errors
/// [`StoreFault`] if there is none or it cannot be read.
pub(super) fn open_reader(path: &Path) -> Result<Connection, StoreFault> {
    let connection = open_read_only(path)?;
    connection.pragma_update(None, "cache_size", -READER_CACHE_KIB)?;
    connection.pragma_update(None, "temp_store", "memory")?;
    Ok(connection)
}

/// How many migrations the database has. `identity` is believed before the file's first bytes, where a flipped bit
/// would make it look like the work of a newer program.
fn version(connection: &Connection) -> Result<usize, StoreFault> {
    let in_header: usize = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let stated = connection
        .prepare("SELECT version FROM identity")
        .and_then(|mut statement| statement.query_row([], |row| row.get::<_, usize>(0)).optional());
    match stated {
        Ok(Some(stated)) if (CHECKSUMS_SINCE..=VERSION).contains(&stated) => Ok(stated),
        _ => Ok(in_header),
    }
}

fn migrate(connection: &mut Connection) -> Result<(), StoreFault> {
    let found = version(connection)?;
    if found > VERSION {
        return Err(StoreFault::Version { found, known: VERSION });
    }
    // An agent that finds all in order writes nothing: it starts on a full disk, too.
    if found == VERSION {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for migration in &MIGRATIONS[found..] {
        transaction.execute_batch(migration)?;
    }
    if found == 0 {
        transaction.execute(
            "INSERT INTO identity (one, epoch, next_seq, next_local_id) VALUES (1, ?1, 1, 1)",
            [random_epoch()?.get()],
        )?;
    }
    let me = if found < CHECKSUMS_SINCE { without_checksum(&transaction)? } else { identity::read(&transaction)? };
    identity::write(&transaction, &me)?;
    transaction.pragma_update(None, "user_version", VERSION)?;
    transaction.commit()?;
    Ok(())
}

/// Who the database is, by a row that has no checksum yet.
fn without_checksum(connection: &Connection) -> Result<Identity, StoreFault> {
    Ok(connection.query_row("SELECT epoch, next_seq, next_local_id, agent FROM identity", [], |row| {
        Ok(Identity {
            epoch: Epoch::from_random_bits(row.get(0)?),
            next_seq: Seq(row.get(1)?),
            next_local_id: row.get(2)?,
            agent: row.get::<_, Option<String>>(3)?.and_then(|text| wire::AgentId::parse(&text).ok()),
            alarm: None,
            lost_below: Seq::FIRST,
            turn: 0,
        })
    })?)
}

/// A new epoch from the operating system's randomness.
///
/// # Errors
/// [`StoreFault::Random`] if there is none.
pub fn random_epoch() -> Result<Epoch, StoreFault> {
    Ok(Epoch::from_random_bits(getrandom::u64().map_err(StoreFault::Random)?))
}
