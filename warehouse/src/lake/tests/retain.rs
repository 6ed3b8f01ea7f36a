//! Retention: whole months go, their block edges stay, and neither comes back by itself.

use wire::{Asn, Hour, TestType};

use super::samples::{NOON, TODAY, batch, record};
use super::{contents, expected, open, publish};
use crate::lake::paths::TestDate;
use crate::lake::retain::{BadResume, Resume, ResumeNetwork, kept_from};
use crate::lake::{Due, Lake, LakeError, Progress};

fn date(text: &str) -> TestDate {
    text.parse().unwrap()
}

fn network(asn: u32, test_type: TestType, next_day: &str) -> ResumeNetwork {
    ResumeNetwork { asn: Asn::new(asn).unwrap(), test_type, next_day: date(next_day) }
}

/// Aim: twelve full months stay beside the running one, also over a leap day and back to the epoch.
#[test]
fn full_months_stay() {
    assert_eq!(kept_from(date("2026-11-24"), 12), date("2025-11-01"));
    assert_eq!(kept_from(date("2026-11-01"), 1), date("2026-10-01"));
    assert_eq!(kept_from(date("2024-02-29"), 12), date("2023-02-01"));
    assert_eq!(kept_from(date("1970-05-05"), u32::MAX), date("1970-01-01"));
}

/// Aim: dropped days are gone and what is kept is untouched; the block edges read back; doing it again does nothing; the
/// files go a day later and the edges' file stays.
#[test]
fn months_go_and_block_edges_stay() {
    let dir = tempfile::tempdir().unwrap();
    let lake = open(dir.path());
    // 2026-10-31 and 2026-11-01, in one batch.
    let edge = date("2026-11-01").day().first_hour();
    let batches = [
        batch("alpha", 1, 1, vec![record(1, Hour(edge.0 - 1)), record(2, edge)]),
        batch("alpha", 1, 2, vec![record(3, TODAY.first_hour())]),
    ];
    lake.seal(&batches, NOON).unwrap();
    let edges = vec![
        network(64_500, TestType::Single, "2026-11-04"),
        network(64_500, TestType::Household, "2026-11-01"),
        network(64_501, TestType::Single, "2026-11-02"),
    ];
    let resume = Resume::new(date("2026-11-01"), edges).unwrap();

    let dropped = lake.drop_months(&resume, NOON).unwrap();

    let mut kept = batches;
    kept[0].records.remove(0);
    assert_eq!(contents(&lake), expected(&kept));
    assert_eq!(lake.drop_months(&resume, NOON).unwrap(), dropped, "nothing is left to drop");
    let lake = open(dir.path());
    let read = lake.resume(&lake.current()).unwrap().expect("a month was dropped");
    assert_eq!(read, resume);
    assert_eq!(read.next_day(Asn::new(64_500).unwrap(), TestType::Single), date("2026-11-04"));
    assert_eq!(read.next_day(Asn::new(64_999).unwrap(), TestType::Single), date("2026-11-01"));

    // Sixteen manifests later nothing holds the dropped file.
    publish(&lake, 16);
    let a_day_later = jiff::Timestamp::from_second(NOON.as_second() + 24 * 3_600).unwrap();
    assert_eq!(lake.collect(24, a_day_later).unwrap().files, 1);
    assert!(!lake.paths().day(date("2026-10-31")).exists());
    assert!(lake.resume(&lake.current()).unwrap().is_some());
    assert_eq!(contents(&lake), expected(&kept));
}

/// Aim: what cannot be right is refused with its reason, and an altered file is found.
#[test]
fn wrong_edges_are_refused() {
    let single = |asn, day| network(asn, TestType::Single, day);
    let refused = |day, networks| Resume::new(date(day), networks).unwrap_err();
    assert_eq!(refused("2026-11-02", vec![]), BadResume::NotAMonth(date("2026-11-02")));
    let twice = vec![single(7, "2026-11-02"), single(7, "2026-11-03")];
    assert_eq!(refused("2026-11-01", twice), BadResume::Order(Asn::new(7).unwrap()));
    let dropped = refused("2026-11-01", vec![single(7, "2026-10-31")]);
    assert_eq!(dropped, BadResume::Dropped { asn: Asn::new(7).unwrap(), next_day: date("2026-10-31") });

    let dir = tempfile::tempdir().unwrap();
    let lake = open(dir.path());
    let resume = Resume::new(date("2026-11-01"), vec![single(7, "2026-11-02")]).unwrap();
    lake.drop_months(&resume, NOON).unwrap();
    let back = lake.drop_months(&Resume::new(date("2026-10-01"), vec![]).unwrap(), NOON);
    assert!(matches!(back, Err(LakeError::Resume { source: BadResume::OtherMonth { .. }, .. })), "{back:?}");

    let path = lake.paths().resume(lake.current().resume.as_ref().unwrap().name());
    std::fs::write(path, b"{}").unwrap();
    assert!(matches!(lake.resume(&lake.current()), Err(LakeError::ResumeAltered(_))));
    assert!(matches!(Lake::open(dir.path(), NOON), Err(LakeError::ResumeAltered(_))), "it is needed from the start on");
}

/// Aim: a merge under way whose month is dropped is given up; it does not bring the month back.
#[test]
fn a_merge_does_not_bring_a_month_back() {
    let dir = tempfile::tempdir().unwrap();
    let lake = open(dir.path());
    let old = date("2026-10-31").day().first_hour();
    for seq in 1..=3 {
        lake.seal([&batch("alpha", 1, seq, vec![record(1, old)])], NOON).unwrap();
    }
    assert!(matches!(lake.compact(Due::AllClosed, 1, NOON).unwrap(), Progress::Merging));
    lake.drop_months(&Resume::new(date("2026-11-01"), vec![]).unwrap(), NOON).unwrap();
    while !matches!(lake.compact(Due::AllClosed, 1, NOON).unwrap(), Progress::Idle) {}
    assert_eq!(contents(&open(dir.path())), vec![]);
    let day = std::fs::read_dir(lake.paths().day(date("2026-10-31"))).unwrap();
    assert_eq!(day.count(), 3, "the merge left no file of its own");
}
