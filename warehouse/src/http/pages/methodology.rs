//! `/methodology`: how the ranking is made: in a few sentences, by which numbers the release that is shown was made, and then the
//! document of the repository as it stands there.

use std::sync::LazyLock;

use askama::Template;
use serde_json::Value;

use super::article::Article;
use super::figures::{count, figure};
use super::frame::Frame;
use super::trouble::Trouble;
use super::visit::{Reply, Visit};
use crate::catalog;
use crate::cut::Cut;
use crate::http::v1::world::thresholds;

/// The page.
pub(super) const PATH: &str = "/methodology";

static DOCUMENT: LazyLock<Article> = LazyLock::new(|| Article::of(include_str!("../../../../docs/methodology.md")));

#[derive(Template)]
#[template(path = "methodology.html")]
struct MethodologyPage {
    frame: Frame,
    /// None before the first cut.
    numbers: Option<Vec<(&'static str, String)>>,
    policies: Vec<Policy>,
    document: &'static Article,
}

/// Where grades begin by a rule: the grade, the increase and the baseline below which it is given.
struct Policy {
    name: &'static str,
    is_usual: bool,
    grades: Vec<(String, String, String)>,
}

/// Draws the page.
pub(super) fn draw(visit: &Visit<'_>) -> Result<Reply, Trouble> {
    let description = "How tests become a ranking: one client, one vote, blocks of ten, intervals, and a rank that is a range. \
                       With the numbers by which this release was made, and a worked example.";
    let page = MethodologyPage {
        frame: Frame::of(visit, "How the ranking is made", description),
        numbers: visit.cut.map(numbers),
        policies: catalog::POLICIES.iter().map(|(name, csv)| policy(name, csv, visit.cut)).collect(),
        document: &DOCUMENT,
    };
    page.render().map(Reply::Html).map_err(|error| Trouble::not_drawn(&error))
}

/// By which numbers the cut was made.
fn numbers(cut: &Cut) -> Vec<(&'static str, String)> {
    let document = &cut.document;
    let evidence = &document.evidence;
    let days = document.windows.iter().map(u32::to_string).collect::<Vec<_>>().join(", ");
    vec![
        ("Method", format!("version {}", document.method)),
        ("Periods of rankings", format!("{days} days up to the last closed day")),
        ("Listed from", count(evidence.listed_votes.into(), "vote")),
        ("Ranked from", format!("{} on {} days", count(evidence.ranked_votes.into(), "vote"), evidence.ranked_days)),
        ("95th percentile told from", count(evidence.p95_votes.into(), "vote")),
        ("Usual rule of grades", document.policy.clone()),
        ("Confidence of intervals", "95 %".to_owned()),
        ("Digest of the content", document.content.to_string()),
    ]
}

fn policy(name: &'static str, csv: &str, cut: Option<&Cut>) -> Policy {
    let below = |value: &Value, otherwise: &str| {
        value.as_f64().map_or_else(|| otherwise.to_owned(), |ms| format!("below {} ms", figure(ms)))
    };
    let rows = thresholds(csv);
    let grades = rows.as_array().into_iter().flatten().map(|row| {
        (
            row["grade"].as_str().unwrap_or_default().to_owned(),
            below(&row["increase_below_ms"], "any"),
            below(&row["baseline_below_ms"], "any"),
        )
    });
    Policy { name, is_usual: cut.is_some_and(|cut| cut.document.policy == name), grades: grades.collect() }
}
