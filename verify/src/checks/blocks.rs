//! `blocks`: the atoms of everything that is published.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use crate::day::Day;
use crate::formulas::shares::Grades;
use crate::inputs::Inputs;
use crate::report::{Check, Report};
use crate::rows::{BinRun, Block, Graded, PartKey, PartSums};
use crate::words::{Hours, Quantity, TestType};

/// Votes of a block, of each part of it and behind each published sum, at least.
const BLOCK_VOTES: i64 = 10;

/// A block and a day of its network are told apart by these.
type BlockKey = (u32, TestType, Day);

/// The blocks of a month, and what their parts, bins and grades add up to.
#[derive(Debug, Default)]
pub(super) struct Blocks {
    blocks: BTreeMap<BlockKey, Block>,
    /// First days by last days.
    began: HashMap<BlockKey, Day>,
    parts: BTreeMap<PartKey, Part>,
    /// Rows of bins and grades that belong to no part, and blocks that stand twice.
    strays: Vec<(PartKey, &'static str)>,
}

/// A part and what was found of it elsewhere.
#[derive(Debug, Clone)]
struct Part {
    last_day: Day,
    sums: PartSums,
    /// Votes by quantity, in the order of [`Quantity::ALL`].
    by_quantity: [i64; 4],
    /// Votes by policy and grade; no policy before the first grade.
    graded: Vec<Grades>,
    /// What the increases alone would give under each named policy.
    by_increase: Vec<Grades>,
}

impl Blocks {
    pub(super) fn add(&mut self, block: &Block) {
        let key = (block.asn, block.test_type, block.first_day);
        let twice = self.blocks.insert(key, *block).is_some();
        let again = self.began.insert((block.asn, block.test_type, block.last_day), block.first_day).is_some();
        if twice || again {
            let part = PartKey {
                asn: block.asn,
                test_type: block.test_type,
                first_day: block.first_day,
                country: None,
                hours: Hours::Unsplit,
            };
            self.strays.push((part, "begins or ends on the day of another block"));
        }
    }

    /// The first day of the block of a network that ended on this day.
    pub(super) fn began(&self, asn: u32, test_type: TestType, last_day: Day) -> Option<Day> {
        self.began.get(&(asn, test_type, last_day)).copied()
    }

    pub(super) fn add_part(&mut self, key: &PartKey, last_day: Day, sums: &PartSums) {
        let part = Part { last_day, sums: *sums, by_quantity: [0; 4], graded: Vec::new(), by_increase: Vec::new() };
        if self.parts.insert(*key, part).is_some() {
            self.strays.push((*key, "is a part that stands twice"));
        }
    }

    pub(super) fn add_bins(&mut self, run: &BinRun, inputs: &Inputs) {
        let Some(part) = self.parts.get_mut(&run.part).filter(|part| part.last_day == run.last_day) else {
            return self.strays.push((run.part, "has bins and is no part"));
        };
        part.by_quantity[run.quantity as usize] += run.votes.iter().map(|(_, votes)| votes).sum::<i64>();
        let is_known = run.votes.iter().all(|(bin, votes)| inputs.bins.get(*bin).is_some() && *votes > 0);
        if !is_known {
            return self.strays.push((run.part, "has votes in a bin that is none, or a bin without votes"));
        }
        if run.quantity == Quantity::Working {
            let policies = inputs.policies.named();
            part.by_increase.resize(policies.len(), Grades::default());
            for (policy, grades) in policies.iter().zip(&mut part.by_increase) {
                for (bin, votes) in &run.votes {
                    if let Some(grade) = policy.grade_of(*bin, &inputs.bins) {
                        grades[grade.index()] += votes;
                    }
                }
            }
        }
    }

    pub(super) fn add_grade(&mut self, graded: &Graded, policies: usize) {
        match self.parts.get_mut(&graded.part).filter(|part| part.last_day == graded.last_day) {
            Some(part) => {
                part.graded.resize(policies, Grades::default());
                part.graded[graded.policy][graded.grade.index()] += graded.votes;
            }
            None => self.strays.push((graded.part, "has grades and is no part")),
        }
    }

