//! What becomes of old releases: a tombstone stays of each, and files that no release names any more go.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::index::{Index, Status, lying};
use super::read::{path_of, read_manifest};
use super::{CutFault, CutId, Latest};
use crate::digest::Sha256;
use crate::durable::{self, FileFault, PUBLIC_MODE};
use crate::lake::paths::TestDate;

/// The only file that stays of a removed release.
const TOMBSTONE: &str = "tombstone.json";

/// What `tombstone.json` says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tombstone {
    /// The release.
    pub release: CutId,
    /// Digest of its manifest: whoever kept a copy can prove what it was.
    pub manifest_sha256: Sha256,
    /// The day on which it was removed.
    pub removed: TestDate,
    /// Why.
    pub reason: String,
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

/// Removes releases of days before `kept_from`, but never the current one, and shared files that no release names. It can be
/// stopped and done again at any point: the tombstone comes first, and a file goes when nothing names it any more.
///
/// # Errors
/// [`CutFault`] if a manifest cannot be read: then no shared file is removed.
pub fn retain(public: &Path, kept_from: TestDate, today: TestDate, months: u32) -> Result<Retained, CutFault> {
    let mut retained = Retained::default();
    let Some(latest) = Latest::read(public)? else { return Ok(retained) };
    let index = Index::bring_up(public)?;
    for entry in &index.releases {
        let folder = path_of(public, entry.release);
        let old = entry.release.day < kept_from && entry.release != latest.release;
        if entry.status == Status::Available && old {
            let tombstone = Tombstone {
                release: entry.release,
                manifest_sha256: entry.sha256,
                removed: today,
                reason: format!("older than {months} months"),
            };
            let path = folder.join(TOMBSTONE);
            let unreadable = |source| CutFault::Unreadable { path: path.clone(), source };
            let text = serde_json::to_vec_pretty(&tombstone).map_err(unreadable)?;
            durable::replace(&path, &text, PUBLIC_MODE).map_err(FileFault::when("write", &path))?;
            retained.releases += 1;
        }
        if entry.status == Status::Removed || old {
            empty(&folder)?;
        }
    }
    Index::bring_up(public)?;
    sweep(public, &mut retained)?;
    Ok(retained)
}

/// Removes everything in a release's folder but its tombstone.
fn empty(folder: &Path) -> Result<(), FileFault> {
    for path in list(folder)? {
        if path.ends_with(TOMBSTONE) {
            continue;
        }
        let removed = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
        removed.map_err(FileFault::when("remove", &path))?;
    }
    Ok(())
}

/// Removes shared files that no release names.
fn sweep(public: &Path, retained: &mut Retained) -> Result<(), CutFault> {
    let mut named = BTreeSet::new();
    for id in lying(public)? {
        if path_of(public, id).join(TOMBSTONE).exists() {
            continue;
        }
        let (document, _) = read_manifest(public, id)?;
        named.extend(document.files.into_iter().filter(|file| file.is_shared()).map(|file| public.join(file.path)));
    }
    for table in list(&public.join("files"))? {
        for month in list(&table)? {
            for file in list(&month)?.into_iter().filter(|file| !named.contains(file)) {
                let bytes = fs::metadata(&file).map_err(FileFault::when("look at", &file))?.len();
                fs::remove_file(&file).map_err(FileFault::when("remove", &file))?;
                retained.files += 1;
                retained.bytes += bytes;
            }
            if list(&month)?.is_empty() {
                fs::remove_dir(&month).map_err(FileFault::when("remove", &month))?;
            }
        }
    }
    Ok(())
}

/// What lies in a directory; nothing if it is none.
fn list(directory: &Path) -> Result<Vec<PathBuf>, FileFault> {
    let read = || fs::read_dir(directory)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>();
    match read() {
        Err(fault) if matches!(fault.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(Vec::new()),
        paths => paths.map_err(FileFault::when("list", directory)),
    }
}
