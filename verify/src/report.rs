//! What was checked and what was found.

mod check;
mod print;

pub use check::Check;

use std::collections::BTreeMap;

use serde::Serialize;

/// Findings of one check that are listed; the rest is counted.
const LISTED_MOST: usize = 50;

/// Something that does not hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The file, block or row.
    #[serde(rename = "where")]
    pub place: String,
    /// What is wrong with it.
    pub what: String,
}

/// What became of a check.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Files, blocks or rows that were looked at.
    pub looked_at: u64,
    /// What does not hold, in the order in which it was found; at most [`LISTED_MOST`].
    pub findings: Vec<Finding>,
    /// All that does not hold.
    pub found: u64,
    has_run: bool,
}

/// The findings of all checks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// What was asked for.
    pub place: String,
    /// The name of the release, once it is known.
    pub release: Option<String>,
    outcomes: BTreeMap<Check, Outcome>,
}

impl Report {
    /// An empty report.
    #[must_use]
    pub fn new(place: &str) -> Self {
        Self { place: place.to_owned(), release: None, outcomes: BTreeMap::new() }
    }

    /// Notes that a check has looked at so many things.
    pub fn looked_at(&mut self, check: Check, number: usize) {
        let outcome = self.outcomes.entry(check).or_default();
        outcome.has_run = true;
        outcome.looked_at += number as u64;
    }

    /// Notes that something does not hold.
    pub fn found(&mut self, check: Check, place: impl Into<String>, what: impl Into<String>) {
        let outcome = self.outcomes.entry(check).or_default();
        outcome.has_run = true;
        outcome.found += 1;
        if outcome.findings.len() < LISTED_MOST {
            outcome.findings.push(Finding { place: place.into(), what: what.into() });
        }
    }

    /// True if a check found something.
    #[must_use]
    pub fn has_failed(&self, check: Check) -> bool {
        self.outcomes.get(&check).is_some_and(|outcome| outcome.found > 0)
    }

    /// True if any check found something.
    #[must_use]
    pub fn is_damaged(&self) -> bool {
        Check::ALL.iter().any(|check| self.has_failed(*check))
    }

    /// True if every check has run, and none found anything.
    #[must_use]
    pub fn holds(&self) -> bool {
        Check::ALL.iter().all(|check| self.outcome(*check).is_some_and(|outcome| outcome.found == 0))
    }

    /// What became of a check; none if it has not run.
    #[must_use]
    pub fn outcome(&self, check: Check) -> Option<&Outcome> {
        self.outcomes.get(&check).filter(|outcome| outcome.has_run)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Aim: a check that did not run does not hold, and what is not listed is counted.
    #[test]
    fn nothing_holds_that_was_not_looked_at() {
        let mut report = Report::new("x");
        for check in Check::ALL {
            assert!(!report.holds());
            report.looked_at(*check, 1);
        }
        assert!(report.holds() && !report.is_damaged());
        for number in 0..60 {
            report.found(Check::Blocks, format!("block {number}"), "is broken");
        }
        let outcome = report.outcome(Check::Blocks).unwrap();
        assert_eq!((outcome.found, outcome.findings.len(), report.holds()), (60, 50, false));
        assert!(report.is_damaged() && report.has_failed(Check::Blocks) && !report.has_failed(Check::Files));
    }
}
