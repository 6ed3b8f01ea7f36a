//! Opens the database: its pragmas, and its migrations in order.

use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, TransactionBehavior};
use wire::Epoch;

use super::StoreFault;

/// Every version of the database, in order; `user_version` counts those that were applied.
const MIGRATIONS: [&str; 3] = [
    include_str!("../../migrations/0001_first.sql"),
    include_str!("../../migrations/0002_support_desk.sql"),
    include_str!("../../migrations/0003_imports.sql"),
];

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
    connection.set_prepared_statement_cache_capacity(64);
    Ok(())
}

/// Makes an empty file that only its owner reads, if there is none; SQLite gives its own files beside it the same mode.
fn create_private(path: &Path) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    match options.write(true).create_new(true).mode(0o600).open(path) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(error),
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

fn version(connection: &Connection) -> Result<usize, StoreFault> {
    Ok(connection.pragma_query_value(None, "user_version", |row| row.get(0))?)
}

fn migrate(connection: &mut Connection) -> Result<(), StoreFault> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found = version(&transaction)?;
    if found > VERSION {
        return Err(StoreFault::Version { found, known: VERSION });
    }
    for migration in &MIGRATIONS[found..] {
        transaction.execute_batch(migration)?;
    }
    if found == 0 {
        transaction.execute(
            "INSERT INTO identity (one, epoch, next_seq, next_local_id) VALUES (1, ?1, 1, 1)",
            [random_epoch()?.get()],
        )?;
    }
    transaction.pragma_update(None, "user_version", VERSION)?;
    transaction.commit()?;
    Ok(())
}

/// A new epoch from the operating system's randomness.
///
/// # Errors
/// [`StoreFault::Random`] if there is none.
pub fn random_epoch() -> Result<Epoch, StoreFault> {
    Ok(Epoch::from_random_bits(getrandom::u64().map_err(StoreFault::Random)?))
}
