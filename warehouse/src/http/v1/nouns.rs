//! What can be asked: one table, from which routes, checks of parameters and the description of the API are made.

use intake::problem::Problem;

use super::envelope::Found;
use super::question::{Parameter, Question, Values};
use super::{legacy, network, rankings, search, world};
use crate::catalog::{self, Query};
use crate::cut::Cut;
use crate::export::Format;

/// A path and its answer.
pub(in crate::http) struct Noun {
    /// The path, as the router takes it.
    pub(in crate::http) path: &'static str,
    /// What it tells, in a sentence.
    pub(in crate::http) summary: &'static str,
    /// What can be chosen.
    pub(in crate::http) parameters: &'static [Parameter],
    /// In which formats; with one only there is no parameter `format`.
    pub(in crate::http) formats: &'static [Format],
    /// The statement whose contract describes a row of `data`.
    pub(in crate::http) rows: Option<Query>,
    /// Whether parameters that nobody knows are refused.
    pub(in crate::http) strict: bool,
    /// The answer.
    pub(in crate::http) answer: fn(&Cut, &Question) -> Result<Found, Problem>,
}

const JSON: &[Format] = &[Format::Json];

/// Every path.
pub(in crate::http) const NOUNS: &[Noun] = &[
    Noun {
        path: "/api/v1/rankings",
        summary: "The ranking of networks by their latency under load, with what it rests on.",
        parameters: &[
            MODE, WINDOW, HOURS, POLICY, ORDER, COUNTRY, NAMED, EVIDENCE, MIN_VOTES, SORT, DIRECTION, LIMIT, CURSOR,
            FORMAT,
        ],
        formats: Format::ALL,
        rows: Some(catalog::API_RANKINGS),
        strict: true,
        answer: rankings::answer,
    },
    Noun {
        path: "/api/v1/asn",
        summary: "Networks by number, name or the beginning of a name.",
        parameters: &[QUERY, LIMIT],
        formats: JSON,
        rows: None,
        strict: true,
        answer: search::answer,
    },
    Noun {
        path: "/api/v1/asn/{asn}",
        summary: "One network: its places in all rankings, grades by policy, latency increases, sources; its country and the \
                  world beside it.",
        parameters: &[],
        formats: JSON,
        rows: None,
        strict: true,
        answer: network::answer,
    },
    Noun {
        path: "/api/v1/asn/{asn}/trend",
        summary: "One network by period, and what changed.",
        parameters: &[MODE, PERIOD, FORMAT],
        formats: Format::ALL,
        rows: Some(catalog::API_TRENDS),
        strict: true,
        answer: network::trend,
    },
    Noun {
        path: "/api/v1/countries",
        summary: "Countries.",
        parameters: &[MODE, WINDOW, AREA_HOURS, FORMAT],
        formats: Format::ALL,
        rows: Some(catalog::API_AREAS),
        strict: true,
        answer: world::countries,
    },
    Noun {
        path: "/api/v1/trends",
        summary: "The world or a country by period, and what changed.",
        parameters: &[MODE, PERIOD, SUBJECT_COUNTRY, FORMAT],
        formats: Format::ALL,
        rows: Some(catalog::API_TRENDS),
        strict: true,
        answer: network::area_trends,
    },
    Noun {
        path: "/api/v1/stats",
        summary: "The world, numbers of networks, what became of results, and how complete agents' results are.",
        parameters: &[],
        formats: JSON,
        rows: None,
        strict: true,
        answer: world::stats,
    },
    Noun {
        path: "/api/v1/methodology",
        summary: "By which numbers rankings are made.",
        parameters: &[],
        formats: JSON,
        rows: None,
        strict: true,
        answer: world::methodology,
    },
    Noun {
        path: "/api/rankings",
        summary: "The ranking in the shape of the old system, for pages that read it. Other parameters are ignored.",
        parameters: &[MODE, OLD_SORT, OLD_ORDER, OLD_LIMIT, MIN_TESTS, COUNTRY],
        formats: JSON,
        rows: None,
        strict: false,
        answer: legacy::rankings,
    },
    Noun {
        path: "/api/asn/search",
        summary: "Ranked networks by number or name, in the shape of the old system. Other parameters are ignored.",
        parameters: &[MODE, QUERY, OLD_LIMIT],
        formats: JSON,
        rows: None,
        strict: false,
        answer: legacy::search,
    },
    Noun {
        path: "/api/asn/{asn}",
        summary: "A ranked network, in the shape of the old system. Other parameters are ignored.",
        parameters: &[MODE],
        formats: JSON,
        rows: None,
        strict: false,
        answer: legacy::network,
    },
    Noun {
        path: "/api/stats/global",
        summary: "The world, in the shape of the old system. Other parameters are ignored.",
        parameters: &[MODE],
        formats: JSON,
        rows: None,
        strict: false,
        answer: legacy::world,
    },
];

pub(in crate::http) const MODE: Parameter = Parameter {
    name: "mode",
    values: Values::OneOf(&["single", "household"]),
    usual: Some("single"),
    meaning: "Kind of test.",
};

