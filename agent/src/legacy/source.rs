//! The old system's file: opened for reading only, and left as it was, also while the old system still writes.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rusqlite::limits::Limit;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, Row};

/// The columns that are read, in this order; those that a file does not have are read as null.
pub(super) const COLUMNS: [&str; 25] = [
    "timestamp",
    "client_ip",
    "user_agent",
    "test_type",
    "download_mbps",
    "upload_mbps",
    "baseline_latency_ms",
    "download_latency_increase_ms",
    "upload_latency_increase_ms",
    "bidirectional_latency_increase_ms",
    "overall_grade",
    "download_grade",
    "upload_grade",
    "bidirectional_grade",
    "household_score",
    "alex_grade",
    "sarah_grade",
    "jake_grade",
    "computer_grade",
    "asn",
    "asn_name",
    "country_code",
    "test_server_name",
    "server_name",
    "test_duration_seconds",
];

/// Without these a file is not the old system's.
const NEEDED: [&str; 2] = ["timestamp", "client_ip"];

/// Longest text that is read from a row, in bytes: a row with a longer one is counted and left.
const MAX_TEXT_BYTES: i32 = 1 << 16;

/// How long the old system's lock is waited for.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Memory for pages of the old file, in KiB.
const PAGE_CACHE_KIB: i64 = 1_024;

/// Why the old file cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceFault {
    /// The file cannot be opened or looked at.
    #[error("{path} cannot be read")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The file is no SQLite database.
    #[error("{0} is no SQLite database")]
    NoDatabase(PathBuf),
    /// The table is missing, or lacks what makes a result.
    #[error("{path} is not the old system's database: {why}")]
    NoResults {
        /// The file.
        path: PathBuf,
        /// What is missing.
        why: String,
    },
    /// A program ended in the middle of a write.
    #[error(
        "{0} was left in the middle of a write; start the old system once, so that it mends its file, or run \
         `sqlite3 {0} 'SELECT 1'` as its owner"
    )]
    HalfWritten(PathBuf),
    /// Another program holds its lock for too long.
    #[error("{0} is locked by another program; try again when it is quiet")]
    Locked(PathBuf),
    /// Another program began to write while the file was read as one that nobody writes.
    #[error("another program began to write {0} while it was read; run the import again, it goes on")]
    Changed(PathBuf),
    /// The bytes are damaged.
    #[error(
        "{path} is damaged after row {after}; what was read before is kept. `sqlite3 {path} .recover` may save more"
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The last row that could be read.
        after: i64,
    },
    /// SQLite refused otherwise.
    #[error("{path} cannot be read")]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        #[source]
        source: rusqlite::Error,
    },
}

/// The old system's database, open.
pub struct Source {
    path: PathBuf,
    connection: Connection,
    select: String,
    /// Length and time of change of a file that is read without locks; none if locks are used.
    seen: Option<(u64, Option<SystemTime>)>,
}

impl Source {
    /// Opens the file for reading only.
    ///
    /// # Errors
    /// [`SourceFault`] says why it cannot be read, or is not the old system's.
    pub fn open(path: &Path) -> Result<Self, SourceFault> {
        let read = |source| SourceFault::Read { path: path.to_owned(), source };
        let path = path.canonicalize().map_err(read)?;
        let mut header = [0; 20];
        let mut file = File::open(&path).map_err(read)?;
        if file.read_exact(&mut header).is_err() || !header.starts_with(b"SQLite format 3\0") {
            return Err(SourceFault::NoDatabase(path));
        }
        // Even a reader makes files beside a database with a write-ahead log. If there is no log, nobody has it open.
        let logged = header[18] == 2;
        let log = beside(&path, "-wal");
        let alone = logged && std::fs::metadata(&log).map_or(true, |log| log.len() == 0);
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
        let uri = format!("file:{}?mode=ro{}", escaped(&path), if alone { "&immutable=1" } else { "" });
        let opened = Connection::open_with_flags(uri, flags);
        let connection = opened.map_err(|source| SourceFault::Sqlite { path: path.clone(), source })?;
        let seen = alone.then(|| state(&file));
        let mut source = Self { path, connection, select: String::new(), seen };
        source.prepare()?;
        Ok(source)
    }

