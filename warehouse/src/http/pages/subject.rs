//! A subject (a network, a country or the world) as the cut tells of it: single rows, and the charts that pages share.

pub(super) mod portrait;

use super::chart::{self, Chart, Distribution, GradeVotes, Hours, Line, Moment, Panel, Shares, Unit};
use super::figures::{ms, percent};
use super::trouble::Trouble;
use crate::cut::Cut;
use crate::export::Sheet;
use crate::http::v1::rankings::unfit;

/// Days of the window that pages of subjects show.
pub(super) const WINDOW_DAYS: i64 = 30;

/// The quantities whose spread is drawn, as the data name them and as people do.
const LOADS: [(&str, &str); 3] =
    [("download", "While downloading"), ("upload", "While uploading"), ("bidirectional", "While doing both")];

/// Columns of votes by grade, best first.
const GRADE_COLUMNS: [&str; 6] = ["votes_a_plus", "votes_a", "votes_b", "votes_c", "votes_d", "votes_f"];

/// Whose figures, and how a page calls them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Subject {
    /// `AS64500`, `DE` or `world`.
    pub(super) key: String,
    pub(super) name: String,
}

/// A row of a sheet.
#[derive(Debug, Clone)]
pub(super) struct Told {
    sheet: Sheet,
    row: usize,
}

impl Subject {
    /// A subject with the name that pages give it.
    pub(super) fn new(key: impl Into<String>, name: impl Into<String>) -> Self {
        Self { key: key.into(), name: name.into() }
    }

    /// The world.
    pub(super) fn world() -> Self {
        Self::new("world", "World")
    }
}

impl Told {
    /// The first row of a sheet, if it has one.
    pub(super) fn first(sheet: &Sheet) -> Option<Self> {
        (sheet.rows() > 0).then(|| Self { sheet: sheet.clone(), row: 0 })
    }

    /// The first row with these words.
    pub(super) fn find(sheet: &Sheet, words: &[(&str, &str)], window_days: i64) -> Option<Self> {
        let columns: Vec<_> = words.iter().map(|(name, word)| (sheet.column(name), *word)).collect();
        let windows = sheet.column("window_days");
        let fits = |row: &usize| {
            windows.int(*row) == Some(window_days)
                && columns.iter().all(|(column, word)| column.text(*row) == Some(word))
        };
        (0..sheet.rows()).find(fits).map(|row| Self { sheet: sheet.clone(), row })
    }

    /// The number in a column.
    pub(super) fn int(&self, name: &str) -> Option<i64> {
        self.sheet.column(name).int(self.row)
    }

    /// The number with a fraction in a column.
    pub(super) fn float(&self, name: &str) -> Option<f64> {
        self.sheet.column(name).float(self.row)
    }

    /// The text in a column.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.sheet.column(name).text(self.row).map(str::to_owned)
    }

    /// The truth in a column.
    pub(super) fn is(&self, name: &str) -> bool {
        self.sheet.column(name).bool(self.row) == Some(true)
    }

    /// The median increase with the ends of its interval, in ms.
    pub(super) fn median_ms(&self) -> Option<(f64, f64, f64)> {
        Some((self.float("p50_ms")?, self.float("p50_low_ms")?, self.float("p50_high_ms")?))
    }

    /// The share of votes at A or better with the ends of its interval.
    pub(super) fn share(&self) -> Option<(f64, f64, f64)> {
        Some((self.float("share_a_or_better")?, self.float("share_low")?, self.float("share_high")?))
    }

    /// The votes by grade.
    pub(super) fn grades(&self) -> GradeVotes {
        GradeVotes(GRADE_COLUMNS.map(|name| self.int(name).unwrap_or(0)))
    }
}

/// A country or the world in the usual window, over all hours.
pub(super) fn area(cut: &Cut, key: &str, mode: &str) -> Option<Told> {
    Told::find(&cut.areas.part(key), &[("mode", mode), ("hours", "all")], WINDOW_DAYS)
}