pub(in crate::http) const WINDOW: Parameter = Parameter {
    name: "window",
    values: Values::OneOf(&["7", "30", "90"]),
    usual: Some("30"),
    meaning: "Length of the window in days, up to the last closed day.",
};

pub(in crate::http) const HOURS: Parameter = Parameter {
    name: "hours",
    values: Values::OneOf(&["all", "peak"]),
    usual: Some("all"),
    meaning: "All hours, or 19 to 23 h by the standard time of the client's country.",
};

pub(in crate::http) const POLICY: Parameter = Parameter {
    name: "policy",
    values: Values::OneOf(&["dslreports", "libreqos-2024-12", "reported"]),
    usual: None,
    meaning: "By which rule grades and shares are given: dslreports for single tests, reported (the client's own) for \
              household tests, unless another is named.",
};

pub(in crate::http) const ORDER: Parameter = Parameter {
    name: "order",
    values: Values::OneOf(&["ms", "share"]),
    usual: None,
    meaning: "What networks are ranked by: the latency increase, or the share of votes at A or better under the policy. \
              Household tests measure no latency and are always ranked by share.",
};

pub(in crate::http) const COUNTRY: Parameter = Parameter {
    name: "country",
    values: Values::Country,
    usual: None,
    meaning: "Only networks with most of their votes in this country; ranks stay those of the world.",
};

pub(in crate::http) const MIN_VOTES: Parameter = Parameter {
    name: "min_votes",
    values: Values::Integer(0, 1_000_000_000),
    usual: None,
    meaning: "Only networks with at least so many votes.",
};

pub(in crate::http) const EVIDENCE: Parameter = Parameter {
    name: "evidence",
    values: Values::OneOf(&["ranked", "below_gate", "hosting"]),
    usual: None,
    meaning: "Only networks with a rank, only those with too few votes or days for one, or only hosting networks, which are \
              listed apart.",
};

pub(in crate::http) const SORT: Parameter = Parameter {
    name: "sort",
    values: Values::OneOf(rankings::SORTS),
    usual: Some("rank"),
    meaning: "By which column rows are sorted; those without a value come last.",
};

pub(in crate::http) const DIRECTION: Parameter = Parameter {
    name: "direction",
    values: Values::OneOf(&["asc", "desc"]),
    usual: Some("asc"),
    meaning: "Smallest or largest first.",
};

pub(in crate::http) const LIMIT: Parameter = Parameter {
    name: "limit",
    values: Values::Integer(1, 1_000),
    usual: Some("100"),
    meaning: "Most rows of an answer.",
};

const CURSOR: Parameter = Parameter {
    name: "cursor",
    values: Values::Text(256),
    usual: None,
    meaning: "The next page, as `next` of the page before named it. It is good for the same cut only.",
};

const FORMAT: Parameter = Parameter {
    name: "format",
    values: Values::OneOf(&["json", "csv", "arrow", "parquet"]),
    usual: None,
    meaning: "Format of the answer; decides before the header Accept.",
};

pub(in crate::http) const PERIOD: Parameter = Parameter {
    name: "period",
    values: Values::OneOf(&["month", "day"]),
    usual: None,
    meaning: "Only months, or only days; a day of a network stands for the block that ended on it. Days are told of the \
              last 90 days.",
};

pub(in crate::http) const AREA_HOURS: Parameter = Parameter {
    name: "hours",
    values: Values::OneOf(&["all", "peak", "off_peak"]),
    usual: Some("all"),
    meaning: "All hours, 19 to 23 h by the standard time of the client's country, or the others.",
};

const SUBJECT_COUNTRY: Parameter = Parameter {
    name: "country",
    values: Values::Country,
    usual: None,
    meaning: "Of which country; without it, of the world.",
};

pub(in crate::http) const QUERY: Parameter = Parameter {
    name: "query",
    values: Values::Text(100),
    usual: Some(""),
    meaning: "A number as AS64500, as64500 or 64500, a name, or the beginning of a name or of a word in it.",
};

/// Only networks that fit; without it, all.
pub(in crate::http) const NAMED: Parameter = Parameter { usual: None, ..QUERY };

const OLD_SORT: Parameter = Parameter {
    name: "sort",
    values: Values::OneOf(&["overall_grade", "tests", "asn", "name"]),
    usual: Some("overall_grade"),
    meaning: "By what rows are sorted; overall_grade is the rank.",
};

const OLD_ORDER: Parameter = Parameter {
    name: "order",
    values: Values::OneOf(&["desc", "asc"]),
    usual: Some("desc"),
    meaning: "Best or largest first, or last.",
};

const OLD_LIMIT: Parameter =
    Parameter { name: "limit", values: Values::Integer(1, 200), usual: Some("50"), meaning: "Most rows of an answer." };

const MIN_TESTS: Parameter = Parameter {
    name: "min_tests",
    values: Values::Integer(0, 1_000_000_000),
    usual: None,
    meaning: "Only networks with at least so many tests; fewer than it takes to be ranked changes nothing.",
};
