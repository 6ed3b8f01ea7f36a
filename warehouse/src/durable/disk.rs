//! Writing so that a power cut cannot take it back.
//!
//! Every file that must survive is written under a temporary name, fsynced, renamed, and its directory is fsynced.
//! All of the lake's writing, and every small file that is replaced, goes through [`Disk`], which can carry an [`Observer`]: tests use it to stop the lake
//! between any two steps and to undo what was not yet synced. In production there is none, and a step costs one branch.

use std::fmt;
use std::fs::{self, File, Permissions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use sha2::Digest as _;
use wire::Hour;

use super::{FileFault, PUBLIC_MODE};
use crate::digest::Sha256;

/// Ending of files that are not whole yet. One that is found at start was never acknowledged, and goes.
pub const TEMPORARY_ENDING: &str = ".tmp";

const WRITE_BUFFER_BYTES: usize = 1 << 20;

/// One step that changes the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step<'a> {
    /// A directory is made.
    MakeDirectory(&'a Path),
    /// A new file's bytes are fsynced.
    SyncFile(&'a Path),
    /// A name is given to a whole file, perhaps in place of another.
    Rename {
        /// The name before.
        from: &'a Path,
        /// The name after.
        to: &'a Path,
    },
    /// A directory is fsynced: the names in it last from here on.
    SyncDirectory(&'a Path),
    /// A file is removed.
    Remove(&'a Path),
    /// An empty directory is removed.
    RemoveDirectory(&'a Path),
}

/// Sees every step before it is done and after; an error from it stops the work there, as a crash would.
pub trait Observer: Send + Sync {
    /// The step is about to be done.
    ///
    /// # Errors
    /// Any error stops the work before the step.
    fn before(&self, step: Step<'_>) -> io::Result<()>;

    /// The step was done.
    ///
    /// # Errors
    /// Any error stops the work after the step.
    fn after(&self, step: Step<'_>) -> io::Result<()>;
}

/// The disk, as its writers see it.
#[derive(Clone, Default)]
pub struct Disk {
    observer: Option<Arc<dyn Observer>>,
}

impl fmt::Debug for Disk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Disk").field("observed", &self.observer.is_some()).finish()
    }
}

/// What [`NewFile::finish`] wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    /// Size in bytes.
    pub bytes: u64,
    /// Digest of the bytes.
    pub sha256: Sha256,
}

impl Disk {
    /// A disk whose every step is shown to `observer`.
    #[must_use]
    pub fn observed(observer: Arc<dyn Observer>) -> Self {
        Self { observer: Some(observer) }
    }

    fn step(&self, step: Step<'_>, work: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
        match &self.observer {
            None => work(),
            Some(observer) => {
                observer.before(step)?;
                work()?;
                observer.after(step)
            }
        }
    }

    /// Makes a directory, if it is not there, and makes its name last.
    ///
    /// # Errors
    /// [`FileFault`] naming the directory.
    pub fn make_directory(&self, path: &Path) -> Result<(), FileFault> {
        if path.is_dir() {
            return Ok(());
        }
        self.step(Step::MakeDirectory(path), || fs::create_dir(path))
            .map_err(FileFault::when("make directory", path))?;
        match path.parent() {
            Some(parent) => self.sync_directory(parent),
            None => Ok(()),
        }
    }

    /// Makes the names in a directory last.
    ///
    /// # Errors
    /// [`FileFault`] naming the directory.
    pub fn sync_directory(&self, path: &Path) -> Result<(), FileFault> {
        self.step(Step::SyncDirectory(path), || super::sync_directory(path))
            .map_err(FileFault::when("sync directory", path))
    }

    /// Makes the bytes of a file last that somebody else wrote, with this mode. Gives its size.
    ///
    /// # Errors
    /// [`FileFault`] naming the file.
    pub fn sync_file(&self, path: &Path, mode: u32) -> Result<u64, FileFault> {
        let mut bytes = 0;
        let sync = || {
            let file = File::open(path)?;
            file.set_permissions(Permissions::from_mode(mode))?;
            bytes = file.metadata()?.len();
            file.sync_all()
        };
        self.step(Step::SyncFile(path), sync).map_err(FileFault::when("sync", path))?;
        Ok(bytes)
    }

    /// Gives a whole file its name. The caller syncs the directory, once for all that it renamed.
    ///
    /// # Errors
    /// [`FileFault`] naming the new name.
    pub fn rename(&self, from: &Path, to: &Path) -> Result<(), FileFault> {
        self.step(Step::Rename { from, to }, || fs::rename(from, to)).map_err(FileFault::when("rename into place", to))
    }

    /// Removes a file. The name may come back after a power cut, until the directory is synced.
    ///
    /// # Errors
    /// [`FileFault`] naming the file.
    pub fn remove(&self, path: &Path) -> Result<(), FileFault> {
        self.step(Step::Remove(path), || fs::remove_file(path)).map_err(FileFault::when("remove", path))
    }

    /// Removes an empty directory.
    ///
    /// # Errors
    /// [`FileFault`] naming the directory.
    pub fn remove_directory(&self, path: &Path) -> Result<(), FileFault> {
        self.step(Step::RemoveDirectory(path), || fs::remove_dir(path)).map_err(FileFault::when("remove", path))
    }

    /// Begins a file under a temporary name (`path` is the temporary name).
    ///
    /// # Errors
    /// [`FileFault`] naming the file.
    pub fn begin(&self, path: PathBuf) -> Result<NewFile, FileFault> {
        self.begin_with_mode(path, PUBLIC_MODE)
    }

    fn begin_with_mode(&self, path: PathBuf, mode: u32) -> Result<NewFile, FileFault> {
        let opened = File::options().write(true).create(true).truncate(true).mode(mode).open(&path);
        let file = opened.map_err(FileFault::when("create", &path))?;
        // `mode` holds only for a file that this call created; one left over by a crash may have another.
        file.set_permissions(Permissions::from_mode(mode)).map_err(FileFault::when("set the mode of", &path))?;
        let sink = BufWriter::with_capacity(WRITE_BUFFER_BYTES, file);
        Ok(NewFile { disk: self.clone(), path, sink, hash: sha2::Sha256::new(), bytes: 0 })
    }

    /// Writes a small file whole: temporary name, fsync, rename, fsync of the directory. Whoever reads `path` sees the
    /// bytes before or the bytes after.
    ///
    /// # Errors
    /// [`FileFault`]; then `path` may hold either.
    pub fn replace(&self, path: &Path, bytes: &[u8], mode: u32) -> Result<Written, FileFault> {
        let temporary = temporary_name(path);
        let mut file = self.begin_with_mode(temporary.clone(), mode)?;
        file.write_all(bytes).map_err(FileFault::when("write", &temporary))?;
        let written = file.finish(None)?;
        self.rename(&temporary, path)?;
        match path.parent() {
            Some(parent) => self.sync_directory(parent)?,
            None => return Err(FileFault::when("find the directory of", path)(io::ErrorKind::InvalidInput.into())),
        }
        Ok(written)
    }
}

/// The name under which `path` is written before it is whole.
#[must_use]
pub fn temporary_name(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(TEMPORARY_ENDING);
    PathBuf::from(name)
}

/// Reads a whole file.
///
/// # Errors
/// [`FileFault`] naming the file.
pub fn read(path: &Path) -> Result<Vec<u8>, FileFault> {
    fs::read(path).map_err(FileFault::when("read", path))
}

/// Size and digest of a file, read in pieces.
///
/// # Errors
/// [`FileFault`] naming the file.
pub fn measure(path: &Path) -> Result<Written, FileFault> {
    let mut sink = Hashing { hash: sha2::Sha256::new(), bytes: 0 };
    let mut file = File::open(path).map_err(FileFault::when("open", path))?;
    io::copy(&mut file, &mut sink).map_err(FileFault::when("read", path))?;
    Ok(Written { bytes: sink.bytes, sha256: Sha256(sink.hash.finalize().into()) })
}

/// Sets a file's modification time to the beginning of an hour. The lake keeps no finer time of arrival,
/// so the file system shall not keep one for it.
///
/// # Errors
/// [`FileFault`] naming the file.
pub fn set_modified_hour(path: &Path, hour: Hour) -> Result<(), FileFault> {
    File::options()
        .write(true)
        .open(path)
        .and_then(|file| file.set_modified(system_time(hour)))
        .map_err(FileFault::when("set the modification time of", path))
}

/// The hour in which a file was last modified.
///
/// # Errors
/// [`FileFault`] naming the file.
pub fn modified_hour(path: &Path) -> Result<Hour, FileFault> {
    let modified =
        fs::metadata(path).and_then(|metadata| metadata.modified()).map_err(FileFault::when("look at", path))?;
    let seconds = modified.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs());
    Ok(Hour::of_unix_s(i64::try_from(seconds).unwrap_or(i64::MAX)))
}

fn system_time(hour: Hour) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(u64::from(hour.0) * 3_600)
}

/// A file that is being written under a temporary name and measured on the way.
pub struct NewFile {
    disk: Disk,
    path: PathBuf,
    sink: BufWriter<File>,
    hash: sha2::Sha256,
    bytes: u64,
}

impl NewFile {
    /// Ends the file: flushes and fsyncs it, with the modification time at `hour` if one is given.
    ///
    /// # Errors
    /// [`FileFault`] naming the file.
    pub fn finish(self, hour: Option<Hour>) -> Result<Written, FileFault> {
        let Self { disk, path, sink, hash, bytes } = self;
        let file =
            sink.into_inner().map_err(io::IntoInnerError::into_error).map_err(FileFault::when("write", &path))?;
        if let Some(hour) = hour {
            file.set_modified(system_time(hour)).map_err(FileFault::when("set the modification time of", &path))?;
        }
        disk.step(Step::SyncFile(&path), || file.sync_all()).map_err(FileFault::when("sync", &path))?;
        Ok(Written { bytes, sha256: Sha256(hash.finalize().into()) })
    }
}

impl Write for NewFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.sink.write(bytes)?;
        self.hash.update(&bytes[..count]);
        self.bytes += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.sink.flush()
    }
}

struct Hashing {
    hash: sha2::Sha256,
    bytes: u64,
}

impl Write for Hashing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.hash.update(bytes);
        self.bytes += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
