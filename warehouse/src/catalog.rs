//! The SQL of `queries/`, and what its contracts promise.
//!
//! SQL is data: one SELECT a file, built into the program. A test compares every contract with what the engine says.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::engine::Param;

/// One SELECT and its contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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

    /// The relation that the statement makes: the last part of its name.
    #[must_use]
    pub fn relation(&self) -> &'static str {
        self.name.rsplit_once('/').map_or(self.name, |(_, relation)| relation)
    }

    /// The contract as it is written.
    #[must_use]
    pub fn contract_text(&self) -> &'static str {
        self.contract
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
    /// The bins of latency increases, as a table.
    BINS = "inputs/bins";
    /// The bins of rates, as a table.
    RATE_BINS = "inputs/rate_bins";
    /// The policies' thresholds.
    POLICY_GRADES = "inputs/policies";
    /// When two networks are surely different.
    CRITICAL_VALUES = "inputs/critical_values";
    /// Standard times of countries.
    COUNTRY_OFFSETS = "inputs/country_offsets";
    /// What it takes to be listed and ranked.
    PARAMETERS = "inputs/parameters";
    /// Ranges of days.
    FRAMES = "inputs/frames";
    /// Their days.
    FRAME_DAYS = "inputs/frame_days";
    /// What is counted in them.
    SERIES = "inputs/series";
    /// Names of networks.
    ASN_NAMES = "inputs/asn_names";
    /// Kinds of networks.
    ASN_KINDS = "inputs/asn_kinds";
    /// Organisations of networks.
    ASN_ORGANISATIONS = "inputs/asn_organisations";
    /// Every result, as it was taken in.
    RESULTS = "analytics/results";
    /// What came of each agent's batches.
    ACCOUNTS = "analytics/accounts";
    /// What an analytics file was made of.
    META = "analytics/meta";
    /// Every result with the reasons to leave it out, and the day on which it counts.
    VALID_RESULTS = "base/valid_results";
    /// What newly sealed results add to the live counts.
    DAILY_PARTS = "marts/daily_parts";
    /// Live counts by day, network, type and agent.
    DAILY = "marts/daily";
    /// What became of every result.
    DAILY_EXCLUSIONS = "marts/daily_exclusions";
    /// The policies' thresholds side by side.
    POLICY_THRESHOLDS = "marts/policy_thresholds";
    /// Valid results that count on given days.
    COUNTED_RESULTS = "marts/counted_results";
    /// Tests, votes and sums of each counting day by country and hours.
    OPEN_PARTS = "marts/open_parts";
    /// Votes of each counting day by bin.
    OPEN_BINS = "marts/open_bins";
    /// Votes of each counting day by grade.
    OPEN_GRADES = "marts/open_grades";
    /// Votes of each counting day by agent.
    OPEN_AGENTS = "marts/open_agents";
    /// Where closing counts go inside their block.
    PART_PLACES = "marts/part_places";
    /// Blocks.
    BLOCKS = "marts/blocks";
    /// Their parts.
    BLOCK_PARTS = "marts/block_parts";
    /// Their votes by bin.
    BLOCK_BINS = "marts/block_bins";
    /// Their votes by grade.
    BLOCK_GRADES = "marts/block_grades";
    /// Their votes by agent.
    BLOCK_AGENTS = "marts/block_agents";
    /// Where blocks go on after months were dropped.
    RESUME_DAYS = "marts/resume_days";
    /// Single results, as published.
    PUBLIC_RESULTS = "public/results";
    /// Votes of windows, months and days by grade.
    FRAME_GRADES = "rankings/frame_grades";
    /// Votes of windows, months and days by network, country and world, and by bin.
    SUBJECT_BINS = "rankings/subject_bins";
    /// The same by network, country and world.
    SUBJECT_GRADES = "rankings/subject_grades";
    /// Medians and 95th percentiles.
    QUANTILES = "rankings/quantiles";
    /// Votes by grade and shares at A or better.
    GRADE_SHARES = "rankings/grade_shares";
    /// Plain means.
    AVERAGES = "rankings/averages";
    /// Networks that are listed.
    NETWORKS = "rankings/networks";
    /// What they are compared by.
    MEASURES = "rankings/measures";
    /// What is known before votes are seen.
    PRIORS = "rankings/priors";
    /// Shrunken measures.
    SCORES = "rankings/scores";
    /// Places.
    PLACES = "rankings/places";
    /// Places with their intervals.
    RANK_INTERVALS = "rankings/rank_intervals";
    /// The rankings.
    RANKINGS = "rankings/rankings";
    /// The orders under each policy.
    RANKINGS_BY_POLICY = "rankings/rankings_by_policy";
    /// All latency increases of what is listed.
    LATENCIES = "rankings/latencies";
    /// How their votes spread over them.
    HISTOGRAMS = "rankings/histograms";
    /// Countries and the world.
    AREAS = "rankings/areas";
    /// Subjects by period.
    PERIODS = "trends/periods";
    /// What changed from period to period.
    TRENDS = "trends/trends";
    /// Votes of windows by agent.
    FRAME_AGENTS = "provenance/frame_agents";
    /// Votes of listed networks by source.
    SOURCE_VOTES = "provenance/source_votes";
    /// What each source says.
    SOURCE_FIGURES = "provenance/source_figures";
    /// Sources, as published.
    ASN_SOURCES = "provenance/asn_sources";
    /// Networks without one of their agents.
    LEFT_OUT = "provenance/left_out";
    /// How much hangs on one source.
    ASN_PROVENANCE = "provenance/asn_provenance";
    /// What became of results, as published.
    COVERAGE = "provenance/coverage";
    /// Rankings, as the API tells them.
    API_RANKINGS = "api/rankings";
    /// Grades by policy, as the API tells them.
    API_GRADES = "api/grades";
    /// Latency increases, as the API tells them.
    API_LATENCIES = "api/latencies";
    /// How votes spread over latency increases, as the API tells it.
    API_HISTOGRAMS = "api/histograms";
    /// Countries and the world, as the API tells them.
    API_AREAS = "api/areas";
    /// Trends, as the API tells them.
    API_TRENDS = "api/trends";
    /// How much hangs on one source, as the API tells it.
    API_PROVENANCE = "api/provenance";
    /// Sources, as the API tells them.
    API_SOURCES = "api/sources";
    /// What became of results, as the API tells it.
    API_COVERAGE = "api/coverage";
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

