//! `analytics.duckdb`: what analysts open, with whatever they like, while the warehouse goes on.
//!
//! DuckDB lets no other process open a file that a writer holds. So the file is never written where it is read: it is made
//! whole in a hidden directory beside it, fsynced, and takes its name by a rename. Whoever has the one before open keeps it.
//! An engine of its own makes it, so that a disk that is full cannot take the marts' engine down.
//!
//! What is small is copied; what grows with every result is a view over the Parquet files that the lake's manifest or the
//! current release names: [`relations`] says which is which. Every table and column carries its contract as a comment.

mod comments;

mod making;

mod relations;

mod turn;

use std::path::{Path, PathBuf};

use wire::Hour;

pub use making::publish;
pub use relations::{Origin, RELATIONS};
pub use turn::{Content, Turn};

use crate::config::{Config, EngineConfig};
use crate::cut::CutDocument;
use crate::durable::FileFault;
use crate::engine::EngineFault;
use crate::marts::{Marts, MartsFault};
use crate::paths::DataDir;

/// Version of the file's tables and columns; it rises when one is renamed or goes.
pub const ANALYTICS_SCHEMA: u32 = 1;

/// Where things are, and how much may be used.
#[derive(Debug, Clone)]
pub struct Place {
    /// The file.
    pub path: PathBuf,
    /// The data directory.
    pub dir: DataDir,
    /// What the engine may use.
    pub engine: EngineConfig,
}

/// What a file is made of.
pub struct Source<'a> {
    /// The marts, up to date with a manifest of the lake.
    pub marts: &'a Marts,
    /// The current release; none before the first.
    pub cut: Option<&'a CutDocument>,
    /// The present hour.
    pub hour: Hour,
}

/// What was published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Published {
    /// Size of the file in bytes.
    pub bytes: u64,
}

/// A file that was not published; the one before stays.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AnalyticsFault {
    /// The file system refused.
    #[error(transparent)]
    File(#[from] FileFault),
    /// The engine failed.
    #[error(transparent)]
    Engine(#[from] EngineFault),
    /// The marts could not be read.
    #[error(transparent)]
    Marts(#[from] MartsFault),
    /// A contract cannot be read, which a test excludes.
    #[error("the contract of {0} cannot be read")]
    Contract(&'static str),
    /// The path names no file.
    #[error("analytics.path = {} names no file in a directory", .0.display())]
    NoFile(PathBuf),
}

impl Place {
    /// As the configuration says, with absolute paths: they stand in views that are read from anywhere.
    ///
    /// # Errors
    /// [`AnalyticsFault::File`] if the working directory is gone, against which a relative path is meant.
    pub fn of(config: &Config) -> Result<Self, AnalyticsFault> {
        let absolute = |path: &Path| std::path::absolute(path).map_err(FileFault::when("find", path));
        let dir = DataDir::new(absolute(&config.dir)?);
        let path = match &config.analytics.path {
            Some(path) => absolute(path)?,
            None => dir.analytics(),
        };
        Ok(Self { path, dir, engine: config.engine.clone() })
    }
}

#[cfg(test)]
mod tests;
