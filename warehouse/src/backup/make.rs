//! Makes a backup, also beside a running server.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::list::{self, ListedFile};
use super::{BackupFault, LIST_NAME, is_empty};
use crate::agents::Store;
use crate::digest::Sha256;
use crate::durable::{self, FileFault, PUBLIC_MODE, disk};
use crate::lake::paths::LakePaths;
use crate::lake::{LakeError, read_current};
use crate::paths::DataDir;

/// How often the lake is looked at again when it changed under the backup. Replaced files stay for hours, so once is rare.
const LAKE_ATTEMPTS: u32 = 5;

/// What was backed up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Made {
    /// Files in the backup.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Of the files, those that share their bytes on disk with the data directory (hard links).
    pub linked: u64,
    /// The lake's manifest.
    pub manifest: String,
    /// Rows in the lake.
    pub rows: u64,
}

/// Backs the data directory up into `into`, which must be empty or not exist. Every byte is read and compared with its
/// digest where one is known, so a backup never keeps damage as good.
///
/// # Errors
/// [`BackupFault`]; what lies in `into` is then no whole backup.
pub fn make(dir: &DataDir, into: &Path) -> Result<Made, BackupFault> {
    if !dir.lake().is_dir() {
        return Err(BackupFault::NoLake(dir.root().to_owned()));
    }
    let mut backup = Backup { from: dir.root(), into, files: Vec::new(), seen: BTreeSet::new(), bytes: 0, linked: 0 };
    // It holds keys.
    backup.make_directory(into)?;
    if !is_empty(into, &[])? {
        return Err(BackupFault::NotEmpty(into.to_owned()));
    }
    // A cut is made of a lake before it, with the registry and the withdrawals of its time: so cuts first, the lake last.
    backup.tree(&dir.public(), &|_| true)?;
    {
        let _alone = Store::new(dir.clone()).lock()?;
        backup.tree(&dir.agents(), &|path| path == dir.registry() || has_ending(path, "keys"))?;
    }
    backup.file(&dir.withdrawals(), None)?;
    // Before the lake: what is sealed meanwhile is then found there.
    backup.tree(&dir.landing(), &|path| has_ending(path, "landed") || has_ending(path, "damaged"))?;
    let (manifest, rows) = backup.lake_as_it_is(&LakePaths::in_data_dir(dir.root()))?;
    backup.end()?;
    let Backup { files, bytes, linked, .. } = backup;
    Ok(Made { files: files.len() as u64, bytes, linked, manifest, rows })
}

struct Backup<'a> {
    from: &'a Path,
    into: &'a Path,
    files: Vec<ListedFile>,
    seen: BTreeSet<PathBuf>,
    bytes: u64,
    linked: u64,
}

