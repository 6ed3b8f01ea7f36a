//! Who is listed in a window, how networks are scored, and who is ranked.

use std::collections::BTreeMap;

use super::{Derived, areas, by_policy, histograms, latencies, rankings};
use crate::formulas::measures::Measure;
use crate::formulas::quantiles::Latency;
use crate::formulas::ranks::{Rank, rank};
use crate::formulas::shares::Share;
use crate::formulas::shrinkage::{By, Prior, Score};
use crate::inputs::Inputs;
use crate::subject::{Country, Subject};
use crate::sums::{NetworkSums, WindowSums};
use crate::words::{Hours, Quantity, TestType};

/// A window with what its figures are derived with.
#[derive(Debug, Clone, Copy)]
pub struct WindowFigures<'a> {
    /// Its length, in days.
    pub days: u32,
    /// Its sums.
    pub sums: &'a WindowSums,
    /// Gates, bins, policies and lists.
    pub inputs: &'a Inputs,
}

/// A network that is listed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Listed<'a> {
    pub(super) asn: u32,
    pub(super) sums: &'a NetworkSums,
    pub(super) home: Option<Country>,
    pub(super) kind: Option<&'a String>,
    pub(super) organisation: Option<&'a String>,
    pub(super) unranked_reason: Option<&'static str>,
}

/// What came of comparing networks.
#[derive(Debug, Clone, Default)]
pub(super) struct Contest {
    pub(super) scores: BTreeMap<u32, Score>,
    pub(super) ranks: BTreeMap<u32, Rank>,
}

/// The kind of networks whose clients are servers.
const HOSTING: &str = "hosting";

impl<'a> WindowFigures<'a> {
    /// Every row that is told of this window.
    #[must_use]
    pub fn derive(&self) -> Derived {
        let mut derived = Derived::default();
        for test_type in TestType::ALL {
            for hours in [Hours::All, Hours::Peak] {
                let listed = self.listed(*test_type, hours);
                let usual = self.usual_contest(*test_type, hours, &listed);
                derived.rankings.extend(rankings::rows(self, *test_type, hours, &listed, &usual));
                derived.rankings_by_policy.extend(by_policy::rows(self, *test_type, hours, &listed, &usual));
            }
        }
        derived.latencies = latencies::rows(self);
        derived.histograms = histograms::rows(self);
        derived.areas = areas::rows(self);
        derived
    }

