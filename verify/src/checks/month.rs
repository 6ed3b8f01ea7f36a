//! A month: its blocks looked at, its results counted, its trends derived and compared, its sums added to the windows.

use std::collections::BTreeMap;

use anyhow::Context as _;

use super::blocks::Blocks;
use super::figures::{Walk, open};
use super::results::Results;
use crate::compare::compare;
use crate::contract;
use crate::day::Day;
use crate::figures::{Kind, PeriodRow, Row};
use crate::manifest::{File, Span};
use crate::report::{Check, Report};
use crate::rows::{self, BinRun, Block, Graded, PartKey, PartSums, RowFault};
use crate::sums::PeriodSums;
use crate::words::{Hours, TestType};

/// A month of which nothing was read yet.
pub(super) struct Month {
    first: Day,
    /// Its last day, or that of the release.
    last: Day,
    blocks: Blocks,
    results: Results,
    /// What each block has in the peak hours.
    peaks: BTreeMap<(u32, TestType, Day), Block>,
    days: BTreeMap<Day, PeriodSums>,
    whole: PeriodSums,
}

impl Month {
    /// The month that begins on this day, of a release that ends on that one.
    pub(super) fn new(first: Day, last: Day) -> Self {
        Self {
            first,
            last: first.last_of_month().min(last),
            blocks: Blocks::default(),
            results: Results::default(),
            peaks: BTreeMap::new(),
            days: BTreeMap::new(),
            whole: PeriodSums::default(),
        }
    }

    /// Reads everything and compares it; false if a file holds what its contract does not allow.
    pub(super) fn check(mut self, walk: &mut Walk<'_>, files: &[&File], report: &mut Report) -> anyhow::Result<bool> {
        let named = |table: &'static str| files.iter().filter(move |file| file.table.as_deref() == Some(table));
        self.results.expect(named("results").filter_map(|file| file.days()));
        for name in ["blocks", "block_parts", "block_bins", "block_grades", "results"] {
            for file in named(name) {
                let table = open(walk.release, file)?;
                let read = match name {
                    "blocks" => rows::blocks(&table, |block| self.block(walk, &block)),
                    "block_parts" => rows::parts(&table, |part, last, sums| self.part(walk, &part, last, &sums)),
                    "block_bins" => rows::bin_runs(&table, |run| self.bins(walk, run)),
                    "block_grades" => rows::grades(&table, &walk.inputs.policies, |graded| self.grade(walk, &graded)),
                    _ => rows::results(&table, |outcome| self.results.count(file.days(), &outcome)),
                };
                match read {
                    Ok(()) => {}
                    Err(RowFault::Table(fault)) => return Err(fault).context(file.path.clone()),
                    Err(fault) => {
                        report.found(Check::Contracts, &file.path, fault.to_string());
                        return Ok(false);
                    }
                }
            }
        }
        for peak in self.peaks.values() {
            walk.windows.iter_mut().filter(|window| window.holds(peak.last_day)).for_each(|window| {
                window.sums.add_peak(peak);
            });
        }
        walk.blocks += self.blocks.check(walk.inputs, &mut walk.ended, report);
        walk.results += self.results.check(report);
        let derived = self.trends(walk);
        self.compare_trends(walk, &named("trends").copied().collect::<Vec<_>>(), derived, report)?;
        Ok(true)
    }

    fn block(&mut self, walk: &mut Walk<'_>, block: &Block) {
        // A block outside of its file's days was found before.
        let ended = block.last_day.max(self.first);
        walk.oldest = Some(walk.oldest.map_or(ended, |oldest| oldest.min(ended)));
        self.blocks.add(block);
        self.results.add_block(block);
        for window in walk.windows.iter_mut().filter(|window| window.holds(block.last_day)) {
            window.sums.add_block(block);
        }
    }

    fn part(&mut self, walk: &mut Walk<'_>, part: &PartKey, last_day: Day, sums: &PartSums) {
        self.blocks.add_part(part, last_day, sums);
        if part.hours == Hours::Peak {
            let key = (part.asn, part.test_type, part.first_day);
            let peak = self.peaks.entry(key).or_insert(Block {
                asn: part.asn,
                test_type: part.test_type,
                first_day: part.first_day,
                last_day,
                tests: 0,
                votes: 0,
                vote_days: 0,
            });
            peak.tests += sums.tests;
            peak.votes += sums.votes;
        }
        for window in walk.windows.iter_mut().filter(|window| window.holds(last_day)) {
            window.sums.add_part(part, sums);
        }
    }

    fn bins(&mut self, walk: &mut Walk<'_>, run: &BinRun) {
        self.blocks.add_bins(run, walk.inputs);
        self.results.add_bins(run);
        self.whole.add_bins(run);
        self.days.entry(run.last_day).or_default().add_bins(run);
        for window in walk.windows.iter_mut().filter(|window| window.holds(run.last_day)) {
            window.sums.add_bins(run);
        }
    }

    fn grade(&mut self, walk: &mut Walk<'_>, graded: &Graded) {
        let policies = &walk.inputs.policies;
        let usual = match graded.part.test_type {
            TestType::Single => policies.index(&walk.inputs.parameters.default_policy),
            TestType::Household => Some(policies.reported()),
        };
        self.blocks.add_grade(graded, policies.names().len());
        if usual == Some(graded.policy) {
            self.results.add_grade(graded);
            self.whole.add_grade(graded);
            self.days.entry(graded.last_day).or_default().add_grade(graded);
        }
        for window in walk.windows.iter_mut().filter(|window| window.holds(graded.last_day)) {
            window.sums.add_grade(graded, policies.names().len());
        }
    }

    /// Every row of trends of this month.
    fn trends(&self, walk: &mut Walk<'_>) -> Vec<PeriodRow> {
        let mut rows = Vec::new();
        for (day, sums) in &self.days {
            let begins = |test_type, asn| self.blocks.began(asn, test_type, *day);
            rows.extend(walk.periods.day(*day, sums, walk.inputs, begins));
        }
        rows.extend(walk.periods.month([self.first, self.last], &self.whole, walk.inputs));
        rows
    }

    fn compare_trends(
        &self,
        walk: &Walk<'_>,
        files: &[&File],
        mut derived: Vec<PeriodRow>,
        report: &mut Report,
    ) -> anyhow::Result<()> {
        let contract = contract::of("trends").context("no contract of trends")?;
        for file in files {
            let (Some([first, last]), Some(span)) = (file.days(), file.span) else { continue };
            let holds = |row: &PeriodRow| {
                let is_of_kind = match span {
                    Span::Month => true,
                    Span::Day => row.kind == Kind::Day,
                    Span::RunningMonth => row.kind == Kind::Month,
                };
                is_of_kind && (first..=last).contains(&row.last_day)
            };
            let (held, rest): (Vec<PeriodRow>, Vec<PeriodRow>) = derived.into_iter().partition(holds);
            derived = rest;
            let rows: Vec<Row> = held.into_iter().map(|row| row.row).collect();
            let table = open(walk.release, file)?;
            compare(report, Check::Trends, &file.path, &table, &contract, rows).with_context(|| file.path.clone())?;
        }
        if let Some(row) = derived.first() {
            let what = format!("no file holds {} rows that follow from blocks", derived.len());
            report.found(Check::Trends, format!("trends of {}", row.last_day.month()), what);
        }
        Ok(())
    }
}
