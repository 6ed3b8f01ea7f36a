//! What it took to be listed and ranked.

use super::csv_table::number;
use super::{CsvTable, InputFault};
use crate::day::Day;

/// `parameters.csv`: one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameters {
    /// The last closed day.
    pub last_day: Day,
    /// Votes from which a network is listed.
    pub listed_votes: i64,
    /// Votes from which a network is ranked.
    pub ranked_votes: i64,
    /// Days with votes from which a network is ranked.
    pub ranked_days: i64,
    /// Votes from which a 95th percentile is told.
    pub p95_votes: i64,
    /// The policy of the grades of single tests.
    pub default_policy: String,
}

impl Parameters {
    /// Reads the one row.
    ///
    /// # Errors
    /// [`InputFault`] if it is not one row of such values.
    pub fn read(table: &CsvTable) -> Result<Self, InputFault> {
        let columns = ["last_day", "listed_votes", "ranked_votes", "ranked_days", "p95_votes", "default_policy"];
        table.expect(&columns)?;
        let [row] = table.rows.as_slice() else {
            return Err(InputFault(format!("holds {} rows instead of one", table.rows.len())));
        };
        Ok(Self {
            last_day: number(row, 0)?,
            listed_votes: number(row, 1)?,
            ranked_votes: number(row, 2)?,
            ranked_days: number(row, 3)?,
            p95_votes: number(row, 4)?,
            default_policy: row[5].clone(),
        })
    }
}
