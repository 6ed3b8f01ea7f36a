//! One agent per data directory.

use std::fs::{File, TryLockError};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;

use anyhow::{Context as _, bail};

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
        let file = File::create(&path).with_context(|| format!("opening {}", path.display()))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => bail!("an agent is running in {}; stop it first", data_dir.display()),
            Err(TryLockError::Error(error)) => Err(error).with_context(|| format!("locking {}", path.display())),
        }
    }
}
