//! Parquet files as Polars reads them: the only place that knows Polars.
//!
//! A file is read in batches of rows, so that memory does not grow with it.

use std::collections::BTreeMap;
use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use polars::io::SerReader as _;
use polars::prelude::{DataType, FileMetadata, Int64Chunked, ParquetReader, PolarsError, Series, StringChunked};

use crate::cell::Cell;

/// Rows that are in memory at a time: four row groups.
const BATCH_ROWS: usize = 4 * 122_880;

/// A file that Polars cannot read.
#[derive(Debug, thiserror::Error)]
#[error("cannot be read as Parquet: {0}")]
pub struct TableFault(String);

impl From<PolarsError> for TableFault {
    fn from(error: PolarsError) -> Self {
        Self(error.to_string())
    }
}

impl From<std::io::Error> for TableFault {
    fn from(error: std::io::Error) -> Self {
        Self(error.to_string())
    }
}

/// A Parquet file.
pub struct Table {
    path: PathBuf,
    metadata: Arc<FileMetadata>,
    /// Names and SQL types of the columns, in order.
    pub columns: Vec<(String, &'static str)>,
    /// Number of rows.
    pub rows: usize,
}

impl Table {
    /// Opens a file and reads what it says of itself.
    ///
    /// # Errors
    /// [`TableFault`].
    pub fn open(path: &Path) -> Result<Self, TableFault> {
        guarded(|| {
            let mut reader = ParquetReader::new(File::open(path)?);
            let metadata = reader.get_metadata()?.clone();
            let rows = reader.num_rows()?;
            let frame = reader.with_slice(Some((0, 0))).finish()?;
            let columns = frame.schema().iter().map(|(name, of)| (name.to_string(), sql_type(of))).collect();
            Ok(Self { path: path.to_owned(), metadata, columns, rows })
        })
    }

    /// What the file says of itself beside its columns: keys and values.
    #[must_use]
    pub fn notes(&self) -> BTreeMap<String, String> {
        let pairs = self.metadata.key_value_metadata().iter().flatten();
        pairs.map(|pair| (pair.key.clone(), pair.value.clone().unwrap_or_default())).collect()
    }

    /// The program that wrote it, if the file says so.
    #[must_use]
    pub fn created_by(&self) -> Option<&str> {
        self.metadata.created_by.as_deref()
    }

    /// The rows, a batch at a time.
    pub fn batches(&self) -> impl Iterator<Item = Result<Batch, TableFault>> + '_ {
        (0..self.rows).step_by(BATCH_ROWS).map(|first| guarded(|| self.batch(first)))
    }

    fn batch(&self, first: usize) -> Result<Batch, TableFault> {
        let mut reader = ParquetReader::new(File::open(&self.path)?);
        reader.set_metadata(Arc::clone(&self.metadata));
        let frame = reader.with_slice(Some((first, BATCH_ROWS))).finish()?;
        let rows = frame.height();
        if rows != BATCH_ROWS.min(self.rows - first) {
            return Err(TableFault(format!("has {rows} rows from row {first} on, and not those that it tells")));
        }
        let columns = frame.columns().iter().map(|column| Values::of(column.as_materialized_series()));
        let names = self.columns.iter().map(|(name, _)| name.clone()).collect();
        Ok(Batch { first, rows, names, columns: columns.collect::<Result<_, _>>()? })
    }
}

/// Some rows of a file.
pub struct Batch {
    /// Number of the first row in the file.
    pub first: usize,
    /// Number of rows.
    pub rows: usize,
    names: Vec<String>,
    columns: Vec<Values>,
}

impl Batch {
    /// A column by its place.
    #[must_use]
    pub fn column(&self, place: usize) -> Option<&Values> {
        self.columns.get(place)
    }

    /// A column by its name.
    ///
    /// # Errors
    /// [`TableFault`] if there is none.
    pub fn named(&self, name: &str) -> Result<&Values, TableFault> {
        let place = self.names.iter().position(|other| other == name);
        place.and_then(|place| self.column(place)).ok_or_else(|| TableFault(format!("has no column {name}")))
    }

    /// A row.
    #[must_use]
    pub fn row(&self, row: usize) -> Vec<Cell<'_>> {
        self.columns.iter().map(|column| column.cell(row)).collect()
    }
}

/// The values of a column.
pub enum Values {
    /// Numbers, days and truths.
    Ints(Int64Chunked),
    /// Texts.
    Texts(StringChunked),
}

impl Values {
    fn of(series: &Series) -> Result<Self, TableFault> {
        let series = series.rechunk();
        Ok(match series.dtype() {
            DataType::String => Self::Texts(series.str()?.clone()),
            _ => Self::Ints(series.to_physical_repr().strict_cast(&DataType::Int64)?.i64()?.clone()),
        })
    }

    /// A value.
    #[must_use]
    pub fn cell(&self, row: usize) -> Cell<'_> {
        match self {
            Self::Ints(values) => values.get(row).into(),
            Self::Texts(values) => values.get(row).into(),
        }
    }

    /// A number; none if it is null or a text.
    #[must_use]
    pub fn int(&self, row: usize) -> Option<i64> {
        match self {
            Self::Ints(values) => values.get(row),
            Self::Texts(_) => None,
        }
    }

    /// A text; none if it is null or a number.
    #[must_use]
    pub fn text(&self, row: usize) -> Option<&str> {
        match self {
            Self::Ints(_) => None,
            Self::Texts(values) => values.get(row),
        }
    }
}

/// What SQL calls a type of Polars.
fn sql_type(of: &DataType) -> &'static str {
    match of {
        DataType::Boolean => "BOOLEAN",
        DataType::UInt8 => "UTINYINT",
        DataType::UInt16 => "USMALLINT",
        DataType::UInt32 => "UINTEGER",
        DataType::UInt64 => "UBIGINT",
        DataType::Int32 => "INTEGER",
        DataType::Int64 => "BIGINT",
        DataType::Float64 => "DOUBLE",
        DataType::String => "VARCHAR",
        DataType::Date => "DATE",
        _ => "a type that no contract has",
    }
}

/// A file of somebody else can be broken in ways at which a library panics: that is a fault like others.
fn guarded<T>(work: impl FnOnce() -> Result<T, TableFault>) -> Result<T, TableFault> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err(TableFault("the reader gave up on it".to_owned())))
}
