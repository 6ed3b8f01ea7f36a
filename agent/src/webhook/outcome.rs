//! What became of one attempt, and what the queue does about it.

use std::time::Duration;

use jiff::Timestamp;
use rusqlite::Connection;

use super::verdict::{Answer, Verdict};
use crate::backoff::Bounds;
use crate::store::{StoreFault, webhooks};

/// Waits of a delivery that was refused: the receiver has something against it, and the others go on meanwhile.
const REFUSED: Bounds =
    Bounds { base: Duration::from_secs(5), max: Duration::from_secs(2 * 3_600), max_asked: Duration::from_secs(3_600) };

/// Waits of a delivery that met a receiver in trouble. They are shorter, because the receiver is spared by pauses of its
/// own, and all that waits is to arrive soon after they end.
const BUSY: Bounds = Bounds { max: Duration::from_secs(600), ..REFUSED };

/// What became of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The result's number.
    pub local_id: i64,
    /// Why it failed; none: it was delivered.
    pub fault: Option<String>,
    /// Wait before the next attempt, in milliseconds.
    pub wait_ms: i64,
    /// True if no other delivery would have fared better.
    pub concerns_all: bool,
}

impl Outcome {
    /// What the answer to an attempt means, after `attempts` that failed before it. `dice` is uniform in 0 to 1.
    #[must_use]
    pub fn of(local_id: i64, attempts: u32, answer: Answer, dice: f64) -> Self {
        let verdict = answer.verdict();
        let bounds = if verdict == Verdict::Refused { REFUSED } else { BUSY };
        let wait = bounds.wait(attempts, answer.asked_s(), dice);
        Self {
            local_id,
            fault: (verdict != Verdict::Delivered).then(|| answer.fault()),
            wait_ms: i64::try_from(wait.as_millis()).unwrap_or(i64::MAX),
            concerns_all: matches!(verdict, Verdict::Busy | Verdict::Gone),
        }
    }
}

/// Tells the queue. Returns how many deliveries were set aside.
///
/// # Errors
/// [`StoreFault`] if the database does not take it; then it must be told again.
pub fn note(connection: &Connection, outcomes: &[Outcome], now: Timestamp) -> Result<u64, StoreFault> {
    let mut aside = 0;
    for outcome in outcomes {
        let Some(fault) = &outcome.fault else {
            webhooks::delivered(connection, outcome.local_id)?;
            continue;
        };
        aside += u64::from(webhooks::failed(connection, outcome.local_id, fault, outcome.wait_ms, now)?);
        if outcome.concerns_all {
            aside += webhooks::set_overdue_aside(connection, fault, now)?;
        }
    }
    Ok(aside)
}
