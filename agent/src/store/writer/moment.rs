//! When something happens: by the clock that people set, and by the one that nobody sets.

use std::time::Duration;

use intake::clock::Clock;
use jiff::Timestamp;

/// A moment by both clocks.
#[derive(Debug, Clone, Copy)]
pub(in crate::store) struct Moment {
    /// The time of day, which can be set.
    pub(in crate::store) wall: Timestamp,
    /// Time that went by, which cannot.
    pub(in crate::store) steady: Duration,
}

impl Moment {
    pub(super) fn of(clock: &dyn Clock) -> Self {
        Self { wall: clock.now(), steady: clock.steady() }
    }

    /// The steady clock in seconds.
    pub(in crate::store) fn steady_s(self) -> i64 {
        i64::try_from(self.steady.as_secs()).unwrap_or(i64::MAX)
    }
}
