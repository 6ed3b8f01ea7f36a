//! Why rows changed: told from what differs between two releases beside their rows.

use std::collections::BTreeSet;

use serde::Serialize;

use super::{Changes, Partition};
use crate::catalog;
use crate::cut::{CutDocument, CutFile};
use crate::lake::paths::TestDate;
use crate::marts::LATE_DAYS;

/// Inputs by which blocks and their grades are told.
const OF_THE_METHOD: [&str; 3] = ["bins", "policies", "rate_bins"];

/// `2026-10`.
const MONTH_CHARS: usize = 7;

/// Why rows of a month changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Reason {
    /// There is no release before.
    FirstRelease,
    /// Days have closed since.
    DaysClosed,
    /// The operator took an agent's results back.
    Withdrawal,
    /// A country's standard time is another one, by which peak hours are told.
    StandardTimes,
    /// Statements, bins, policies or the form of tables are others.
    Method,
    /// Nothing else is left: an agent's right to speak for a network was given or taken for days that had closed.
    Rights,
    /// The month is older than what the warehouse keeps, or a block of it may hold results that are.
    Retention,
}

/// What holds of all changes of a release.
#[derive(Debug, Default)]
pub(super) struct Reasons {
    /// True if there is no release before.
    is_first: bool,
    /// The month of the last day of the release before, if days have closed since.
    closed_from: Option<String>,
    /// The last month in which retention may have dropped blocks; none if no month went.
    dropped_until: Option<String>,
    /// Why rows are others that were counted already; none if all were only added to.
    reopened: BTreeSet<Reason>,
}

impl Reasons {
    pub(super) fn of(changes: &Changes<'_>, partitions: &[Partition]) -> Self {
        let document = changes.document;
        let Some((previous, _)) = changes.previous else { return Self { is_first: true, ..Self::default() } };
        let differs = |table: &str| digests(document, table).ne(digests(previous, table));
        let mut reasons = Self {
            is_first: false,
            closed_from: (document.last_day > previous.last_day).then(|| month_of(previous.last_day)),
            dropped_until: dropped_until(document, previous),
            reopened: BTreeSet::new(),
        };
        if partitions.iter().any(|partition| reasons.is_reopened(partition)) {
            let method = OF_THE_METHOD.iter().any(|table| differs(table))
                || (document.schema, &document.method, &document.policy)
                    != (previous.schema, &previous.method, &previous.policy);
            let taken_back = changes.new_withdrawals().next().is_some();
            reasons.reopened.extend(taken_back.then_some(Reason::Withdrawal));
            reasons.reopened.extend(differs("country_offsets").then_some(Reason::StandardTimes));
            reasons.reopened.extend(method.then_some(Reason::Method));
            if reasons.reopened.is_empty() {
                reasons.reopened.insert(Reason::Rights);
            }
        }
        reasons
    }

    /// True if a month of results or blocks has others than before: not those of new days only, and not fewer of an old month.
    fn is_reopened(&self, partition: &Partition) -> bool {
        let counts = partition.counts;
        let is_counted = partition.table != catalog::TRENDS.relation();
        let is_other = counts.corrected + counts.withdrawn > 0 && !self.is_dropped(partition);
        is_counted && (is_other || (counts.added > 0 && !self.may_grow(partition)))
    }

    /// True if days of the month have closed since.
    fn may_grow(&self, partition: &Partition) -> bool {
        self.closed_from.as_ref().is_some_and(|from| partition.month >= *from)
    }

    /// True if rows are gone, and no other came, where retention drops them.
    fn is_dropped(&self, partition: &Partition) -> bool {
        let is_old = self.dropped_until.as_ref().is_some_and(|until| partition.month <= *until);
        is_old && partition.counts.added + partition.counts.corrected == 0
    }

    /// Why a month changed.
    pub(super) fn why(&self, partition: &Partition) -> BTreeSet<Reason> {
        if self.is_first {
            return BTreeSet::from([Reason::FirstRelease]);
        }
        if self.is_dropped(partition) {
            return BTreeSet::from([Reason::Retention]);
        }
        let counts = partition.counts;
        let is_told_anew = partition.table == catalog::TRENDS.relation() && counts.corrected > 0;
        let mut why = BTreeSet::new();
        if self.may_grow(partition) && (counts.added > 0 || is_told_anew) {
            why.insert(Reason::DaysClosed);
        }
        if counts.corrected + counts.withdrawn > 0 || why.is_empty() {
            why.extend(&self.reopened);
        }
        if why.is_empty() {
            // The first period that stays has no period before it any more.
            why.insert(if self.dropped_until.is_some() { Reason::Retention } else { Reason::Method });
        }
        why
    }
}

fn month_of(day: TestDate) -> String {
    day.to_string().chars().take(MONTH_CHARS).collect()
}

/// The last month in which blocks may be gone because older months went: a block of the months after these can hold late
/// results of them, and goes too.
fn dropped_until(document: &CutDocument, previous: &CutDocument) -> Option<String> {
    let months = |document: &CutDocument| -> BTreeSet<String> {
        document.files.iter().filter_map(|file| file.month.clone()).collect()
    };
    let (now, before) = (months(document), months(previous));
    let Some(oldest) = now.first() else { return before.last().cloned() };
    let first: TestDate = format!("{oldest}-01").parse().ok()?;
    (before.first()? < oldest).then(|| TestDate::of(first.day().plus(LATE_DAYS)).map(month_of)).flatten()
}

fn digests<'a>(document: &'a CutDocument, table: &'a str) -> impl Iterator<Item = crate::digest::Sha256> + 'a {
    document.files_of(table).map(|file: &CutFile| file.sha256)
}
