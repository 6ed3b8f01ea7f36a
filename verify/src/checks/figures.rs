//! `blocks`, `results` and every table of figures: the months one after the other, then the windows.

use std::collections::{BTreeMap, HashMap};

use anyhow::Context as _;

use super::frames;
use super::month::Month;
use crate::compare::compare;
use crate::contract;
use crate::day::Day;
use crate::figures::{Derived, Periods, Row, WindowFigures};
use crate::inputs::Inputs;
use crate::manifest::File;
use crate::progress::Progress;
use crate::release::Release;
use crate::report::{Check, Report};
use crate::sums::WindowSums;
use crate::table::Table;
use crate::words::TestType;

/// The tables that lie in months.
const IN_MONTHS: [&str; 6] = ["blocks", "block_parts", "block_bins", "block_grades", "results", "trends"];

/// What goes on from month to month.
pub(super) struct Walk<'a> {
    pub(super) release: &'a Release,
    pub(super) inputs: &'a Inputs,
    pub(super) windows: Vec<Window>,
    /// The last day of each network's last block.
    pub(super) ended: HashMap<(u32, TestType), Day>,
    pub(super) periods: Periods,
    /// The day on which the first block ended.
    pub(super) oldest: Option<Day>,
    pub(super) blocks: usize,
    pub(super) results: usize,
}

/// A window that is being added up.
pub(super) struct Window {
    days: u32,
    first: Day,
    last: Day,
    pub(super) sums: WindowSums,
}

impl Window {
    /// A block is in a window if its last day is.
    pub(super) fn holds(&self, last_day: Day) -> bool {
        (self.first..=self.last).contains(&last_day)
    }
}

/// Walks through all months and compares every table.
pub(super) fn check(
    release: &Release,
    inputs: &Inputs,
    report: &mut Report,
    progress: &Progress,
) -> anyhow::Result<()> {
    let last = release.manifest.last_day;
    let window = |days: &u32| Window {
        days: *days,
        first: Day(last.0 - i32::try_from(*days).unwrap_or(i32::MAX) + 1),
        last,
        sums: WindowSums::default(),
    };
    let windows = release.manifest.windows.iter().map(window).collect();
    let mut walk = Walk {
        release,
        inputs,
        windows,
        ended: HashMap::new(),
        periods: Periods::default(),
        oldest: None,
        blocks: 0,
        results: 0,
    };
    let months = months(release, report);
    let bytes = months.values().flatten().map(|file| file.bytes).sum();
    let bar = progress.begin("figures", bytes);
    for (first, files) in months {
        if !Month::new(first, last).check(&mut walk, &files, report)? {
            return Ok(());
        }
        bar.inc(files.iter().map(|file| file.bytes).sum());
    }
    bar.finish_and_clear();
    report.looked_at(Check::Blocks, walk.blocks);
    report.looked_at(Check::Results, walk.results);
    report.looked_at(Check::Trends, 0);
    frames::check(release, walk.oldest, report);
    let mut derived = Derived::default();
    for Window { days, sums, .. } in std::mem::take(&mut walk.windows) {
        let one = WindowFigures { days, sums: &sums, inputs }.derive();
        derived.rankings.extend(one.rankings);
        derived.rankings_by_policy.extend(one.rankings_by_policy);
        derived.latencies.extend(one.latencies);
        derived.histograms.extend(one.histograms);
        derived.areas.extend(one.areas);
    }
    own_table(release, report, Check::Rankings, derived.rankings)?;
    own_table(release, report, Check::RankingsByPolicy, derived.rankings_by_policy)?;
    own_table(release, report, Check::Latencies, derived.latencies)?;
    own_table(release, report, Check::Histograms, derived.histograms)?;
    own_table(release, report, Check::Areas, derived.areas)
}

/// Files by the first day of their month.
fn months<'a>(release: &'a Release, report: &mut Report) -> BTreeMap<Day, Vec<&'a File>> {
    let mut months: BTreeMap<Day, Vec<&File>> = BTreeMap::new();
    for file in IN_MONTHS.iter().flat_map(|table| release.manifest.files_of(table)) {
        let month = file.days().filter(|[first, last]| {
            first <= last && file.month == Some(first.month()) && file.month == Some(last.month())
        });
        match month {
            Some([first, _]) => months.entry(first.first_of_month()).or_default().push(file),
            None => report.found(Check::Rows, &file.path, "lies in another month than the days that it covers"),
        }
    }
    months
}

/// Compares a table that is one file and has the name of its check.
fn own_table(release: &Release, report: &mut Report, check: Check, derived: Vec<Row>) -> anyhow::Result<()> {
    let name = check.name();
    let contract = contract::of(name).with_context(|| format!("no contract of {name}"))?;
    let mut files = release.manifest.files_of(name);
    let (Some(file), None) = (files.next(), files.next()) else {
        report.found(check, name, "is not in exactly one file");
        return Ok(());
    };
    let table = open(release, file)?;
    compare(report, check, &file.path, &table, &contract, derived).with_context(|| file.path.clone())
}

/// Opens a file that was found whole and read before.
pub(super) fn open(release: &Release, file: &File) -> anyhow::Result<Table> {
    let place = release.place(file).with_context(|| file.path.clone())?;
    Table::open(place).with_context(|| file.path.clone())
}
