//! `/rankings`: the ranking, the networks that have too little evidence for it, and hosting networks, each a section with
//! the rows that the API answers to the same question.

mod choices;

pub(super) mod course;

pub(super) mod row;

use askama::Template;
use axum::http::StatusCode;

use self::choices::{Choices, Heading};
use self::course::Pace;
use self::row::Row;
use super::figures::{count, whole};
use super::frame::Frame;
use super::trouble::Trouble;
use super::visit::{Reply, Visit};
use crate::cut::Cut;
use crate::export::Sheet;
use crate::http::v1::question::{Parameter, Question, Values};
use crate::http::v1::rankings::{Choice, found, unfit};
use crate::http::v1::{cursor, nouns};

/// The page.
pub(super) const PATH: &str = "/rankings";

/// What can be chosen: all that the API's noun knows but its format, with a page's number in the place of a cursor, so that
/// a link stays good when the next cut comes.
pub(super) const PARAMETERS: &[Parameter] = &[
    nouns::MODE,
    nouns::COUNTRY,
    nouns::NAMED,
    nouns::WINDOW,
    nouns::HOURS,
    nouns::POLICY,
    nouns::ORDER,
    nouns::EVIDENCE,
    nouns::MIN_VOTES,
    nouns::SORT,
    nouns::DIRECTION,
    Parameter { usual: Some("50"), ..nouns::LIMIT },
    Parameter {
        name: "page",
        values: Values::Integer(1, MAX_PAGE),
        usual: Some("1"),
        meaning: "Which page of the rows, from 1.",
    },
];

/// The last page that can be asked for: more rows than there are networks in the world.
const MAX_PAGE: u64 = 100_000;

/// Rows of a section that stands below the ranking; a link leads to all of them.
const ROWS_BELOW: usize = 20;

#[derive(Template)]
#[template(path = "rankings.html")]
struct RankingsPage {
    frame: Frame,
    heading: String,
    choices: Choices,
    sections: Vec<Section>,
    is_household: bool,
}

