//! What can be asked: one table, from which routes, checks of parameters and the description of the API are made.

use intake::problem::Problem;

use super::question::{Parameter, Question, Values};
use super::{envelope::Found, rankings};
use crate::catalog::{self, Query};
use crate::cut::Cut;
use crate::export::Format;

/// A path and its answer.
#[expect(dead_code, reason = "the description of the API will read what answers do not")]
pub(super) struct Noun {
    /// The path, as the router takes it.
    pub(super) path: &'static str,
    /// What it tells, in a sentence.
    pub(super) summary: &'static str,
    /// What can be chosen.
    pub(super) parameters: &'static [Parameter],
    /// In which formats; with one only there is no parameter `format`.
    pub(super) formats: &'static [Format],
    /// The statement whose contract describes a row of `data`.
    pub(super) rows: Option<Query>,
    /// Whether parameters that nobody knows are refused.
    pub(super) strict: bool,
    /// The answer.
    pub(super) answer: fn(&Cut, &Question) -> Result<Found, Problem>,
}

/// Every path.
pub(super) const NOUNS: &[Noun] = &[Noun {
    path: "/api/v1/rankings",
    summary: "The ranking of networks by their latency under load, with what it rests on.",
    parameters: &[MODE, WINDOW, HOURS, POLICY, ORDER, COUNTRY, MIN_VOTES, SORT, DIRECTION, LIMIT, CURSOR, FORMAT],
    formats: Format::ALL,
    rows: Some(catalog::API_RANKINGS),
    strict: true,
    answer: rankings::answer,
}];

pub(super) const MODE: Parameter = Parameter {
    name: "mode",
    values: Values::OneOf(&["single", "household"]),
    usual: Some("single"),
    meaning: "Kind of test.",
};

pub(super) const WINDOW: Parameter = Parameter {
    name: "window",
    values: Values::OneOf(&["7", "30", "90"]),
    usual: Some("30"),
    meaning: "Length of the window in days, up to the last closed day.",
};

pub(super) const HOURS: Parameter = Parameter {
    name: "hours",
    values: Values::OneOf(&["all", "peak"]),
    usual: Some("all"),
    meaning: "All hours, or 19 to 23 h by the standard time of the client's country.",
};

const POLICY: Parameter = Parameter {
    name: "policy",
    values: Values::OneOf(&["dslreports", "libreqos-2024-12", "reported"]),
    usual: None,
    meaning: "By which rule grades and shares are given: dslreports for single tests, reported (the client's own) for \
              household tests, unless another is named.",
};

const ORDER: Parameter = Parameter {
    name: "order",
    values: Values::OneOf(&["ms", "share"]),
    usual: None,
    meaning: "What networks are ranked by: the latency increase, or the share of votes at A or better under the policy. \
              Household tests measure no latency and are always ranked by share.",
};

const COUNTRY: Parameter = Parameter {
    name: "country",
    values: Values::Country,
    usual: None,
    meaning: "Only networks with most of their votes in this country; ranks stay those of the world.",
};

const MIN_VOTES: Parameter = Parameter {
    name: "min_votes",
    values: Values::Integer(0, 1_000_000_000),
    usual: None,
    meaning: "Only networks with at least so many votes.",
};

const SORT: Parameter = Parameter {
    name: "sort",
    values: Values::OneOf(rankings::SORTS),
    usual: Some("rank"),
    meaning: "By which column rows are sorted; those without a value come last.",
};

const DIRECTION: Parameter = Parameter {
    name: "direction",
    values: Values::OneOf(&["asc", "desc"]),
    usual: Some("asc"),
    meaning: "Smallest or largest first.",
};

pub(super) const LIMIT: Parameter = Parameter {
    name: "limit",
    values: Values::Integer(1, 1_000),
    usual: Some("100"),
    meaning: "Most rows of an answer.",
};

pub(super) const CURSOR: Parameter = Parameter {
    name: "cursor",
    values: Values::Text(256),
    usual: None,
    meaning: "The next page, as `next` of the page before named it. It is good for the same cut only.",
};

pub(super) const FORMAT: Parameter = Parameter {
    name: "format",
    values: Values::OneOf(&["json", "csv", "arrow", "parquet"]),
    usual: None,
    meaning: "Format of the answer; decides before the header Accept.",
};
