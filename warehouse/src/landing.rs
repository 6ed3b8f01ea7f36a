//! The landing zone: where a batch becomes durable before it is acknowledged.
//!
//! One file holds one group commit: all batches that were waiting when the disk became free, as [`frame`]s.

pub mod frame;

mod zone;

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use wire::signature::ContentDigest;
use wire::{AgentId, DropReason, Epoch, Hour, QuarantineReason, Record, Seq};

use crate::durable::FileFault;

pub use zone::Landing;

/// A batch that was verified and admitted, as the landing zone keeps it: written anew from what was understood,
/// never the sender's bytes, which could carry anything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LandedBatch {
    /// Who sent it.
    pub agent: AgentId,
    /// The agent's database that sealed it.
    pub epoch: Epoch,
    /// Position in the epoch.
    pub seq: Seq,
    /// Digest of the body as it was sent: the next delivery with the same is a duplicate.
    #[serde(with = "frame::digest_bytes")]
    pub digest: ContentDigest,
    /// Hour of arrival.
    pub arrived_hour: Hour,
    /// Records that the agent gave up before this batch, by reason.
    pub dropped: BTreeMap<DropReason, u64>,
    /// Records of this batch that were counted and not kept, by reason.
    pub quarantined: BTreeMap<QuarantineReason, u64>,
    /// The records that are kept.
    pub records: Vec<Record>,
}

/// A file of the landing zone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LandingFile {
    /// Rises by one with each group commit; batches of a lower number are older.
    pub number: u64,
    /// Size in bytes.
    pub bytes: u64,
}

/// A step of the landing zone that failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LandingFault {
    /// The file system refused.
    #[error(transparent)]
    File(#[from] FileFault),
    /// The file's content is not what was written.
    #[error("landing file {} is damaged", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: frame::FrameFault,
    },
    /// The batch cannot be encoded; no value of its types does this.
    #[error("cannot encode a batch")]
    Encode(#[source] frame::FrameFault),
    /// The writer has stopped, after an earlier failure or at shutdown.
    #[error("the landing zone takes no more batches")]
    Closed,
}
