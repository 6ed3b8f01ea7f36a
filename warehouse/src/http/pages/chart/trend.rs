//! How a figure went: its line with the 95 % interval as a band, for one subject or for up to four beside each other.

use super::axis::{Plot, Scale, round_marks, without_touching};
use super::ink::{Ink, SERIES};
use super::{Chart, Key, Size, Table, drawings};
use crate::http::pages::figures::{count, figure, ms, ms_range, percent, percent_range};

/// What the figures are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::http::pages) enum Unit {
    /// Medians of the latency increase, in ms.
    Ms,
    /// Shares of votes at A or better, 0 to 1.
    Share,
}

/// A subject and how it went, oldest first.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::http::pages) struct Line {
    pub(in crate::http::pages) name: String,
    pub(in crate::http::pages) moments: Vec<Moment>,
}

/// A period.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::http::pages) struct Moment {
    /// Where it lies: days since 1970.
    pub(in crate::http::pages) day: u32,
    /// `Oct 2026`.
    pub(in crate::http::pages) label: String,
    pub(in crate::http::pages) votes: i64,
    pub(in crate::http::pages) value: f64,
    /// The ends of its 95 % interval, if it has one.
    pub(in crate::http::pages) interval: Option<(f64, f64)>,
}

impl Unit {
    pub(super) fn told(self, value: f64) -> String {
        match self {
            Self::Ms => ms(value),
            Self::Share => percent(value),
        }
    }

    fn told_between(self, low: f64, high: f64) -> String {
        match self {
            Self::Ms => ms_range(low, high),
            Self::Share => percent_range(low, high),
        }
    }

    fn axis(self) -> &'static str {
        match self {
            Self::Ms => "median increase, ms",
            Self::Share => "votes at A or better",
        }
    }

    /// The axis reaches at least so far, so that what is quiet looks quiet.
    pub(super) fn least_top(self) -> f64 {
        match self {
            Self::Ms => 10.0,
            Self::Share => 1.0,
        }
    }
}

/// The chart of these lines (the first four that have a moment), or none if nothing is known. `period` is what a moment is: `month`.
pub(in crate::http::pages) fn trend(
    id: &'static str,
    title: &str,
    unit: Unit,
    period: &str,
    lines: &[Line],
) -> Option<Chart> {
    let lines: Vec<&Line> = lines.iter().filter(|line| !line.moments.is_empty()).take(SERIES).collect();
    let first = lines.iter().filter_map(|line| line.moments.first()).map(|moment| moment.day).min()?;
    let last = lines.iter().filter_map(|line| line.moments.last()).map(|moment| moment.day).max()?;
    let highest = lines
        .iter()
        .flat_map(|line| &line.moments)
        .map(|moment| moment.interval.map_or(moment.value, |(_, high)| high.max(moment.value)))
        .fold(unit.least_top(), f64::max);
    let span = (f64::from(first), f64::from(last));
    let legend = if lines.len() > 1 {
        lines.iter().enumerate().map(|(at, line)| key(at, &line.name)).collect()
    } else {
        Vec::new()
    };
    Some(Chart {
        id,
        title: title.to_owned(),
        words: lines.iter().map(|line| describe(line, unit, period, lines.len() > 1)).collect::<Vec<_>>().join(" "),
        legend,
        drawings: drawings(|size| draw(size, unit, period, &lines, span, highest)),
        table: table(&lines, unit, period),
    })
}

fn key(series: usize, name: &str) -> Key {
    let mut ink = Ink::default();
    ink.line(&format!("trace s{series}"), (0.0, 8.0), (26.0, 8.0));
    ink.dot(series, (13.0, 8.0));
    Key { mark: ink.ornament("key", 26.0, 16.0), meaning: name.to_owned() }
}

