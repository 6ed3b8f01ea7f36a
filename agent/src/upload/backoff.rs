//! How long to wait before the next attempt: full jitter, exponential, capped.

use std::time::Duration;

/// Bound of the first wait.
const BASE: Duration = Duration::from_millis(500);

/// Bound of every wait that the warehouse did not ask for.
const MAX: Duration = Duration::from_secs(300);

/// Longest wait that the warehouse can ask for.
const MAX_ASKED: Duration = Duration::from_secs(3_600);

/// Counts failed attempts in a row.
#[derive(Debug, Default)]
pub struct Backoff {
    failures: u32,
}

impl Backoff {
    /// An attempt worked.
    pub fn reset(&mut self) {
        self.failures = 0;
    }

    /// An attempt failed: the wait before the next one. `dice` is uniform in 0 to 1.
    pub fn next(&mut self, asked_s: Option<u64>, dice: f64) -> Duration {
        let bound = BASE.saturating_mul(1_u32.checked_shl(self.failures.min(20)).unwrap_or(u32::MAX)).min(MAX);
        self.failures = self.failures.saturating_add(1);
        let jittered = bound.mul_f64(dice.clamp(0.0, 1.0));
        let asked = Duration::from_secs(asked_s.unwrap_or(0)).min(MAX_ASKED);
        // Added, not the larger of both: agents that were asked to wait the same time must not come at once.
        asked + jittered
    }
}

#[cfg(test)]
mod tests {
    //! Aim: waits grow, stay below their bound, honour what was asked, and begin anew after a success.

    use super::*;

    #[test]
    fn waits_grow_to_their_bound() {
        let mut backoff = Backoff::default();
        let waits: Vec<_> = (0..40).map(|_| backoff.next(None, 1.0)).collect();
        assert_eq!(waits[0], BASE);
        assert_eq!(waits[1], BASE * 2);
        assert!(waits.is_sorted());
        assert_eq!(waits[39], MAX);
        assert_eq!(backoff.next(None, 0.0), Duration::ZERO);
        assert!(backoff.next(Some(30), 0.0) >= Duration::from_secs(30));
        assert_eq!(backoff.next(Some(1 << 40), 0.0), MAX_ASKED);
        backoff.reset();
        assert_eq!(backoff.next(None, 1.0), BASE);
    }
}