/// Relations of which a release holds every row, in the order in which data flows.
pub const PUBLISHED: [Query; 14] = [
    PUBLIC_RESULTS,
    BLOCKS,
    BLOCK_PARTS,
    BLOCK_BINS,
    BLOCK_GRADES,
    RANKINGS,
    RANKINGS_BY_POLICY,
    LATENCIES,
    HISTOGRAMS,
    AREAS,
    TRENDS,
    ASN_SOURCES,
    ASN_PROVENANCE,
    COVERAGE,
];

/// Tables of inputs, which no statement makes, and their contracts.
pub const INPUTS: [(&str, &str); 12] = [
    ("parameters", include_str!("../../queries/inputs/parameters.toml")),
    ("frames", include_str!("../../queries/inputs/frames.toml")),
    ("frame_days", include_str!("../../queries/inputs/frame_days.toml")),
    ("series", include_str!("../../queries/inputs/series.toml")),
    ("bins", include_str!("../../queries/inputs/bins.toml")),
    ("rate_bins", include_str!("../../queries/inputs/rate_bins.toml")),
    ("policies", include_str!("../../queries/inputs/policies.toml")),
    ("critical_values", include_str!("../../queries/inputs/critical_values.toml")),
    ("country_offsets", include_str!("../../queries/inputs/country_offsets.toml")),
    ("asn_names", include_str!("../../queries/inputs/asn_names.toml")),
    ("asn_kinds", include_str!("../../queries/inputs/asn_kinds.toml")),
    ("asn_organisations", include_str!("../../queries/inputs/asn_organisations.toml")),
];

/// Every table of a release with its contract.
///
/// # Errors
/// If a contract's file is no contract, which a test excludes.
pub fn published_tables() -> Result<Vec<(&'static str, Contract)>, toml::de::Error> {
    let made = PUBLISHED.iter().map(|query| Ok((query.relation(), query.contract()?)));
    let inputs = INPUTS.iter().map(|(name, contract)| {
        let mut contract: Contract = toml::from_str(contract)?;
        if *name == "policies" {
            // Each policy is a file, whose name says which.
            contract.columns.retain(|column| column.name != "policy");
            contract.grain.retain(|column| column != "policy");
        }
        Ok((*name, contract))
    });
    made.chain(inputs).collect()
}

/// The bins of latency increases, as CSV.
pub const BINS_CSV: &str = include_str!("../../queries/bins.csv");

/// The bins of rates, as CSV.
pub const RATE_BINS_CSV: &str = include_str!("../../queries/rate_bins.csv");

/// Standard UTC offsets of countries in minutes, as CSV.
pub const COUNTRY_OFFSETS_CSV: &str = include_str!("../../queries/country_offsets.csv");

/// How many standard errors make two networks surely different, by the number of networks, as CSV.
pub const CRITICAL_VALUES_CSV: &str = include_str!("../../queries/critical_values.csv");

/// Named policies: letter grades by thresholds, as CSV.
pub const POLICIES: &[(&str, &str)] = &[
    ("dslreports", include_str!("../../queries/policies/dslreports.csv")),
    ("libreqos-2024-12", include_str!("../../queries/policies/libreqos-2024-12.csv")),
];

/// The policy that grades unless a reader names another.
pub const DEFAULT_POLICY: &str = "dslreports";
