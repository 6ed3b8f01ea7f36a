//! Sums over a window: every quantity, every policy, and the hours of those parts that could be divided.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::counts::Counts;
use crate::day::Day;
use crate::formulas::half_up;
use crate::formulas::shares::Grades;
use crate::rows::{BinRun, Block, Graded, PartKey, PartSums};
use crate::subject::{Country, Subject};
use crate::words::{Hours, Quantity, TestType};

/// What is added up of a window.
#[derive(Debug, Clone, Default)]
pub struct WindowSums {
    /// Votes of single tests by bin.
    pub bins: HashMap<(Hours, Quantity, Subject), Counts>,
    /// Votes by policy (in the order of `Policies`) and grade.
    pub grades: HashMap<(TestType, Hours, Subject), Vec<Grades>>,
    /// Tests, votes and what means are made of.
    pub means: HashMap<(TestType, Hours, Subject), Means>,
    /// Networks by kind of test and hours.
    pub networks: BTreeMap<(TestType, Hours, u32), NetworkSums>,
    votes_by_country: HashMap<u32, BTreeMap<Country, i64>>,
}

/// Sums of parts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Means {
    /// Networks with parts here.
    pub networks: BTreeSet<u32>,
    /// What their parts hold.
    pub sums: PartSums,
}

/// What a network has in a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NetworkSums {
    /// Tests.
    pub tests: i64,
    /// Votes.
    pub votes: i64,
    /// Days with votes.
    pub vote_days: i64,
    /// Blocks.
    pub blocks: i64,
    /// The first day of the first block.
    pub first_day: Day,
}

/// The hours under which a part counts: all, and its own if it could be divided.
fn hours_of(part: &PartKey) -> impl Iterator<Item = Hours> {
    [Some(Hours::All), Some(part.hours).filter(|hours| *hours != Hours::Unsplit)].into_iter().flatten()
}

impl WindowSums {
    /// Adds a block, under all hours.
    pub fn add_block(&mut self, block: &Block) {
        self.add_network(Hours::All, block);
    }

    /// Adds what a block has in the peak hours: it stands for one day at least.
    pub fn add_peak(&mut self, peak: &Block) {
        self.add_network(Hours::Peak, &Block { vote_days: 1, ..*peak });
    }

    fn add_network(&mut self, hours: Hours, block: &Block) {
        let none = NetworkSums { tests: 0, votes: 0, vote_days: 0, blocks: 0, first_day: block.first_day };
        let sums = self.networks.entry((block.test_type, hours, block.asn)).or_insert(none);
        sums.tests += block.tests;
        sums.votes += block.votes;
        sums.vote_days += block.vote_days;
        sums.blocks += 1;
        sums.first_day = sums.first_day.min(block.first_day);
    }

    /// Adds a part.
    pub fn add_part(&mut self, part: &PartKey, sums: &PartSums) {
        for (hours, subject) in groups(part) {
            let means = self.means.entry((part.test_type, hours, subject)).or_default();
            means.networks.insert(part.asn);
            means.sums.add(sums);
        }
        if let Some(country) = part.country {
            *self.votes_by_country.entry(part.asn).or_default().entry(country).or_default() += sums.votes;
        }
    }

    /// Adds votes by bin. Only the ranked quantity is told by hours.
    pub fn add_bins(&mut self, run: &BinRun) {
        if run.part.test_type != TestType::Single {
            return;
        }
        for (hours, subject) in groups(&run.part) {
            if hours == Hours::All || run.quantity == Quantity::Working {
                self.bins.entry((hours, run.quantity, subject)).or_default().extend(&run.votes);
            }
        }
    }

    /// Adds votes with a grade under one of so many policies.
    pub fn add_grade(&mut self, graded: &Graded, policies: usize) {
        for (hours, subject) in groups(&graded.part) {
            let key = (graded.part.test_type, hours, subject);
            let grades = self.grades.entry(key).or_insert_with(|| vec![Grades::default(); policies]);
            grades[graded.policy][graded.grade.index()] += graded.votes;
        }
    }

    /// The country of most of a network's votes of both kinds; ties by code.
    #[must_use]
    pub fn home(&self, asn: u32) -> Option<Country> {
        let votes = self.votes_by_country.get(&asn)?;
        let most = votes.values().max()?;
        votes.iter().find(|(_, votes)| *votes == most).map(|(country, _)| *country)
    }
}

/// Hours and subjects under which a part counts.
fn groups(part: &PartKey) -> impl Iterator<Item = (Hours, Subject)> {
    let (asn, country) = (part.asn, part.country);
    hours_of(part).flat_map(move |hours| Subject::of(asn, country).map(move |subject| (hours, subject)))
}

impl PartSums {
    fn add(&mut self, other: &Self) {
        self.tests += other.tests;
        self.votes += other.votes;
        self.baseline_votes += other.baseline_votes;
        self.baseline_sum += other.baseline_sum;
        self.download_sum += other.download_sum;
        self.upload_sum += other.upload_sum;
        self.bidirectional_votes += other.bidirectional_votes;
        self.bidirectional_sum += other.bidirectional_sum;
    }

    /// Mean baseline, and mean increase of download, of upload and of both, in hundredths of a ms.
    #[must_use]
    pub fn means(&self, test_type: TestType) -> [Option<i64>; 4] {
        let mean = |sum: i64, votes: i64| (votes > 0).then(|| half_up(sum as f64 / votes as f64));
        // Household tests measure no increase.
        let single = |mean: Option<i64>| mean.filter(|_| test_type == TestType::Single);
        [
            mean(self.baseline_sum, self.baseline_votes),
            single(mean(self.download_sum, self.votes)),
            single(mean(self.upload_sum, self.votes)),
            mean(self.bidirectional_sum, self.bidirectional_votes),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(country: Option<&str>, hours: Hours) -> PartKey {
        let country = country.and_then(Country::parse);
        PartKey { asn: 1, test_type: TestType::Single, first_day: Day(0), country, hours }
    }

    // Aim: a divided part counts under its hours and under all, for network, country and world; of an unknown country for
    // two of them. The home is the country of most votes, the first by code among equals.
    #[test]
    fn parts_count_where_they_belong() {
        let mut window = WindowSums::default();
        let sums = |votes| PartSums { tests: votes, votes, download_sum: 25, ..PartSums::default() };
        window.add_part(&part(Some("FR"), Hours::Peak), &sums(10));
        window.add_part(&part(Some("DE"), Hours::Unsplit), &sums(10));
        window.add_part(&part(None, Hours::Unsplit), &sums(40));
        let votes =
            |hours, subject| window.means.get(&(TestType::Single, hours, subject)).map(|means| means.sums.votes);
        let france = Subject::Country(Country::parse("FR").unwrap());
        assert_eq!(votes(Hours::All, Subject::World), Some(60));
        assert_eq!(votes(Hours::Peak, Subject::World), Some(10));
        assert_eq!((votes(Hours::All, france), votes(Hours::Peak, france)), (Some(10), Some(10)));
        assert_eq!(votes(Hours::Unsplit, Subject::World), None);
        assert_eq!(window.home(1).map(|home| home.to_string()).as_deref(), Some("DE"));
        // 25 / 10 is 2.5, which goes up.
        assert_eq!(sums(10).means(TestType::Single), [None, Some(3), Some(0), None]);
        assert_eq!(sums(10).means(TestType::Household), [None; 4]);
    }
}
