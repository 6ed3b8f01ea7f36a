//! End to end: the real programs on ports and in directories of their own, spoken to as agents, clients and strangers do.

mod bad_input;
mod import;
mod kill;
mod lake;
mod path;
mod privacy;
mod slow;
mod stage;
