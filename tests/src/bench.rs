//! What the system carries, measured on the programs that ISPs install, with the load generator on the same machine.
//!
//! Each part gives [`Row`]s; a figure is compared with a goal, and where there is one with a peer that does the same work
//! without us, measured in the same run.

mod bodies;
mod load;
mod peer;
mod report;
mod sample;

pub use report::{Goal, Row, print, write};
