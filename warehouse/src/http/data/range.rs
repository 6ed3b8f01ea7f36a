//! The header `Range` (RFC 9110, section 14): which part of a file is wanted.
//!
//! A range beyond the end is cut there, and a suffix that is longer than the file is the whole of it: readers of Parquet ask
//! for the end of a file before they know its length. More than one range at once is answered with the whole file, and so is
//! what is no range, as the standard allows.

use axum::http::{HeaderMap, header};

/// What of a file is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// All of it.
    Whole,
    /// These bytes, the last one included.
    Bytes {
        /// The first byte, from 0.
        first: u64,
        /// The last byte.
        last: u64,
    },
    /// Bytes that there are not.
    Beyond,
}

impl Part {
    /// The part of a file of so many bytes that these headers ask for.
    pub(super) fn of(headers: &HeaderMap, length: u64) -> Self {
        let mut values = headers.get_all(header::RANGE).iter();
        let (Some(value), None) = (values.next(), values.next()) else { return Self::Whole };
        match value.to_str().ok().and_then(parse) {
            None => Self::Whole,
            Some(Asked::Last(0)) => Self::Beyond,
            // No `Content-Range` can say that nothing of nothing comes.
            Some(Asked::Last(_)) if length == 0 => Self::Whole,
            Some(Asked::Last(bytes)) => Self::Bytes { first: length.saturating_sub(bytes), last: length - 1 },
            Some(Asked::From(first, _)) if first >= length => Self::Beyond,
            Some(Asked::From(first, last)) => Self::Bytes { first, last: last.min(length - 1) },
        }
    }
}

/// A range as it was written.
enum Asked {
    /// From a byte to a byte.
    From(u64, u64),
    /// So many bytes at the end.
    Last(u64),
}

/// One range of bytes; none for anything else.
fn parse(value: &str) -> Option<Asked> {
    const BLANK: [char; 2] = [' ', '\t'];
    let (unit, set) = value.split_once('=')?;
    if !unit.eq_ignore_ascii_case("bytes") || set.starts_with(BLANK) {
        return None;
    }
    // A list may have empty elements.
    let mut ranges = set.split(',').map(|range| range.trim_matches(BLANK)).filter(|range| !range.is_empty());
    let (Some(range), None) = (ranges.next(), ranges.next()) else { return None };
    match range.split_once('-')? {
        ("", bytes) => Some(Asked::Last(number(bytes)?)),
        (first, "") => Some(Asked::From(number(first)?, u64::MAX)),
        (first, last) => {
            let (first, last) = (number(first)?, number(last)?);
            (first <= last).then_some(Asked::From(first, last))
        }
    }
}

/// Digits as a number; one that is too large for any file stands for the largest.
fn number(digits: &str) -> Option<u64> {
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| digits.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    /// Ranges, and what they are of a file of 1,000 bytes and of an empty one: `whole`, `beyond`, or first and last byte.
    const TABLE: &str = include_str!("ranges.csv");

    fn tell(part: Part) -> String {
        match part {
            Part::Whole => "whole".to_owned(),
            Part::Beyond => "beyond".to_owned(),
            Part::Bytes { first, last } => format!("{first} {last}"),
        }
    }

    fn part(value: &[u8], length: u64) -> Part {
        let headers = HeaderMap::from_iter([(header::RANGE, HeaderValue::from_bytes(value).unwrap())]);
        Part::of(&headers, length)
    }

    /// Aim: every form of a range, right and wrong, is what the table says.
    #[test]
    fn ranges_are_understood() {
        let mut lines = csv::ReaderBuilder::new().from_reader(TABLE.as_bytes());
        let lines: Vec<csv::StringRecord> = lines.records().collect::<Result<_, _>>().unwrap();
        assert!(lines.len() >= 30, "{}", lines.len());
        for line in &lines {
            let value = line[0].replace("\\t", "\t");
            let found = [1_000, 0].map(|length| tell(part(value.as_bytes(), length)));
            assert_eq!(found, [&line[1], &line[2]], "{value}: {}", &line[3]);
        }
    }

    /// Aim: two headers are no range, nor is what is no text; and without one the whole file comes.
    #[test]
    fn other_headers_are_no_range() {
        let mut headers = HeaderMap::new();
        assert_eq!(Part::of(&headers, 10), Part::Whole);
        headers.append(header::RANGE, HeaderValue::from_static("bytes=0-1"));
        headers.append(header::RANGE, HeaderValue::from_static("bytes=0-1"));
        assert_eq!(Part::of(&headers, 10), Part::Whole);
        assert_eq!(part(b"bytes=0-\xff", 10), Part::Whole);
    }
}
