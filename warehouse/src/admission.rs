//! Who comes in: each `(agent, epoch, seq)` once, in order, one at a time.
//!
//! [`Marks`] is the pure state machine; [`Gate`] holds it for the concurrent server.

mod gate;

mod marks;

pub use gate::{Admitted, Gate};
pub use marks::{Entry, MAX_EPOCHS_PER_AGENT, Mark, Marks, Verdict};
