//! The manifest: which files are the lake, and which batches are in them.
//!
//! Every change of the lake is one new manifest, published by one switch of `CURRENT`. A manifest is whole in itself, so
//! that a reader needs one file, and names its ancestors, so that a cache can tell whether it stands on the same line.

use std::collections::BTreeMap;
use std::ops::Deref;

use serde::{Deserialize, Serialize};
use wire::{AgentId, DropReason, Epoch, Hour, QuarantineReason, Seq};

use super::paths::{ManifestId, ResultPath, TestDate};
use crate::digest::{Sha256, ShortDigest};

/// Version of the manifest's form.
pub const MANIFEST_FORMAT: u32 = 1;

/// Most ancestors that a manifest names itself.
pub const NAMED_ANCESTORS: usize = 256;

/// What the lake holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// [`MANIFEST_FORMAT`].
    pub format: u32,
    /// Random number of this line of manifests. A restore, or a recovery that lost manifests, begins a new one.
    pub lineage: Lineage,
    /// Rises by one with every manifest.
    pub number: u64,
    /// The manifest before, also if that one is of another line; none in the first.
    pub parent: Option<ManifestId>,
    /// Hour of publication. No finer: the lake keeps no finer time of arrival than the hour.
    pub published_hour: Hour,
    /// Number of the last seal. Rows carry the number of their seal, so that a reader can go on after the last it saw.
    pub last_seal: u64,
    /// The Parquet files, sorted by path: by day, then by seal.
    pub files: Vec<FileEntry>,
    /// How far each agent's epochs have come, sorted by agent and epoch.
    pub marks: Vec<Mark>,
    /// Where each network's blocks begin, if retention has dropped months.
    pub resume: Option<ResumeEntry>,
    /// The newest ancestors of this line, newest first, at most [`NAMED_ANCESTORS`].
    pub ancestors: Vec<ManifestId>,
}

/// A random number as 16 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Lineage(pub u64);

impl TryFrom<String> for Lineage {
    type Error = std::num::ParseIntError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        u64::from_str_radix(&text, 16).map(Self)
    }
}

impl From<Lineage> for String {
    fn from(lineage: Lineage) -> Self {
        format!("{:016x}", lineage.0)
    }
}

/// An immutable Parquet file of one test day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileEntry {
    /// Path inside the lake's directory; it says the day and the seals.
    pub path: ResultPath,
    /// Number of rows, at least 1.
    pub rows: u64,
    /// Size in bytes.
    pub bytes: u64,
    /// Digest of the whole file.
    pub sha256: Sha256,
    /// The earliest hour in which one of its batches arrived.
    pub min_arrived_hour: Hour,
    /// The latest hour in which one of its batches arrived.
    pub max_arrived_hour: Hour,
}

impl FileEntry {
    /// The UTC day of all its tests.
    #[must_use]
    pub fn test_date(&self) -> TestDate {
        self.path.test_date
    }
}

/// How far an agent's epoch has come: the last batch that is in the lake.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mark {
    /// Who sends.
    pub agent: AgentId,
    /// The agent's database.
    pub epoch: Epoch,
    /// The last batch that is in.
    pub seq: Seq,
    /// Digest of that batch's body as it was sent.
    pub digest: Sha256,
    /// What came in the epoch so far, and what did not.
    pub accounts: Accounts,
}

/// What came in an epoch so far, and what did not: the basis of the completeness figure.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Accounts {
    /// Batches that are in the lake, empty ones included.
    pub batches: u64,
    /// Records that are in the lake.
    pub records: u64,
    /// Records that were counted and not kept, by reason.
    pub quarantined: BTreeMap<QuarantineReason, u64>,
    /// Records that the agent itself gave up, by reason.
    pub dropped: BTreeMap<DropReason, u64>,
    /// Batches that never came: gaps that the operator accepted.
    pub missing: u64,
}

/// The file that says where each network's blocks begin after retention.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResumeEntry {
    /// The first test day that the lake still holds.
    pub kept_from: TestDate,
    /// Digest of the file's bytes; the beginning of it is the file's name.
    pub sha256: Sha256,
}

impl ResumeEntry {
    /// The part of the digest that names the file.
    #[must_use]
    pub fn name(&self) -> ShortDigest {
        self.sha256.short()
    }
}

