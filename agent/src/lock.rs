//! One agent per data directory.

use std::fs::{File, TryLockError};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, fchown};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, bail};

/// How often the lock is tried before another agent is believed to hold it.
const ATTEMPTS: u32 = 5;

/// Pause between two attempts.
const BETWEEN_ATTEMPTS: Duration = Duration::from_millis(50);

/// Holds the data directory until it is dropped.
#[derive(Debug)]
pub struct DataLock {
    _file: File,
}

impl DataLock {
    /// Takes the lock of the data directory, which is made if there is none.
    ///
    /// # Errors
    /// If another agent holds it, or the directory cannot be written.
    pub fn take(data_dir: &Path) -> anyhow::Result<Self> {
        // Addresses lie here: nobody but the agent's own user reads them.
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true).mode(0o700);
        builder.create(data_dir).with_context(|| format!("making {}", data_dir.display()))?;
        let path = data_dir.join("lock");
        let file = lock_file(data_dir).with_context(|| format!("opening {}", path.display()))?;
        // A command that the administrator runs must not leave a file here that the agent's own user cannot open.
        let (owner, directory) = (file.metadata()?.uid(), std::fs::metadata(data_dir)?);
        if owner != directory.uid() {
            let _ = fchown(&file, Some(directory.uid()), Some(directory.gid()));
        }
        for attempt in 1.. {
            match file.try_lock() {
                Ok(()) => break,
                // A command that only looks whether an agent runs holds the lock for an instant.
                Err(TryLockError::WouldBlock) if attempt < ATTEMPTS => std::thread::sleep(BETWEEN_ATTEMPTS),
                Err(TryLockError::WouldBlock) => bail!("an agent is running in {}; stop it first", data_dir.display()),
                Err(TryLockError::Error(error)) => {
                    return Err(error).with_context(|| format!("locking {}", path.display()));
                }
            }
        }
        Ok(Self { _file: file })
    }

    /// True if an agent is running in this data directory.
    ///
    /// # Errors
    /// If the lock cannot be looked at.
    pub fn is_held(data_dir: &Path) -> std::io::Result<bool> {
        let file = match File::open(data_dir.join("lock")) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
            opened => opened?,
        };
        match file.try_lock_shared() {
            Ok(()) => Ok(false),
            Err(TryLockError::WouldBlock) => Ok(true),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}

/// The file that is locked. A disk that takes nothing (full, read-only) does not keep an agent from starting: what is
/// there is locked, be it the directory itself.
fn lock_file(data_dir: &Path) -> std::io::Result<File> {
    let path = data_dir.join("lock");
    let made = File::options().create(true).write(true).truncate(false).open(&path);
    made.or_else(|error| File::open(&path).or_else(|_| File::open(data_dir)).map_err(|_| error))
}
