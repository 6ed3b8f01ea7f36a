//! What a row of the old system means.

use std::net::IpAddr;

use intake::submission::{MAX_DURATION_S, MAX_LATENCY_MS, MAX_TEXT_CHARS, MAX_THROUGHPUT_MBPS};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use rusqlite::Row;
use rusqlite::types::ValueRef;
use serde::Serialize;
use wire::{Country, Grade, TestType};

use super::source::COLUMNS;
use crate::store::lookup::StoredResult;

/// Why a row is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Left {
    /// There is no time, or none that can be read.
    BadTimestamp,
    /// It lies more than a day ahead.
    FutureTimestamp,
    /// There is no address, or none that can be read.
    BadAddress,
    /// Neither a single nor a household test.
    UnknownTestType,
    /// A value is longer than any real one.
    TooLong,
    /// The number of the row is none that the old system gives.
    BadRowNumber,
}

impl Left {
    /// In words.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::BadTimestamp => "without a time that can be read",
            Self::FutureTimestamp => "of the future",
            Self::BadAddress => "without an address that can be read",
            Self::UnknownTestType => "of a test that is not known",
            Self::TooLong => "with a value that is too long",
            Self::BadRowNumber => "with a number that the old system does not give",
        }
    }
}

/// Highest score of a household test that is kept.
const MAX_SCORE: f64 = 1_000_000.0;

/// How far ahead of now a result may lie: a wrong time zone, at most.
const MAX_AHEAD_MS: i64 = 86_400_000;

/// What the old system writes for what it does not know.
const NOTHING: [&str; 6] = ["", "unknown", "n/a", "none", "null", "nan"];

/// Reads rows.
pub(super) struct Reader<'a> {
    /// The zone of times that have no offset.
    pub(super) timezone: &'a TimeZone,
    pub(super) now: Timestamp,
}

/// A result, and how many of its values could not be read and are left empty.
pub(super) struct Read {
    pub(super) result: StoredResult,
    pub(super) left_empty: u64,
}

/// The values of one row, by the names of their columns.
struct Values<'a> {
    row: &'a Row<'a>,
    left_empty: u64,
}

impl Reader<'_> {
    /// The result that a row means, under this number in the history.
    pub(super) fn read(&self, row: &Row<'_>, number: i64, local_id: i64) -> Result<Read, Left> {
        let mut values = Values { row, left_empty: 0 };
        let received = values.text("timestamp").and_then(|text| self.moment(&text)).ok_or(Left::BadTimestamp)?;
        let received_ms = received.as_millisecond();
        if received_ms > self.now.as_millisecond().saturating_add(MAX_AHEAD_MS) {
            return Err(Left::FutureTimestamp);
        }
        let client_ip = values.text("client_ip").and_then(|text| address(&text)).ok_or(Left::BadAddress)?;
        let household_score = values.number("household_score", MAX_SCORE);
        let alex_grade = values.grade("alex_grade");
        let test_type = match values.text("test_type").as_deref() {
            Some("single" | "single_user") => TestType::Single,
            Some("household" | "virtual_household") => TestType::Household,
            // The first versions had one test, and did not name it.
            None if household_score.is_none() && alex_grade.is_none() => TestType::Single,
            None => TestType::Household,
            Some(_) => return Err(Left::UnknownTestType),
        };
        let asn = values.text("asn");
        let result = StoredResult {
            local_id,
            test_id: format!("legacy_{}_{number}", received.as_second()),
            received_ms,
            client_ip,
            user_agent: values.text("user_agent"),
            test_type,
            download_mbps: values.number("download_mbps", MAX_THROUGHPUT_MBPS),
            upload_mbps: values.number("upload_mbps", MAX_THROUGHPUT_MBPS),
            baseline_ms: values.number("baseline_latency_ms", MAX_LATENCY_MS),
            download_increase_ms: values.number("download_latency_increase_ms", MAX_LATENCY_MS),
            upload_increase_ms: values.number("upload_latency_increase_ms", MAX_LATENCY_MS),
            bidirectional_increase_ms: values.number("bidirectional_latency_increase_ms", MAX_LATENCY_MS),
            overall_grade: values.grade("overall_grade"),
            download_grade: values.grade("download_grade"),
            upload_grade: values.grade("upload_grade"),
            bidirectional_grade: values.grade("bidirectional_grade"),
            household_score,
            alex_grade,
            sarah_grade: values.grade("sarah_grade"),
            jake_grade: values.grade("jake_grade"),
            computer_grade: values.grade("computer_grade"),
            test_duration_s: values.number("test_duration_seconds", MAX_DURATION_S),
            asn: asn.and_then(|text| values.counted(asn_of(&text))),
            asn_name: values.text("asn_name"),
            country_code: values.text("country_code").and_then(|text| {
                let country = Country::parse(&text.to_ascii_uppercase()).ok();
                values.counted(country.map(|country| country.as_str().to_owned()))
            }),
            test_server_name: values.text("test_server_name").or_else(|| values.text("server_name")),
        };
        Ok(Read { result, left_empty: values.left_empty })
    }

    /// A time in ISO form, with an offset or without.
    fn moment(&self, text: &str) -> Option<Timestamp> {
        if let Ok(moment) = text.parse() {
            return Some(moment);
        }
        let local: DateTime = text.parse().ok()?;
        self.timezone.to_timestamp(local).ok()
    }
}

