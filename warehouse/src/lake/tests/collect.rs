//! What is collected, and what stays.

use super::samples::{NOON, TODAY, batch, record};
use super::{contents, expected, long_line, open, publish};
use crate::durable::disk::set_modified_hour;
use crate::lake::{Due, Lake, Progress, hour_of};

const KEEP_HOURS: u32 = 24;

fn later(hours: i64) -> jiff::Timestamp {
    jiff::Timestamp::from_second(NOON.as_second() + hours * 3_600).unwrap()
}

fn parquet_files(lake: &Lake) -> usize {
    let days = std::fs::read_dir(lake.paths().results()).unwrap();
    days.map(|day| std::fs::read_dir(day.unwrap().path()).unwrap().count()).sum()
}

/// Aim: replaced files stay a day, and as long as one of the newest manifests names them; then they go, and the rows stay.
#[test]
fn replaced_files_go_a_day_later() {
    let dir = tempfile::tempdir().unwrap();
    let lake = open(dir.path());
    let batches: Vec<_> = (1..=4).map(|seq| batch("alpha", 1, seq, vec![record(7, TODAY.first_hour())])).collect();
    batches.iter().for_each(|batch| drop(lake.seal([batch], NOON).unwrap()));
    let merged = later(200);
    assert!(matches!(lake.compact(Due::Needed, u64::MAX, merged).unwrap(), Progress::Merged(_)));
    assert_eq!(parquet_files(&lake), 5);

    publish(&lake, 16);
    assert_eq!(lake.collect(KEEP_HOURS, later(223)).unwrap().files, 0, "not a day yet");
    let collected = lake.collect(KEEP_HOURS, later(224)).unwrap();
    assert_eq!((collected.files, collected.more), (4, false));
    assert!(collected.bytes > 0);
    assert_eq!(parquet_files(&lake), 1);
    assert_eq!(contents(&open(dir.path())), expected(&batches));
}

/// Aim: a file that one of the newest manifests names stays however old it is, since recovery may go back to it.
#[test]
fn the_newest_manifests_stay_usable() {
    let dir = tempfile::tempdir().unwrap();
    let lake = open(dir.path());
    let batches: Vec<_> = (1..=2).map(|seq| batch("alpha", 1, seq, vec![record(7, TODAY.first_hour())])).collect();
    batches.iter().for_each(|batch| drop(lake.seal([batch], NOON).unwrap()));
    lake.compact(Due::Needed, u64::MAX, later(200)).unwrap();
    assert_eq!(lake.collect(KEEP_HOURS, later(900)).unwrap(), crate::lake::Collected::default());

    // The manifest of the merge is damaged: the lake goes on from the one before, and nothing is lost.
    std::fs::write(lake.paths().manifest(lake.current().id), b"").unwrap();
    drop(lake);
    let (lake, recovery) = Lake::open(dir.path(), later(900)).unwrap();
    assert!(recovery.alarm.is_some());
    assert_eq!(contents(&lake), expected(&batches));
}

/// Aim: of old manifests some stay for a day, enough to prove that a cache stands on the line; then they go too.
#[test]
fn old_manifests_go_and_the_line_can_be_followed() {
    let dir = tempfile::tempdir().unwrap();
    let line = long_line(dir.path(), 1_000);
    let lake = open(dir.path());
    let stranger = lake.paths().manifests().join("notes.txt");
    std::fs::write(&stranger, b"mine").unwrap();
    for file in std::fs::read_dir(lake.paths().manifests()).unwrap() {
        set_modified_hour(&file.unwrap().path(), hour_of(NOON)).unwrap();
    }

    // Of 0 to 999 the newest 257 stay, and the milestones 0, 64 … 704.
    let collected = lake.collect(KEEP_HOURS, later(23)).unwrap();
    assert_eq!((collected.manifests, collected.more), (1_000 - 257 - 12, false));
    assert!(line.iter().all(|id| lake.is_ancestor(*id)));

    assert_eq!(lake.collect(KEEP_HOURS, later(24)).unwrap().manifests, 12);
    // The oldest that is left is 743 - 1, and it names 256.
    let found = line.iter().position(|id| lake.is_ancestor(*id));
    assert_eq!(found, Some(999 - 256 - 256));
    assert!(stranger.exists());
    assert_eq!(open(dir.path()).current().id, lake.current().id);
}

/// Aim: what a seal that failed left behind goes when it is old, not earlier: a failed publication may still be in doubt.
#[test]
fn orphans_go_when_they_are_old() {
    let dir = tempfile::tempdir().unwrap();
    let lake = open(dir.path());
    let day = lake.paths().day("2026-11-24".parse().unwrap());
    std::fs::create_dir_all(&day).unwrap();
    let orphan = day.join("0000000001-0000000001-0011aabbccdd.parquet");
    let stranger = lake.paths().results().join("notes.txt");
    std::fs::write(&orphan, b"of a seal that failed").unwrap();
    std::fs::write(&stranger, b"mine").unwrap();
    set_modified_hour(&orphan, hour_of(NOON)).unwrap();
    assert_eq!(lake.collect(KEEP_HOURS, later(23)).unwrap().files, 0);
    assert_eq!(lake.collect(KEEP_HOURS, later(24)).unwrap().files, 1);
    assert!(!day.exists() && stranger.exists());
}
