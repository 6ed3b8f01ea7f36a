//! The public cut: all that the public ever reads, made from closed blocks only.
//!
//! ```text
//! public/CURRENT                                 id of the current cut
//! public/cuts/2026-11-22/cut.json                what the cut is, and every file with its digest
//! public/cuts/2026-11-22/inputs/*                bins, policies, lists and parameters that figures were made with
//! public/cuts/2026-11-22/rankings/*.parquet      what blocks and inputs say of networks, countries and the world
//! public/cuts/2026-11-22/provenance/*.parquet    what the warehouse says of where votes came from
//! public/files/<table>/month=2026-11/*.parquet   blocks and trends: files that cuts share
//! ```
//!
//! A cut is named after the last closed day; a correction of the same day is a new cut with a number. A cut never changes.

mod accounts;

mod id;

mod months;

mod read;

mod write;

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

pub use accounts::{AgentAccount, accounts};
pub use id::CutId;
pub use months::{Part, Span};
pub use read::Cut;
pub use write::{Plan, Published, publish};

pub use crate::marts::{Evidence, WINDOWS};

use crate::digest::Sha256;
use crate::durable::FileFault;
use crate::engine::EngineFault;
use crate::lake::paths::TestDate;
use crate::marts::MartsFault;

/// Version of `cut.json`.
pub const CUT_FORMAT: u32 = 2;

/// Version of the method by which rankings are made; it rises when a formula changes.
pub const METHOD_VERSION: &str = "1";

/// The licence of what is published.
pub const LICENCE: &str = "CC-BY-4.0";

/// The window of those who ask for none.
pub const DEFAULT_WINDOW: u32 = 30;

/// What `cut.json` says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CutDocument {
    /// [`CUT_FORMAT`].
    pub format: u32,
    /// The cut's name.
    pub id: CutId,
    /// The last closed day: no block of the cut goes beyond it.
    pub last_day: TestDate,
    /// Hour of its making, RFC 3339.
    pub generated_at: String,
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
    /// Digest of everything above but id and hour, and of all files: two cuts with the same one say the same.
    pub content: Sha256,
    /// How complete agents' results were in that hour: the warehouse's statement, not part of the content.
    pub agents: Vec<AgentAccount>,
    /// Every other file of the cut: first those that it shares with others, by table and month, then its own by path.
    pub files: Vec<CutFile>,
}

impl CutDocument {
    /// The files that hold a relation of `queries/`, such as `blocks` or `rankings`: together they hold each row once.
    pub fn files_of(&self, relation: &str) -> impl Iterator<Item = &CutFile> {
        let own = format!("/{relation}.parquet");
        self.files.iter().filter(move |file| match &file.part {
            Some(part) => part.table == relation,
            None => file.path.ends_with(&own),
        })
    }

    /// Where a file of the cut lies, given the public directory.
    #[must_use]
    pub fn locate(&self, public: &Path, file: &CutFile) -> PathBuf {
        match file.part {
            Some(_) => public.join(&file.path),
            None => public.join("cuts").join(self.id.to_string()).join(&file.path),
        }
    }
}

/// A file of a cut.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CutFile {
    /// Path inside the cut's folder, or inside the public directory if cuts share the file.
    pub path: String,
    /// Size in bytes.
    pub bytes: u64,
    /// Digest of its bytes.
    pub sha256: Sha256,
    /// What it holds, if cuts share it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<Part>,
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
    /// The figures could not be made.
    #[error(transparent)]
    Marts(#[from] MartsFault),
    /// A contract cannot be read, which a test excludes.
    #[error("the contract of {0} cannot be read")]
    Contract(&'static str),
    /// A file of the cut is not what was written.
    #[error("{} is damaged: restore it from a backup, or remove public/CURRENT and publish again", .0.display())]
    Damaged(PathBuf),
    /// `cut.json` was written by another version of the program.
    #[error("{} is of another version of the program: publish again", .0.display())]
    OtherFormat(PathBuf),
    /// `cut.json` is no such document.
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
