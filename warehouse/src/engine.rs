//! DuckDB, behind one door: no other module names it.
//!
//! The engine reads and writes inside the directories it is given and nowhere else, loads no extension, and keeps to its
//! memory limit. SQL comes from [`crate::catalog`] or from whoever uses `warehouse sql`; values are always bound.

mod row;

mod stream;

#[cfg(test)]
mod table;

use std::path::{Path, PathBuf};

use duckdb::arrow::compute::concat_batches;
use duckdb::arrow::record_batch::RecordBatch;
use duckdb::types::{TimeUnit, ToSqlOutput, Value};
use duckdb::{AccessMode, Config, Connection, ToSql};
use wire::{Day, Hour};

pub use row::Row;
#[cfg(test)]
pub use table::{Cell, Table};

/// Least memory the engine works with, in MiB.
pub const MIN_MEMORY_MIB: u32 = 64;

/// What an engine may use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Memory in MiB; what does not fit is spilled to `spill_dir`.
    pub memory_mib: u32,
    /// Threads.
    pub threads: u32,
    /// Directories in which it may read and write.
    pub directories: Vec<PathBuf>,
    /// Where it spills.
    pub spill_dir: PathBuf,
}

/// Something that the engine did not do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineFault {
    /// The database file cannot be opened.
    #[error("cannot open the database {}", .path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: Box<duckdb::Error>,
    },
    /// A statement failed.
    #[error("the engine failed at: {what}")]
    Statement {
        /// What was being done.
        what: String,
        /// Why.
        #[source]
        source: Box<duckdb::Error>,
    },
    /// A path cannot be written into a statement.
    #[error("the path {} is not UTF-8", .0.display())]
    Path(PathBuf),
    /// A result has another shape than its contract says.
    #[error("{what} gave no usable value in column {column}")]
    Shape {
        /// What was being done.
        what: String,
        /// The column.
        column: String,
    },
}

impl EngineFault {
    /// What the engine says of a statement, without the line of it, which may be one that its user did not write.
    #[must_use]
    pub fn said(&self) -> String {
        match self {
            Self::Statement { source, .. } | Self::Open { source, .. } => {
                let said = source.to_string();
                said.split_once("\n\nLINE ").map_or(said.clone(), |(said, _)| said.to_owned())
            }
            other => other.to_string(),
        }
    }
}

/// A value bound to a named parameter, or appended to a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Param {
    /// An integer.
    Int(i64),
    /// A text.
    Text(String),
    /// True or false.
    Bool(bool),
    /// A `DATE`.
    Day(Day),
    /// A `TIMESTAMP` at the beginning of an hour, UTC.
    Hour(Hour),
    /// No value.
    Null,
}

/// An open database.
pub struct Engine {
    connection: Connection,
}

impl Engine {
    /// Opens the database file, or makes it, for this process alone.
    ///
    /// # Errors
    /// [`EngineFault::Open`] if the file is damaged, of another version, or open elsewhere.
    pub fn open(path: &Path, settings: &Settings) -> Result<Self, EngineFault> {
        Self::connect(path, AccessMode::ReadWrite, settings)
    }

    /// Opens a database file that others may have open to read, too.
    ///
    /// # Errors
    /// [`EngineFault::Open`] if there is no such file, or it is damaged, of another version, or open to be written.
    pub fn open_to_read(path: &Path, settings: &Settings) -> Result<Self, EngineFault> {
        Self::connect(path, AccessMode::ReadOnly, settings)
    }

    /// An engine without a file of its own.
    ///
    /// # Errors
    /// [`EngineFault::Open`] if there is no memory for it.
    pub fn in_memory(settings: &Settings) -> Result<Self, EngineFault> {
        Self::connect(Path::new(":memory:"), AccessMode::ReadWrite, settings)
    }

    fn connect(path: &Path, access: AccessMode, settings: &Settings) -> Result<Self, EngineFault> {
        let fault = |source: duckdb::Error| EngineFault::Open { path: path.to_owned(), source: Box::new(source) };
        let mut config = Config::default()
            .access_mode(access)
            .and_then(|config| config.max_memory(&format!("{}MiB", settings.memory_mib.max(MIN_MEMORY_MIB))))
            .and_then(|config| config.threads(i64::from(settings.threads.max(1))))
            .and_then(|config| config.enable_autoload_extension(false))
            .map_err(fault)?;
        config = config.with("allow_community_extensions", "false").map_err(fault)?;
        let connection = Connection::open_with_flags(path, config).map_err(fault)?;
        let engine = Self { connection };
        engine.confine(settings)?;
        Ok(engine)
    }

    /// Locks the engine into its directories; after this no statement can widen them. It keeps no copy of the files that
    /// it reads: each is read once or twice, and the system has its pages anyway.
    fn confine(&self, settings: &Settings) -> Result<(), EngineFault> {
        let directories =
            settings.directories.iter().map(|path| quoted_path(path)).collect::<Result<Vec<_>, _>>()?.join(", ");
        self.run(
            "confining the engine to its directories",
            &format!(
                "SET temp_directory = {}; SET allowed_directories = [{directories}]; SET enable_external_access = false;
                 SET enable_progress_bar = false; SET enable_external_file_cache = false; SET TimeZone = 'UTC';
                 SET lock_configuration = true;",
                quoted_path(&settings.spill_dir)?
            ),
        )
    }

    /// Runs statements without parameters. `what` says what they do, for errors.
    ///
    /// # Errors
    /// [`EngineFault::Statement`].
    pub fn run(&self, what: &str, sql: &str) -> Result<(), EngineFault> {
        self.connection.execute_batch(sql).map_err(|source| failed(what, source))
    }

