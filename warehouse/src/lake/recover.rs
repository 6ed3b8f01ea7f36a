//! Recovery: finds the last published manifest at start. It rolls forward and deletes nothing that is in doubt.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use wire::Hour;

use super::error::LakeError;
use super::manifest::{Lineage, Manifest, Snapshot};
use super::paths::{LakePaths, ManifestId};
use super::publish::{read_current, read_manifest, write_manifest};
use super::{Lake, hour_of, retain};
use crate::durable::disk::{Disk, TEMPORARY_ENDING};
use crate::durable::{FileFault, PUBLIC_MODE};

/// Ending of a manifest that was written and never published. It is set aside, not removed.
pub(super) const UNPUBLISHED_ENDING: &str = ".unpublished";

/// What recovery found at start.
#[derive(Debug, Default)]
pub struct Recovery {
    /// Damage that the operator must know of.
    pub alarm: Option<Alarm>,
    /// Half-written files that a crash left; they were never acknowledged, and are gone.
    pub half_written: u64,
    /// True if the lake goes on from a newer manifest than `CURRENT` named: a crash came just before the switch, or an old
    /// `CURRENT` was put back.
    pub rolled_forward: bool,
    /// Manifests that were written and never published; they are set aside.
    pub unpublished: u64,
    /// The number of the next manifest.
    pub(super) next_number: u64,
}

/// `CURRENT` or the manifest that it names was damaged, and the lake goes on from an older manifest or the same one.
/// Batches that were sealed after it are missing, unless they still lie in the landing zone.
#[derive(Debug)]
pub struct Alarm {
    /// Why `CURRENT` could not be followed.
    pub cause: LakeError,
    /// From which manifest the lake goes on, in a new lineage.
    pub resumed_from: ManifestId,
    /// Newer manifests that could not be used, each with the reason.
    pub skipped: Vec<(ManifestId, LakeError)>,
}

/// Finds the current manifest, or makes the first of an empty lake.
pub(super) fn recover(disk: &Disk, paths: &LakePaths, hour: Hour) -> Result<(Snapshot, Recovery), LakeError> {
    for directory in [paths.root().to_owned(), paths.manifests(), paths.results(), paths.resumes()] {
        if let Some(parent) = directory.parent().filter(|parent| !parent.exists()) {
            fs::create_dir_all(parent).map_err(FileFault::when("make directory", parent))?;
        }
        disk.make_directory(&directory)?;
    }
    let mut recovery = Recovery { half_written: remove_half_written(disk, paths)?, ..Recovery::default() };
    let mut ids = manifest_ids(paths)?;
    ids.sort_unstable();
    let newest_number = ids.last().map_or(0, |id| id.number);
    recovery.next_number = newest_number + 1;

    let snapshot = match read_current(paths) {
        Ok(snapshot) => {
            let tip = newest_after(paths, &ids, &snapshot);
            recovery.rolled_forward = tip.is_some();
            let snapshot = tip.unwrap_or(snapshot);
            check(paths, &snapshot)?;
            // What is newer still was never whole: its batches lie in the landing zone.
            for id in ids.iter().filter(|id| id.number >= snapshot.id.number && **id != snapshot.id) {
                let path = paths.manifest(*id);
                disk.rename(&path, &with_ending(&path, UNPUBLISHED_ENDING))?;
                recovery.unpublished += 1;
            }
            disk.sync_directory(&paths.manifests())?;
            if recovery.rolled_forward {
                disk.replace(&paths.current(), format!("{}\n", snapshot.id).as_bytes(), PUBLIC_MODE)?;
            }
            return Ok((snapshot, recovery));
        }
        // No lake yet, or a crash in the middle of making it.
        Err(LakeError::Disk(error)) if newest_number == 0 && error.is_not_found() => {
            refuse_results(paths)?;
            match ids.first() {
                Some(id) => read_manifest(paths, *id)?,
                None => write_manifest(disk, paths, Manifest::genesis(new_lineage()?, hour))?,
            }
        }
        Err(cause) => {
            let (found, skipped) = newest_usable(paths, &ids)?;
            let resumed_from = found.id;
            recovery.alarm = Some(Alarm { cause, resumed_from, skipped });
            // What a cache took from a manifest that is lost must not count: a new lineage makes it rebuild.
            let manifest = found.new_line(new_lineage()?, recovery.next_number, hour);
            write_manifest(disk, paths, manifest)?
        }
    };
    disk.replace(&paths.current(), format!("{}\n", snapshot.id).as_bytes(), PUBLIC_MODE)?;
    recovery.next_number = snapshot.number + 1;
    Ok((snapshot, recovery))
}

