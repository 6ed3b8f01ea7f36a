//! Sums of blocks: over windows, from which rankings come, and over days and months, from which trends come.

mod period;
mod window;

pub use period::PeriodSums;
pub use window::{Means, NetworkSums, WindowSums};