impl Backup<'_> {
    fn lake_as_it_is(&mut self, paths: &LakePaths) -> Result<(String, u64), BackupFault> {
        let mut attempt = 1;
        loop {
            match self.lake(paths) {
                Err(BackupFault::Lake(LakeError::FileMissing(file))) if attempt < LAKE_ATTEMPTS => {
                    tracing::info!(lake.file = %file, "a file went while the lake was backed up; looking again");
                    attempt += 1;
                }
                done => return done,
            }
        }
    }

    fn lake(&mut self, paths: &LakePaths) -> Result<(String, u64), BackupFault> {
        let snapshot = read_current(paths)?;
        for file in &snapshot.files {
            let taken = self.file(&paths.result(&file.path), Some(file.sha256))?;
            if !taken {
                return Err(LakeError::FileMissing(file.path).into());
            }
        }
        if let Some(entry) = &snapshot.resume {
            self.file(&paths.resume(entry.name()), Some(entry.sha256))?;
        }
        self.file(&paths.manifest(snapshot.id), None)?;
        // Of the manifest that was read, which need not be the current one any more.
        self.write(&paths.current(), format!("{}\n", snapshot.id).as_bytes())?;
        Ok((snapshot.id.to_string(), snapshot.rows()))
    }

    /// Every file below a directory that is wanted, files before directories; hidden and half-written ones are not.
    fn tree(&mut self, directory: &Path, wanted: &dyn Fn(&Path) -> bool) -> Result<(), BackupFault> {
        let entries = match fs::read_dir(directory) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(FileFault::when("list", directory)(error).into()),
        };
        let mut paths = Vec::new();
        for entry in entries {
            paths.push(entry.map_err(FileFault::when("list", directory))?.path());
        }
        paths.retain(|path| !is_hidden(path) && !has_ending(path, "tmp"));
        paths.sort_by_key(|path| (path.is_dir(), path.clone()));
        for path in paths {
            if path.is_dir() {
                self.tree(&path, wanted)?;
            } else if wanted(&path) {
                // One that is gone meanwhile was sealed, or replaced by what a later look finds.
                self.file(&path, None)?;
            }
        }
        Ok(())
    }

    /// Takes a file; false if there is none. The digest is the one it must have.
    fn file(&mut self, path: &Path, expected: Option<Sha256>) -> Result<bool, BackupFault> {
        let inside = path.strip_prefix(self.from).unwrap_or(path).to_owned();
        if self.seen.contains(&inside) {
            return Ok(true);
        }
        let target = self.into.join(&inside);
        self.make_parents(&target)?;
        if is_immutable(path) && fs::hard_link(path, &target).is_ok() {
            self.linked += 1;
        } else {
            match fs::copy(path, &target) {
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    drop(fs::remove_file(&target));
                    return Ok(false);
                }
                Err(error) => return Err(FileFault::when("copy", path)(error).into()),
            }
            File::open(&target).and_then(|file| file.sync_all()).map_err(FileFault::when("sync", &target))?;
        }
        let found = disk::measure(&target)?;
        if expected.is_some_and(|expected| expected != found.sha256) {
            return Err(BackupFault::Altered(path.to_owned()));
        }
        self.listed(inside, found.sha256, found.bytes);
        Ok(true)
    }

    fn write(&mut self, path: &Path, bytes: &[u8]) -> Result<(), BackupFault> {
        let inside = path.strip_prefix(self.from).unwrap_or(path).to_owned();
        let target = self.into.join(&inside);
        self.make_parents(&target)?;
        durable::replace(&target, bytes, PUBLIC_MODE).map_err(FileFault::when("write", &target))?;
        self.listed(inside, Sha256::of(bytes), bytes.len() as u64);
        Ok(())
    }

    fn listed(&mut self, path: PathBuf, sha256: Sha256, bytes: u64) {
        self.bytes += bytes;
        self.seen.insert(path.clone());
        self.files.push(ListedFile { sha256, path });
    }

    fn make_parents(&self, target: &Path) -> Result<(), BackupFault> {
        target.parent().map_or(Ok(()), |parent| self.make_directory(parent))
    }

    fn make_directory(&self, path: &Path) -> Result<(), BackupFault> {
        let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
        Ok(made.map_err(FileFault::when("make directory", path))?)
    }

    /// Makes all names last, and only then says that the backup is whole.
    fn end(&mut self) -> Result<(), BackupFault> {
        let mut directories: BTreeSet<&Path> = BTreeSet::new();
        for file in &self.files {
            directories.extend(file.path.ancestors().skip(1));
        }
        for directory in directories {
            let directory = self.into.join(directory);
            durable::sync_directory(&directory).map_err(FileFault::when("sync", &directory))?;
        }
        if let Some(parent) = self.into.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            durable::sync_directory(parent).map_err(FileFault::when("sync", parent))?;
        }
        self.files.sort_by(|a, b| a.path.cmp(&b.path));
        let path = self.into.join(LIST_NAME);
        let text = list::write(&self.files);
        Ok(durable::replace(&path, text.as_bytes(), PUBLIC_MODE).map_err(FileFault::when("write", &path))?)
    }
}

/// Files that are never written again once they have their name, so that a backup may share their bytes.
fn is_immutable(path: &Path) -> bool {
    has_ending(path, "parquet") || has_ending(path, "landed")
}

fn has_ending(path: &Path, ending: &str) -> bool {
    path.extension() == Some(OsStr::new(ending))
}

fn is_hidden(path: &Path) -> bool {
    path.file_name().and_then(OsStr::to_str).is_some_and(|name| name.starts_with('.'))
}
