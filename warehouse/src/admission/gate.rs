//! The state machine behind a lock, with a guard that cannot forget to settle.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::marks::{Entry, Marks, Verdict};
use crate::agents::AcceptedGap;

/// Shared by all requests. The lock is held for a map look-up, never across I/O.
#[derive(Debug, Clone, Default)]
pub struct Gate {
    marks: Arc<Mutex<Marks>>,
}

/// A delivery that was let in and has not landed yet. Dropped without [`Admitted::landed`], it counts as failed.
#[derive(Debug)]
pub struct Admitted {
    gate: Gate,
    entry: Entry,
    landed: bool,
}

impl Gate {
    /// A gate that knows these marks.
    #[must_use]
    pub fn new(marks: Marks) -> Self {
        Self { marks: Arc::new(Mutex::new(marks)) }
    }

    /// Judges a delivery; `Ok` if it is let in.
    ///
    /// # Errors
    /// Any other verdict.
    pub fn admit(&self, entry: Entry, gaps: &[AcceptedGap]) -> Result<Admitted, Verdict> {
        match self.marks().judge(&entry, gaps) {
            Verdict::Accept => Ok(Admitted { gate: self.clone(), entry, landed: false }),
            other => Err(other),
        }
    }

    /// The marks, for as long as the answer is kept.
    pub fn marks(&self) -> MutexGuard<'_, Marks> {
        // No code panics while it holds the lock; were it so, the marks are still whole, each change is one insert.
        self.marks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Admitted {
    /// The batch is durable: its number is used up.
    pub fn landed(mut self) {
        self.landed = true;
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        self.gate.marks().settle(&self.entry, self.landed);
    }
}
