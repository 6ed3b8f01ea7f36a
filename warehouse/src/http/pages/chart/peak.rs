//! Peak hours against the others: for each subject both medians, joined, with their 95 % intervals.

use super::axis::{Plot, Scale, marks, round_marks};
use super::ink::Ink;
use super::{Chart, Key, Size, Table, drawings, row};
use crate::http::pages::figures::{count, figure, ms, ms_range};

/// Height of a subject.
const ROW: f64 = 56.0;

/// The axis reaches at least so far, in ms.
const MIN_TOP_MS: f64 = 10.0;

/// A subject in one part of the day.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::http::pages) struct Hours {
    pub(in crate::http::pages) votes: i64,
    /// Median increase, in ms.
    pub(in crate::http::pages) median_ms: f64,
    /// The ends of its 95 % interval, if it has one.
    pub(in crate::http::pages) interval_ms: Option<(f64, f64)>,
}

/// The chart of these subjects, each with its peak and its other hours, or none if nobody has both.
pub(in crate::http::pages) fn peak(
    id: &'static str,
    title: &str,
    subjects: &[(String, Option<Hours>, Option<Hours>)],
) -> Option<Chart> {
    let both: Vec<(&str, Hours, Hours)> =
        subjects.iter().filter_map(|(name, peak, other)| Some((name.as_str(), (*peak)?, (*other)?))).collect();
    if both.is_empty() {
        return None;
    }
    let ends = both.iter().flat_map(|(_, peak, other)| [peak, other]);
    let highest = ends.map(|hours| hours.interval_ms.map_or(hours.median_ms, |(_, high)| high.max(hours.median_ms)));
    let highest = highest.fold(MIN_TOP_MS, f64::max);
    let key = |is_peak: bool, meaning: &str| {
        let mut ink = Ink::default();
        dot(&mut ink, is_peak, (13.0, 8.0));
        Key { mark: ink.ornament("key", 26.0, 16.0), meaning: meaning.to_owned() }
    };
    Some(Chart {
        id,
        title: title.to_owned(),
        words: subjects.iter().map(|(name, peak, other)| describe(name, *peak, *other)).collect::<Vec<_>>().join(" "),
        legend: vec![key(true, "19 to 23 h, by the standard time of the country"), key(false, "other hours")],
        drawings: drawings(|size| draw(size, &both, highest)),
        table: table(&both),
    })
}

fn dot(ink: &mut Ink, is_peak: bool, at: (f64, f64)) {
    if is_peak {
        let (x, y) = at;
        ink.polygon("dot peak", &[(x, y - 6.0), (x - 6.0, y), (x, y + 6.0), (x + 6.0, y)]);
    } else {
        ink.circle("dot other", at, 5.0);
    }
}

fn draw(size: Size, subjects: &[(&str, Hours, Hours)], highest: f64) -> (f64, Ink) {
    let bottom = ROW * subjects.len() as f64 + 6.0;
    let plot = Plot { left: 8.0, top: 0.0, right: size.width - 16.0, bottom };
    let (step, last) = round_marks(highest);
    let across = Scale { numbers: (0.0, last), places: (plot.left, plot.right) };
    let mut ink = Ink::default();
    for mark in marks(step, last) {
        let x = across.at(mark);
        ink.line("grid", (x, 0.0), (x, bottom));
        ink.text("tick middle", (x, bottom + 16.0), &figure(mark));
    }
    plot.low_unit(&mut ink, bottom + 33.0, "median increase, ms");
    for (at, (name, peak, other)) in subjects.iter().enumerate() {
        let y = ROW * at as f64 + 36.0;
        ink.text("name halo", (plot.left, y - 17.0), name);
        ink.line("bridge", (across.at(other.median_ms), y), (across.at(peak.median_ms), y));
        // Beside each other, so that intervals do not hide each other.
        for (is_peak, hours, beside) in [(false, other, 4.0), (true, peak, -4.0)] {
            let what = if is_peak { "peak hours" } else { "other hours" };
            ink.told(&format!("{name}, {what}: {}", value_of(*hours)), |ink| {
                if let Some((low, high)) = hours.interval_ms {
                    let class = if is_peak { "whisker peak" } else { "whisker other" };
                    ink.line(class, (across.at(low), y + beside), (across.at(high), y + beside));
                }
                dot(ink, is_peak, (across.at(hours.median_ms), y));
            });
        }
    }
    (bottom + 40.0, ink)
}

fn value_of(hours: Hours) -> String {
    let value = ms(hours.median_ms);
    match hours.interval_ms {
        Some((low, high)) => format!("{value} ({})", ms_range(low, high)),
        None => value,
    }
}

fn describe(name: &str, peak: Option<Hours>, other: Option<Hours>) -> String {
    let Some((peak, other)) = peak.zip(other) else {
        return format!("{name}: too few tests to tell the evening from the rest.");
    };
    let apart = match (peak.interval_ms, other.interval_ms) {
        (Some((low, _)), Some((_, high))) if low > high => "; clearly worse in the evening",
        (Some((_, high)), Some((low, _))) if high < low => "; clearly better in the evening",
        (Some(_), Some(_)) => "; their intervals overlap",
        _ => "",
    };
    format!("{name}: {} in the peak hours, {} otherwise{apart}.", ms(peak.median_ms), ms(other.median_ms))
}

fn table(subjects: &[(&str, Hours, Hours)]) -> Table {
    let interval =
        |hours: &Hours| hours.interval_ms.map_or_else(|| "not known".to_owned(), |(low, high)| ms_range(low, high));
    let rows = subjects.iter().flat_map(|(name, peak, other)| {
        [("peak", peak), ("other", other)]
            .map(|(what, hours)| row([name, what, &ms(hours.median_ms), &interval(hours), &count(hours.votes, "vote")]))
    });
    Table { head: row(["Of", "Hours", "Median", "95 % interval", "Votes"]), rows: rows.collect() }
}
