//! How the receiver fares, and so how many deliveries may be on their way to it.
//!
//! While all goes well there are several, so that one slow answer does not hold up the others. After a failure that
//! concerns the receiver as a whole there is none for a while, and then one at a time until one is answered: a receiver
//! that comes up again is not buried under what has waited for it.

use std::time::{Duration, Instant};

use super::verdict::{Answer, Verdict};
use crate::backoff::{Backoff, Bounds};

/// Most deliveries on their way at once.
pub const MAX_IN_FLIGHT: usize = 8;

/// Pauses after failures in a row. A receiver that answers again is noticed within the longest.
const PAUSES: Bounds =
    Bounds { base: Duration::from_secs(1), max: Duration::from_secs(60), max_asked: Duration::from_secs(3_600) };

/// Pause after the receiver said that it wants no more. Standard Webhooks has the sender stop until a human acts; asking
/// once an hour spares the human who answered 410 by mistake.
pub const GONE_PAUSE: Duration = Duration::from_secs(3_600);

/// The state of the receiver, as far as its answers tell.
#[derive(Debug)]
pub struct Receiver {
    pauses: Backoff,
    /// Since when it fails; none while it answers.
    failed: Option<Instant>,
    resume: Option<Instant>,
    gone: bool,
}

impl Default for Receiver {
    fn default() -> Self {
        Self { pauses: Backoff::new(PAUSES), failed: None, resume: None, gone: false }
    }
}

impl Receiver {
    /// How many more deliveries may go now, beside those that are on their way.
    #[must_use]
    pub fn room(&self, in_flight: usize, now: Instant) -> usize {
        let most = match self.failed {
            _ if !self.pause(now).is_zero() => 0,
            Some(_) => 1,
            None => MAX_IN_FLIGHT,
        };
        most.saturating_sub(in_flight)
    }

    /// How long nothing is sent any more.
    #[must_use]
    pub fn pause(&self, now: Instant) -> Duration {
        self.resume.map_or(Duration::ZERO, |resume| resume.saturating_duration_since(now))
    }

    /// True if it wants no more deliveries.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        self.gone
    }

    /// Takes note of the answer to a delivery that was `sent` then. `dice` is uniform in 0 to 1.
    pub fn note(&mut self, answer: Answer, sent: Instant, now: Instant, dice: f64) {
        // Deliveries that were on their way together fail together: that is one failure. And what was sent before the
        // receiver asked for a pause does not end the pause.
        let news = self.failed.is_none_or(|failed| sent >= failed);
        let wait = match answer.verdict() {
            Verdict::Delivered | Verdict::Refused => {
                if news {
                    *self = Self::default();
                }
                return;
            }
            Verdict::Busy if news => self.pauses.next(answer.asked_s(), dice),
            Verdict::Busy => PAUSES.wait(0, answer.asked_s(), dice),
            Verdict::Gone => {
                self.gone = true;
                GONE_PAUSE
            }
        };
        if news {
            self.failed = Some(now);
        }
        self.resume = self.resume.max(Some(now + wait));
    }
}

#[cfg(test)]
mod tests;