/// How the votes of these subjects spread over each increase: the first one's as columns.
pub(super) fn spread(cut: &Cut, subjects: &[Subject]) -> Option<Chart> {
    let panel = |(quantity, name): (&str, &str)| Panel {
        name: name.to_owned(),
        distributions: subjects.iter().filter_map(|subject| distribution(cut, subject, quantity)).collect(),
    };
    chart::histogram("spread", "How far latency rises, test by test", &LOADS.map(panel))
}

/// The votes of a subject by bin of an increase, over all hours.
pub(super) fn distribution(cut: &Cut, subject: &Subject, quantity: &str) -> Option<Distribution> {
    let rows = cut.histograms.part(&subject.key);
    let told = Told::find(&rows, &[("mode", "single"), ("hours", "all"), ("quantity", quantity)], WINDOW_DAYS)?;
    let votes = chart::EDGES_MS.map(|edge| told.int(&format!("votes_from_{edge:.0}")).unwrap_or(0));
    Some(Distribution { name: subject.name.clone(), votes })
}

/// The peak hours of these subjects against their other hours.
pub(super) fn evening(cut: &Cut, subjects: &[Subject]) -> Option<Chart> {
    let hours = |subject: &Subject, hours: &str| {
        let rows = cut.latencies.part(&subject.key);
        let words = [("mode", "single"), ("hours", hours), ("quantity", "working")];
        let told = Told::find(&rows, &words, WINDOW_DAYS)?;
        let (median_ms, low, high) = told.median_ms()?;
        Some(Hours { votes: told.int("votes")?, median_ms, interval_ms: Some((low, high)) })
    };
    let rows: Vec<_> = subjects
        .iter()
        .map(|subject| (subject.name.clone(), hours(subject, "peak"), hours(subject, "off_peak")))
        .collect();
    chart::peak("evening", "The evening against the rest of the day", &rows)
}

/// The grades of these subjects.
pub(super) fn grades(title: &str, subjects: &[(String, Option<Told>)]) -> Option<Chart> {
    let known = subjects.iter().filter_map(|(name, told)| Some((name, told.as_ref()?)));
    let rows: Vec<_> = known.map(|(name, told)| Shares { name: name.clone(), votes: told.grades() }).collect();
    chart::shares("grades", title, &rows)
}

/// How these subjects went, by `month` or by `day`: in ms for single tests, by share for household tests.
///
/// # Errors
/// If the rows of the cut cannot be read.
pub(super) fn trend(
    cut: &Cut,
    id: &'static str,
    mode: &str,
    period: &str,
    subjects: &[Subject],
) -> Result<Option<Chart>, Trouble> {
    let unit = if mode == "single" { Unit::Ms } else { Unit::Share };
    let lines = subjects.iter().map(|subject| {
        let rows = periods(cut, &subject.key, mode, period)?;
        Ok(Line { name: subject.name.clone(), moments: moments(&rows, unit, period) })
    });
    let lines = lines.collect::<Result<Vec<_>, Trouble>>()?;
    // A comparison without the one who is compared says nothing.
    if lines.first().is_none_or(|line| line.moments.is_empty()) {
        return Ok(None);
    }
    let title = match (unit, period) {
        (Unit::Ms, "month") => "Latency under load, month by month",
        (Unit::Ms, _) => "The last 90 days, by day on which a block of ten votes was full",
        (Unit::Share, "month") => "Good household tests, month by month",
        (Unit::Share, _) => "Good household tests in the last 90 days",
    };
    Ok(chart::trend(id, title, unit, period, &lines))
}

/// How a subject went, by `month` or by `day`, oldest first: in ms for single tests, by share for household tests.
///
/// # Errors
/// If the rows of the cut cannot be read.
pub(super) fn course(cut: &Cut, key: &str, mode: &str, period: &str) -> Result<Vec<Moment>, Trouble> {
    let unit = if mode == "single" { Unit::Ms } else { Unit::Share };
    Ok(moments(&periods(cut, key, mode, period)?, unit, period))
}