/// Networks of one kind of evidence.
struct Section {
    id: &'static str,
    heading: &'static str,
    /// Why they stand apart.
    about: String,
    /// How many there are and which are shown.
    shown: String,
    headings: Vec<Heading>,
    rows: Vec<Row>,
    /// Exactly the rows that are shown: name of the format, URL of the API.
    downloads: Vec<(&'static str, String)>,
    /// All rows of the section, if there are more.
    all: Option<String>,
    earlier: Option<String>,
    later: Option<String>,
}

/// What a page's forms can ask and the API refuses: a policy or an order that the mode does not have. And what is usual for
/// the mode is left out.
pub(super) fn settle(question: Question) -> Question {
    let household = question.text("mode") == "household";
    let policy =
        question.get("policy").is_some_and(|policy| household || policy == "dslreports" || policy == "reported");
    let order = question.get("order").is_some_and(|order| household || order == "ms");
    let question = if policy { question.with("policy", None) } else { question };
    if order { question.with("order", None) } else { question }
}

/// Draws the page.
pub(super) fn draw(visit: &Visit<'_>) -> Result<Reply, Trouble> {
    let cut = visit.cut()?;
    let choice = Choice::of(cut, &visit.question)?;
    let is_household = choice.mode == "household";
    let pace = Pace::of(cut, choice.mode)?;
    let mut sections = Vec::new();
    for kind in KINDS {
        let is_alone = visit.question.get("evidence") == Some(kind.evidence);
        if is_alone || visit.question.get("evidence").is_none() {
            sections.extend(section(visit, cut, &choice, kind, (is_alone || kind.evidence == "ranked", pace))?);
        }
    }
    let choices = Choices::of(visit, cut, &choice);
    let heading = choices.heading();
    let description = choices.description();
    let mut frame = Frame::of(visit, heading.clone(), description);
    frame.search = visit.question.text("query").to_owned();
    let page = RankingsPage { frame, heading, choices, sections, is_household };
    page.render().map(Reply::Html).map_err(|error| Trouble::not_drawn(&error))
}

/// A kind of evidence.
struct Kind {
    evidence: &'static str,
    heading: &'static str,
    about: fn(&Cut) -> String,
}

const KINDS: [&Kind; 3] = [
    &Kind { evidence: "ranked", heading: "The ranking", about: |_| String::new() },
    &Kind {
        evidence: "below_gate",
        heading: "Too little evidence for a rank",
        about: |cut| {
            let evidence = &cut.document.evidence;
            format!(
                "These networks are listed with what is known of them, but not ranked: it takes {} on {} days for a rank. \
                 Networks with fewer than {} are not listed at all.",
                count(evidence.ranked_votes.into(), "vote"),
                evidence.ranked_days,
                count(evidence.listed_votes.into(), "vote"),
            )
        },
    },
    &Kind {
        evidence: "hosting",
        heading: "Hosting networks",
        about: |_| {
            "Servers, VPNs and clouds: nobody's line at home, so they are listed apart and not ranked.".to_owned()
        },
    },
];

/// The section of a kind; none if it is empty and does not stand for the whole.
fn section(
    visit: &Visit<'_>,
    cut: &Cut,
    choice: &Choice<'_>,
    kind: &Kind,
    (is_paged, pace): (bool, Pace),
) -> Result<Option<Section>, Trouble> {
    let question = visit.question.with("evidence", Some(kind.evidence)).with("page", None);
    // Who has no rank cannot stand in its order.
    let question = if kind.evidence != "ranked" && question.text("sort") == "rank" {
        question.with("sort", Some("votes")).with("direction", Some("desc"))
    } else {
        question
    };
    let rows = found(cut, &question, choice).map_err(unfit)?;
    let (total, page) = (rows.rows(), visit.question.number("page").unwrap_or(1));
    if total == 0 && !is_paged {
        return Ok(None);
    }
    let limit = if is_paged { visit.question.number("limit").unwrap_or(ROWS_BELOW) } else { ROWS_BELOW };
    let start = if is_paged { (page - 1).saturating_mul(limit) } else { 0 };
    if start > 0 && start >= total {
        let advice = format!("There are {} here. Go back to the first page.", count(signed(total), "network"));
        return Err(Trouble::new(StatusCode::NOT_FOUND, "no-such-page", "The ranking ends before this page", advice));
    }
    let shown = rows.slice(start..start.saturating_add(limit));
    let end = start + shown.rows();
    let of_page = |page: usize| visit.url_with(&[("page", Some(&page.to_string()))]);
    let all = visit.url_with(&[("evidence", Some(kind.evidence)), ("page", None)]);
    Ok(Some(Section {
        id: kind.evidence,
        heading: kind.heading,
        about: (kind.about)(cut),
        shown: told(start, end, total),
        headings: choices::headings(visit, choice, &question, (is_paged, pace)),
        downloads: downloads(cut, &question, start, limit),
        rows: lines(cut, choice, &shown, pace)?,
        all: (!is_paged && end < total).then_some(all),
        earlier: (is_paged && page > 1).then(|| of_page(page - 1)),
        later: (is_paged && end < total).then(|| of_page(page + 1)),
    }))
}

/// The lines of these rows, each with how it went.
fn lines(cut: &Cut, choice: &Choice<'_>, rows: &Sheet, pace: Pace) -> Result<Vec<Row>, Trouble> {
    let mut lines = row::rows(cut, choice, rows);
    for line in &mut lines {
        line.course = pace.line(cut, line.asn, choice.mode)?;
    }
    Ok(lines)
}

/// Which of how many networks are shown.
fn told(start: usize, end: usize, total: usize) -> String {
    match total {
        0 => "No network fits".to_owned(),
        _ if start == 0 && end == total => count(signed(total), "network"),
        _ => format!("{} to {} of {}", whole(signed(start + 1)), whole(signed(end)), count(signed(total), "network")),
    }
}

fn signed(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// The API's URLs of the rows that are shown.
fn downloads(cut: &Cut, question: &Question, start: usize, limit: usize) -> Vec<(&'static str, String)> {
    let question = question.with("limit", Some(&limit.to_string()));
    // The cursor belongs to the question without a place.
    let place = (start > 0).then(|| cursor::make(cut, &question, start));
    let question = question.with("cursor", place.as_deref());
    [("CSV", "csv"), ("JSON", "json"), ("Parquet", "parquet")]
        .map(|(name, format)| {
            let asked = question.with("format", Some(format)).canonical();
            (name, format!("/api/v1/rankings?{asked}"))
        })
        .to_vec()
}
