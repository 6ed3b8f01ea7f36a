//! Days as Parquet counts them, from 1 January 1970, and as people write them.

use std::fmt;
use std::str::FromStr;

use jiff::Span;
use jiff::civil::{Date, date};
use serde::{Deserialize, Deserializer, de};

/// A UTC day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Day(pub i32);

/// Text that is no day.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no day such as 2026-11-22")]
pub struct NoDay(String);

const EPOCH: Date = date(1970, 1, 1);

impl Day {
    /// The day in the calendar; none outside of the years that it knows.
    fn date(self) -> Option<Date> {
        EPOCH.checked_add(Span::new().try_days(self.0).ok()?).ok()
    }

    fn of(date: Date) -> Option<Self> {
        Some(Self(EPOCH.until(date).ok()?.get_days()))
    }

    /// The first day of its month.
    #[must_use]
    pub fn first_of_month(self) -> Self {
        self.date().and_then(|date| Self::of(date.first_of_month())).unwrap_or(self)
    }

    /// The last day of its month.
    #[must_use]
    pub fn last_of_month(self) -> Self {
        self.date().and_then(|date| Self::of(date.last_of_month())).unwrap_or(self)
    }

    /// Its month, such as `2026-11`.
    #[must_use]
    pub fn month(self) -> String {
        self.to_string().chars().take("2026-11".len()).collect()
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.date() {
            Some(date) => date.fmt(f),
            None => write!(f, "day {}", self.0),
        }
    }
}

impl FromStr for Day {
    type Err = NoDay;

    fn from_str(text: &str) -> Result<Self, NoDay> {
        // The library reads more forms than this one.
        let date = text.parse::<Date>().ok().filter(|date| date.to_string() == text);
        date.and_then(Self::of).ok_or_else(|| NoDay(text.to_owned()))
    }
}

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Aim: days count from 1970 and come back as they were written; nothing else is a day.
    #[test]
    fn days_are_written_as_they_are_read() {
        assert_eq!("1970-01-02".parse(), Ok(Day(1)));
        let day: Day = "2026-11-22".parse().unwrap();
        assert_eq!((day.0, day.to_string().as_str(), day.month().as_str()), (20_779, "2026-11-22", "2026-11"));
        assert_eq!(
            (day.first_of_month().to_string(), day.last_of_month().to_string()),
            ("2026-11-01".into(), "2026-11-30".into())
        );
        assert!(
            ["", "2026-11-31", "20261122", "2026-11-22T00:00", "2026-11"]
                .iter()
                .all(|text| text.parse::<Day>().is_err())
        );
    }
}
