//! The wall clock, as an argument. Nothing else in the project reads it, so that tests and the demo can set it.

use std::sync::Mutex;

use jiff::Timestamp;
use wire::Hour;

/// Tells the time of day.
pub trait Clock: Send + Sync + 'static {
    /// The present moment, UTC.
    fn now(&self) -> Timestamp;

    /// The hour in which the present moment lies.
    fn hour(&self) -> Hour {
        Hour::of_unix_s(self.now().as_second())
    }
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the wall clock")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// A clock that stands still until it is set: for tests, and for the demo's thirty days of history.
#[derive(Debug)]
pub struct ManualClock(Mutex<Timestamp>);

impl ManualClock {
    /// A clock that shows this moment.
    #[must_use]
    pub fn at(moment: Timestamp) -> Self {
        Self(Mutex::new(moment))
    }

    /// Sets the clock, forwards or backwards.
    pub fn set(&self, moment: Timestamp) {
        *self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = moment;
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