fn draw(size: Size, unit: Unit, period: &str, lines: &[&Line], span: (f64, f64), highest: f64) -> (f64, Ink) {
    let plot = Plot { left: 54.0, top: 10.0, right: size.width - 12.0, bottom: size.height - 42.0 };
    let (step, top) = if unit == Unit::Share { (0.25, 1.0) } else { round_marks(highest) };
    let up = Scale { numbers: (0.0, top), places: (plot.bottom, plot.top) };
    let across = Scale { numbers: span, places: (plot.left + 14.0, plot.right - 14.0) };
    let mut ink = Ink::default();
    let label = |value: f64| if unit == Unit::Share { percent(value) } else { figure(value) };
    plot.up_axis(&mut ink, &up, step, unit.axis(), label);
    let mut labels: Vec<(u32, &str)> =
        lines.iter().flat_map(|line| &line.moments).map(|moment| (moment.day, moment.label.as_str())).collect();
    labels.sort_unstable();
    labels.dedup_by_key(|(day, _)| *day);
    let labels = labels.iter().map(|(day, label)| (across.at(f64::from(*day)), (*label).to_owned())).collect();
    for (x, label) in without_touching(labels, size) {
        ink.line("grid", (x, plot.bottom), (x, plot.bottom + 4.0));
        ink.text("tick middle", (x, plot.bottom + 18.0), &label);
    }
    plot.low_unit(&mut ink, size.height - 5.0, &format!("{period}s (UTC)"));
    for (series, line) in lines.iter().enumerate() {
        let place = |moment: &Moment, value: f64| (across.at(f64::from(moment.day)), up.at(value));
        let ends = |moment: &Moment| moment.interval.unwrap_or((moment.value, moment.value));
        if let [one] = line.moments.as_slice() {
            // A band of one moment has no width: its interval is a line.
            let (low, high) = ends(one);
            ink.line(&format!("whisker s{series}"), place(one, low), place(one, high));
        } else {
            let low = line.moments.iter().map(|moment| place(moment, ends(moment).0));
            let high = line.moments.iter().rev().map(|moment| place(moment, ends(moment).1));
            ink.polygon(&format!("band s{series}"), &low.chain(high).collect::<Vec<_>>());
            let middle: Vec<_> = line.moments.iter().map(|moment| place(moment, moment.value)).collect();
            ink.polyline(&format!("trace s{series}"), &middle);
        }
        for moment in &line.moments {
            let tip = format!("{}, {}: {}", line.name, moment.label, value_of(moment, unit));
            ink.told(&tip, |ink| ink.dot(series, place(moment, moment.value)));
        }
    }
    (size.height, ink)
}

/// `24 ms (21 ms to 27 ms)`.
fn value_of(moment: &Moment, unit: Unit) -> String {
    let value = unit.told(moment.value);
    moment.interval.map_or(value.clone(), |(low, high)| format!("{value} ({})", unit.told_between(low, high)))
}

fn describe(line: &Line, unit: Unit, period: &str, is_named: bool) -> String {
    let name = if is_named { format!("{}: ", line.name) } else { String::new() };
    let (Some(first), Some(last)) = (line.moments.first(), line.moments.last()) else { return String::new() };
    if line.moments.len() == 1 {
        return format!("{name}one {period} only, {}: {}.", first.label, value_of(first, unit));
    }
    let by_value = |a: &&Moment, b: &&Moment| a.value.total_cmp(&b.value);
    let lowest = line.moments.iter().min_by(by_value).unwrap_or(first);
    let highest = line.moments.iter().max_by(by_value).unwrap_or(first);
    let at = if period == "month" { "in" } else { "on" };
    let told = |moment: &Moment| format!("{} {at} {}", unit.told(moment.value), moment.label);
    let from = if is_named { "from" } else { "From" };
    let (first, last, lowest, highest) = (told(first), told(last), told(lowest), told(highest));
    format!("{name}{from} {first} to {last}; lowest {lowest}, highest {highest}.")
}

fn table(lines: &[&Line], unit: Unit, period: &str) -> Table {
    let what = if unit == Unit::Share { "Share at A or better" } else { "Median" };
    let is_named = lines.len() > 1;
    let mut head = vec![period.to_owned(), what.to_owned(), "95 % interval".to_owned(), "Votes".to_owned()];
    if is_named {
        head.insert(1, "Of".to_owned());
    }
    if let Some(letter) = head[0].get_mut(0..1) {
        letter.make_ascii_uppercase();
    }
    let rows = lines.iter().flat_map(|line| line.moments.iter().rev().map(move |moment| (line, moment)));
    let rows = rows.map(|(line, moment)| {
        let interval =
            moment.interval.map_or_else(|| "not known".to_owned(), |(low, high)| unit.told_between(low, high));
        let mut cells = vec![moment.label.clone(), unit.told(moment.value), interval, count(moment.votes, "vote")];
        if is_named {
            cells.insert(1, line.name.clone());
        }
        cells
    });
    Table { head, rows: rows.collect() }
}
