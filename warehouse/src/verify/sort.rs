//! What of a batch is kept: record by record, so that nothing of a good record is lost beside a bad one.

use std::collections::BTreeMap;

use wire::batch::ParsedBatch;
use wire::signature::ContentDigest;
use wire::{Hour, Outcome, QuarantineReason, Receipt, Seq};

use super::Verified;
use crate::agents::Registry;
use crate::landing::LandedBatch;

/// How far ahead a record's hour may be, in hours: clocks differ, and hours turn.
pub const MAX_AHEAD_HOURS: u32 = 1;
/// How far back a record's hour may be, in days; older results enter by an import.
pub const MAX_AGE_DAYS: u32 = 90;

/// A batch ready to land, and what the receipt will say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sorted {
    /// What is kept.
    pub landed: LandedBatch,
    /// Kept records whose network is not bound to the agent: a later `bind` releases them.
    pub foreign_asn: u64,
}

/// Splits a verified batch into what is kept and what is only counted.
#[must_use]
pub fn sort(parsed: Verified<ParsedBatch>, digest: ContentDigest, now: Hour, registry: &Registry) -> Sorted {
    let ParsedBatch { batch, malformed } = parsed.into_inner();
    let newest = Hour(now.0.saturating_add(MAX_AHEAD_HOURS));
    let oldest = Hour(now.0.saturating_sub(MAX_AGE_DAYS * 24));
    let (mut future, mut old, mut foreign_asn) = (0, 0, 0);
    let mut records = batch.records;
    // Records of one batch are mostly of one network; asking the registry once for it is enough.
    let mut last_asked = None;
    records.retain(|record| {
        if record.tested_hour > newest {
            future += 1;
            return false;
        }
        if record.tested_hour < oldest {
            old += 1;
            return false;
        }
        if let Some(asn) = record.asn {
            let bound = match last_asked {
                Some((asked, bound)) if asked == asn => bound,
                _ => registry.bound_at(&batch.agent, asn).is_some(),
            };
            last_asked = Some((asn, bound));
            foreign_asn += u64::from(!bound);
        }
        true
    });
    let reasons = [
        (QuarantineReason::Malformed, malformed),
        (QuarantineReason::FutureHour, future),
        (QuarantineReason::OldHour, old),
    ];
    let landed = LandedBatch {
        agent: batch.agent,
        epoch: batch.epoch,
        seq: batch.seq,
        digest,
        arrived_hour: now,
        dropped: batch.dropped,
        quarantined: reasons.into_iter().filter(|(_, count)| *count > 0).collect(),
        records,
    };
    Sorted { landed, foreign_asn }
}

impl Sorted {
    /// The receipt of this batch.
    #[must_use]
    pub fn receipt(&self, outcome: Outcome, next_seq: Seq) -> Receipt {
        let mut quarantined: BTreeMap<_, _> = self.landed.quarantined.clone();
        if self.foreign_asn > 0 {
            quarantined.insert(QuarantineReason::ForeignAsn, self.foreign_asn);
        }
        let accepted = (self.landed.records.len() as u64).saturating_sub(self.foreign_asn);
        Receipt { outcome, accepted, quarantined, next_seq }
    }
}
