//! Backup and restore of a data directory.
//!
//! A backup lies as the data directory does, without what can be made again, and with a list of its files:
//! ```text
//! MANIFEST             digest and path of each file, as `sha256sum -c MANIFEST` reads it; written last
//! agents/              registry and keys
//! landing/             batches that were acknowledged and not sealed
//! lake/                the current manifest, the files that it names, block edges
//! public/              the cuts
//! withdrawals.json
//! ```
//! The order in which things are taken makes it consistent beside a running server: what goes from the landing zone into
//! the lake is in one of the two, or in both, and the lake's marks tell such batches apart.

mod list;

mod make;

mod restore;

use std::path::{Path, PathBuf};

use crate::agents::AgentsFault;
use crate::durable::FileFault;
use crate::lake::LakeError;
use crate::lock::LockFault;

pub use list::{BadList, LIST_FORMAT};
pub use make::{Made, make};
pub use restore::{Expectation, Restored, restore};

/// Name of the list of files, in the backup's directory. Without it a backup is not whole.
pub const LIST_NAME: &str = "MANIFEST";

/// A backup cannot be made or restored.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackupFault {
    /// The file system refused.
    #[error(transparent)]
    File(#[from] FileFault),
    /// The lake cannot be read.
    #[error(transparent)]
    Lake(#[from] LakeError),
    /// The registry cannot be read.
    #[error(transparent)]
    Agents(#[from] AgentsFault),
    /// The data directory is taken.
    #[error(transparent)]
    Lock(#[from] LockFault),
    /// There is nothing to back up.
    #[error("{} holds no lake: nothing to back up", .0.display())]
    NoLake(PathBuf),
    /// The directory to write into holds something.
    #[error("{} is not empty: name a new directory, or empty this one", .0.display())]
    NotEmpty(PathBuf),
    /// The list of files is missing or no list.
    #[error("{} is not a whole backup", path.display())]
    List {
        /// The backup.
        path: PathBuf,
        /// What is wrong.
        #[source]
        source: BadList,
    },
    /// A file is not what was written.
    #[error("{} was altered since it was written: its SHA-256 differs; use another backup", .0.display())]
    Altered(PathBuf),
}

/// True if a directory holds nothing but these.
fn is_empty(path: &Path, but: &[&Path]) -> Result<bool, FileFault> {
    let mut entries = std::fs::read_dir(path).map_err(FileFault::when("list", path))?;
    Ok(entries.all(|entry| entry.is_ok_and(|entry| but.contains(&entry.path().as_path()))))
}

#[cfg(test)]
mod tests;
