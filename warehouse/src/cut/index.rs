//! `index.json`: every release that there was, newest first, with what became of it. It is made of the releases' own
//! folders; what it says of those that it names already is not read again.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::read::{path_of, read_manifest};
use super::retain::{TOMBSTONE, Tombstone};
use super::{CutFault, CutId};
use crate::digest::Sha256;
use crate::durable::disk::Disk;
use crate::durable::{FileFault, PUBLIC_MODE};
use crate::lake::paths::TestDate;

/// Version of `index.json`.
const INDEX_FORMAT: u32 = 1;

/// The table of single results.
const RESULTS: &str = "results";

/// What `index.json` says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Index {
    /// Version of the document.
    pub format: u32,
    /// Every release, newest first.
    pub releases: Vec<IndexEntry>,
}

/// A release in the index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IndexEntry {
    /// Its name.
    pub release: CutId,
    /// Path of its manifest inside the public directory.
    pub manifest: String,
    /// Digest of the manifest, which stays known when the release is removed.
    pub sha256: Sha256,
    /// The last closed day.
    pub last_day: TestDate,
    /// Bytes of all files that the manifest names.
    pub bytes: u64,
    /// Rows of the table of results.
    pub results: u64,
    /// Whether it can still be had.
    pub status: Status,
}

/// Whether a release can be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It lies there whole.
    Available,
    /// It was removed; a tombstone says why.
    Removed,
}

impl Index {
    /// Reads the index of a public directory; one that is missing or of another form has no releases.
    #[must_use]
    pub fn read(public: &Path) -> Self {
        let bytes = fs::read(public.join("index.json")).unwrap_or_default();
        let none = Self { format: INDEX_FORMAT, releases: Vec::new() };
        serde_json::from_slice(&bytes).ok().filter(|index: &Self| index.format == INDEX_FORMAT).unwrap_or(none)
    }

    /// Brings the index up to the folders of the releases, and writes it if it says something else. A release that cannot be
    /// read is left out, and said.
    ///
    /// # Errors
    /// [`CutFault`] if the folders cannot be listed, or the index cannot be written.
    pub fn bring_up(public: &Path) -> Result<Self, CutFault> {
        Self::bring_up_on(&Disk::default(), public)
    }

    pub(super) fn bring_up_on(disk: &Disk, public: &Path) -> Result<Self, CutFault> {
        let before = Self::read(public);
        let mut known: BTreeMap<CutId, IndexEntry> =
            before.releases.iter().map(|entry| (entry.release, entry.clone())).collect();
        let lying = lying(public)?;
        for id in &lying {
            let is_removed = path_of(public, *id).join(TOMBSTONE).exists();
            if let Some(entry) = known.get_mut(id) {
                entry.status = if is_removed { Status::Removed } else { Status::Available };
                continue;
            }
            let entry =
                if is_removed { Tombstone::read(public, *id).map(|stone| stone.entry) } else { entry_of(public, *id) };
            match entry {
                Ok(entry) => drop(known.insert(*id, entry)),
                // What lies there is no release of this form.
                Err(CutFault::OtherFormat(_)) => {}
                Err(fault) => {
                    tracing::warn!(release = %id, error = %fault, "a release cannot be read: the index leaves it out")
                }
            }
        }
        // A folder that somebody took away is no release any more.
        known.retain(|id, _| lying.contains(id));
        let after = Self { format: INDEX_FORMAT, releases: known.into_values().rev().collect() };
        let path = public.join("index.json");
        if after != before || !path.exists() {
            let unreadable = |source| CutFault::Unreadable { path: path.clone(), source };
            let text = serde_json::to_vec_pretty(&after).map_err(unreadable)?;
            disk.replace(&path, &text, PUBLIC_MODE)?;
        }
        Ok(after)
    }
}

/// What the index says of a release that lies there.
fn entry_of(public: &Path, id: CutId) -> Result<IndexEntry, CutFault> {
    let (document, sha256) = read_manifest(public, id)?;
    Ok(IndexEntry {
        release: id,
        manifest: format!("releases/{id}/manifest.json"),
        sha256,
        last_day: document.last_day,
        bytes: document.bytes(),
        results: document.files_of(RESULTS).filter_map(|file| file.rows).sum(),
        status: Status::Available,
    })
}

/// The releases that have a folder, oldest first.
pub(super) fn lying(public: &Path) -> Result<Vec<CutId>, FileFault> {
    let releases = public.join("releases");
    let list = || fs::read_dir(&releases)?.map(|entry| Ok(entry?.file_name())).collect::<io::Result<Vec<_>>>();
    let names = match list() {
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        names => names.map_err(FileFault::when("list", &releases))?,
    };
    let mut ids: Vec<CutId> = names.iter().filter_map(|name| name.to_str()?.parse().ok()).collect();
    ids.sort_unstable();
    Ok(ids)
}
