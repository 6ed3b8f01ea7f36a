//! The formulas of docs/methodology.md. Counts are integers; what is no integer is an IEEE 754 double, computed in the
//! order in which the methodology's statements write it, so that the last digit is the same.

pub mod change;
pub mod measures;
pub mod quantiles;
pub mod ranks;
pub mod shares;
pub mod shrinkage;

/// The nearest integer; halves go up.
#[must_use]
pub fn half_up(value: f64) -> i64 {
    (value + 0.5).floor() as i64
}
