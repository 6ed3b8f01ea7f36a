//! What the warehouse answers once a batch is durable.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::batch::Seq;

/// The answer 200 to a batch. It is sent only after the batch is durable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// Whether this delivery or an earlier one brought the batch in.
    pub outcome: Outcome,
    /// Records that are kept and may count.
    pub accepted: u64,
    /// Records that do not count, by reason.
    pub quarantined: BTreeMap<QuarantineReason, u64>,
    /// The sequence number that the warehouse expects next in this epoch.
    pub next_seq: Seq,
}

/// What became of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// New, and durable now.
    Accepted,
    /// The last batch again, byte for byte: durable since before.
    Duplicate,
}

/// Why a record of an accepted batch moves no ranking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum QuarantineReason {
    /// No record of this schema; it is counted and not kept.
    Malformed,
    /// Its hour is more than one hour ahead; it is counted and not kept.
    FutureHour,
    /// Its hour is more than 90 days back; it is counted and not kept.
    OldHour,
    /// Its ASN is not bound to the agent's key; it is kept apart, and a later `bind` releases it.
    ForeignAsn,
}

/// The member of a 409 problem document that tells the agent where to go on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conflict {
    /// The only sequence number that the warehouse will take next in this epoch.
    pub expected_seq: Seq,
}
