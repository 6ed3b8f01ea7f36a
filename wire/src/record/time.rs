//! Time on the wire: hours and days since the Unix epoch, UTC. Finer time never leaves the agent.

use serde::{Deserialize, Serialize};

/// Hours since 1970-01-01T00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Hour(pub u32);

/// Days since 1970-01-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Day(pub u32);

impl Hour {
    /// The hour in which a moment lies, given in seconds since the Unix epoch. Moments before 1970 are hour 0.
    #[must_use]
    pub fn of_unix_s(seconds: i64) -> Self {
        Self(u32::try_from(seconds.max(0) / 3_600).unwrap_or(u32::MAX))
    }

    /// The day in which the hour lies.
    #[must_use]
    pub fn day(self) -> Day {
        Day(self.0 / 24)
    }

    /// Hour of the day, 0 to 23, UTC.
    #[must_use]
    pub fn of_day(self) -> u32 {
        self.0 % 24
    }

    /// Seconds from the Unix epoch to the beginning of the hour.
    #[must_use]
    pub fn unix_s(self) -> i64 {
        i64::from(self.0) * 3_600
    }
}

impl Day {
    /// The first hour of the day.
    #[must_use]
    pub fn first_hour(self) -> Hour {
        Hour(self.0.saturating_mul(24))
    }

    /// The day this many days later.
    #[must_use]
    pub fn plus(self, days: u32) -> Self {
        Self(self.0.saturating_add(days))
    }
}
