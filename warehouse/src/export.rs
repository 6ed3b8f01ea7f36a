//! What is published, as tables in memory and in the formats that readers ask for.
//!
//! A [`Sheet`] is rows with the columns of a contract of `queries/api/`; a [`Book`] is a sheet whose rows are found by the
//! first columns of its grain. [`write`] makes bytes of a sheet: JSON, CSV, an Arrow stream or Parquet; a [`RowWriter`] does
//! so with one that comes in pieces. A [`TableFile`] is a Parquet file of a release, of any number of rows.

mod book;

mod describe;

mod fault;

mod format;

mod packed;

mod release;

mod rows;

mod sheet;

mod write;

pub use book::Book;
pub(crate) use describe::REPOSITORY;
pub use describe::{Described, Snippet};
pub use fault::ExportFault;
pub use format::Format;
pub use release::{Layout, TableFile};
pub use rows::{RowFormat, RowWriter};
pub use sheet::{Column, Sheet};
pub use write::{json_rows, write};

#[cfg(test)]
mod tests;
