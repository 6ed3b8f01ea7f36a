//! `/`: what bufferbloat is, how the world stands, who leads, and a box that finds one's own provider.

use askama::Template;
use serde_json::json;

use super::figures::{count, ms, ms_range, percent, whole};
use super::frame::{Frame, JsonLd};
use super::rankings::row::{self, Row};
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
}

/// Draws the page.
pub(super) fn draw(visit: &Visit<'_>) -> Result<Reply, Trouble> {
    let (world, top) = match visit.cut {
        Some(cut) => (world(cut), top(cut)?),
        None => (None, Vec::new()),
    };
    let description = "Bufferbloat is the delay that a busy line adds to everything else. See which internet providers stay \
                       quick under load: an open ranking with its evidence.";
    let mut frame = Frame::of(visit, "Which internet providers stay quick under load?", description);
    frame.about = Some(about(visit, description));
    HomePage { frame, world, top }.render().map(Reply::Html).map_err(|error| Trouble::not_drawn(&error))
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

fn world(cut: &Cut) -> Option<World> {
    let areas = cut.areas.all();
    let (subjects, modes) = (areas.column("subject"), areas.column("mode"));
    let (windows, hours) = (areas.column("window_days"), areas.column("hours"));
    let is_usual = |row: &usize| {
        (modes.text(*row), windows.int(*row), hours.text(*row)) == (Some("single"), Some(30), Some("all"))
    };
    let rows: Vec<usize> = (0..areas.rows()).filter(is_usual).collect();
    let world = *rows.iter().find(|row| subjects.text(**row) == Some("world"))?;
    let float = |name: &str| areas.column(name).float(world);
    let int = |name: &str| areas.column(name).int(world).unwrap_or(0);
    let countries = i64::try_from(rows.len().saturating_sub(1)).unwrap_or(0);
    let countries = if countries == 1 { "1 country".to_owned() } else { format!("{} countries", whole(countries)) };
    Some(World {
        median: ms(float("p50_ms")?),
        interval: ms_range(float("p50_low_ms")?, float("p50_high_ms")?),
        share: percent(float("share_a_or_better")?),
        tests: count(int("tests"), "test"),
        networks: count(int("networks"), "network"),
        ranked: whole(row::ranked(cut, &usual(cut))),
        countries,
    })
}

fn top(cut: &Cut) -> Result<Vec<Row>, Trouble> {
    let choice = usual(cut);
    let rows = choice.rows(cut).map_err(unfit)?;
    let order = rows.order("rank", false, "asn").map_err(unfit)?;
    let ranked = rows.column("rank");
    let first = order.into_iter().filter(|row| ranked.int(*row as usize).is_some()).take(TOP_ROWS).collect::<Vec<_>>();
    Ok(row::rows(cut, &choice, &rows.pick(&first).map_err(unfit)?))
}