    fn prepare(&mut self) -> Result<(), SourceFault> {
        let set = |connection: &Connection| -> rusqlite::Result<Vec<String>> {
            connection.busy_timeout(BUSY_TIMEOUT)?;
            connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, MAX_TEXT_BYTES)?;
            connection.pragma_update(None, "trusted_schema", false)?;
            connection.pragma_update(None, "cell_size_check", true)?;
            connection.pragma_update(None, "cache_size", -PAGE_CACHE_KIB)?;
            let mut statement = connection.prepare(
                "SELECT name FROM pragma_table_info('test_results')
                 WHERE EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'test_results')",
            )?;
            statement.query_map([], |row| row.get(0))?.collect()
        };
        let columns = set(&self.connection).map_err(|fault| self.fault(fault, 0))?;
        let is_there = |name: &str| columns.iter().any(|column| column.eq_ignore_ascii_case(name));
        let missing = if columns.is_empty() {
            Some("it has no table test_results".to_owned())
        } else {
            let missing = NEEDED.iter().find(|name| !is_there(name));
            missing.map(|name| format!("its table test_results has no column {name}"))
        };
        if let Some(why) = missing {
            return Err(SourceFault::NoResults { path: self.path.clone(), why });
        }
        let wanted = COLUMNS.map(|name| if is_there(name) { format!("\"{name}\"") } else { "NULL".to_owned() });
        self.select = format!("SELECT {} FROM test_results WHERE rowid = ?1", wanted.join(", "));
        Ok(())
    }

    /// The file, as a path without links.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How many rows there are.
    ///
    /// # Errors
    /// [`SourceFault`] if they cannot be counted.
    pub fn rows(&self) -> Result<u64, SourceFault> {
        let counted = self.connection.query_row("SELECT count(*) FROM test_results", [], |row| row.get(0));
        counted.map_err(|fault| self.fault(fault, 0))
    }

    /// The highest row number; 0 if there is none.
    ///
    /// # Errors
    /// [`SourceFault`] if it cannot be read.
    pub fn last_row(&self) -> Result<i64, SourceFault> {
        let sql = "SELECT coalesce(max(rowid), 0) FROM test_results";
        self.connection.query_row(sql, [], |row| row.get(0)).map_err(|fault| self.fault(fault, 0))
    }

    /// The timestamp of a row as it stands there; none if there is no such row.
    ///
    /// # Errors
    /// [`SourceFault`] if it cannot be read.
    pub fn timestamp(&self, row: i64) -> Result<Option<Option<String>>, SourceFault> {
        let sql = "SELECT CAST(timestamp AS TEXT) FROM test_results WHERE rowid = ?1";
        let found = self.connection.query_row(sql, [row], |row| row.get(0)).optional();
        found.map_err(|fault| self.fault(fault, row - 1))
    }

    /// Shows the next rows after this one and up to `last`, at most `limit`, and gives the number of the last; none if there are no more.
    /// A row that is too long to be read is shown as none. Between two calls no lock is held, so that the old system
    /// can write.
    ///
    /// # Errors
    /// [`SourceFault`] if they cannot be read.
    pub fn next(
        &self,
        after: i64,
        last: i64,
        limit: u32,
        mut show: impl FnMut(i64, Option<&Row<'_>>),
    ) -> Result<Option<i64>, SourceFault> {
        self.check_unchanged()?;
        let mut reached = after;
        let mut walk = || -> rusqlite::Result<Option<i64>> {
            let mut numbers = self.connection.prepare_cached(
                "SELECT rowid FROM test_results WHERE rowid > ?1 AND rowid <= ?2 ORDER BY rowid LIMIT ?3",
            )?;
            let numbers: Vec<i64> =
                numbers.query_map((after, last, limit), |row| row.get(0))?.collect::<Result<_, _>>()?;
            let mut statement = self.connection.prepare_cached(&self.select)?;
            for number in &numbers {
                let mut rows = statement.query([number])?;
                match rows.next() {
                    Ok(Some(row)) => show(*number, Some(row)),
                    // The old system deleted it meanwhile.
                    Ok(None) => {}
                    Err(fault) if fault.sqlite_error_code() == Some(ErrorCode::TooBig) => show(*number, None),
                    Err(fault) => return Err(fault),
                }
                reached = *number;
            }
            Ok(numbers.last().copied())
        };
        let walked = walk();
        walked.map_err(|fault| self.fault(fault, reached))
    }

    /// A file that is read without locks must not change under the reader.
    fn check_unchanged(&self) -> Result<(), SourceFault> {
        let Some(seen) = &self.seen else { return Ok(()) };
        let log = std::fs::metadata(beside(&self.path, "-wal")).map_or(0, |log| log.len());
        let now = File::open(&self.path).map(|file| state(&file)).ok();
        if log == 0 && now.as_ref() == Some(seen) { Ok(()) } else { Err(SourceFault::Changed(self.path.clone())) }
    }

    fn fault(&self, fault: rusqlite::Error, after: i64) -> SourceFault {
        let path = self.path.clone();
        let half_written = beside(&path, "-journal").exists();
        match fault.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => SourceFault::Locked(path),
            Some(ErrorCode::NotADatabase) => SourceFault::NoDatabase(path),
            Some(ErrorCode::DatabaseCorrupt) => SourceFault::Damaged { path, after },
            Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen) if half_written => SourceFault::HalfWritten(path),
            _ => SourceFault::Sqlite { path, source: fault },
        }
    }
}

fn state(file: &File) -> (u64, Option<SystemTime>) {
    file.metadata().map_or((0, None), |found| (found.len(), found.modified().ok()))
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// The path as a URI has it.
fn escaped(path: &Path) -> String {
    use std::fmt::Write as _;
    use std::os::unix::ffi::OsStrExt as _;
    let mut uri = String::new();
    for byte in path.as_os_str().as_bytes() {
        if byte.is_ascii_alphanumeric() || b"/-_.~".contains(byte) {
            uri.push(char::from(*byte));
        } else {
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    uri
}