impl Lake {
    /// Begins a new line of manifests in a lake that was copied here: no cache that saw the lake elsewhere goes on.
    /// The caller holds the data directory's lock, and nobody has opened the lake.
    ///
    /// # Errors
    /// [`LakeError`] if the manifest or one of its files is not there.
    pub fn begin_new_line(data_dir: &Path, now: jiff::Timestamp) -> Result<Snapshot, LakeError> {
        let (disk, paths) = (Disk::default(), LakePaths::in_data_dir(data_dir));
        let copied = read_current(&paths)?;
        check(&paths, &copied)?;
        let manifest = copied.new_line(new_lineage()?, copied.number + 1, hour_of(now));
        let snapshot = write_manifest(&disk, &paths, manifest)?;
        disk.replace(&paths.current(), format!("{}\n", snapshot.id).as_bytes(), PUBLIC_MODE)?;
        Ok(snapshot)
    }
}

/// The newest manifest that follows this one on its line and whose files are all there. What it adds counts: its batches
/// are in the landing zone too and are told apart by the marks, or they are nowhere else any more.
fn newest_after(paths: &LakePaths, ids: &[ManifestId], current: &Snapshot) -> Option<Snapshot> {
    let newer = ids.iter().rev().take_while(|id| id.number > current.number);
    newer.filter_map(|id| read_manifest(paths, *id).ok()).find(|snapshot| {
        let follows = snapshot.lineage == current.lineage && snapshot.ancestors.contains(&current.id);
        follows && check(paths, snapshot).is_ok()
    })
}

/// A lake without manifests must be empty.
fn refuse_results(paths: &LakePaths) -> Result<(), LakeError> {
    let results = paths.results();
    let mut days = fs::read_dir(&results).map_err(FileFault::when("list", &results))?;
    let any_result =
        days.any(|day| day.is_ok_and(|day| fs::read_dir(day.path()).is_ok_and(|mut files| files.next().is_some())));
    if any_result { Err(LakeError::ResultsWithoutManifest(paths.root().to_owned())) } else { Ok(()) }
}

/// A random number for a new line of manifests.
pub(super) fn new_lineage() -> Result<Lineage, LakeError> {
    getrandom::u64().map(Lineage).map_err(LakeError::Random)
}

/// The newest manifest that reads and whose files are all there, and the newer ones with why they are not.
fn newest_usable(paths: &LakePaths, ids: &[ManifestId]) -> Result<(Snapshot, Vec<(ManifestId, LakeError)>), LakeError> {
    let mut skipped = Vec::new();
    for id in ids.iter().rev() {
        let usable = read_manifest(paths, *id).and_then(|snapshot| {
            check(paths, &snapshot)?;
            Ok(snapshot)
        });
        match usable {
            Ok(snapshot) => return Ok((snapshot, skipped)),
            Err(error) => skipped.push((*id, error)),
        }
    }
    Err(LakeError::NoManifest(paths.manifests()))
}

/// Each file is there and has the size that the manifest says. Their bytes are not read here: that would make the start
/// as slow as the lake is large.
pub(super) fn check(paths: &LakePaths, snapshot: &Snapshot) -> Result<(), LakeError> {
    if let Some(entry) = &snapshot.resume {
        retain::read(paths, entry)?;
    }
    for file in &snapshot.files {
        let path = paths.result(&file.path);
        match fs::metadata(&path) {
            Ok(metadata) if metadata.len() == file.bytes => {}
            Ok(_) => return Err(LakeError::FileAltered { path: file.path, what: "size" }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(LakeError::FileMissing(file.path));
            }
            Err(error) => return Err(FileFault::when("look at", &path)(error).into()),
        }
    }
    Ok(())
}

/// The ids of the manifests on disk. Files with other names are none of ours, and are left alone.
pub(super) fn manifest_ids(paths: &LakePaths) -> Result<Vec<ManifestId>, LakeError> {
    let names = list(&paths.manifests())?;
    Ok(names.iter().filter_map(|path| ManifestId::of_file_name(path.file_name()?.to_str()?).ok()).collect())
}

fn remove_half_written(disk: &Disk, paths: &LakePaths) -> Result<u64, LakeError> {
    let mut directories = vec![paths.root().to_owned(), paths.manifests(), paths.resumes()];
    directories.extend(list(&paths.results())?.into_iter().filter(|path| path.is_dir()));
    let mut count = 0;
    for directory in directories {
        for path in list(&directory)? {
            let name = path.file_name().and_then(OsStr::to_str);
            if name.is_some_and(|name| name.ends_with(TEMPORARY_ENDING)) && path.is_file() {
                disk.remove(&path)?;
                count += 1;
            }
        }
    }
    Ok(count)
}

/// The paths in a directory.
pub(super) fn list(directory: &Path) -> Result<Vec<PathBuf>, FileFault> {
    let entries = fs::read_dir(directory).map_err(FileFault::when("list", directory))?;
    entries.map(|entry| entry.map(|entry| entry.path()).map_err(FileFault::when("list", directory))).collect()
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}
