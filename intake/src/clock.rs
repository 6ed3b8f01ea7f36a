//! The wall clock, as an argument. Nothing else in the project reads it, so that tests and the demo can set it.

use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use wire::Hour;

/// Tells the time of day.
pub trait Clock: Send + Sync + 'static {
    /// The present moment, UTC.
    fn now(&self) -> Timestamp;

    /// Time that has passed since some moment in the past. Nobody sets it: it tells a clock that was set from time that
    /// went by.
    fn steady(&self) -> Duration;

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

    fn steady(&self) -> Duration {
        static FIRST_ASKED: LazyLock<Instant> = LazyLock::new(Instant::now);
        FIRST_ASKED.elapsed()
    }
}

/// A clock that stands still until it is set: for tests, and for the demo's thirty days of history.
#[derive(Debug)]
pub struct ManualClock(Mutex<(Timestamp, Duration)>);

impl ManualClock {
    /// A clock that shows this moment.
    #[must_use]
    pub fn at(moment: Timestamp) -> Self {
        Self(Mutex::new((moment, Duration::ZERO)))
    }

    /// Sets the clock, forwards or backwards; no time passes.
    pub fn set(&self, moment: Timestamp) {
        self.inside().0 = moment;
    }

    /// Lets time pass.
    pub fn advance(&self, time: Duration) {
        let mut inside = self.inside();
        inside.0 = inside.0.saturating_add(time).unwrap_or(Timestamp::MAX);
        inside.1 = inside.1.saturating_add(time);
    }

    fn inside(&self) -> MutexGuard<'_, (Timestamp, Duration)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        self.inside().0
    }

    fn steady(&self) -> Duration {
        self.inside().1
    }
}
