//! Which files are merged next.
//!
//! A day fills with files of like size; [`FAN_IN`] of one tier are merged into one of the next, so that a row is written
//! again once a tier and never once a seal. When a day is over and nothing comes any more, it becomes one file.

use wire::Hour;

use super::MAX_FILE_ROWS;
use crate::lake::manifest::FileEntry;
use crate::lake::paths::TestDate;

/// Most files that are merged at once, and small files of one tier from which they are merged.
///
/// `docs/decisions/2026-11-24-compaction.md` has what was measured.
pub(super) const FAN_IN: usize = 32;

/// Rows from which a file is large: each one that is merged holds some megabytes of memory.
const LARGE_ROWS: u64 = 16_384;

/// Most large files that are merged at once, and large files of one tier from which they are merged.
const LARGE_FAN_IN: usize = 8;

/// Rows at which the next tier begins: about as many as a merge of the tier before gives; the last tier ends where a
/// file is full.
const TIER_ROWS: [u64; 4] = [512, LARGE_ROWS, 131_072, 1_048_576];

/// A day is closed this long after its end.
const CLOSED_HOURS: u32 = 48;

/// A closed day becomes one file once nothing has arrived for it this long: each late batch would rewrite the day.
const QUIET_HOURS: u32 = 24;

/// How eagerly files are merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// What the lake needs.
    Needed,
    /// Also closed days for which something arrived lately.
    AllClosed,
}

/// The files to merge next, all of one day and at least two; none if the lake is in order.
pub(super) fn next(files: &[FileEntry], now: Hour, due: Due) -> Option<Vec<FileEntry>> {
    // Files are sorted by path, so by day.
    let days = files.chunk_by(|a, b| a.test_date() == b.test_date());
    days.filter_map(|day| of_day(day, now, due)).max_by_key(Vec::len)
}

fn of_day(day: &[FileEntry], now: Hour, due: Due) -> Option<Vec<FileEntry>> {
    let mut open: Vec<&FileEntry> = day.iter().filter(|file| file.rows < MAX_FILE_ROWS).collect();
    let last_arrival = open.iter().map(|file| file.max_arrived_hour).max()?;
    let quiet = due == Due::AllClosed || last_arrival.0.saturating_add(QUIET_HOURS) <= now.0;
    if quiet && open.len() >= 2 && is_closed(day.first()?.test_date(), now) {
        // The smallest first: what is merged again is then little.
        open.sort_by_key(|file| (file.rows, file.path));
        return Some(mergeable(open.into_iter()));
    }
    (0..=TIER_ROWS.len()).find_map(|tier| {
        let chosen = mergeable(open.iter().filter(|file| tier_of(file) == tier).copied());
        let large = chosen.first().is_some_and(|file| file.rows >= LARGE_ROWS);
        (chosen.len() == if large { LARGE_FAN_IN } else { FAN_IN }).then_some(chosen)
    })
}

/// The first files, as many as a merge may hold.
fn mergeable<'a>(files: impl Iterator<Item = &'a FileEntry>) -> Vec<FileEntry> {
    let mut large = 0;
    let fits = |file: &&FileEntry| {
        large += usize::from(file.rows >= LARGE_ROWS);
        large <= LARGE_FAN_IN
    };
    files.take(FAN_IN).take_while(fits).cloned().collect()
}

fn is_closed(day: TestDate, now: Hour) -> bool {
    day.day().plus(1).first_hour().0.saturating_add(CLOSED_HOURS) <= now.0
}

fn tier_of(file: &FileEntry) -> usize {
    TIER_ROWS.partition_point(|&least| least <= file.rows)
}

#[cfg(test)]
mod tests;
