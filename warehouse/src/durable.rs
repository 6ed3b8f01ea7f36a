//! Files that are either the old or the new whole, whatever happens in between.

pub mod disk;

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use disk::Disk;

/// Mode of files that anyone on the machine may read.
pub const PUBLIC_MODE: u32 = 0o644;
/// Mode of files that only the warehouse's user may read.
pub const SECRET_MODE: u32 = 0o600;

/// A step on the disk failed.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} {}", path.display())]
pub struct FileFault {
    /// What was being done, as a verb.
    pub action: &'static str,
    /// To which file or directory.
    pub path: PathBuf,
    /// What the system said.
    #[source]
    pub source: io::Error,
}

impl FileFault {
    /// Says what was being done to which path; made for `map_err`.
    pub fn when(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self { action, path: path.to_owned(), source }
    }

    /// True if the file or directory does not exist.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.source.kind() == io::ErrorKind::NotFound
    }
}

/// Replaces the file at `path` by these bytes, as [`disk::Disk::replace`] does.
/// When this returns, the new content survives a power cut.
///
/// # Errors
/// Any failed step; then `path` holds either content, whole.
pub fn replace(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    Disk::default().replace(path, bytes, mode).map(drop).map_err(|fault| fault.source)
}

/// Makes creations, renames and removals in this directory survive a power cut.
///
/// # Errors
/// If the directory cannot be opened or synced.
pub fn sync_directory(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}
