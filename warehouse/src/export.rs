//! What is published, as tables in memory and in the formats that readers ask for.
//!
//! A [`Sheet`] is rows with the columns of a contract of `queries/api/`; a [`Book`] is a sheet whose rows are found by the
//! first columns of its grain. [`write`] makes bytes of a sheet: JSON, CSV, an Arrow stream or Parquet; a [`RowWriter`] does
//! so with one that comes in pieces.

mod book;

mod fault;

mod format;

mod rows;

mod sheet;

mod write;

pub use book::Book;
pub use fault::ExportFault;
pub use format::Format;
pub use rows::{RowFormat, RowWriter};
pub use sheet::{Column, Sheet};
pub use write::{json_rows, write};

#[cfg(test)]
mod tests;