impl Manifest {
    /// The first manifest of an empty lake.
    #[must_use]
    pub fn genesis(lineage: Lineage, published_hour: Hour) -> Self {
        Self {
            format: MANIFEST_FORMAT,
            lineage,
            number: 0,
            parent: None,
            published_hour,
            last_seal: 0,
            files: Vec::new(),
            marks: Vec::new(),
            resume: None,
            ancestors: Vec::new(),
        }
    }

    /// The mark of an agent's epoch; `None` if nothing of it is in the lake.
    #[must_use]
    pub fn mark(&self, agent: &AgentId, epoch: Epoch) -> Option<&Mark> {
        let found = self.marks.binary_search_by(|mark| (&mark.agent, mark.epoch).cmp(&(agent, epoch)));
        found.ok().and_then(|at| self.marks.get(at))
    }

    /// Number of rows in the lake.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.files.iter().map(|file| file.rows).sum()
    }

    /// Bytes of the Parquet files.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }

    /// The files with rows of seals after this one. Such a file can hold rows of older seals too: compaction merges
    /// files, so a reader that goes on after a seal also filters by the column `seal`.
    pub fn files_after(&self, seal: u64) -> impl Iterator<Item = &FileEntry> {
        self.files.iter().filter(move |file| file.path.last_seal > seal)
    }
}

/// A manifest with its id: it was read from, or written to, the disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// Number, and digest of the manifest's bytes.
    pub id: ManifestId,
    manifest: Manifest,
}

impl Snapshot {
    /// The bytes of a manifest, and the snapshot that they make.
    ///
    /// # Errors
    /// Only if serialization itself fails, which no manifest does.
    pub fn encode(manifest: Manifest) -> Result<(Vec<u8>, Self), serde_json::Error> {
        let bytes = serde_json::to_vec(&manifest)?;
        let id = ManifestId { number: manifest.number, digest: Sha256::of(&bytes).short() };
        Ok((bytes, Self { id, manifest }))
    }

    /// Reads a manifest's bytes, which must be those that the id names.
    ///
    /// # Errors
    /// [`BadManifest`] if they are not.
    pub fn decode(id: ManifestId, bytes: &[u8]) -> Result<Self, BadManifest> {
        if Sha256::of(bytes).short() != id.digest {
            return Err(BadManifest::Digest);
        }
        let manifest: Manifest = serde_json::from_slice(bytes)?;
        if manifest.format != MANIFEST_FORMAT {
            return Err(BadManifest::Format(manifest.format));
        }
        if manifest.number != id.number {
            return Err(BadManifest::Number(manifest.number));
        }
        Ok(Self { id, manifest })
    }

    /// The manifest that follows this one: the same lake, to be changed.
    #[must_use]
    pub fn successor(&self, number: u64, published_hour: Hour) -> Manifest {
        let mut ancestors = Vec::with_capacity(NAMED_ANCESTORS);
        ancestors.push(self.id);
        ancestors.extend(self.ancestors.iter().copied().take(NAMED_ANCESTORS - 1));
        Manifest { number, parent: Some(self.id), published_hour, ancestors, ..self.manifest.clone() }
    }

    /// The first manifest of a new line that begins with the same lake. It names no ancestors: what a cache took from
    /// the old line may since have been lost and its numbers given again, so every cache is to be rebuilt.
    #[must_use]
    pub fn new_line(&self, lineage: Lineage, number: u64, published_hour: Hour) -> Manifest {
        Manifest { lineage, ancestors: Vec::new(), ..self.successor(number, published_hour) }
    }
}

impl Deref for Snapshot {
    type Target = Manifest;

    fn deref(&self) -> &Manifest {
        &self.manifest
    }
}

/// Why bytes are not the manifest that was looked for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BadManifest {
    /// The bytes were changed.
    #[error("its bytes are not those that were written: the digest differs")]
    Digest,
    /// The digest is right, but the content is no manifest that this version knows.
    #[error("its content is no manifest")]
    Content(#[from] serde_json::Error),
    /// Written by a later version.
    #[error("format {0} is not known here; this version reads format {MANIFEST_FORMAT}")]
    Format(u32),
    /// The name says another number.
    #[error("its number is {0}, its name says another")]
    Number(u64),
}
