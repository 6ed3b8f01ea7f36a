//! The agent's door against those who mean it no good.

mod fuzz;
mod spoofing;
