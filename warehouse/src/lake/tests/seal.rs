//! Sealing: every record lies in the lake once, in an order that tells nothing of how it came.

use super::samples::{NOON, TODAY, any_record, batch, record};
use super::{contents, expected, open};
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Aim: whatever the records, the lake gives back exactly them, after it was closed and opened again; and the bytes
    /// of its files do not depend on the order in which records and batches came.
    #[test]
    fn rows_come_back_and_their_order_is_forgotten(
        sets in prop::collection::vec(prop::collection::vec(any_record(), 0..40), 1..5),
    ) {
        let batches: Vec<_> =
            sets.into_iter().enumerate().map(|(at, records)| batch("alpha", 1, at as u64 + 1, records)).collect();
        let mut shuffled: Vec<_> = batches.iter().rev().cloned().collect();
        shuffled.iter_mut().for_each(|batch| batch.records.reverse());
        let (one, other) = (tempfile::tempdir()?, tempfile::tempdir()?);

        let first = open(one.path()).seal(&batches, NOON).expect("seals");
        let second = open(other.path()).seal(&shuffled, NOON).expect("seals");

        prop_assert_eq!(&first.snapshot.files, &second.snapshot.files);
        let reopened = open(one.path());
        prop_assert_eq!(reopened.current(), first.snapshot);
        prop_assert_eq!(contents(&reopened), expected(&batches));
    }
}

/// Aim: a batch that is sealed again, alone or among new ones, changes nothing.
#[test]
fn sealing_again_is_harmless() {
    let dir = tempfile::tempdir().unwrap();
    let lake = open(dir.path());
    let batches: Vec<_> = (1..=3)
        .map(|seq| batch("alpha", 1, seq, vec![record(u32::try_from(seq).unwrap(), TODAY.first_hour())]))
        .collect();
    let first = lake.seal(&batches[..2], NOON).unwrap();

    let same = lake.seal(&batches[..2], NOON).unwrap();
    assert_eq!((same.batches, same.already_in), (0, 2));
    assert_eq!(same.snapshot, first.snapshot);

    let more = lake.seal(&batches, NOON).unwrap();
    assert_eq!((more.batches, more.records, more.already_in), (1, 1, 2));
    assert_eq!(contents(&lake), expected(&batches));
}

/// Aim: the accounts say what came, what was given up, and what never came; a contradicting batch stays out.
#[test]
fn marks_keep_the_accounts() {
    use wire::{DropReason, QuarantineReason};

    let dir = tempfile::tempdir().unwrap();
    let lake = open(dir.path());
    let mut first = batch("alpha", 1, 2, vec![record(1, TODAY.first_hour())]);
    first.quarantined.insert(QuarantineReason::OldHour, 3);
    first.dropped.insert(DropReason::Poison, 4);
    let mut second = batch("alpha", 1, 5, vec![]);
    second.quarantined.insert(QuarantineReason::OldHour, 1);
    let mut contradicting = second.clone();
    contradicting.digest.0[0] ^= 1;

    let sealed = lake.seal([&second, &first, &contradicting], NOON).unwrap();

    assert_eq!((sealed.batches, sealed.records, sealed.conflicting), (2, 1, 1));
    let mark = sealed.snapshot.mark(&first.agent, first.epoch).expect("the epoch is known");
    assert_eq!((mark.seq, mark.digest.0), (second.seq, second.digest.0));
    assert_eq!((mark.accounts.batches, mark.accounts.records, mark.accounts.missing), (2, 1, 1 + 2));
    assert_eq!(mark.accounts.quarantined[&QuarantineReason::OldHour], 4);
    assert_eq!(mark.accounts.dropped[&DropReason::Poison], 4);
}

/// Aim: what sealing costs, as a figure. `cargo test --release -p bufferlake-warehouse sealing_costs -- --ignored --nocapture`
#[test]
#[ignore = "a measurement"]
fn sealing_costs() {
    let dir = tempfile::tempdir().unwrap();
    let lake = open(dir.path());
    let batches: Vec<_> = (1..=400)
        .map(|seq: u32| {
            let records = (0..500)
                .map(|at: u32| record(seq.wrapping_mul(7_919).wrapping_add(at * 613) % 1_000_000, TODAY.first_hour()));
            batch("alpha", 1, u64::from(seq), records.collect())
        })
        .collect();
    let begun = std::time::Instant::now();
    let sealed = lake.seal(&batches, NOON).unwrap();
    let took = begun.elapsed();
    let records = u32::try_from(sealed.records).unwrap();
    println!("{records} records in {took:?}: {:?} a record, {} bytes", took / records, sealed.snapshot.bytes());
    assert_eq!(records, 200_000);
}
