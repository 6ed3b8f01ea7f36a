//! `index.json`: every release that there was, newest first, with what became of it. It is made of the releases' own
//! folders; what it says of those that it names already is not read again.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::read::read_manifest;
use super::{CutFault, CutId};
use crate::digest::Sha256;
use crate::durable::{self, FileFault, PUBLIC_MODE};
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

    /// Brings the index up to the folders of the releases, and writes it if it says something else.
    ///
    /// # Errors
    /// [`CutFault`] if a release cannot be read.
    pub fn bring_up(public: &Path) -> Result<Self, CutFault> {
        let before = Self::read(public);
        let mut known: BTreeMap<CutId, IndexEntry> =
            before.releases.iter().map(|entry| (entry.release, entry.clone())).collect();
        let lying = lying(public)?;
        for id in &lying {
            let folder = public.join("releases").join(id.to_string());
            let is_removed = folder.join("tombstone.json").exists();
            if let Some(entry) = known.get_mut(id) {
                entry.status = if is_removed { Status::Removed } else { Status::Available };
            } else if !is_removed {
                match read_manifest(public, *id) {
                    Ok((document, sha256)) => {
                        let results = document.files_of(RESULTS).filter_map(|file| file.rows).sum();
                        let (bytes, last_day) = (document.bytes(), document.last_day);
                        let manifest = format!("releases/{id}/manifest.json");
                        let status = Status::Available;
                        let entry = IndexEntry { release: *id, manifest, sha256, last_day, bytes, results, status };
                        known.insert(*id, entry);
                    }
                    Err(CutFault::OtherFormat(_)) => {}
                    Err(fault) => return Err(fault),
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
            durable::replace(&path, &text, PUBLIC_MODE).map_err(FileFault::when("replace", &path))?;
        }
        Ok(after)
    }
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
