//! The SQL of `queries/`, and what its contracts promise.
//!
//! SQL is data: one SELECT a file, built into the program. A test compares every contract with what the engine says.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::engine::Param;

/// One SELECT and its contract.
#[derive(Debug, Clone, Copy)]
pub struct Query {
    /// Path below `queries/` without the ending, for example `marts/count_days`.
    pub name: &'static str,
    /// The statement.
    pub sql: &'static str,
    contract: &'static str,
}

/// What a query promises: read from the `.toml` beside it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contract {
    /// What a row is, in a sentence.
    pub about: String,
    /// The columns that make a row unique.
    pub grain: Vec<String>,
    /// Named parameters: type and meaning.
    #[serde(default)]
    pub parameters: BTreeMap<String, Parameter>,
    /// The columns in their order.
    pub columns: Vec<Column>,
}

/// A named parameter.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameter {
    /// SQL type.
    pub r#type: String,
    /// What it stands for.
    pub meaning: String,
}

/// A column.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// Name.
    pub name: String,
    /// SQL type as DuckDB's DESCRIBE says it.
    pub r#type: String,
    /// Unit, or what the values are counted or written in.
    pub unit: String,
    /// What the column says.
    pub meaning: String,
    /// Whether it may be published.
    pub visibility: Visibility,
}

/// Who may read a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Visibility {
    /// May stand in a public cut.
    Public,
    /// Stays inside the warehouse.
    Internal,
}

impl Query {
    /// Those of these values that the statement has parameters for: the engine refuses one that it does not know.
    #[must_use]
    pub fn bind<'a>(&self, values: &[(&'a str, Param)]) -> Vec<(&'a str, Param)> {
        values.iter().filter(|(name, _)| self.sql.contains(&format!("${name}"))).cloned().collect()
    }

    /// The contract.
    ///
    /// # Errors
    /// If the contract's file is no contract, which a test excludes.
    pub fn contract(&self) -> Result<Contract, toml::de::Error> {
        toml::from_str(self.contract)
    }
}

macro_rules! queries {
    ($($(#[$meta:meta])* $constant:ident = $name:literal;)*) => {
        $(
            $(#[$meta])*
            pub const $constant: Query = Query {
                name: $name,
                sql: include_str!(concat!("../../queries/", $name, ".sql")),
                contract: include_str!(concat!("../../queries/", $name, ".toml")),
            };
        )*

        /// Every query, in the order in which data flows.
        pub const ALL: &[Query] = &[$($constant),*];
    };
}

queries! {
    /// Every result with the reasons to leave it out, and the day on which it counts.
    VALID_RESULTS = "base/valid_results";
    /// What newly sealed results add to the live counts.
    DAILY_PARTS = "marts/daily_parts";
    /// Live counts by day, network, type and agent.
    DAILY = "marts/daily";
    /// The policies' thresholds side by side.
    POLICY_THRESHOLDS = "marts/policy_thresholds";
    /// Valid results that count on given days.
    COUNTED_RESULTS = "marts/counted_results";
    /// Tests and votes of each counting day.
    COUNT_DAYS = "marts/count_days";
    /// Votes of each counting day by bin.
    COUNT_DAY_BINS = "marts/count_day_bins";
    /// Votes of each counting day by grade.
    COUNT_DAY_GRADES = "marts/count_day_grades";
    /// Votes of each counting day by country.
    COUNT_DAY_COUNTRIES = "marts/count_day_countries";
    /// Blocks that close.
    CLOSE_BLOCKS = "marts/close_blocks";
    /// Their votes by bin.
    CLOSE_BLOCK_BINS = "marts/close_block_bins";
    /// Their votes by grade.
    CLOSE_BLOCK_GRADES = "marts/close_block_grades";
    /// Their votes by country.
    CLOSE_BLOCK_COUNTRIES = "marts/close_block_countries";
    /// Where blocks go on after months were dropped.
    RESUME_DAYS = "marts/resume_days";
    /// The ranking of single tests.
    RANK_SINGLE = "marts/rank_single";
    /// The ranking of household tests.
    RANK_HOUSEHOLD = "marts/rank_household";
    /// A row of the daily counts with fewer tests than votes.
    CHECK_DAILY = "checks/daily_votes_within_tests";
    /// A block below the least number of votes, or one whose parts do not add up.
    CHECK_BLOCKS = "checks/blocks_add_up";
    /// Two blocks of a network that share a day.
    CHECK_OVERLAP = "checks/blocks_do_not_overlap";
}

/// Checks: each returns the rows that break a rule, so none.
#[must_use]
pub fn checks() -> Vec<Query> {
    ALL.iter().filter(|query| query.name.starts_with("checks/")).copied().collect()
}

/// The bins of latency increases, as CSV.
pub const BINS_CSV: &str = include_str!("../../queries/bins.csv");

/// Named policies: letter grades by thresholds, as CSV.
pub const POLICIES: &[(&str, &str)] = &[
    ("dslreports", include_str!("../../queries/policies/dslreports.csv")),
    ("libreqos-2024-12", include_str!("../../queries/policies/libreqos-2024-12.csv")),
];

/// The policy that grades unless a reader names another.
pub const DEFAULT_POLICY: &str = "dslreports";