impl Values<'_> {
    fn value(&self, column: &str) -> ValueRef<'_> {
        let index = COLUMNS.iter().position(|known| *known == column);
        index.and_then(|index| self.row.get_ref(index).ok()).unwrap_or(ValueRef::Null)
    }

    /// A short text without control characters; none if it says that nothing is known.
    fn text(&self, column: &str) -> Option<String> {
        let text = match self.value(column) {
            ValueRef::Text(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            ValueRef::Integer(number) => number.to_string(),
            ValueRef::Real(number) => number.to_string(),
            ValueRef::Null | ValueRef::Blob(_) => return None,
        };
        let text: String = text.trim().chars().filter(|c| !c.is_control()).take(MAX_TEXT_CHARS).collect();
        (!NOTHING.contains(&text.to_ascii_lowercase().as_str())).then_some(text)
    }

    /// A number of 0 to `most`, also if it stands there as text.
    fn number(&mut self, column: &str, most: f64) -> Option<f64> {
        #[expect(clippy::cast_precision_loss, reason = "an integer that is not exact is far above every bound")]
        let number = match self.value(column) {
            ValueRef::Real(number) => Some(number),
            ValueRef::Integer(number) => Some(number as f64),
            ValueRef::Null => return None,
            ValueRef::Text(_) | ValueRef::Blob(_) => self.text(column)?.parse().ok(),
        };
        self.counted(number.filter(|number| number.is_finite() && (0.0..=most).contains(number)))
    }

    fn grade(&mut self, column: &str) -> Option<Grade> {
        let letter = self.text(column)?;
        self.counted(Grade::parse(&letter.to_ascii_uppercase()))
    }

    /// Counts a value that is there and could not be read.
    fn counted<T>(&mut self, value: Option<T>) -> Option<T> {
        self.left_empty += u64::from(value.is_none());
        value
    }
}

/// An address in any spelling; an IPv4 address inside IPv6 is the IPv4 address.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    bare.parse::<IpAddr>().ok().map(|address| address.to_canonical())
}

/// `64500`, `AS64500`, or `AS64500 Example`.
fn asn_of(text: &str) -> Option<u32> {
    let digits = text.strip_prefix("AS").or_else(|| text.strip_prefix("as")).unwrap_or(text);
    let digits = digits.split_whitespace().next()?;
    digits.parse().ok().filter(|number| *number != 0)
}
