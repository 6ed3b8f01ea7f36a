//! What can go wrong with a sheet.

use crate::durable::FileFault;

/// A sheet that cannot be made or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportFault {
    /// The columns are not what they should be.
    #[error("the columns do not fit")]
    Columns(#[from] arrow::error::ArrowError),
    /// Parquet could not be written.
    #[error("cannot write Parquet")]
    Parquet(#[from] parquet::errors::ParquetError),
    /// A result has a value that its column has no room for, which checks at sealing exclude.
    #[error("a result has a value that its column cannot hold")]
    Value,
    /// The file system refused.
    #[error(transparent)]
    File(#[from] FileFault),
    /// CSV could not be written.
    #[error("cannot write CSV")]
    Csv(#[from] csv::Error),
    /// What takes the bytes refused them.
    #[error("cannot write")]
    Sink(#[from] std::io::Error),
}
