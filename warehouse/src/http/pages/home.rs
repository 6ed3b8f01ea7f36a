//! `/`: what bufferbloat is, how the world stands, who leads, and a box that finds one's own provider.

use askama::Template;
use serde_json::json;

use super::chart::{self, Chart};
use super::countries::country_name;
use super::figures::{count, ms, ms_range, percent, whole};
use super::frame::{Frame, JsonLd};
use super::rankings::course::Pace;
use super::rankings::row::{self, Row};
use super::subject::{Subject, area, trend};
use super::trouble::Trouble;
use super::visit::{Reply, Visit};
use crate::cut::Cut;
use crate::http::v1::rankings::{Choice, unfit};

/// Networks of the ranking's top that are shown.
const TOP_ROWS: usize = 10;

#[derive(Template)]
#[template(path = "home.html")]
struct HomePage {
    frame: Frame,
    /// None before the first cut.
    world: Option<World>,
    top: Vec<Row>,
    countries: Vec<Country>,
}

/// How the world stands.
struct World {
    median: String,
    interval: String,
    share: String,
    tests: String,
    networks: String,
    ranked: String,
    countries: String,
    /// A hundred tests with their grades.
    homes: Option<Chart>,
    /// How the median went.
    course: Option<Chart>,
}

/// A country with its median.
struct Country {
    code: String,
    name: String,
    median: String,
}

/// Draws the page.
pub(super) fn draw(visit: &Visit<'_>) -> Result<Reply, Trouble> {
    let (world, top, countries) = match visit.cut {
        Some(cut) => (world(cut)?, top(cut)?, countries(cut)),
        None => (None, Vec::new(), Vec::new()),
    };
    let description = "Bufferbloat is the delay that a busy line adds to everything else. See which internet providers stay \
                       quick under load: an open ranking with its evidence.";
    let mut frame = Frame::of(visit, "Which internet providers stay quick under load?", description);
    frame.about = Some(about(visit, description));
    HomePage { frame, world, top, countries }.render().map(Reply::Html).map_err(|error| Trouble::not_drawn(&error))
}

/// The site and its search, as schema.org says it.
fn about(visit: &Visit<'_>, description: &str) -> JsonLd {
    JsonLd::new(json!({
        "@context": "https://schema.org",
        "@type": "WebSite",
        "name": "Bufferlake",
        "url": visit.pages.whole("/"),
        "description": description,
        "potentialAction": {
            "@type": "SearchAction",
            "target": format!("{}?query={{query}}", visit.pages.whole("/search")),
            "query-input": "required name=query",
        },
    }))
}

/// The ranking of those who choose nothing.
pub(super) fn usual(cut: &Cut) -> Choice<'_> {
    Choice { mode: "single", window: "30", hours: "all", policy: &cut.document.policy, order: "ms" }
}

/// How the world stands; none if nobody in it has a vote.
fn world(cut: &Cut) -> Result<Option<World>, Trouble> {
    let Some(world) = area(cut, "world", "single") else { return Ok(None) };
    let (Some((median, low, high)), Some((share, ..))) = (world.median_ms(), world.share()) else { return Ok(None) };
    let int = |name: &str| world.int(name).unwrap_or(0);
    let countries = i64::try_from(cut.areas.keys().filter(|key| area(cut, key, "single").is_some()).count() - 1);
    let countries = countries.unwrap_or(0);
    let period = Pace::of(cut, "single")?.period();
    Ok(Some(World {
        median: ms(median),
        interval: ms_range(low, high),
        share: percent(share),
        tests: count(int("tests"), "test"),
        networks: count(int("networks"), "network"),
        ranked: whole(row::ranked(cut, &usual(cut))),
        countries: if countries == 1 { "1 country".to_owned() } else { format!("{} countries", whole(countries)) },
        homes: chart::homes("homes", "If the world were a hundred tests", world.grades()),
        course: trend(cut, "course", "single", period, &[Subject::world()])?,
    }))
}

/// Countries with their medians, by name: few of them are far enough apart for an order.
fn countries(cut: &Cut) -> Vec<Country> {
    let known = cut.areas.keys().filter(|key| *key != "world");
    let known = known.filter_map(|key| Some((area(cut, key, "single")?.median_ms()?.0, key.to_owned())));
    let country =
        |(median, code): (f64, String)| Country { name: country_name(&code).to_owned(), median: ms(median), code };
    let mut countries: Vec<_> = known.map(country).collect();
    countries.sort_by(|one, other| one.name.cmp(&other.name));
    countries
}

fn top(cut: &Cut) -> Result<Vec<Row>, Trouble> {
    let choice = usual(cut);
    let rows = choice.rows(cut).map_err(unfit)?;
    let order = rows.order("rank", false, "asn").map_err(unfit)?;
    let ranked = rows.column("rank");
    let first = order.into_iter().filter(|row| ranked.int(*row as usize).is_some()).take(TOP_ROWS).collect::<Vec<_>>();
    Ok(row::rows(cut, &choice, &rows.pick(&first).map_err(unfit)?))
}