    /// The networks with enough votes to be listed, and why one has no rank.
    fn listed(&self, test_type: TestType, hours: Hours) -> Vec<Listed<'a>> {
        let gates = &self.inputs.parameters;
        let all = self.sums.networks.range((test_type, hours, 0)..=(test_type, hours, u32::MAX));
        let enough = all.filter(|(_, sums)| sums.votes >= gates.listed_votes);
        enough
            .map(|((_, _, asn), sums)| {
                let kind = self.inputs.kinds.get(asn);
                let unranked_reason = if kind.is_some_and(|kind| kind == HOSTING) {
                    Some("hosting_network")
                } else if sums.votes < gates.ranked_votes {
                    Some("votes_below_gate")
                } else if sums.vote_days < gates.ranked_days {
                    Some("days_below_gate")
                } else {
                    None
                };
                let organisation = self.inputs.organisations.get(asn);
                Listed { asn: *asn, sums, home: self.sums.home(*asn), kind, organisation, unranked_reason }
            })
            .collect()
    }

    /// The contest of `rankings`: by latency for single tests, by reported grades for household tests.
    fn usual_contest(&self, test_type: TestType, hours: Hours, listed: &[Listed<'_>]) -> Contest {
        match test_type {
            TestType::Household => self.share_contest(test_type, hours, listed, self.inputs.policies.reported()),
            TestType::Single => self.contest(By::Latency, listed, |asn| {
                let counts = self.sums.bins.get(&(hours, Quantity::Working, Subject::Network(asn)))?;
                Measure::of_latency(counts, &self.inputs.bins)
            }),
        }
    }

    /// The contest by the share at A or better under a policy.
    pub(super) fn share_contest(
        &self,
        test_type: TestType,
        hours: Hours,
        listed: &[Listed<'_>],
        policy: usize,
    ) -> Contest {
        self.contest(By::Share, listed, |asn| {
            let share = self.share(test_type, hours, Subject::Network(asn), policy)?;
            Some(Measure::of_share(share.share, share.votes))
        })
    }

    fn contest(&self, by: By, listed: &[Listed<'_>], measure: impl Fn(u32) -> Option<Measure>) -> Contest {
        let measured: Vec<_> = listed.iter().filter_map(|network| Some((network, measure(network.asn)?))).collect();
        // Hosting networks are no measure for homes.
        let homes = measured.iter().filter(|(network, _)| network.kind.is_none_or(|kind| kind != HOSTING));
        let homes: Vec<Measure> = homes.map(|(_, measure)| *measure).collect();
        let Some(prior) = Prior::of(&homes) else { return Contest::default() };
        let score = |measure| Score::of(by, measure, prior, &self.inputs.bins);
        let scores: BTreeMap<u32, Score> =
            measured.iter().map(|(network, measure)| (network.asn, score(*measure))).collect();
        let ranked = measured.iter().filter(|(network, _)| network.unranked_reason.is_none());
        let ranked: Vec<(u32, Score)> = ranked.map(|(network, _)| (network.asn, scores[&network.asn])).collect();
        let ranks = rank(&ranked, &self.inputs.critical).into_iter().collect();
        Contest { scores, ranks }
    }

    /// The policy by which letters are told beside a ranking.
    pub(super) fn usual_policy(&self, test_type: TestType) -> Option<usize> {
        let policies = &self.inputs.policies;
        match test_type {
            TestType::Single => policies.index(&self.inputs.parameters.default_policy),
            TestType::Household => Some(policies.reported()),
        }
    }

    /// The graded votes of a subject under a policy.
    pub(super) fn share(&self, test_type: TestType, hours: Hours, subject: Subject, policy: usize) -> Option<Share> {
        Share::of(*self.sums.grades.get(&(test_type, hours, subject))?.get(policy)?)
    }

    /// A latency increase of a subject. Household tests measure none.
    pub(super) fn latency(
        &self,
        test_type: TestType,
        hours: Hours,
        subject: Subject,
        quantity: Quantity,
    ) -> Option<Latency> {
        if test_type != TestType::Single {
            return None;
        }
        let counts = self.sums.bins.get(&(hours, quantity, subject))?;
        Latency::of(counts, &self.inputs.bins, self.inputs.parameters.p95_votes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cell::Cell;
    use crate::day::Day;
    use crate::inputs::{Critical, Parameters, Policies, samples};
    use crate::rows::{BinRun, Block, Graded, PartKey, PartSums};
    use crate::words::Grade;

    /// A window in which networks have so many votes of 5 ms, all graded A, on so many days.
    fn window(networks: &[(u32, i64, i64)]) -> WindowSums {
        let mut sums = WindowSums::default();
        for (asn, votes, vote_days) in networks {
            let (asn, votes, vote_days) = (*asn, *votes, *vote_days);
            let (test_type, first_day, last_day) = (TestType::Single, Day(1), Day(9));
            let part = PartKey { asn, test_type, first_day, country: None, hours: Hours::Unsplit };
            sums.add_block(&Block { asn, test_type, first_day, last_day, tests: votes, votes, vote_days });
            sums.add_part(&part, &PartSums { tests: votes, votes, ..PartSums::default() });
            let bin = samples::bins().of(500).unwrap();
            sums.add_bins(&BinRun { part, last_day, quantity: Quantity::Working, votes: vec![(bin, votes)] });
            sums.add_grade(&Graded { part, last_day, policy: 0, grade: Grade::A, votes }, 1);
        }
        sums
    }

    fn inputs(hosting: &[u32]) -> Inputs {
        Inputs {
            parameters: Parameters {
                last_day: Day(9),
                listed_votes: 30,
                ranked_votes: 100,
                ranked_days: 3,
                p95_votes: 300,
                default_policy: crate::words::REPORTED.to_owned(),
            },
            bins: samples::bins(),
            critical: Critical::of([(2, 1_959_964)]),
            policies: Policies::new(Vec::new()),
            kinds: hosting.iter().map(|asn| (*asn, HOSTING.to_owned())).collect(),
            organisations: BTreeMap::new(),
        }
    }

    /// Network, rank and reason of every row of `rankings`.
    fn told(sums: &WindowSums, inputs: &Inputs) -> Vec<(Cell<'static>, Cell<'static>, Cell<'static>)> {
        let derived = WindowFigures { days: 30, sums, inputs }.derive();
        derived.rankings.iter().map(|row| (row[7].clone(), row[3].clone(), row[41].clone())).collect()
    }

    // Aim: the gates of the methodology: 29 votes are not listed, 99 votes or two days not ranked, hosting apart.
    #[test]
    fn the_gates_decide_who_is_ranked() {
        let networks = [(1, 29, 9), (2, 30, 9), (3, 99, 9), (4, 100, 2), (5, 100, 3), (6, 500, 9)];
        let reason = |asn: u32, reason: &'static str| (asn.into(), Cell::Null, reason.into());
        let expected = vec![
            reason(2, "votes_below_gate"),
            reason(3, "votes_below_gate"),
            reason(4, "days_below_gate"),
            (5_u32.into(), 1_i64.into(), Cell::Null),
            reason(6, "hosting_network"),
        ];
        assert_eq!(told(&window(&networks), &inputs(&[6])), expected);
    }

    // Aim: hosting networks alone have nothing that they could be drawn towards: nobody is told of.
    #[test]
    fn hosting_networks_alone_are_no_contest() {
        assert_eq!(told(&window(&[(6, 500, 9)]), &inputs(&[6])), []);
    }
}
