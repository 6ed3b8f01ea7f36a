//! The published tables of figures, derived from sums of blocks: each as rows in the order of its contract's columns.

mod areas;
mod by_policy;
mod contest;
mod histograms;
mod latencies;
mod rankings;
mod trends;

pub use contest::WindowFigures;
pub use trends::{Kind, PeriodRow, Periods};

use crate::cell::Cell;

/// A derived row.
pub type Row = Vec<Cell<'static>>;

/// Rows of the tables that are told of windows.
#[derive(Debug, Clone, Default)]
pub struct Derived {
    /// `rankings`.
    pub rankings: Vec<Row>,
    /// `rankings_by_policy`.
    pub rankings_by_policy: Vec<Row>,
    /// `latencies`.
    pub latencies: Vec<Row>,
    /// `histograms`.
    pub histograms: Vec<Row>,
    /// `areas`.
    pub areas: Vec<Row>,
}

/// A row of these values.
macro_rules! row {
    ($($value:expr),* $(,)?) => { vec![$($crate::cell::Cell::from($value)),*] };
}
pub(crate) use row;
