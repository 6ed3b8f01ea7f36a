//! Numbers, days and names as people read them.

use crate::lake::paths::TestDate;

/// Most characters of a name that are shown.
const MAX_SHOWN_CHARS: usize = 120;

/// Smallest share that is no rounding of a sum.
const SHARE_NOISE: f64 = 1e-9;

/// A latency in ms: tenths below 10, thousands separated.
pub(super) fn ms(value: f64) -> String {
    format!("{} ms", figure(value))
}

/// A number with as many digits as mean something.
pub(super) fn figure(value: f64) -> String {
    if value.abs() < 9.95 {
        let text = format!("{value:.1}");
        return text.strip_suffix(".0").map_or(text.clone(), str::to_owned);
    }
    grouped(&format!("{value:.0}"))
}

/// A whole number with separated thousands.
pub(super) fn whole(value: i64) -> String {
    grouped(&value.to_string())
}

fn grouped(digits: &str) -> String {
    let (sign, digits) = digits.strip_prefix('-').map_or(("", digits), |rest| ("-", rest));
    let mut text = sign.to_owned();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number of things: `1 vote`, `1,200 votes`.
pub(super) fn count(number: i64, thing: &str) -> String {
    format!("{} {thing}{}", whole(number), if number == 1 { "" } else { "s" })
}

/// A share as whole per cent; what is not all is never 100 %, what is not nothing never 0 %.
pub(super) fn percent(share: f64) -> String {
    // What sums leave of nothing, or lack of all, is neither.
    let share = if share.abs() < SHARE_NOISE { 0.0 } else { share };
    let share = if (1.0 - share).abs() < SHARE_NOISE { 1.0 } else { share };
    let rounded = (share * 100.0).round();
    match share {
        _ if share > 0.0 && rounded < 1.0 => "under 1 %".to_owned(),
        _ if share < 1.0 && rounded >= 100.0 => "over 99 %".to_owned(),
        _ => format!("{rounded:.0} %"),
    }
}

/// `12 to 15 ms`; one figure if both are written alike.
pub(super) fn ms_range(low: f64, high: f64) -> String {
    let (from, to) = (figure(low), figure(high));
    if from == to { format!("{to} ms") } else { format!("{from} to {to} ms") }
}

/// `71 to 78 %`.
pub(super) fn percent_range(low: f64, high: f64) -> String {
    let (low, high) = ((low * 100.0).round(), (high * 100.0).round());
    if low.total_cmp(&high).is_eq() { format!("{high:.0} %") } else { format!("{low:.0} to {high:.0} %") }
}

/// `1st`, `22nd`, `113th`.
pub(super) fn place(number: i64) -> String {
    let ending = match (number % 10, number % 100) {
        (1, rest) if rest != 11 => "st",
        (2, rest) if rest != 12 => "nd",
        (3, rest) if rest != 13 => "rd",
        _ => "th",
    };
    format!("{}{ending}", whole(number))
}

/// `4th to 9th of 312`; `1st of 312` if there is no doubt.
pub(super) fn places(low: i64, high: i64, of: i64) -> String {
    if low == high {
        return format!("{} of {}", place(low), whole(of));
    }
    format!("{} to {} of {}", place(low), place(high), whole(of))
}

/// A day: `22 November 2026`.
pub(super) fn date(day: TestDate) -> String {
    day.date().strftime("%-d %B %Y").to_string()
}

/// A grade as a part of a class's name: `a-plus`.
pub(super) fn grade_class(grade: &str) -> String {
    grade.to_lowercase().replace('+', "-plus")
}

/// A name from a list on one line, without characters that hide themselves or turn the text around them about.
pub(super) fn plain(text: &str) -> String {
    let shown = text.chars().take(MAX_SHOWN_CHARS).map(|c| if is_unseen(c) { ' ' } else { c }).collect::<String>();
    shown.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    //! Aim: numbers read as people say them, and a name from a list cannot disguise itself.

    use super::*;

    #[test]
    fn figures_have_the_digits_that_mean_something() {
        for (value, text) in [(0.0, "0"), (0.44, "0.4"), (9.96, "10"), (310.4, "310"), (12_345.0, "12,345")] {
            assert_eq!(figure(value), text);
        }
        assert_eq!((count(1, "vote"), count(1_200, "vote")), ("1 vote".to_owned(), "1,200 votes".to_owned()));
        assert_eq!((whole(-1_234_567), whole(999)), ("-1,234,567".to_owned(), "999".to_owned()));
        assert_eq!((ms_range(3.04, 3.0), ms_range(12.0, 1_500.0)), ("3 ms".to_owned(), "12 to 1,500 ms".to_owned()));
    }

    #[test]
    fn shares_never_claim_more_than_there_is() {
        let texts = [0.0, 0.001, 0.5, 0.999, 1.0].map(percent);
        assert_eq!(texts, ["0 %", "under 1 %", "50 %", "over 99 %", "100 %"]);
        assert_eq!([-1e-16, 1.0 - 0.1 - 0.9, 1e-12 + 1.0].map(percent), ["0 %", "0 %", "100 %"]);
        assert_eq!((percent_range(0.711, 0.784), percent_range(0.5, 0.5)), ("71 to 78 %".into(), "50 %".into()));
    }

    #[test]
    fn places_are_said_as_people_do() {
        let texts = [1, 2, 3, 4, 11, 12, 13, 21, 112, 1_001].map(place);
        assert_eq!(texts, ["1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "112th", "1,001st"]);
        assert_eq!((places(4, 9, 312), places(1, 1, 2)), ("4th to 9th of 312".to_owned(), "1st of 2".to_owned()));
    }

    #[test]
    fn a_name_stays_on_its_line() {
        assert_eq!(plain("a\u{202e}b\u{200f}\r\nc\t\u{0}d  e"), "a b c d e");
        assert_eq!(plain(&"x".repeat(1_000)).len(), MAX_SHOWN_CHARS);
    }
}
