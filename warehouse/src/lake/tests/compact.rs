//! Compaction: the same rows in fewer files, in bounded steps, whatever is sealed in between.

use proptest::prelude::*;
use wire::{Day, Hour};

use super::samples::{NOON, TODAY, any_record, batch, record};
use super::{contents, expected, open};
use crate::lake::{Due, Lake, LakeError, Progress};
use crate::landing::LandedBatch;

/// A batch of records of one hour.
fn small(seq: u64, hour: Hour) -> LandedBatch {
    let number = u32::try_from(seq).expect("tests count little");
    let mut small = batch("alpha", 1, seq, (0..3).map(|at| record(number * 3 + at, hour)).collect());
    small.arrived_hour = hour;
    small
}

/// A moment so many hours after the first of [`TODAY`].
fn hours_later(hours: i64) -> jiff::Timestamp {
    jiff::Timestamp::from_second(TODAY.first_hour().unix_s() + hours * 3_600).expect("within range")
}

/// Steps until nothing is to be merged; how many steps, and how many merges.
fn compact_all(lake: &Lake, due: Due, max_rows: u64, now: jiff::Timestamp) -> Result<(u32, u32), LakeError> {
    let (mut steps, mut merges) = (0, 0);
    loop {
        match lake.compact(due, max_rows, now)? {
            Progress::Idle => return Ok((steps, merges)),
            Progress::Merging => {}
            Progress::Merged(_) => merges += 1,
        }
        steps += 1;
        assert!(steps < 10_000, "compaction ends");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    /// Aim: whatever the records and however small the steps, the days that are over become one file each with the same
    /// rows; the bytes are those of a lake that was compacted in one go.
    #[test]
    fn closed_days_become_one_file_each(
        sets in prop::collection::vec(prop::collection::vec(any_record(), 1..30), 2..5),
        max_rows in 1_u64..40,
    ) {
        let batches: Vec<_> =
            sets.into_iter().enumerate().map(|(at, records)| batch("alpha", 1, at as u64 + 1, records)).collect();
        let later = hours_later(200);
        let files = [max_rows, u64::MAX].map(|max_rows| {
            let dir = tempfile::tempdir().expect("a directory");
            let lake = open(dir.path());
            for batch in &batches {
                lake.seal([batch], NOON).expect("seals");
            }
            compact_all(&lake, Due::Needed, max_rows, later).expect("compacts");
            drop(lake);
            let lake = open(dir.path());
            assert_eq!(contents(&lake), expected(&batches));
            assert!(lake.current().files.windows(2).all(|pair| pair[0].test_date() < pair[1].test_date()));
            lake.current().files.clone()
        });
        prop_assert_eq!(&files[0], &files[1]);
    }
}

/// Aim: a day that is still written keeps few files, the newest seals come through while a merge is under way, and a
/// reader that goes on after a seal finds every later row.
#[test]
fn an_open_day_keeps_few_files() {
    let dir = tempfile::tempdir().unwrap();
    let lake = open(dir.path());
    let batches: Vec<_> = (1..=100).map(|seq| small(seq, TODAY.first_hour())).collect();
    let mut most = 0;
    for batch in &batches {
        lake.seal([batch], NOON).unwrap();
        lake.compact(Due::Needed, 1, NOON).unwrap();
        most = most.max(lake.current().files.len());
    }
    compact_all(&lake, Due::Needed, u64::MAX, NOON).unwrap();
    assert!(most < 70, "{most} files at most");
    assert!(lake.current().files.len() < 32, "{} files are left", lake.current().files.len());
    assert_eq!(contents(&lake), expected(&batches));
    let later: u64 = lake.current().files_after(99).map(|file| file.rows).sum();
    assert!((3..300).contains(&later), "{later} rows in files with rows after seal 99");
}

/// Aim: a closed day is left alone while batches still come for it, unless the operator asks.
#[test]
fn a_closed_day_is_merged_once_it_is_quiet() {
    let dir = tempfile::tempdir().unwrap();
    let lake = open(dir.path());
    let yesterday = Day(TODAY.0 - 4).first_hour();
    for seq in 1..=3 {
        let mut late = small(seq, yesterday);
        late.arrived_hour = TODAY.first_hour();
        lake.seal([&late], NOON).unwrap();
    }
    assert_eq!(compact_all(&lake, Due::Needed, 10, hours_later(23)).unwrap(), (0, 0));
    assert_eq!(compact_all(&lake, Due::AllClosed, u64::MAX, hours_later(23)).unwrap().1, 1);
    assert_eq!(lake.current().files.len(), 1);
    // One file needs no merge, ever.
    assert_eq!(compact_all(&lake, Due::AllClosed, 10, hours_later(1_000)).unwrap(), (0, 0));
}

/// Aim: a damaged file is never merged into a good one: the merge is refused and nothing changes.
#[test]
fn damage_is_not_given_a_good_digest() {
    let dir = tempfile::tempdir().unwrap();
    let lake = open(dir.path());
    for seq in 1..=2 {
        lake.seal([&small(seq, TODAY.first_hour())], NOON).unwrap();
    }
    let before = lake.current();
    let path = lake.paths().result(&before.files[1].path);
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&path, bytes).unwrap();

    let refused = lake.compact(Due::AllClosed, u64::MAX, hours_later(200));
    assert!(matches!(refused, Err(LakeError::FileAltered { what: "SHA-256", .. })), "{refused:?}");
    assert_eq!(lake.current(), before);
}

