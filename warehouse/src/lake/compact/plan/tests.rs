//! What is merged: few files stay, and a row is written again a few times only.

use wire::Hour;

use super::{Due, FAN_IN, next};
use crate::digest::Sha256;
use crate::lake::MAX_FILE_ROWS;
use crate::lake::manifest::FileEntry;
use crate::lake::paths::{ResultPath, TestDate};

/// The day of all files here.
fn day() -> TestDate {
    "2026-11-24".parse().unwrap()
}

/// Noon of that day.
fn noon() -> Hour {
    Hour(day().day().first_hour().0 + 12)
}

fn file(seal: u64, rows: u64) -> FileEntry {
    let sha256 = Sha256::of(&seal.to_le_bytes());
    FileEntry {
        path: ResultPath { test_date: day(), first_seal: seal, last_seal: seal, digest: sha256.short() },
        rows,
        bytes: rows * 25,
        sha256,
        min_arrived_hour: noon(),
        max_arrived_hour: noon(),
    }
}

/// Merges as planned until nothing is due; the rows that were written.
fn settle(files: &mut Vec<FileEntry>, now: Hour) -> u64 {
    let mut written = 0;
    while let Some(inputs) = next(files, now, Due::Needed) {
        assert!((2..=FAN_IN).contains(&inputs.len()));
        files.retain(|file| inputs.iter().all(|input| input.path != file.path));
        let mut rows: u64 = inputs.iter().map(|input| input.rows).sum();
        written += rows;
        let (first, last) = (inputs[0].path.first_seal, inputs[inputs.len() - 1].path.last_seal);
        while rows > 0 {
            let piece = rows.min(MAX_FILE_ROWS);
            rows -= piece;
            let mut merged = file(first.min(last), piece);
            merged.path.last_seal = last;
            merged.path.digest = Sha256::of(&[rows.to_le_bytes(), last.to_le_bytes()].concat()).short();
            files.push(merged);
        }
        files.sort_by_key(|file| file.path);
    }
    written
}

/// Aim: a whole day of a seal every two seconds, with few rows and with many, keeps few files all the time and writes
/// each row again a handful of times; once it is over it becomes files of full length, and nothing more is due.
#[test]
fn a_day_of_seals_stays_small() {
    for rows in [3, 700, 20_000] {
        let mut files = Vec::new();
        let (mut most, mut written) = (0, 0);
        for seal in 1..=43_200 {
            files.push(file(seal, rows));
            written += settle(&mut files, noon());
            most = most.max(files.iter().filter(|file| file.rows < MAX_FILE_ROWS).count());
        }
        assert!(most < 3 * FAN_IN, "{most} files of {rows} rows");
        let again = written as f64 / (43_200 * rows) as f64;
        assert!(again < 8.0, "a row of {rows} is written {again:.1} times again");

        let after = Hour(noon().0 + 12 + 48 + 24);
        settle(&mut files, after);
        let short = files.iter().filter(|file| file.rows < MAX_FILE_ROWS).count();
        assert!(short <= 1, "{short} files of {rows} rows are short");
        assert_eq!(files.iter().map(|file| file.rows).sum::<u64>(), 43_200 * rows);
    }
}

/// Aim: an open day's few files are left alone, and a closed day's too until nothing has come for a day.
#[test]
fn what_is_not_due_is_left_alone() {
    let few: Vec<_> = (1..FAN_IN as u64).map(|seal| file(seal, 10)).collect();
    assert_eq!(next(&few, noon(), Due::Needed), None);
    assert_eq!(next(&few, noon(), Due::AllClosed), None, "the day is open");
    let closed = Hour(day().day().plus(3).first_hour().0);
    let mut late = few.clone();
    late[0].max_arrived_hour = Hour(closed.0 - 1);
    assert_eq!(next(&late, closed, Due::Needed), None);
    assert_eq!(next(&late, closed, Due::AllClosed).map(|files| files.len()), Some(FAN_IN - 1));
    assert_eq!(next(&late, Hour(closed.0 - 1), Due::AllClosed), None, "47 hours after its end");
    assert_eq!(next(&late, Hour(closed.0 + 23), Due::Needed).map(|files| files.len()), Some(FAN_IN - 1));
    let full: Vec<_> = (1..5).map(|seal| file(seal, MAX_FILE_ROWS)).collect();
    assert_eq!(next(&full, Hour(closed.0 + 999), Due::AllClosed), None);
}
