//! Figures in plain words, for a person at a terminal: counts, sizes, ages, moments, columns.

use std::fmt::Write as _;

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Spaces between two columns.
const GAP: usize = 2;

/// Width of the labels on the left.
const LABEL: usize = 11;

/// A number with commas between its thousands.
pub(super) fn number(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number of things: `1 record`, `1,500 records`.
pub(super) fn count(how_many: u64, one: &str, many: &str) -> String {
    format!("{} {}", number(how_many), if how_many == 1 { one } else { many })
}

/// A size: `12.3 MB`.
pub(super) fn bytes(size: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
    let mut figure = size as f64;
    let mut unit = "bytes";
    for larger in ["kB", "MB", "GB", "TB"] {
        if figure < 1_000.0 {
            break;
        }
        figure /= 1_000.0;
        unit = larger;
    }
    if unit == "bytes" { format!("{size} bytes") } else { format!("{figure:.1} {unit}") }
}

/// A length of time, coarse: `45 s`, `3 min`, `4 h`, `2 days`.
pub(super) fn duration(seconds: i64) -> String {
    match seconds.max(0) {
        s @ 0..120 => format!("{s} s"),
        s @ 120..7_200 => format!("{} min", s / 60),
        s @ 7_200..172_800 => format!("{} h", s / 3_600),
        s => format!("{} days", s / 86_400),
    }
}

/// Text of a stranger, without what could steer a terminal or turn the direction of the line.
pub(super) fn printable(text: &str) -> String {
    let steers = |c: char| {
        c.is_control() || matches!(c, '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|c| if steers(c) { '\u{fffd}' } else { c }).collect()
}

/// Moments as the machine's own clock shows them, with the name of its zone.
pub(super) struct Times {
    zone: TimeZone,
    now: Timestamp,
}

impl Times {
    /// In the machine's zone; in UTC if it has none.
    pub(super) fn here(now: Timestamp) -> Self {
        Self { zone: TimeZone::try_system().unwrap_or(TimeZone::UTC), now }
    }

    /// `2026-11-25 10:00:02 CET`.
    pub(super) fn at(&self, moment: Timestamp) -> String {
        moment.to_zoned_datetime(self.zone.clone()).strftime("%Y-%m-%d %H:%M:%S %Z").to_string()
    }

    /// A moment in Unix seconds.
    pub(super) fn at_s(&self, unix_s: i64) -> String {
        Timestamp::from_second(unix_s).map_or_else(|_| "an impossible time".to_owned(), |moment| self.at(moment))
    }

    /// A moment in Unix milliseconds.
    pub(super) fn at_ms(&self, unix_ms: i64) -> String {
        self.at_s(unix_ms.div_euclid(1_000))
    }

    /// `3 min ago (2026-11-25 10:00:02 CET)`.
    pub(super) fn ago_s(&self, unix_s: i64) -> String {
        format!("{} ago ({})", duration(self.now.as_second() - unix_s), self.at_s(unix_s))
    }
}

/// Adds a line with its label.
pub(super) fn line(text: &mut String, label: &str, says: &str) {
    let _ = writeln!(text, "{label:LABEL$} {says}");
}

/// A table. A head that begins with `>` belongs to a column that is aligned on the right.
pub(super) fn columns(heads: &[&str], rows: &[Vec<String>]) -> String {
    let names: Vec<&str> = heads.iter().map(|head| head.trim_start_matches('>')).collect();
    let width = |index: usize| {
        let cells = rows.iter().filter_map(|row| row.get(index)).map(|cell| cell.chars().count());
        cells.chain([names[index].chars().count()]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..heads.len()).map(width).collect();
    let mut text = String::new();
    let head: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    for row in std::iter::once(&head).chain(rows) {
        let mut written = String::new();
        for ((cell, width), head) in row.iter().zip(&widths).zip(heads) {
            let gap = if written.is_empty() { 0 } else { GAP };
            let _ = if head.starts_with('>') {
                write!(written, "{:gap$}{cell:>width$}", "")
            } else {
                write!(written, "{:gap$}{cell:width$}", "")
            };
        }
        let _ = writeln!(text, "{}", written.trim_end());
    }
    text
}

#[cfg(test)]
mod tests {
    //! Aim: figures read as a person writes them, and a stranger's text steers no terminal.

    use super::*;

    #[test]
    fn figures_read_well() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(number), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!(count(1, "record", "records"), "1 record");
        assert_eq!([999, 1_000, 12_345_678].map(bytes), ["999 bytes", "1.0 kB", "12.3 MB"]);
        assert_eq!([-5, 119, 120, 7_200, 200_000].map(duration), ["0 s", "119 s", "2 min", "2 h", "2 days"]);
        let times = Times { zone: TimeZone::UTC, now: Timestamp::from_second(1_000).expect("a moment") };
        assert_eq!(times.ago_s(400), "10 min ago (1970-01-01 00:06:40 UTC)");
    }

    #[test]
    fn columns_are_aligned() {
        let rows = [vec!["a".to_owned(), "5".to_owned(), "x".to_owned()], vec!["bcd".to_owned(), "10".to_owned()]];
        assert_eq!(columns(&["id", ">n", "why"], &rows), "id    n  why\na     5  x\nbcd  10\n");
    }

    #[test]
    fn strangers_steer_no_terminal() {
        assert_eq!(printable("a\u{1b}[2J\n\u{202e}b"), "a\u{fffd}[2J\u{fffd}\u{fffd}b");
    }
}
