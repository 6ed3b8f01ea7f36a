//! The public cut: all that the public ever reads, made from closed blocks only. It is the release: same cut, same id.
//!
//! ```text
//! public/latest.json                                 which release is the current one; replaced last
//! public/index.json                                  every release that there was, newest first
//! public/releases/2026-11-22/manifest.json           what the release is, and every file with its digest
//! public/releases/2026-11-22/publication.json        what is of the moment of its making, not of its content
//! public/releases/2026-11-22/{README.md,...}        descriptions, statements, digests: `export/describe.rs`
//! public/releases/2026-11-22/inputs/*                bins, policies, lists and parameters that figures were made with
//! public/releases/2026-11-22/rankings/*.parquet      what blocks and inputs say of networks, countries and the world
//! public/releases/2026-11-22/provenance/*.parquet    what the warehouse says of where votes came from
//! public/files/<table>/month=2026-11/*.parquet       results, blocks and trends: files that releases share
//! aside/2026-11-22-1/                                a release that `bufferlake-verify` refused; nobody sees it
//! ```
//!
//! A release is named after the last closed day; a correction of the same day is a new one with a number. A release never
//! changes.

mod accounts;

mod changes;

mod id;

mod index;

mod judge;

mod latest;

mod months;

mod own;

mod read;

mod retain;

mod write;

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

pub use accounts::{AgentAccount, accounts};
pub use id::CutId;
pub use index::{Index, IndexEntry, Status};
pub use judge::Judge;
pub use latest::Latest;
pub use months::Span;
pub use read::Cut;
pub use retain::{Retained, Tombstone, retain};
pub use write::{Plan, Published, publish};

pub use crate::marts::{Evidence, WINDOWS};

use crate::digest::Sha256;
use crate::durable::FileFault;
use crate::durable::disk::Written;
use crate::engine::EngineFault;
use crate::export::ExportFault;
use crate::lake::paths::TestDate;
use crate::marts::MartsFault;

/// Version of `manifest.json`.
pub const MANIFEST_FORMAT: u32 = 1;

/// Name of the dataset, in every description and file of it.
pub const DATASET: &str = "bufferlake";

/// Version of the public tables and their columns; it rises when one goes, comes or changes its meaning.
pub const SCHEMA_VERSION: u32 = 1;

/// Version of the method by which rankings are made; it rises when a formula changes.
pub const METHOD_VERSION: &str = "1";

/// The licence of what is published.
pub const LICENCE: &str = "CC-BY-4.0";

/// The window of those who ask for none.
pub const DEFAULT_WINDOW: u32 = 30;

/// What `manifest.json` says: the same content makes the same bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CutDocument {
    /// [`MANIFEST_FORMAT`].
    pub format: u32,
    /// The release's name.
    #[serde(rename = "release")]
    pub id: CutId,
    /// [`DATASET`].
    pub dataset: String,
    /// [`SCHEMA_VERSION`].
    pub schema: u32,
    /// The last closed day: no block of the release goes beyond it.
    pub last_day: TestDate,
    /// [`METHOD_VERSION`].
    pub method: String,
    /// Windows of the rankings, in days.
    pub windows: Vec<u32>,
    /// The policy of the letter grades of single tests.
    pub policy: String,
    /// What it takes to be listed and ranked.
    pub evidence: Evidence,
    /// [`LICENCE`].
    pub licence: String,
    /// Digest of everything above and of all tables and inputs: two releases of a day with the same one say the same.
    pub content: Sha256,
    /// The release before; none before the first.
    pub previous: Option<CutId>,
    /// Every other file of the release: first those that it shares with others, by table and month, then its own by path.
    pub files: Vec<CutFile>,
}

impl CutDocument {
    /// The files that hold a relation of `queries/`, such as `blocks` or `rankings`: together they hold each row once.
    pub fn files_of(&self, relation: &str) -> impl Iterator<Item = &CutFile> {
        self.files.iter().filter(move |file| file.table.as_deref() == Some(relation))
    }

    /// Sum of the bytes of all files.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }
}

/// What `publication.json` says: what belongs to the moment, and would not come out again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Publication {
    /// Hour of its making, RFC 3339.
    pub generated_at: String,
    /// How complete agents' results were in that hour: the warehouse's statement.
    pub agents: Vec<AgentAccount>,
}

/// A file of a release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CutFile {
    /// Path inside the public directory.
    pub path: String,
    /// Size in bytes.
    pub bytes: u64,
    /// Digest of its bytes.
    pub sha256: Sha256,
    /// The relation of which it holds rows, if it is a table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
    /// Number of rows of a table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<u64>,
    /// How much of the relation it holds, if releases share it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub span: Option<Span>,
    /// Month of the rows of a shared file, such as `2026-11`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub month: Option<String>,
    /// First day of the range in which the last days of a shared file's blocks lie.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_day: Option<TestDate>,
    /// Last day of that range.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_day: Option<TestDate>,
}

impl CutFile {
    /// A file of a release's own, with the table of which it holds so many rows.
    fn own(id: CutId, name: &str, written: &Written, table: Option<(&str, u64)>) -> Self {
        Self {
            path: format!("releases/{id}/{name}"),
            bytes: written.bytes,
            sha256: written.sha256,
            table: table.map(|(table, _)| table.to_owned()),
            rows: table.map(|(_, rows)| rows),
            span: None,
            month: None,
            first_day: None,
            last_day: None,
        }
    }

    /// True if releases share the file.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.span.is_some()
    }

    /// Where it lies, given the public directory.
    #[must_use]
    pub fn locate(&self, public: &Path) -> PathBuf {
        public.join(&self.path)
    }
}

/// A cut that was not made or cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CutFault {
    /// The file system refused.
    #[error(transparent)]
    File(#[from] FileFault),
    /// The engine failed.
    #[error(transparent)]
    Engine(#[from] EngineFault),
    /// Parquet could not be written.
    #[error(transparent)]
    Export(#[from] ExportFault),
    /// The figures could not be made.
    #[error(transparent)]
    Marts(#[from] MartsFault),
    /// The program that checks releases refused this one.
    #[error("the release {id} was refused ({why}) and lies in {}; its report.txt says why", aside.display())]
    Refused {
        /// The release, whose name is free again.
        id: CutId,
        /// How the program ended.
        why: String,
        /// Where the release lies now.
        aside: PathBuf,
    },
    /// A contract cannot be read, which a test excludes.
    #[error("the contract of {0} cannot be read")]
    Contract(&'static str),
    /// A file of the cut is not what was written.
    #[error("{} is damaged: restore it from a backup, or remove public/latest.json and publish again", .0.display())]
    Damaged(PathBuf),
    /// A document was written by another version of the program.
    #[error("{} is of another version of the program: publish again", .0.display())]
    OtherFormat(PathBuf),
    /// A document is none of its kind.
    #[error("{} cannot be read", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: serde_json::Error,
    },
}

#[cfg(test)]
pub(crate) mod tests;