/// The periods of a subject, oldest first.
fn periods(cut: &Cut, key: &str, mode: &str, period: &str) -> Result<Sheet, Trouble> {
    let rows = cut.trends.part(key);
    let (modes, kinds) = (rows.column("mode"), rows.column("period"));
    let rows = rows.filter(|row| modes.text(row) == Some(mode) && kinds.text(row) == Some(period)).map_err(unfit)?;
    let order = rows.order("last_day", false, "last_day").map_err(unfit)?;
    Ok(rows.pick(&order).map_err(unfit)?)
}

fn moments(rows: &Sheet, unit: Unit, period: &str) -> Vec<Moment> {
    let rows = (0..rows.rows()).map(|row| Told { sheet: rows.clone(), row });
    rows.filter_map(|told| {
        let (value, low, high) = if unit == Unit::Ms { told.median_ms() } else { told.share() }?;
        let day = told.sheet.column(if period == "month" { "first_day" } else { "last_day" }).day(told.row)?;
        Some(Moment {
            day: day.0,
            label: label(&told.text("label")?),
            votes: told.int("votes")?,
            value,
            interval: Some((low, high)),
        })
    })
    .collect()
}

/// `Oct 2026` for `2026-10`, `31 Oct` for `2026-10-31`.
fn label(text: &str) -> String {
    let (whole, form) = if text.len() == 7 { (format!("{text}-01"), "%b %Y") } else { (text.to_owned(), "%-d %b") };
    whole.parse::<jiff::civil::Date>().map_or_else(|_| text.to_owned(), |day| day.strftime(form).to_string())
}

/// What the last month changed, in a sentence; none without two months.
///
/// # Errors
/// If the rows of the cut cannot be read.
pub(super) fn change(cut: &Cut, key: &str, mode: &str) -> Result<Option<String>, Trouble> {
    let rows = periods(cut, key, mode, "month")?;
    let Some(row) = rows.rows().checked_sub(1) else { return Ok(None) };
    let told = Told { sheet: rows, row };
    let (Some(month), Some(word)) = (told.text("label"), told.text("change")) else { return Ok(None) };
    let by = if mode == "single" {
        let between = told.float("p50_change_low_ms").zip(told.float("p50_change_high_ms"));
        let between = between.map(|(low, high)| format!("{} to {}", signed(low, ms), signed(high, ms)));
        told.float("p50_change_ms").zip(between).map(|(by, between)| (signed(by, ms), between))
    } else {
        told.float("share_change").map(|by| (signed(100.0 * by, |points| format!("{points:.0} points")), String::new()))
    };
    let by = by.map_or_else(String::new, |(by, between)| {
        if between.is_empty() { format!(" ({by})") } else { format!(" ({by}; 95 % interval {between})") }
    });
    Ok(Some(format!("{} against the month before: {word}{by}.", label(&month))))
}

/// A number that says which way it goes.
pub(super) fn signed(by: f64, written: impl Fn(f64) -> String) -> String {
    let sign = if by < 0.0 { "−" } else { "+" };
    format!("{sign}{}", written(by.abs()))
}

/// A share with its interval, for a sentence: `71 % (68 to 74 %)`.
pub(super) fn share_words((share, low, high): (f64, f64, f64)) -> String {
    format!("{} ({})", percent(share), super::figures::percent_range(low, high))
}

#[cfg(test)]
mod tests {
    use super::*;

    // Aim: periods are called as people call them; what is no period stays as it is.
    #[test]
    fn periods_have_names() {
        assert_eq!(label("2026-10"), "Oct 2026");
        assert_eq!(label("2026-10-31"), "31 Oct");
        assert_eq!(label("someday"), "someday");
        assert_eq!(
            (signed(-4.0, ms), signed(0.0, ms), signed(3.2, ms)),
            ("−4 ms".into(), "+0 ms".into(), "+3.2 ms".into())
        );
    }
}
