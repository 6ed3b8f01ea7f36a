//! What figures were made with, beside blocks: the release's own `inputs/`.

mod bins;
mod critical;
mod csv_table;
mod lists;
mod parameters;
mod policies;

pub use bins::{Bin, Bins};
pub use critical::Critical;
pub use csv_table::{CsvTable, InputFault};
pub use lists::names_by_network;
pub use parameters::Parameters;
pub use policies::{Policies, Policy};

use std::collections::BTreeMap;

/// All that figures are derived with.
#[derive(Debug, Clone)]
pub struct Inputs {
    /// Gates, the default policy, the last day.
    pub parameters: Parameters,
    /// Bins of latency.
    pub bins: Bins,
    /// How far apart two scores must be.
    pub critical: Critical,
    /// Where letter grades begin.
    pub policies: Policies,
    /// Kinds of networks, such as `hosting`.
    pub kinds: BTreeMap<u32, String>,
    /// Organisations of networks.
    pub organisations: BTreeMap<u32, String>,
}

#[cfg(test)]
pub(crate) mod samples {
    //! The inputs of the house, for hand-computed answers.

    use super::*;

    /// `queries/bins.csv`.
    pub(crate) fn bins() -> Bins {
        Bins::read(&CsvTable::read(include_bytes!("../../queries/bins.csv")).unwrap()).unwrap()
    }
}
