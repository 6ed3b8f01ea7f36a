//! How long to wait before the next attempt: full jitter, exponential, capped.

use std::time::Duration;

/// How waits grow.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Bound of the first wait; it doubles with each failure.
    pub base: Duration,
    /// Bound of every wait that the other side did not ask for.
    pub max: Duration,
    /// Longest wait that the other side can ask for.
    pub max_asked: Duration,
}

impl Bounds {
    /// The wait after an attempt that failed, as `failures` did before it. `dice` is uniform in 0 to 1.
    #[must_use]
    pub fn wait(&self, failures: u32, asked_s: Option<u64>, dice: f64) -> Duration {
        let bound = self.base.saturating_mul(1_u32.checked_shl(failures.min(20)).unwrap_or(u32::MAX)).min(self.max);
        let jittered = bound.mul_f64(dice.clamp(0.0, 1.0));
        let asked = Duration::from_secs(asked_s.unwrap_or(0)).min(self.max_asked);
        // Added, not the larger of both: agents that were asked to wait the same time must not come at once.
        asked + jittered
    }
}

/// Counts failed attempts in a row.
#[derive(Debug)]
pub struct Backoff {
    bounds: Bounds,
    failures: u32,
}

impl Backoff {
    /// None has failed.
    #[must_use]
    pub fn new(bounds: Bounds) -> Self {
        Self { bounds, failures: 0 }
    }

    /// An attempt worked.
    pub fn reset(&mut self) {
        self.failures = 0;
    }

    /// An attempt failed: the wait before the next one. `dice` is uniform in 0 to 1.
    pub fn next(&mut self, asked_s: Option<u64>, dice: f64) -> Duration {
        let wait = self.bounds.wait(self.failures, asked_s, dice);
        self.failures = self.failures.saturating_add(1);
        wait
    }
}

#[cfg(test)]
mod tests {
    //! Aim: waits grow, stay below their bound, honour what was asked, and begin anew after a success.

    use super::*;

    #[test]
    fn waits_grow_to_their_bound() {
        let second = Duration::from_secs(1);
        let bounds = Bounds { base: second / 2, max: 300 * second, max_asked: 3_600 * second };
        let mut backoff = Backoff::new(bounds);
        let waits: Vec<_> = (0..40).map(|_| backoff.next(None, 1.0)).collect();
        assert_eq!(waits[0], bounds.base);
        assert_eq!(waits[1], bounds.base * 2);
        assert!(waits.is_sorted());
        assert_eq!(waits[39], bounds.max);
        assert_eq!(backoff.next(None, 0.0), Duration::ZERO);
        assert!(backoff.next(Some(30), 0.0) >= Duration::from_secs(30));
        assert_eq!(backoff.next(Some(1 << 40), 0.0), bounds.max_asked);
        backoff.reset();
        assert_eq!(backoff.next(None, 1.0), bounds.base);
    }
}
