//! How votes spread over increases: the subject's shares as bars, its country and the world as steps over them, a panel for
//! each quantity. Bins are those of `queries/rankings/histograms.sql`; the grades of the default policy stand below.

use super::axis::{Plot, Scale, round_marks, without_touching};
use super::grades::{LETTERS, ratio};
use super::ink::{Ink, SERIES};
use super::{Chart, Key, Size, Table, drawings};
use crate::http::pages::figures::{figure, percent};

/// Lower edges of the bins in ms, as people call them: the exact ones are up to one in a hundred beside them.
pub(in crate::http::pages) const EDGES_MS: [f64; BINS] =
    [0.0, 5.0, 10.0, 15.0, 20.0, 25.0, 30.0, 40.0, 50.0, 60.0, 75.0, 100.0, 150.0, 200.0, 300.0, 400.0, 600.0, 1000.0];

/// Number of bins.
pub(in crate::http::pages) const BINS: usize = 18;

/// Edges that have a number below them if there is room.
const LABELLED_MS: [f64; 9] = [0.0, 5.0, 15.0, 30.0, 60.0, 100.0, 200.0, 400.0, 1000.0];

/// Where the grades of the default policy begin, in ms, best first.
const GRADES_FROM_MS: [f64; 6] = [0.0, 5.0, 30.0, 60.0, 200.0, 400.0];

/// Room between panels, with a panel's name.
const NAME_HEIGHT: f64 = 22.0;

/// A quantity with those whose votes spread over it, the subject first.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::http::pages) struct Panel {
    /// `While downloading`.
    pub(in crate::http::pages) name: String,
    pub(in crate::http::pages) distributions: Vec<Distribution>,
}

/// Whose votes, and how many in each bin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::http::pages) struct Distribution {
    pub(in crate::http::pages) name: String,
    pub(in crate::http::pages) votes: [i64; BINS],
}

impl Distribution {
    fn total(&self) -> i64 {
        self.votes.iter().sum()
    }

    /// The share of each bin; zeros without votes.
    fn shares(&self) -> [f64; BINS] {
        let total = self.total();
        self.votes.map(|votes| if total > 0 { ratio(votes, total) } else { 0.0 })
    }

    /// The share of votes in the bins that fit.
    fn share_of(&self, fits: impl Fn(f64) -> bool) -> f64 {
        let votes = self.votes.iter().zip(EDGES_MS).filter(|(_, edge)| fits(*edge)).map(|(votes, _)| votes);
        ratio(votes.sum(), self.total().max(1))
    }
}

/// The chart of these panels, or none if nobody has a vote. The first distribution of a panel is its bars.
pub(in crate::http::pages) fn histogram(id: &'static str, title: &str, panels: &[Panel]) -> Option<Chart> {
    let has_votes = |panel: &&Panel| panel.distributions.first().is_some_and(|first| first.total() > 0);
    let panels: Vec<Panel> = panels.iter().filter(has_votes).map(bounded).collect();
    let named = &panels.first()?.distributions;
    let shares = panels.iter().flat_map(|panel| &panel.distributions).flat_map(|one| one.shares());
    let highest = shares.fold(0.1, f64::max);
    Some(Chart {
        id,
        title: title.to_owned(),
        words: panels.iter().map(describe).collect::<Vec<_>>().join(" "),
        legend: named.iter().enumerate().map(|(at, one)| key(at, &one.name)).collect(),
        drawings: drawings(|size| draw(size, &panels, highest)),
        table: table(&panels),
    })
}

/// Those that have a look of their own and a vote.
fn bounded(panel: &Panel) -> Panel {
    let drawn = panel.distributions.iter().filter(|one| one.total() > 0).take(SERIES).cloned();
    Panel { name: panel.name.clone(), distributions: drawn.collect() }
}

fn key(series: usize, name: &str) -> Key {
    let mut ink = Ink::default();
    if series == 0 {
        ink.rect("column s0", [4.0, 2.0, 18.0, 12.0]);
    } else {
        ink.line(&format!("outline s{series}"), (0.0, 8.0), (26.0, 8.0));
    }
    Key { mark: ink.ornament("key", 26.0, 16.0), meaning: name.to_owned() }
}

fn draw(size: Size, panels: &[Panel], highest: f64) -> (f64, Ink) {
    let mut ink = Ink::default();
    let panel_height = size.height * 0.55;
    let mut top = 0.0;
    for panel in panels {
        ink.text("name", (54.0, top + 15.0), &panel.name);
        let plot = Plot {
            left: 54.0,
            top: top + NAME_HEIGHT,
            right: size.width - 12.0,
            bottom: top + NAME_HEIGHT + panel_height,
        };
        draw_panel(&mut ink, size, &plot, panel, highest);
        top = plot.bottom + 40.0;
    }
    let plot = Plot { left: 54.0, top: 0.0, right: size.width - 12.0, bottom: top };
    plot.low_unit(&mut ink, top + 10.0, "increase in ms, and its grade");
    (top + 16.0, ink)
}