/// Aim: what compaction costs, as a figure. `cargo test --release -p bufferlake-warehouse compaction_costs -- --ignored --nocapture`
#[test]
#[ignore = "a measurement"]
fn compaction_costs() {
    let dir = tempfile::tempdir().unwrap();
    let lake = open(dir.path());
    for (files, records) in [(32_u32, 100_u32), (32, 10_000), (8, 60_000), (8, 250_000)] {
        for file in 0..files {
            let seq = lake.current().last_seal + 1;
            let records = (0..records).map(|at| {
                record(file.wrapping_mul(7_919).wrapping_add(at.wrapping_mul(613)) % 1_000_000, TODAY.first_hour())
            });
            lake.seal([&batch("alpha", 1, seq, records.collect())], NOON).unwrap();
        }
        // From here on the peak is counted anew.
        std::fs::write("/proc/self/clear_refs", b"5").unwrap();
        let before = memory("VmRSS");
        let begun = std::time::Instant::now();
        let mut longest = std::time::Duration::ZERO;
        let mut merged = 0;
        while merged == 0 {
            let step = std::time::Instant::now();
            match lake.compact(Due::AllClosed, 32_768, NOON).unwrap() {
                Progress::Idle => panic!("{files} files are due"),
                Progress::Merging => {}
                Progress::Merged(done) => merged = done.rows,
            }
            longest = longest.max(step.elapsed());
        }
        let took = begun.elapsed();
        let (each, peak) = (took / u32::try_from(merged).unwrap(), memory("VmHWM") - before);
        println!(
            "{merged} rows of {files} files in {took:?}: {each:?} a row, longest step {longest:?}, {peak} kB more"
        );
    }
}

/// A figure of this process in kB.
fn memory(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// Aim: what a manifest of so many files costs, as a figure.
/// `cargo test --release -p bufferlake-warehouse manifest_costs -- --ignored --nocapture`
#[test]
#[ignore = "a measurement"]
fn manifest_costs() {
    let dir = tempfile::tempdir().unwrap();
    let lake = open(dir.path());
    let sealed = lake.seal([&small(1, TODAY.first_hour())], NOON).unwrap();
    let one = sealed.snapshot.files[0].clone();
    for files in [100_u64, 500, 2_000, 10_000, 43_200] {
        let many = (0..files).map(|seal| {
            let mut file = one.clone();
            (file.path.first_seal, file.path.last_seal) = (seal, seal);
            file
        });
        let many: Vec<_> = many.collect();
        let begun = std::time::Instant::now();
        for _ in 0..5 {
            lake.publish(&mut lake.writer(), crate::lake::hour_of(NOON), |manifest| manifest.files.clone_from(&many))
                .unwrap();
        }
        let bytes = std::fs::metadata(lake.paths().manifest(lake.current().id)).unwrap().len();
        println!("{files} files: {bytes} bytes, {:?} a publication", begun.elapsed() / 5);
    }
}
