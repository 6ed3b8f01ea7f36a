//! `/country/{country}`: the clients of one country, whatever their network, beside the world; and the networks that are at home
//! there.

use askama::Template;
use axum::http::StatusCode;
use serde_json::json;

use super::card::Card;
use super::cite::Cite;
use super::countries::country_name;
use super::figures::{count, ms, ms_range};
use super::frame::{Frame, JsonLd};
use super::rankings::row::{self, Row};
use super::subject::portrait::Portrait;
use super::subject::{self, Subject, Told, WINDOW_DAYS};
use super::trouble::Trouble;
use super::verdict::Verdict;
use super::visit::{Reply, Visit};
use crate::cut::Cut;
use crate::http::v1::rankings::{Choice, unfit};

/// The page.
pub(super) const PATH: &str = "/country/{country}";

/// Its card.
pub(super) const CARD_PATH: &str = "/country/{country}/card.png";

/// Networks that are shown.
const TOP_ROWS: usize = 20;

#[derive(Template)]
#[template(path = "country.html")]
struct CountryPage {
    frame: Frame,
    name: String,
    code: String,
    networks: String,
    verdict: Verdict,
    top: Vec<Row>,
    /// How many networks of the country are ranked.
    ranked: String,
    portrait: Portrait,
    cite: Cite,
}

/// Draws the page.
pub(super) fn draw(visit: &Visit<'_>) -> Result<Reply, Trouble> {
    let cut = visit.cut()?;
    let code = visit.question.text("country");
    let Some((told, mode)) = find(cut, code) else { return Err(unknown(code)) };
    let name = country_name(code).to_owned();
    let subjects = [Subject::new(code, name.clone()), Subject::world()];
    let verdict = Verdict::of(&told, mode, WINDOW_DAYS);
    let networks = count(told.int("networks").unwrap_or(0), "network");
    let (top, ranked) = top(cut, code, mode)?;
    let beside = [(name.clone(), Some(told.clone())), ("World".to_owned(), subject::area(cut, "world", mode))];
    let page = CountryPage {
        frame: frame(visit, &name, &verdict),
        code: code.to_owned(),
        networks,
        ranked: count(i64::try_from(ranked).unwrap_or(i64::MAX), "ranked network"),
        top,
        portrait: Portrait::of(cut, mode, &subjects, &beside, subject::area(cut, code, "household").as_ref())?,
        cite: cite(visit, cut, &name, code, &told, mode),
        verdict,
        name,
    };
    page.render().map(Reply::Html).map_err(|error| Trouble::not_drawn(&error))
}

/// What is told of a country in the usual window: by single tests, or else by household tests.
fn find(cut: &Cut, code: &str) -> Option<(Told, &'static str)> {
    ["single", "household"].into_iter().find_map(|mode| Some((subject::area(cut, code, mode)?, mode)))
}

fn frame(visit: &Visit<'_>, name: &str, verdict: &Verdict) -> Frame {
    let title = format!("{name}: latency under load and its internet providers");
    let mut frame = Frame::of(visit, title, format!("{}. {}", verdict.headline, verdict.sentence));
    frame.card = Some(visit.pages.whole(&format!("{}/card.png", visit.url())));
    frame.about = Some(JsonLd::new(json!({
        "@context": "https://schema.org",
        "@type": "WebPage",
        "name": format!("Latency under load in {name}"),
        "about": { "@type": "Country", "name": name },
        "isBasedOn": visit.pages.whole("/data"),
    })));
    frame
}

/// The best networks of the country, and how many of it have a rank.
fn top(cut: &Cut, code: &str, mode: &'static str) -> Result<(Vec<Row>, usize), Trouble> {
    let (policy, order) = if mode == "single" { (cut.document.policy.as_str(), "ms") } else { ("reported", "share") };
    let choice = Choice { mode, window: "30", hours: "all", policy, order };
    let rows = choice.rows(cut).map_err(unfit)?;
    let (countries, ranks) = (rows.column("country"), rows.column("rank"));
    let rows = rows.filter(|row| countries.text(row) == Some(code) && ranks.int(row).is_some()).map_err(unfit)?;
    let first: Vec<u32> = rows.order("rank", false, "asn").map_err(unfit)?.into_iter().take(TOP_ROWS).collect();
    Ok((row::rows(cut, &choice, &rows.pick(&first).map_err(unfit)?), rows.rows()))
}

fn cite(visit: &Visit<'_>, cut: &Cut, name: &str, code: &str, told: &Told, mode: &str) -> Cite {
    let figure = match (told.median_ms(), told.share()) {
        (Some((median, low, high)), _) => format!(
            "median latency increase under load {} (95 % interval {}) over {WINDOW_DAYS} days",
            ms(median),
            ms_range(low, high)
        ),
        (None, share) => format!(
            "share of good household tests {} over {WINDOW_DAYS} days",
            share.map(subject::share_words).unwrap_or_default()
        ),
    };
    let mut cite = Cite::new(visit, cut, name, &figure);
    cite.data = vec![
        ("All countries (CSV)", format!("/api/v1/countries?format=csv&mode={mode}")),
        ("Its trend (JSON)", format!("/api/v1/trends?country={code}&mode={mode}")),
        ("Its trend (CSV)", format!("/api/v1/trends?country={code}&format=csv&mode={mode}")),
        ("Its networks (CSV)", format!("/api/v1/rankings?country={code}&format=csv&mode={mode}")),
    ];
    cite
}

/// The card.
pub(super) fn draw_card(visit: &Visit<'_>) -> Result<Reply, Trouble> {
    let cut = visit.cut()?;
    let code = visit.question.text("country");
    let Some((told, _)) = find(cut, code) else { return Err(unknown(code)) };
    let card = Card {
        key: code.to_owned(),
        name: country_name(code).to_owned(),
        place: count(told.int("networks").unwrap_or(0), "network"),
        grade: told.text("grade"),
        median_ms: told.median_ms(),
        ranks: None,
        votes: told.grades(),
        release: format!("Release {}", cut.document.id),
    };
    Ok(Reply::File("image/png", card.png()?))
}

fn unknown(code: &str) -> Trouble {
    let heading = format!("Nothing is known of {} yet", country_name(code));
    let advice =
        "No block of ten tests or more has come from there in the last 30 days. Search for a provider instead.";
    Trouble::new(StatusCode::NOT_FOUND, "unknown-country", heading, advice)
}
