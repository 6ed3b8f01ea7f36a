//! Keeping the lake in order, a little at a time: for the thread that also seals, and for the command.

use std::ops::AddAssign;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::compact::{Due, Progress};
use super::error::LakeError;
use super::{Collected, Lake};

/// Rows of one step of a merge: some 0.05 s. A step that has begun is always ended, so this is what a seal may wait.
const STEP_ROWS: u64 = 32_768;

/// What was done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// Merges that were published.
    pub merges: u64,
    /// Files that they replaced.
    pub files_before: u64,
    /// Files that came instead.
    pub files_after: u64,
    /// Rows in them.
    pub rows: u64,
    /// What was removed.
    pub collected: Collected,
    /// True if there is more to do.
    pub more: bool,
}

impl AddAssign for Order {
    fn add_assign(&mut self, other: Self) {
        self.merges += other.merges;
        self.files_before += other.files_before;
        self.files_after += other.files_after;
        self.rows += other.rows;
        self.collected += other.collected;
        self.more = other.more;
    }
}

impl Lake {
    /// Removes what was replaced `keep_hours` ago, if that is given, and merges what is due, until there is nothing more
    /// to do or about `budget` has gone by.
    ///
    /// # Errors
    /// [`LakeError`]; what was published until then stays.
    pub fn put_in_order(
        &self,
        due: Due,
        keep_hours: Option<u32>,
        budget: Duration,
        now: jiff::Timestamp,
    ) -> Result<Order, LakeError> {
        let begun = Instant::now();
        let mut order = Order::default();
        if let Some(keep_hours) = keep_hours {
            order.collected = self.collect(keep_hours, now)?;
        }
        loop {
            match self.compact(due, STEP_ROWS, now)? {
                Progress::Idle => {
                    order.more = order.collected.more;
                    return Ok(order);
                }
                Progress::Merging => {}
                Progress::Merged(merged) => {
                    order.merges += 1;
                    order.files_before += merged.files_before;
                    order.files_after += merged.files_after;
                    order.rows += merged.rows;
                }
            }
            if begun.elapsed() >= budget {
                order.more = true;
                return Ok(order);
            }
        }
    }
}
