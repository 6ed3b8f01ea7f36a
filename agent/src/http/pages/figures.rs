//! Numbers, moments and strangers' texts as people read them. Times are UTC here; the page's script adds local ones.

use jiff::Timestamp;

/// Most characters of a stranger's text that are shown.
const MAX_SHOWN_CHARS: usize = 200;

/// A latency in ms: tenths below 10, thousands separated above 1,000.
pub(super) fn ms(value: f64) -> String {
    format!("{} ms", figure(value))
}

/// A throughput in Mbit/s: tenths below 100. No client measures 0: it is what it sends for "not measured".
pub(super) fn mbps(value: Option<f64>) -> Option<String> {
    let value = value.filter(|mbps| *mbps > 0.0)?;
    Some(if value < 99.95 { tenths(value) } else { figure(value) })
}

fn tenths(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

/// A number with as many digits as mean something.
pub(super) fn figure(value: f64) -> String {
    if value < 9.95 {
        return tenths(value);
    }
    let whole = format!("{value:.0}");
    let mut text = String::new();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number of things: `1 test`, `2 tests`.
pub(super) fn count(number: u64, thing: &str) -> String {
    #[expect(clippy::cast_precision_loss, reason = "nobody counts beyond 2^53 on a page")]
    let text = figure(number as f64);
    format!("{text} {thing}{}", if number == 1 { "" } else { "s" })
}

/// A moment to the minute: `2026-11-25 14:02`.
pub(super) fn minute(at_ms: i64) -> String {
    written(at_ms, "%Y-%m-%d %H:%M")
}

/// A moment for programs: RFC 3339.
pub(super) fn machine(at_ms: i64) -> String {
    written(at_ms, "%Y-%m-%dT%H:%M:%SZ")
}

/// A day: `25 Nov`.
pub(super) fn day(at_ms: i64) -> String {
    written(at_ms, "%-d %b")
}

fn written(at_ms: i64, form: &str) -> String {
    Timestamp::from_millisecond(at_ms).map_or_else(|_| "?".to_owned(), |moment| moment.strftime(form).to_string())
}

/// How long ago a moment was.
pub(super) fn ago(now_ms: i64, then_ms: i64) -> String {
    let minutes = u64::try_from(now_ms.saturating_sub(then_ms) / 60_000).unwrap_or(0);
    match minutes {
        0 => "just now".to_owned(),
        1..60 => format!("{} ago", count(minutes, "minute")),
        60..2_880 => format!("{} ago", count(minutes / 60, "hour")),
        _ => format!("{} ago", count(minutes / 1_440, "day")),
    }
}

/// Text of a stranger on one line, without characters that hide themselves or turn the text around them about.
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
    //! Aim: numbers and times read as people say them, and a stranger's text cannot disguise itself.

    use super::*;

    #[test]
    fn figures_have_the_digits_that_mean_something() {
        for (value, text) in
            [(0.0, "0"), (0.44, "0.4"), (9.0, "9"), (9.96, "10"), (12.7, "13"), (310.0, "310"), (12_345.0, "12,345")]
        {
            assert_eq!(figure(value), text);
        }
        assert_eq!((count(1, "test"), count(1_000, "test")), ("1 test".to_owned(), "1,000 tests".to_owned()));
        assert_eq!(
            [0.0, 12.7, 95.0, 940.4].map(|rate| mbps(Some(rate))),
            [None, Some("12.7"), Some("95"), Some("940")].map(|text| text.map(str::to_owned))
        );
    }

    #[test]
    fn moments_are_told_in_two_ways() {
        let now = 1_795_615_320_000;
        assert_eq!((minute(now), day(now)), ("2026-11-25 14:02".to_owned(), "25 Nov".to_owned()));
        assert_eq!(machine(now), "2026-11-25T14:02:00Z");
        for (minutes, text) in [
            (-5, "just now"),
            (0, "just now"),
            (1, "1 minute ago"),
            (90, "1 hour ago"),
            (47 * 60, "47 hours ago"),
            (49 * 60, "2 days ago"),
        ] {
            assert_eq!(ago(now, now - minutes * 60_000), text);
        }
    }

    #[test]
    fn a_strangers_text_stays_on_its_line() {
        assert_eq!(plain("a\u{202e}b\u{200f}\r\nc\t\u{0}d  e"), "a b c d e");
        assert_eq!(plain(&"x".repeat(1_000)).len(), MAX_SHOWN_CHARS);
    }
}