    /// Looks at every block and gives their number; `ended` knows where each network's blocks ended before this month.
    pub(super) fn check(
        &self,
        inputs: &Inputs,
        ended: &mut HashMap<(u32, TestType), Day>,
        report: &mut Report,
    ) -> usize {
        for (part, what) in &self.strays {
            report.found(Check::Blocks, part.to_string(), *what);
        }
        let mut sums: HashMap<BlockKey, (i64, i64)> = HashMap::new();
        for (key, part) in &self.parts {
            let of_block = (key.asn, key.test_type, key.first_day);
            match self.blocks.get(&of_block) {
                Some(block) if block.last_day == part.last_day => {}
                _ => report.found(Check::Blocks, key.to_string(), "is a part of no block"),
            }
            let (tests, votes) = sums.entry(of_block).or_default();
            *tests += part.sums.tests;
            *votes += part.sums.votes;
            for what in part.faults(key.test_type, inputs) {
                report.found(Check::Blocks, key.to_string(), what);
            }
        }
        for (key, block) in &self.blocks {
            let before = ended.insert((block.asn, block.test_type), block.last_day);
            let parts = sums.get(key).copied().unwrap_or_default();
            for what in faults(block, before, parts) {
                report.found(Check::Blocks, block.to_string(), what);
            }
        }
        self.blocks.len()
    }
}

/// What is wrong with a block, given where the one before ended and what its parts hold.
fn faults(block: &Block, before: Option<Day>, parts: (i64, i64)) -> Vec<String> {
    let mut faults = Vec::new();
    let mut expect = |holds: bool, what: &dyn Fn() -> String| {
        if !holds {
            faults.push(what());
        }
    };
    let Block { tests, votes, vote_days, first_day, last_day, .. } = *block;
    let days = i64::from(last_day.0 - first_day.0) + 1;
    expect(votes >= BLOCK_VOTES, &|| format!("has {votes} votes, which are fewer than {BLOCK_VOTES}"));
    expect(tests >= votes, &|| format!("has {votes} votes of {tests} tests"));
    expect(days >= 1, &|| format!("ends on {last_day}, before it begins"));
    expect((1..=days.min(votes)).contains(&vote_days), &|| format!("has votes on {vote_days} of {days} days"));
    expect(before.is_none_or(|before| before < first_day), &|| {
        format!("begins while the block before lasts, which ends on {}", before.unwrap_or(first_day))
    });
    expect(parts == (tests, votes), &|| {
        format!("has {tests} tests and {votes} votes, its parts have {} and {}", parts.0, parts.1)
    });
    faults
}

impl Part {
    /// What is wrong with it.
    fn faults(&self, test_type: TestType, inputs: &Inputs) -> Vec<String> {
        let mut faults = Vec::new();
        let PartSums { tests, votes, baseline_votes, bidirectional_votes, .. } = self.sums;
        if votes < BLOCK_VOTES {
            faults.push(format!("is a part of {votes} votes, which are fewer than {BLOCK_VOTES}"));
        }
        if tests < votes {
            faults.push(format!("is a part with {votes} votes of {tests} tests"));
        }
        for (what, told, sum) in [
            ("baseline", baseline_votes, self.sums.baseline_sum),
            ("bidirectional", bidirectional_votes, self.sums.bidirectional_sum),
        ] {
            if (1..BLOCK_VOTES).contains(&told) || told > votes || (told == 0 && sum != 0) {
                faults.push(format!("tells the {what} sum of {told} of {votes} votes"));
            }
        }
        let [working, download, upload, bidirectional] = self.by_quantity;
        let is_counted = match test_type {
            TestType::Single => {
                let told = if bidirectional < BLOCK_VOTES { 0 } else { bidirectional };
                [working, download, upload] == [votes; 3] && told == bidirectional_votes && bidirectional <= votes
            }
            // Household tests measure no increase.
            TestType::Household => {
                self.by_quantity == [0; 4]
                    && (self.sums.download_sum, self.sums.upload_sum, bidirectional_votes) == (0, 0, 0)
            }
        };
        if !is_counted {
            let counts = self.by_quantity.map(|votes| votes.to_string()).join(", ");
            faults
                .push(format!("has {votes} votes, its bins (working, download, upload, bidirectional) have {counts}"));
        }
        let reported = inputs.policies.reported();
        for (policy, name) in inputs.policies.names().iter().enumerate() {
            let grades = self.graded.get(policy).copied().unwrap_or_default();
            let graded: i64 = grades.iter().sum();
            let expected = if (policy == reported) == (test_type == TestType::Household) { votes } else { 0 };
            if graded != expected {
                faults.push(format!("has {votes} votes, of which {graded} have a grade under {name}"));
            }
        }
        for ((policy, graded), by_increase) in inputs.policies.named().iter().zip(&self.graded).zip(&self.by_increase) {
            if !policy.agrees(graded, by_increase) {
                faults.push(format!("has grades under {} that its bins do not give", policy.name));
            }
        }
        faults
    }
}

impl fmt::Display for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "block of AS{}, {}, {} to {}", self.asn, self.test_type.name(), self.first_day, self.last_day)
    }
}

impl fmt::Display for PartKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let country = self.country.map_or_else(|| "unknown country".to_owned(), |country| country.to_string());
        let (test_type, hours) = (self.test_type.name(), self.hours.name());
        write!(f, "block of AS{}, {test_type}, from {}, {country}, {hours}", self.asn, self.first_day)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block() -> Block {
        Block {
            asn: 64_500,
            test_type: TestType::Single,
            first_day: Day(10),
            last_day: Day(12),
            tests: 15,
            votes: 12,
            vote_days: 2,
        }
    }

    // Aim: a sound block has no fault, and each rule finds the block that breaks it.
    #[test]
    fn every_rule_of_a_block_is_kept() {
        let told = |block: Block, before| faults(&block, before, (block.tests, block.votes)).len();
        assert_eq!(told(block(), Some(Day(9))), 0);
        assert_eq!(told(block(), None), 0);
        assert_eq!(told(block(), Some(Day(10))), 1, "no day belongs to two blocks");
        assert_eq!(told(Block { votes: 9, ..block() }, None), 1);
        assert_eq!(told(Block { tests: 11, ..block() }, None), 1);
        assert_eq!(told(Block { vote_days: 4, ..block() }, None), 1);
        assert_eq!(told(Block { vote_days: 0, ..block() }, None), 1);
        assert_eq!(told(Block { last_day: Day(9), ..block() }, None), 2, "it ends before it begins, and has no days");
        assert_eq!(faults(&block(), None, (15, 11)).len(), 1);
    }
}
