//! A model of both sides: agents that lose answers, are restored from old databases, and a warehouse that is restored.

use std::collections::BTreeMap;

use proptest::prelude::*;
use wire::signature::ContentDigest;
use wire::{AgentId, Epoch, Seq};

use super::{Entry, MAX_EPOCHS_PER_AGENT, Marks, Verdict};
use crate::agents::AcceptedGap;

fn entry(epoch: u64, seq: u64, content: u8) -> Entry {
    let agent = AgentId::parse("isp-one").unwrap();
    Entry { agent, epoch: Epoch::from_random_bits(epoch), seq: Seq(seq), digest: ContentDigest([content; 32]) }
}

/// What can happen. Epochs and contents are few, so that they meet.
#[derive(Debug, Clone)]
enum Act {
    /// A delivery arrives and lands, or fails on the disk.
    Deliver { epoch: u64, ahead: i64, content: u8, lands: bool },
    /// The last accepted one arrives again: its answer was lost.
    Again { epoch: u64 },
    /// The operator accepts a gap this far ahead.
    Accept { epoch: u64, ahead: u64 },
    /// The warehouse restarts with what is durable.
    Restart,
    /// The warehouse is restored from the backup taken last.
    Restore,
    /// The operator takes a backup.
    Backup,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        8 => (0..3_u64, -2..4_i64, 0..3_u8, prop::bool::weighted(0.9))
            .prop_map(|(epoch, ahead, content, lands)| Act::Deliver { epoch, ahead, content, lands }),
        3 => (0..3_u64).prop_map(|epoch| Act::Again { epoch }),
        1 => (0..3_u64, 1..4_u64).prop_map(|(epoch, ahead)| Act::Accept { epoch, ahead }),
        1 => Just(Act::Restart),
        1 => Just(Act::Backup),
        1 => Just(Act::Restore),
    ]
}

proptest! {
    // Aim: whatever happens, what is durable holds each number once, in rising order, with jumps only at accepted gaps;
    // the last delivery again is always a duplicate, and a conflict always names the one number that would be taken.
    #[test]
    fn durable_batches_are_each_once_and_in_order(acts in prop::collection::vec(act(), 1..120)) {
        let mut marks = Marks::default();
        let mut durable: BTreeMap<u64, Vec<(u64, u8)>> = BTreeMap::new();
        let mut backup = durable.clone();
        let mut gaps: Vec<AcceptedGap> = Vec::new();
        for act in acts {
            match act {
                Act::Deliver { epoch, ahead, content, lands } => {
                    let last = durable.get(&epoch).and_then(|batches| batches.last()).copied();
                    let next = last.map_or(1, |(seq, _)| seq + 1);
                    let seq = next.saturating_add_signed(ahead - 1).max(1);
                    let delivery = entry(epoch, seq, content);
                    let jump = seq > next && gaps.contains(&AcceptedGap { epoch: delivery.epoch, seq: Seq(seq) });
                    let verdict = marks.judge(&delivery, &gaps);
                    if last == Some((seq, content)) {
                        prop_assert_eq!(verdict, Verdict::Duplicate);
                    } else if seq == next || jump {
                        prop_assert_eq!(verdict, Verdict::Accept);
                        prop_assert_eq!(marks.judge(&delivery, &gaps), Verdict::Busy);
                        marks.settle(&delivery, lands);
                        if lands {
                            durable.entry(epoch).or_default().push((seq, content));
                        }
                    } else {
                        prop_assert_eq!(verdict, Verdict::Conflict { expected: Seq(next) });
                    }
                }
                Act::Again { epoch } => {
                    if let Some(&(seq, content)) = durable.get(&epoch).and_then(|batches| batches.last()) {
                        prop_assert_eq!(marks.judge(&entry(epoch, seq, content), &gaps), Verdict::Duplicate);
                    }
                }
                Act::Accept { epoch, ahead } => {
                    let next = durable.get(&epoch).and_then(|batches| batches.last()).map_or(1, |(seq, _)| seq + 1);
                    gaps.push(AcceptedGap { epoch: Epoch::from_random_bits(epoch), seq: Seq(next + ahead) });
                }
                Act::Backup => backup.clone_from(&durable),
                Act::Restore => {
                    durable.clone_from(&backup);
                    marks = recovered(&durable);
                }
                Act::Restart => marks = recovered(&durable),
            }
        }
        for (epoch, batches) in durable {
            let mut next = 1;
            for (seq, _) in batches {
                let accepted = AcceptedGap { epoch: Epoch::from_random_bits(epoch), seq: Seq(seq) };
                prop_assert!(seq == next || (seq > next && gaps.contains(&accepted)));
                next = seq + 1;
            }
        }
    }
}

/// The marks of a start: what is durable, read in any order.
fn recovered(durable: &BTreeMap<u64, Vec<(u64, u8)>>) -> Marks {
    let mut marks = Marks::default();
    for (epoch, batches) in durable {
        batches.iter().rev().for_each(|(seq, content)| marks.note(&entry(*epoch, *seq, *content)));
    }
    marks
}

// Aim: an agent cannot make the warehouse remember epochs without end.
#[test]
fn epochs_are_bounded() {
    let mut marks = Marks::default();
    for epoch in 0..MAX_EPOCHS_PER_AGENT as u64 {
        assert_eq!(marks.judge(&entry(epoch, 1, 0), &[]), Verdict::Accept);
        marks.settle(&entry(epoch, 1, 0), true);
    }
    assert_eq!(marks.judge(&entry(u64::MAX, 1, 0), &[]), Verdict::TooManyEpochs);
    assert_eq!(marks.judge(&entry(5, 2, 0), &[]), Verdict::Accept);
}
