//! One warehouse per data directory, and one upload at a time.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::PathBuf;

use rustix::fs::{FlockOperation, flock};

use crate::paths::DataDir;

/// The data directory is held by this process until this is dropped, also if the process is killed.
#[derive(Debug)]
pub struct DirLock {
    _file: File,
}

/// The data directory cannot be taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LockFault {
    /// Another process has it.
    #[error("another warehouse is at work in {}", .0.display())]
    Held(PathBuf),
    /// Another process sends a copy to the bucket.
    #[error("another upload is under way")]
    Uploading,
    /// A restore did not end.
    #[error("a restore in {} was broken off: empty the directory and restore again", .0.display())]
    Restoring(PathBuf),
    /// The file system refused.
    #[error("cannot lock {}", path.display())]
    Io {
        /// The lock file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
}

impl DirLock {
    /// Takes the data directory, which is made if it is missing; never waits.
    ///
    /// # Errors
    /// [`LockFault::Held`] if another process has it, [`LockFault::Restoring`] if it is not whole.
    pub fn take(dir: &DataDir) -> Result<Self, LockFault> {
        let taken = Self::take_to_restore(dir)?;
        if dir.restoring().exists() {
            return Err(LockFault::Restoring(dir.root().to_owned()));
        }
        Ok(taken)
    }

    /// As [`DirLock::take`], for a restore, which may go on after one that was broken off.
    ///
    /// # Errors
    /// [`LockFault::Held`] if another process has it.
    pub fn take_to_restore(dir: &DataDir) -> Result<Self, LockFault> {
        match lock(dir, dir.lock())? {
            Some(file) => Ok(Self { _file: file }),
            None => Err(LockFault::Held(dir.root().to_owned())),
        }
    }
}

/// The bucket is written by this process until this is dropped.
#[derive(Debug)]
pub struct UploadLock {
    _file: File,
}

impl UploadLock {
    /// Takes it, never waits.
    ///
    /// # Errors
    /// [`LockFault::Uploading`] if another upload is under way.
    pub fn take(dir: &DataDir) -> Result<Self, LockFault> {
        lock(dir, dir.upload_lock())?.map(|file| Self { _file: file }).ok_or(LockFault::Uploading)
    }
}

/// Locks a file in the data directory, which is made if it is missing; none if another process has it.
fn lock(dir: &DataDir, path: PathBuf) -> Result<Option<File>, LockFault> {
    let fault = |source| LockFault::Io { path: path.clone(), source };
    fs::create_dir_all(dir.root()).map_err(fault)?;
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path).map_err(fault)?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(Some(file)),
        Err(rustix::io::Errno::WOULDBLOCK) => Ok(None),
        Err(other) => Err(fault(other.into())),
    }
}
