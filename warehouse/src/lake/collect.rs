//! What nobody needs any more goes: replaced files, old manifests, old files of block edges.
//!
//! A file of the lake stays while the current manifest or one of the [`USABLE_MANIFESTS`] before it names it, and for some
//! hours after it was replaced, for readers that hold an older manifest. The hour of replacement is its modification time.

use std::collections::BTreeSet;
use std::fs;
use std::ops::AddAssign;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use wire::Hour;

use super::error::LakeError;
use super::manifest::{Manifest, NAMED_ANCESTORS};
use super::paths::{LakePaths, ManifestId, ResultPath};
use super::publish::read_manifest;
use super::recover::{UNPUBLISHED_ENDING, list};
use super::{Lake, hour_of};
use crate::durable::{FileFault, disk};

/// Newest manifests whose files all stay, whatever their age: recovery can go back to any of them.
const USABLE_MANIFESTS: usize = 16;

/// Of the manifests that the current one does not name, each whose number this divides stays as long as replaced files
/// do. That is enough to follow the line: each of them names [`NAMED_ANCESTORS`] before it.
const MILESTONE: u64 = 64;

/// Most files removed in one call, so that sealing waits little.
const MAX_REMOVED: usize = 4_096;

const _: () = assert!(2 * MILESTONE as usize <= NAMED_ANCESTORS, "a milestone that is missing does not break the line");

/// What was removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Collected {
    /// Parquet files, and files of block edges.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Manifests.
    pub manifests: u64,
    /// True if there is more to remove.
    pub more: bool,
}

impl AddAssign for Collected {
    fn add_assign(&mut self, other: Self) {
        self.files += other.files;
        self.bytes += other.bytes;
        self.manifests += other.manifests;
        self.more = other.more;
    }
}

impl Lake {
    /// Removes what was replaced `keep_hours` ago or earlier, and the manifests that no cache can stand on any more.
    ///
    /// # Errors
    /// [`LakeError`]; what was removed until then is gone, and the rest is found again.
    pub fn collect(&self, keep_hours: u32, now: jiff::Timestamp) -> Result<Collected, LakeError> {
        // Held throughout: what is written and not yet named by a manifest must not look forgotten.
        let mut writer = self.writer();
        self.settle_doubt(&mut writer)?;
        let replaced_by = Hour(hour_of(now).0.saturating_sub(keep_hours));
        let mut sweep = Sweep { lake: self, replaced_by, named: Named::default(), done: Collected::default() };
        let current = self.current();
        sweep.named.add(self.paths(), &current);
        for id in current.ancestors.iter().take(USABLE_MANIFESTS) {
            match read_manifest(self.paths(), *id) {
                Ok(manifest) => sweep.named.add(self.paths(), &manifest),
                Err(error) => {
                    tracing::warn!(lake.manifest = %id, error = %error, "a manifest that should stay is gone")
                }
            }
        }
        sweep.results()?;
        sweep.resumes()?;
        sweep.manifests(current.id, &current.ancestors)?;
        Ok(sweep.done)
    }
}

/// The files that must stay.
#[derive(Default)]
struct Named {
    results: BTreeSet<ResultPath>,
    resumes: BTreeSet<PathBuf>,
}

impl Named {
    fn add(&mut self, paths: &LakePaths, manifest: &Manifest) {
        self.results.extend(manifest.files.iter().map(|file| file.path));
        self.resumes.extend(manifest.resume.iter().map(|entry| paths.resume(entry.name())));
    }
}

struct Sweep<'a> {
    lake: &'a Lake,
    replaced_by: Hour,
    named: Named,
    done: Collected,
}

impl Sweep<'_> {
    fn results(&mut self) -> Result<(), LakeError> {
        let paths = self.lake.paths();
        for day in list(&paths.results())?.into_iter().filter(|path| path.is_dir()) {
            let mut left = 0;
            let mut removed = 0;
            for path in list(&day)? {
                let named = result_path(&path).is_none_or(|result| self.named.results.contains(&result));
                if named || !self.remove_if_old(&path)? {
                    left += 1;
                } else {
                    removed += 1;
                }
            }
            if removed > 0 {
                self.lake.disk.sync_directory(&day)?;
            }
            if left == 0 {
                self.lake.disk.remove_directory(&day)?;
                self.lake.disk.sync_directory(&paths.results())?;
            }
        }
        Ok(())
    }

    fn resumes(&mut self) -> Result<(), LakeError> {
        let directory = self.lake.paths().resumes();
        let before = self.done.files;
        for path in list(&directory)? {
            if !self.named.resumes.contains(&path) {
                self.remove_if_old(&path)?;
            }
        }
        if self.done.files > before { Ok(self.lake.disk.sync_directory(&directory)?) } else { Ok(()) }
    }

    fn manifests(&mut self, current: ManifestId, ancestors: &[ManifestId]) -> Result<(), LakeError> {
        let directory = self.lake.paths().manifests();
        let ancestors: BTreeSet<ManifestId> = ancestors.iter().copied().collect();
        for path in list(&directory)? {
            let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
            let unpublished = name.ends_with(UNPUBLISHED_ENDING);
            let goes = match ManifestId::of_file_name(name) {
                // The newest stay, those of another line too. A number above the current one is of a publication that
                // failed; the next start sets it aside.
                Ok(id) if id.number + NAMED_ANCESTORS as u64 >= current.number || ancestors.contains(&id) => false,
                Ok(id) => !id.number.is_multiple_of(MILESTONE) || self.is_old(&path)?,
                Err(_) => unpublished && self.is_old(&path)?,
            };
            if !goes {
                continue;
            }
            if self.full() {
                break;
            }
            self.lake.disk.remove(&path)?;
            self.done.manifests += 1;
        }
        if self.done.manifests > 0 { Ok(self.lake.disk.sync_directory(&directory)?) } else { Ok(()) }
    }

    /// True if the file is gone now.
    fn remove_if_old(&mut self, path: &Path) -> Result<bool, LakeError> {
        if !self.is_old(path)? || self.full() {
            return Ok(false);
        }
        let bytes = fs::metadata(path).map_err(FileFault::when("look at", path))?.len();
        self.lake.disk.remove(path)?;
        self.done.files += 1;
        self.done.bytes += bytes;
        Ok(true)
    }

    fn is_old(&self, path: &Path) -> Result<bool, LakeError> {
        Ok(disk::modified_hour(path)? <= self.replaced_by)
    }

    /// True if no more may be removed in this call.
    fn full(&mut self) -> bool {
        let full = (self.done.files + self.done.manifests) as usize >= MAX_REMOVED;
        self.done.more |= full;
        full
    }
}

/// The path of a Parquet file inside the lake; none for files with other names, which are none of ours.
fn result_path(path: &Path) -> Option<ResultPath> {
    let day = path.parent()?.file_name()?.to_str()?;
    let name = path.file_name()?.to_str()?;
    format!("results/{day}/{name}").parse().ok()
}
