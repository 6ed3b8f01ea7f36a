//! `GET /api/v1/rankings`: the ranking of the current public cut, answered from memory.

use axum::Router;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use intake::problem::Problem;
use serde::{Deserialize, Serialize};
use wire::Country;

use crate::cut::{Cut, CutId, DEFAULT_WINDOW, RankedNetwork, WINDOWS};
use crate::keeper::CurrentCut;
use crate::lake::paths::TestDate;
use crate::observe;

const PATH: &str = "/api/v1/rankings";

/// Most networks of one answer.
const MOST_ROWS: usize = 1_000;

/// Networks of an answer when nobody says how many.
const USUAL_ROWS: usize = 100;

/// How long an answer may be taken from a cache, in seconds: a cut lasts a day, a correction should not wait long.
const CACHE_CONTROL: HeaderValue = HeaderValue::from_static("public, max-age=300");

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Question {
    #[serde(default)]
    mode: Mode,
    window: Option<u32>,
    country: Option<String>,
    limit: Option<usize>,
}

/// By which test networks are ranked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
enum Mode {
    #[default]
    Single,
    Household,
}

/// The answer.
#[derive(Debug, Serialize)]
struct Answer<'a> {
    meta: Meta<'a>,
    data: Vec<Entry<'a>>,
}

/// Which cut answered, and how.
#[derive(Debug, Serialize)]
struct Meta<'a> {
    cut: CutId,
    generated_at: &'a str,
    last_day: TestDate,
    mode: Mode,
    window_days: u32,
    country: Option<Country>,
    method: &'a str,
    policy: &'a str,
    licence: &'a str,
    /// Networks that fit the question, listed ones included.
    total: usize,
}

/// A network.
#[derive(Debug, Serialize)]
struct Entry<'a> {
    rank: Option<u64>,
    /// Between which places its true one lies, with 95 % confidence, and networks that are not surely better or worse.
    rank_low: Option<u64>,
    rank_high: Option<u64>,
    ties: Option<u64>,
    asn: u32,
    name: Option<&'a str>,
    country: Option<&'a str>,
    tests: u64,
    votes: u64,
    vote_days: u64,
    first_day: Option<TestDate>,
    /// What it is ranked by: ms for single tests, a share of votes for household tests.
    score_ms: Option<f64>,
    score_share: Option<f64>,
    /// Median latency increase under load in ms, and its 95 % interval.
    p50_ms: Option<f64>,
    p50_low_ms: Option<f64>,
    p50_high_ms: Option<f64>,
    grade: &'a str,
    /// Votes at A+, A, B, C, D and F.
    grades: [u64; 6],
    share_a_or_better: f64,
    unranked_reason: Option<&'a str>,
}

/// The route.
pub fn router(cut: CurrentCut) -> Router {
    Router::new().route(PATH, get(answer)).with_state(cut)
}

async fn answer(
    State(current): State<CurrentCut>,
    question: Result<Query<Question>, QueryRejection>,
    headers: HeaderMap,
) -> Response {
    let cut = current.load_full();
    match respond(cut.as_deref(), question, &headers) {
        Ok(response) => response,
        Err(problem) => {
            observe::problem(PATH, problem.slug());
            problem.into_response()
        }
    }
}

fn respond(
    cut: Option<&Cut>,
    question: Result<Query<Question>, QueryRejection>,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let Query(question) = question.map_err(|rejection| bad_question(&rejection.body_text()))?;
    let cut = cut.ok_or_else(no_cut)?;
    let window = question.window.unwrap_or(DEFAULT_WINDOW);
    let country = question.country.as_deref().map(|text| Country::parse(&text.to_ascii_uppercase()));
    let country = country.transpose().map_err(|_| bad_question("country is two letters, as in ISO 3166: DE"))?;
    let limit = question.limit.unwrap_or(USUAL_ROWS);
    if limit == 0 || limit > MOST_ROWS {
        return Err(bad_question("limit is 1 to 1000"));
    }
    let mode = match question.mode {
        Mode::Single => "single",
        Mode::Household => "household",
    };
    if !WINDOWS.contains(&window) {
        return Err(bad_question("window is 7, 30 or 90 (days)"));
    }
    let key = (mode.to_owned(), window, "all".to_owned());
    let ranking = cut.rankings.get(&key).map_or(&[][..], Vec::as_slice);

    let wanted = country.as_ref().map_or("", Country::as_str);
    let tag = format!("\"{}-{mode}-{window}-{wanted}-{limit}\"", cut.document.id);
    let known = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let known =
        known.flat_map(|value| value.split(',')).any(|value| matches!(value.trim(), "*") || value.trim() == tag);
    let etag = HeaderValue::try_from(tag).map_err(|_| bad_question("the question cannot be named"))?;
    let caching = [
        (header::ETAG, etag),
        (header::CACHE_CONTROL, CACHE_CONTROL),
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*")),
    ];
    if known {
        return Ok((StatusCode::NOT_MODIFIED, caching).into_response());
    }
    let fits = |row: &&RankedNetwork| wanted.is_empty() || row.country.as_deref() == Some(wanted);
    let total = ranking.iter().filter(fits).count();
    let data = ranking.iter().filter(fits).take(limit).map(|row| entry(cut, row)).collect();
    let document = &cut.document;
    let meta = Meta {
        cut: document.id,
        generated_at: &document.generated_at,
        last_day: document.last_day,
        mode: question.mode,
        window_days: window,
        country,
        method: &document.method,
        policy: &document.policy,
        licence: &document.licence,
        total,
    };
    Ok((caching, axum::Json(Answer { meta, data })).into_response())
}

fn entry<'a>(cut: &'a Cut, row: &'a RankedNetwork) -> Entry<'a> {
    let ms = |at: usize| row.p50.map(|hundredths| f64::from(hundredths[at]) / 100.0);
    let share = |millionths: u32| f64::from(millionths) / 1e6;
    Entry {
        rank: row.rank.map(|rank| rank.place),
        rank_low: row.rank.map(|rank| rank.low),
        rank_high: row.rank.map(|rank| rank.high),
        ties: row.rank.map(|rank| rank.ties),
        asn: row.asn,
        name: cut.names.get(&row.asn).map(String::as_str),
        country: row.country.as_deref(),
        tests: row.tests,
        votes: row.votes,
        vote_days: row.vote_days,
        first_day: TestDate::of(row.first_day),
        score_ms: row.score_hundredths.map(|hundredths| f64::from(hundredths) / 100.0),
        score_share: row.score_share_millionths.map(share),
        p50_ms: ms(0),
        p50_low_ms: ms(1),
        p50_high_ms: ms(2),
        grade: &row.grade,
        grades: row.grades,
        share_a_or_better: share(row.share_millionths[0]),
        unranked_reason: row.unranked_reason.as_deref(),
    }
}

fn bad_question(detail: &str) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "bad-query", "The question cannot be answered").detail(format!(
        "{detail}. Parameters: mode (single, household), window (7, 30, 90), country, limit (1 to 1000)."
    ))
}

/// Nothing is published before the first day has closed.
fn no_cut() -> Problem {
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "no-cut", "No public cut has been made yet")
        .detail("Days close 24 hours after their end; the first cut is made after that.")
        .header(header::RETRY_AFTER, HeaderValue::from_static("3600"))
}

#[cfg(test)]
mod tests;