    /// Runs one statement with bound parameters and tells how many rows it changed.
    ///
    /// # Errors
    /// [`EngineFault::Statement`].
    pub fn execute(&self, what: &str, sql: &str, params: &[(&str, Param)]) -> Result<usize, EngineFault> {
        let bound: Vec<(&str, &dyn ToSql)> = params.iter().map(|(name, value)| (*name, value as &dyn ToSql)).collect();
        self.connection.execute(sql, bound.as_slice()).map_err(|source| failed(what, source))
    }

    /// Runs a query and makes a value of each row.
    ///
    /// # Errors
    /// [`EngineFault`] of the query, or of `read`.
    pub fn query<T>(
        &self,
        what: &str,
        sql: &str,
        params: &[(&str, Param)],
        mut read: impl FnMut(&Row<'_>) -> Result<T, EngineFault>,
    ) -> Result<Vec<T>, EngineFault> {
        let bound: Vec<(&str, &dyn ToSql)> = params.iter().map(|(name, value)| (*name, value as &dyn ToSql)).collect();
        let mut statement = self.connection.prepare(sql).map_err(|source| failed(what, source))?;
        let mut rows = statement.query(bound.as_slice()).map_err(|source| failed(what, source))?;
        let mut values = Vec::new();
        while let Some(row) = rows.next().map_err(|source| failed(what, source))? {
            values.push(read(&Row::new(row, what))?);
        }
        Ok(values)
    }

    /// Runs a query of unknown shape and keeps its result as text.
    ///
    /// # Errors
    /// [`EngineFault::Statement`].
    #[cfg(test)]
    pub fn table(&self, what: &str, sql: &str) -> Result<Table, EngineFault> {
        table::collect(&self.connection, sql).map_err(|source| failed(what, source))
    }

    /// Runs a query and keeps its result as columns, whole.
    ///
    /// # Errors
    /// [`EngineFault::Statement`].
    pub fn columns(&self, what: &str, sql: &str) -> Result<RecordBatch, EngineFault> {
        let mut statement = self.connection.prepare(sql).map_err(|source| failed(what, source))?;
        let batches = statement.query_arrow([]).map_err(|source| failed(what, source))?;
        let schema = batches.get_schema();
        let batches: Vec<RecordBatch> = batches.collect();
        concat_batches(&schema, &batches)
            .map_err(|fault| failed(what, duckdb::Error::ToSqlConversionFailure(Box::new(fault))))
    }

    /// Puts rows into a table, fast. Each row has the table's columns in their order.
    ///
    /// # Errors
    /// [`EngineFault::Statement`].
    pub fn append<const N: usize>(
        &self,
        table: &str,
        rows: impl IntoIterator<Item = [Option<Param>; N]>,
    ) -> Result<(), EngineFault> {
        let append = || {
            let mut appender = self.connection.appender(table)?;
            for row in rows {
                appender.append_row(row.each_ref().map(|value| value as &dyn ToSql).as_slice())?;
            }
            appender.flush()
        };
        append().map_err(|source| failed(&format!("appending to {table}"), source))
    }

    /// Runs `work` in one transaction: all of it happens, or nothing.
    ///
    /// # Errors
    /// What `work` gives, or [`EngineFault::Statement`] of the transaction itself.
    pub fn transaction<T, E: From<EngineFault>>(&self, work: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        self.run("beginning a transaction", "BEGIN")?;
        match work() {
            Ok(value) => {
                self.run("committing", "COMMIT")?;
                Ok(value)
            }
            Err(fault) => {
                if let Err(rollback) = self.run("rolling back", "ROLLBACK") {
                    tracing::error!(error = %rollback, "A transaction could not be rolled back; the cache will be rebuilt");
                }
                Err(fault)
            }
        }
    }
}

/// The path as a literal of SQL: the one place where text goes into a statement, since file lists cannot be bound.
///
/// # Errors
/// [`EngineFault::Path`] if it is not UTF-8.
pub fn quoted_path(path: &Path) -> Result<String, EngineFault> {
    let text = path.to_str().ok_or_else(|| EngineFault::Path(path.to_owned()))?;
    Ok(quoted(text))
}

/// The text as a literal of SQL.
#[must_use]
pub fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn failed(what: &str, source: duckdb::Error) -> EngineFault {
    EngineFault::Statement { what: what.to_owned(), source: Box::new(source) }
}

impl<T: Into<Self>> From<Option<T>> for Param {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl From<i64> for Param {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<u32> for Param {
    fn from(number: u32) -> Self {
        Self::Int(i64::from(number))
    }
}

impl From<&str> for Param {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Param {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<Day> for Param {
    fn from(day: Day) -> Self {
        Self::Day(day)
    }
}

impl From<Hour> for Param {
    fn from(hour: Hour) -> Self {
        Self::Hour(hour)
    }
}

impl ToSql for Param {
    fn to_sql(&self) -> duckdb::Result<ToSqlOutput<'_>> {
        match self {
            Self::Int(number) => number.to_sql(),
            Self::Text(text) => text.to_sql(),
            Self::Bool(value) => value.to_sql(),
            // A day of the wire that does not fit lies millions of years ahead.
            Self::Day(day) => Ok(ToSqlOutput::Owned(Value::Date32(i32::try_from(day.0).unwrap_or(i32::MAX)))),
            Self::Hour(hour) => Ok(ToSqlOutput::Owned(Value::Timestamp(TimeUnit::Second, hour.unix_s()))),
            Self::Null => Ok(ToSqlOutput::Owned(Value::Null)),
        }
    }
}

#[cfg(test)]
mod tests;
