//! The ranking: the rows of a mode, window and hours, under a policy and in an order.

use intake::problem::Problem;
use serde_json::{Map, json};

use super::cursor;
use super::envelope::{Data, Found};
use super::question::{Question, bad_question};
use super::search;
use crate::cut::Cut;
use crate::export::{ExportFault, Sheet};

/// By what rows can be sorted.
pub(in crate::http) const SORTS: &[&str] = &[
    "rank",
    "asn",
    "name",
    "country",
    "tests",
    "votes",
    "score",
    "p50_ms",
    "p95_ms",
    "share_a_or_better",
    "first_day",
];

/// Columns that a policy decides.
const OF_POLICY: [&str; 11] = [
    "policy",
    "grade",
    "votes_a_plus",
    "votes_a",
    "votes_b",
    "votes_c",
    "votes_d",
    "votes_f",
    "share_a_or_better",
    "share_low",
    "share_high",
];

/// Columns that the order by share decides.
const OF_ORDER: [&str; 5] = ["rank", "rank_low", "rank_high", "ties", "score_share"];

/// How a ranking is made of what was asked.
pub(in crate::http) struct Choice<'a> {
    pub(in crate::http) mode: &'a str,
    pub(in crate::http) window: &'a str,
    pub(in crate::http) hours: &'a str,
    pub(in crate::http) policy: &'a str,
    pub(in crate::http) order: &'a str,
}

impl<'a> Choice<'a> {
    /// What was asked, with what is usual for its mode.
    ///
    /// # Errors
    /// If the mode has no such order or policy.
    pub(in crate::http) fn of(cut: &'a Cut, question: &'a Question) -> Result<Self, Problem> {
        let mode = question.text("mode");
        let household = mode == "household";
        let usual = if household { ("reported", "share") } else { (cut.document.policy.as_str(), "ms") };
        let policy = question.get("policy").unwrap_or(usual.0);
        let order = question.get("order").unwrap_or(usual.1);
        if household && order == "ms" {
            return Err(bad_question(
                "order=ms is for single tests: household tests measure no latency increase and are ranked by share"
                    .to_owned(),
            ));
        }
        if household != (policy == "reported") {
            return Err(bad_question(
                "policy=reported is for household tests, whose clients report the grade; single tests are graded by the \
                 policies dslreports and libreqos-2024-12"
                    .to_owned(),
            ));
        }
        Ok(Self { mode, window: question.text("window"), hours: question.text("hours"), policy, order })
    }

    /// The rows of the ranking, by number of the network.
    ///
    /// # Errors
    /// If the cut's sheets do not fit together, which its tests exclude.
    pub(in crate::http) fn rows(&self, cut: &Cut) -> Result<Sheet, ExportFault> {
        let key = format!("{}/{}/{}", self.mode, self.window, self.hours);
        let rows = cut.rankings.part(&key);
        if rows.rows() == 0 {
            return Ok(rows);
        }
        let grades = cut.grades.part(&format!("{key}/{}", self.policy));
        let rows = rows.replace(&grades, &OF_POLICY)?;
        if self.order == "share" { rows.replace(&grades, &OF_ORDER) } else { Ok(rows) }
    }
}

pub(in crate::http) fn answer(cut: &Cut, question: &Question) -> Result<Found, Problem> {
    let choice = Choice::of(cut, question)?;
    let start = cursor::row(cut, question)?;
    let limit = question.number("limit").unwrap_or(0);
    let found = found(cut, question, &choice).map_err(unfit)?;
    let total = found.rows();
    let end = start.saturating_add(limit);
    let meta = json!({
        "mode": choice.mode,
        "window_days": question.number("window"),
        "hours": choice.hours,
        "policy": choice.policy,
        "order": choice.order,
        "country": question.get("country"),
        "query": question.get("query"),
        "evidence": question.get("evidence"),
        "total": total,
    });
    Ok(Found {
        meta: object(meta),
        data: Data::Rows(found.slice(start..end)),
        next: (end < total).then(|| cursor::make(cut, question, end)),
    })
}

/// All rows of a ranking that are asked for, in the order that is asked for.
///
/// # Errors
/// If the cut's sheets do not fit together, which its tests exclude.
pub(in crate::http) fn found(cut: &Cut, question: &Question, choice: &Choice<'_>) -> Result<Sheet, ExportFault> {
    let mut rows = choice.rows(cut)?;
    let query = question.text("query");
    if !query.is_empty() {
        let mut places: Vec<u32> =
            search::find(&rows, query).into_iter().filter_map(|row| row.try_into().ok()).collect();
        // The sheet's own order, by number, is what the rest relies on.
        places.sort_unstable();
        rows = rows.pick(&places)?;
    }
    if let Some(evidence) = question.get("evidence") {
        let (ranks, reasons) = (rows.column("rank"), rows.column("unranked_reason"));
        rows = rows.filter(|row| {
            evidence
                == match (ranks.int(row), reasons.text(row)) {
                    (Some(_), _) => "ranked",
                    (None, Some("hosting_network")) => "hosting",
                    (None, _) => "below_gate",
                }
        })?;
    }
    let country = question.get("country");
    let least = question.number("min_votes").unwrap_or(0);
    if country.is_some() || least > 0 {
        let (countries, votes) = (rows.column("country"), rows.column("votes"));
        rows = rows.filter(|row| {
            let enough = votes.int(row).and_then(|votes| usize::try_from(votes).ok()) >= Some(least);
            enough && (country.is_none() || countries.text(row) == country)
        })?;
    }
    let by = match (question.text("sort"), choice.order) {
        ("score", "ms") => "score_ms",
        ("score", _) => "score_share",
        (column, _) => column,
    };
    rows.pick(&rows.order(by, question.text("direction") == "desc", "asn")?)
}

/// Sheets of one cut fit together: its tests see to it.
pub(in crate::http) fn unfit(fault: ExportFault) -> Problem {
    tracing::error!(error = %fault, "the sheets of the cut do not fit together");
    Problem::new(axum::http::StatusCode::INTERNAL_SERVER_ERROR, "not-written", "The answer could not be made")
}

/// The members of an object.
pub(in crate::http) fn object(value: serde_json::Value) -> Map<String, serde_json::Value> {
    match value {
        serde_json::Value::Object(members) => members,
        _ => Map::new(),
    }
}
