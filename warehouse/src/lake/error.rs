//! What can go wrong in the lake, each with what was being done to which thing.

use std::path::{Path, PathBuf};

use super::manifest::BadManifest;
use super::paths::{BadName, ManifestId, ResultPath, TestDate};
use super::retain::BadResume;
use crate::durable::FileFault;

/// A failure of the lake.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LakeError {
    /// The file system refused.
    #[error(transparent)]
    Disk(#[from] FileFault),
    /// A Parquet file could not be written or read.
    #[error("could not {action} the Parquet file {}", path.display())]
    Parquet {
        /// What was being done, as a verb.
        action: &'static str,
        /// Which file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: parquet::errors::ParquetError,
    },
    /// Rows could not be turned into columns.
    #[error("could not turn rows into columns for {}", path.display())]
    Columns {
        /// The file they were for.
        path: PathBuf,
        /// Why not.
        #[source]
        source: arrow::error::ArrowError,
    },
    /// A column of a file holds what no row can hold.
    #[error("{}: column {column} holds what the lake cannot read", path.display())]
    Content {
        /// Which file.
        path: PathBuf,
        /// Which column.
        column: &'static str,
    },
    /// A file of the lake is gone.
    #[error("{0} is missing from the lake: restore it from a backup")]
    FileMissing(ResultPath),
    /// A file of the lake has another size or digest than the manifest says.
    #[error("{path} was altered: its {what} differs from the manifest's: restore it from a backup")]
    FileAltered {
        /// Which file.
        path: ResultPath,
        /// `size` or `SHA-256`.
        what: &'static str,
    },
    /// A merge did not write as many rows as it should have read; it was given up.
    #[error("merging {day} gave {written} rows of {expected}; the files stay as they were")]
    MergeLost {
        /// The day.
        day: TestDate,
        /// Rows of the files that were merged.
        expected: u64,
        /// Rows that were written.
        written: u64,
    },
    /// The file of block edges has another digest than the manifest says.
    #[error("{} was altered: restore it from a backup", .0.display())]
    ResumeAltered(PathBuf),
    /// Where blocks go on breaks a rule.
    #[error("{} cannot say where blocks go on", path.display())]
    Resume {
        /// The file, or the directory of one that was not written.
        path: PathBuf,
        /// Which rule.
        #[source]
        source: BadResume,
    },
    /// The digest is right, but the content is none that this version knows.
    #[error("{} is not a file of block edges", path.display())]
    ResumeUnreadable {
        /// Which file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: serde_json::Error,
    },
    /// A manifest cannot be used.
    #[error("manifest {id} cannot be used")]
    Manifest {
        /// Which one.
        id: ManifestId,
        /// Why not.
        #[source]
        source: BadManifest,
    },
    /// `CURRENT` does not hold the id of a manifest.
    #[error("{} does not name a manifest", path.display())]
    Current {
        /// The file.
        path: PathBuf,
        /// What is wrong with its content.
        #[source]
        source: BadName,
    },
    /// There are manifests, and not one of them can be used.
    #[error("no manifest in {} can be used: restore the lake from a backup", .0.display())]
    NoManifest(PathBuf),
    /// There are results but no manifest: this is not an empty lake.
    #[error("{} holds results but no manifest: restore the lake from a backup", .0.display())]
    ResultsWithoutManifest(PathBuf),
    /// Something that no input causes.
    #[error("could not write {what} as JSON")]
    Json {
        /// What was being written.
        what: &'static str,
        /// Why not.
        #[source]
        source: serde_json::Error,
    },
    /// The system gave no random bits.
    #[error("the system gave no random number for a new lineage: {0}")]
    Random(getrandom::Error),
}

impl LakeError {
    /// Says what was being done to which Parquet file; made for `map_err`.
    pub(crate) fn parquet(action: &'static str, path: &Path) -> impl FnOnce(parquet::errors::ParquetError) -> Self {
        move |source| Self::Parquet { action, path: path.to_owned(), source }
    }
}