fn draw_panel(ink: &mut Ink, size: Size, plot: &Plot, panel: &Panel, highest: f64) {
    let (step, last) = round_marks(highest);
    let up = Scale { numbers: (0.0, last), places: (plot.bottom, plot.top) };
    let across = Scale { numbers: (0.0, BINS as f64), places: (plot.left, plot.right) };
    plot.up_axis(ink, &up, step, "share of votes", percent);
    for (series, one) in panel.distributions.iter().enumerate() {
        let shares = one.shares();
        if series == 0 {
            for (bin, share) in shares.iter().enumerate() {
                let (left, right) = (across.at(bin as f64) + 1.0, across.at(bin as f64 + 1.0) - 1.0);
                let tip = format!("{}, {}, {}: {}", panel.name, one.name, bin_name(bin), percent(*share));
                ink.told(&tip, |ink| {
                    ink.rect("column s0", [left, up.at(*share), right - left, plot.bottom - up.at(*share)])
                });
            }
        } else {
            let mut steps = vec![(plot.left, plot.bottom)];
            for (bin, share) in shares.iter().enumerate() {
                steps.extend([bin as f64, bin as f64 + 1.0].map(|edge| (across.at(edge), up.at(*share))));
            }
            steps.push((plot.right, plot.bottom));
            ink.polyline(&format!("outline s{series}"), &steps);
        }
    }
    let labelled = EDGES_MS.iter().enumerate().filter(|(_, edge)| LABELLED_MS.contains(edge));
    let labels = labelled.map(|(bin, edge)| (across.at(bin as f64), figure(*edge))).collect();
    for (x, label) in without_touching(labels, size) {
        ink.text("tick middle", (x, plot.bottom + 31.0), &label);
    }
    let bin_of = |edge_ms: f64| EDGES_MS.iter().filter(|edge| **edge < edge_ms).count() as f64;
    for (at, (letter, class)) in LETTERS.iter().enumerate() {
        let begin = across.at(bin_of(GRADES_FROM_MS[at]));
        let end = GRADES_FROM_MS.get(at + 1).map_or(plot.right, |next| across.at(bin_of(*next)));
        ink.rect(&format!("part {class}"), [begin, plot.bottom + 3.0, end - begin, 15.0]);
        ink.text(&format!("letter middle on-{class}"), (f64::midpoint(begin, end), plot.bottom + 14.5), letter);
    }
}

/// `15 to 20 ms`.
fn bin_name(bin: usize) -> String {
    let from = EDGES_MS.get(bin).copied().unwrap_or_default();
    match EDGES_MS.get(bin + 1) {
        Some(to) => format!("{} to {} ms", figure(from), figure(*to)),
        None => format!("{} ms or more", figure(from)),
    }
}

/// The bin that holds the middle vote.
fn middle(one: &Distribution) -> usize {
    let (mut reached, total) = (0, one.total());
    let is_reached = |votes: &i64| {
        reached += votes;
        2 * reached >= total
    };
    one.votes.iter().position(is_reached).unwrap_or(0)
}

/// `While downloading: Example has its middle vote at 15 to 20 ms, 75 % below 30 ms (World 33 %), 25 % at 200 ms or more (World 28 %).`
fn describe(panel: &Panel) -> String {
    let Some((first, others)) = panel.distributions.split_first() else { return String::new() };
    let told = |fits: fn(f64) -> bool| {
        let beside: Vec<_> = others.iter().map(|one| format!("{} {}", one.name, percent(one.share_of(fits)))).collect();
        let beside = if beside.is_empty() { String::new() } else { format!(" ({})", beside.join(", ")) };
        (percent(first.share_of(fits)), beside)
    };
    let ((low, low_beside), (high, high_beside)) = (told(|edge| edge < 30.0), told(|edge| edge >= 200.0));
    format!(
        "{}: {} has its middle vote at {}, {low} below 30 ms{low_beside}, {high} at 200 ms or more{high_beside}.",
        panel.name,
        first.name,
        bin_name(middle(first)),
    )
}

fn table(panels: &[Panel]) -> Table {
    let columns = panels.iter().flat_map(|panel| panel.distributions.iter().map(move |one| (panel, one)));
    let head = std::iter::once("Increase".to_owned());
    let head = head.chain(columns.clone().map(|(panel, one)| format!("{}, {}", panel.name, one.name)));
    let rows = (0..BINS).map(|bin| {
        let name = std::iter::once(bin_name(bin));
        name.chain(columns.clone().map(|(_, one)| percent(one.shares()[bin]))).collect()
    });
    Table { head: head.collect(), rows: rows.collect() }
}
