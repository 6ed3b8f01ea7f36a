//! `results`: single results add up to blocks, in each file, network by network.

use std::collections::{BTreeMap, BTreeSet};

use crate::counts::Counts;
use crate::day::Day;
use crate::formulas::shares::Grades;
use crate::report::{Check, Report};
use crate::rows::{BinRun, Block, Graded, Outcome};
use crate::words::{Quantity, TestType};

/// What results add up to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Tally {
    rows: i64,
    votes: i64,
    /// Votes by bin, in the order of [`Quantity::ALL`].
    bins: [Counts; 4],
    /// Votes by grade.
    grades: Grades,
}

/// The range of days of a file, a network and a kind of test.
type Key = ([Day; 2], u32, TestType);

/// The results of a month against its blocks.
#[derive(Debug, Default)]
pub(super) struct Results {
    spans: Vec<[Day; 2]>,
    by_blocks: BTreeMap<Key, Tally>,
    by_results: BTreeMap<Key, Tally>,
    /// The first block of a day that no file of results covers, and how many such blocks there are.
    uncovered: Option<(String, usize)>,
}

impl Results {
    /// These are the ranges of days of the month's files.
    pub(super) fn expect(&mut self, spans: impl Iterator<Item = [Day; 2]>) {
        self.spans = spans.collect();
    }

    fn of_blocks(&mut self, asn: u32, test_type: TestType, last_day: Day) -> Option<&mut Tally> {
        let span = *self.spans.iter().find(|[first, last]| (*first..=*last).contains(&last_day))?;
        Some(self.by_blocks.entry((span, asn, test_type)).or_default())
    }

    pub(super) fn add_block(&mut self, block: &Block) {
        match self.of_blocks(block.asn, block.test_type, block.last_day) {
            Some(tally) => {
                tally.rows += block.tests;
                tally.votes += block.votes;
            }
            None => self.uncovered.get_or_insert_with(|| (block.to_string(), 0)).1 += 1,
        }
    }

    pub(super) fn add_bins(&mut self, run: &BinRun) {
        if let Some(tally) = self.of_blocks(run.part.asn, run.part.test_type, run.last_day) {
            tally.bins[run.quantity as usize].extend(&run.votes);
        }
    }

    /// Adds votes graded by the usual policy.
    pub(super) fn add_grade(&mut self, graded: &Graded) {
        if let Some(tally) = self.of_blocks(graded.part.asn, graded.part.test_type, graded.last_day) {
            tally.grades[graded.grade.index()] += graded.votes;
        }
    }

    /// Counts a result of a file that covers these days.
    pub(super) fn count(&mut self, days: Option<[Day; 2]>, outcome: &Outcome) {
        let Some(span) = days else { return };
        let tally = self.by_results.entry((span, outcome.asn, outcome.test_type)).or_default();
        tally.rows += 1;
        if !outcome.is_vote {
            return;
        }
        tally.votes += 1;
        for (counts, bin) in tally.bins.iter_mut().zip(outcome.bins) {
            if let Some(bin) = bin {
                counts.add(bin, 1);
            }
        }
        if let Some(grade) = outcome.grade {
            tally.grades[grade.index()] += 1;
        }
    }

    /// Compares both and gives the number of results.
    pub(super) fn check(&self, report: &mut Report) -> usize {
        if let Some((block, blocks)) = &self.uncovered {
            let what = format!("ends on a day that no file of results covers, and {} more do", blocks - 1);
            report.found(Check::Results, block, what);
        }
        let none = Tally::default();
        let keys: BTreeSet<&Key> = self.by_blocks.keys().chain(self.by_results.keys()).collect();
        for key in keys {
            let (blocks, results) =
                (self.by_blocks.get(key).unwrap_or(&none), self.by_results.get(key).unwrap_or(&none));
            let ([first, last], asn, test_type) = key;
            for what in differences(blocks, results) {
                let place = format!("results of AS{asn}, {}, {first} to {last}", test_type.name());
                report.found(Check::Results, place, what);
            }
        }
        self.by_results.values().map(|tally| usize::try_from(tally.rows).unwrap_or_default()).sum()
    }
}

fn differences(blocks: &Tally, results: &Tally) -> Vec<String> {
    let mut differences = Vec::new();
    for (what, blocks, results) in [("rows", blocks.rows, results.rows), ("votes", blocks.votes, results.votes)] {
        if blocks != results {
            differences.push(format!("{results} {what}, blocks count {blocks}"));
        }
    }
    for (quantity, (blocks, results)) in Quantity::ALL.iter().zip(blocks.bins.iter().zip(&results.bins)) {
        if blocks != results {
            differences.push(format!("their bins of the {} increase are not those of blocks", quantity.name()));
        }
    }
    if blocks.grades != results.grades {
        differences.push("their grades are not those of blocks".to_owned());
    }
    differences
}
