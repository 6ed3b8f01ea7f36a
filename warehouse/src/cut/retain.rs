//! What becomes of old releases: a tombstone stays of each, and files that no release names any more go.
//!
//! The order makes the index true at every moment: first the tombstones, then the index says that these releases are removed,
//! and only then their files go, and the shared files that no release names. What is broken off goes on the next time.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::index::{Index, IndexEntry, Status, lying};
use super::read::{path_of, read_manifest};
use super::{CutFault, CutId, Latest};
use crate::digest::Sha256;
use crate::durable::disk::Disk;
use crate::durable::{FileFault, PUBLIC_MODE};
use crate::lake::paths::TestDate;

/// The only file that stays of a removed release.
pub(super) const TOMBSTONE: &str = "tombstone.json";

/// What `tombstone.json` says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tombstone {
    /// The release.
    pub release: CutId,
    /// Digest of its manifest: whoever kept a copy can prove what it was.
    pub manifest_sha256: Sha256,
    /// The day on which it was removed.
    pub removed: TestDate,
    /// Why.
    pub reason: String,
    /// Its line of the index, so that the index can be made again from the folders.
    pub entry: IndexEntry,
}

impl Tombstone {
    /// Reads what is left of a release.
    pub(super) fn read(public: &Path, id: CutId) -> Result<Self, CutFault> {
        let path = path_of(public, id).join(TOMBSTONE);
        let bytes = fs::read(&path).map_err(FileFault::when("read", &path))?;
        let stone: Self =
            serde_json::from_slice(&bytes).map_err(|source| CutFault::Unreadable { path: path.clone(), source })?;
        if stone.release == id && stone.entry.release == id { Ok(stone) } else { Err(CutFault::Damaged(path)) }
    }
}

/// What retention did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Retained {
    /// Releases that were removed.
    pub releases: u32,
    /// Shared files that were removed.
    pub files: u32,
    /// Their bytes.
    pub bytes: u64,
}

/// Removes releases of days before `kept_from`, but never the current one, and shared files that no release names. While a
/// release cannot be read, nobody knows which files it names: then no shared file goes, and the log says so.
///
/// # Errors
/// [`CutFault`] if `latest.json` cannot be read, or the file system refuses; it is done again the next time.
pub fn retain(public: &Path, kept_from: TestDate, today: TestDate, months: u32) -> Result<Retained, CutFault> {
    retain_on(&Disk::default(), public, kept_from, today, months)
}

pub(super) fn retain_on(
    disk: &Disk,
    public: &Path,
    kept_from: TestDate,
    today: TestDate,
    months: u32,
) -> Result<Retained, CutFault> {
    let mut retained = Retained::default();
    let Some(latest) = Latest::read(public)? else { return Ok(retained) };
    let index = Index::bring_up_on(disk, public)?;
    let is_old = |entry: &&IndexEntry| entry.release.day < kept_from && entry.release != latest.release;
    for entry in index.releases.iter().filter(|entry| entry.status == Status::Available).filter(is_old) {
        let stone = Tombstone {
            release: entry.release,
            manifest_sha256: entry.sha256,
            removed: today,
            reason: format!("older than {months} months"),
            entry: IndexEntry { status: Status::Removed, ..entry.clone() },
        };
        let path = path_of(public, entry.release).join(TOMBSTONE);
        let unreadable = |source| CutFault::Unreadable { path: path.clone(), source };
        let text = serde_json::to_vec_pretty(&stone).map_err(unreadable)?;
        disk.replace(&path, &text, PUBLIC_MODE)?;
        retained.releases += 1;
    }
    let index = Index::bring_up_on(disk, public)?;
    for entry in index.releases.iter().filter(|entry| entry.status == Status::Removed) {
        for path in list(&path_of(public, entry.release))?.iter().filter(|path| !path.ends_with(TOMBSTONE)) {
            remove(disk, path)?;
        }
    }
    if let Some(named) = named(public)? {
        sweep(disk, public, &named, &mut retained)?;
    }
    Ok(retained)
}

/// The shared files that releases name; none if one of them cannot be read.
fn named(public: &Path) -> Result<Option<BTreeSet<PathBuf>>, FileFault> {
    let mut named = BTreeSet::new();
    for id in lying(public)? {
        if path_of(public, id).join(TOMBSTONE).exists() {
            continue;
        }
        match read_manifest(public, id) {
            Ok((document, _)) => {
                named.extend(
                    document.files.into_iter().filter(|file| file.is_shared()).map(|file| public.join(file.path)),
                );
            }
            Err(fault) => {
                tracing::warn!(release = %id, error = %fault, "a release cannot be read: no shared file is removed");
                return Ok(None);
            }
        }
    }
    Ok(Some(named))
}

/// Removes shared files that no release names, and the folders of months that are empty then.
fn sweep(disk: &Disk, public: &Path, named: &BTreeSet<PathBuf>, retained: &mut Retained) -> Result<(), FileFault> {
    for table in list(&public.join("files"))? {
        for month in list(&table)? {
            for file in list(&month)?.iter().filter(|file| !named.contains(*file)) {
                let bytes = fs::metadata(file).map_err(FileFault::when("look at", file))?.len();
                remove(disk, file)?;
                retained.files += 1;
                retained.bytes += bytes;
            }
            if month.is_dir() && list(&month)?.is_empty() {
                disk.remove_directory(&month)?;
            }
        }
    }
    Ok(())
}

/// Removes a file, or a folder with all that is in it.
fn remove(disk: &Disk, path: &Path) -> Result<(), FileFault> {
    if !path.is_dir() {
        return disk.remove(path);
    }
    for inner in list(path)? {
        remove(disk, &inner)?;
    }
    disk.remove_directory(path)
}

/// What lies in a directory, in order; nothing if it is none.
fn list(directory: &Path) -> Result<Vec<PathBuf>, FileFault> {
    let read = || fs::read_dir(directory)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>();
    match read() {
        Err(fault) if matches!(fault.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(Vec::new()),
        paths => {
            let mut paths = paths.map_err(FileFault::when("list", directory))?;
            paths.sort();
            Ok(paths)
        }
    }
}
