//! `/search`: networks by number or name. Who gives a number that is known goes straight to its page.

use askama::Template;

use super::countries::country_name;
use super::figures::{count, plain};
use super::frame::Frame;
use super::home::usual;
use super::rankings::row::{self, Row};
use super::trouble::Trouble;
use super::visit::{Reply, Visit};
use crate::cut::Cut;
use crate::http::v1::question::Parameter;
use crate::http::v1::rankings::unfit;
use crate::http::v1::search::{find, hits};
use crate::http::v1::{asn, nouns};

/// The page.
pub(super) const PATH: &str = "/search";

/// What can be asked.
pub(super) const PARAMETERS: &[Parameter] = &[nouns::QUERY];

/// Most networks that are shown: who finds more says more.
const MAX_FOUND: usize = 50;

#[derive(Template)]
#[template(path = "search.html")]
struct SearchPage {
    frame: Frame,
    query: String,
    /// How many networks fit.
    told: String,
    found: Vec<Found>,
    is_cut_off: bool,
    /// A number of a network of which nothing is told.
    unknown: Option<u32>,
}

/// A network that fits.
struct Found {
    asn: i64,
    name: String,
    country: Option<String>,
    /// Its line in the usual ranking, if it is listed there.
    row: Option<Row>,
}

/// Draws the page.
pub(super) fn draw(visit: &Visit<'_>) -> Result<Reply, Trouble> {
    let cut = visit.cut()?;
    let query = visit.question.text("query").to_owned();
    let (found, total) = if query.is_empty() { (Vec::new(), 0) } else { look(cut, &query)? };
    let number = asn::parse(&query);
    if let (Some(number), [only]) = (number, found.as_slice())
        && only.asn == i64::from(number)
    {
        return Ok(Reply::Moved(format!("/asn/{number}")));
    }
    let title = if query.is_empty() {
        "Find a provider".to_owned()
    } else {
        format!("Providers that fit “{}”", plain(&query))
    };
    let mut frame = Frame::of(visit, title, "Find an internet provider by its name or by the number of its network.");
    frame.search.clone_from(&query);
    let page = SearchPage {
        frame,
        query,
        told: count(i64::try_from(total).unwrap_or(i64::MAX), "network"),
        is_cut_off: total > found.len(),
        unknown: number.filter(|_| found.is_empty()),
        found,
    };
    page.render().map(Reply::Html).map_err(|error| Trouble::not_drawn(&error))
}

/// The networks that fit, and how many there are.
fn look(cut: &Cut, query: &str) -> Result<(Vec<Found>, usize), Trouble> {
    let all = cut.rankings.all();
    let (asns, names, countries, modes) =
        (all.column("asn"), all.column("name"), all.column("country"), all.column("mode"));
    let hits = hits(&asns, &modes, find(all, query));
    let choice = usual(cut);
    let ranking = choice.rows(cut).map_err(unfit)?;
    let numbers = ranking.column("asn");
    let line = |asn: i64| {
        let place = (0..ranking.rows()).find(|row| numbers.int(*row) == Some(asn))?;
        row::rows(cut, &choice, &ranking.slice(place..place + 1)).pop()
    };
    let found = hits.iter().take(MAX_FOUND).map(|hit| Found {
        asn: hit.asn,
        name: names.text(hit.row).map_or_else(|| format!("AS{}", hit.asn), plain),
        country: countries.text(hit.row).map(|code| country_name(code).to_owned()),
        row: line(hit.asn),
    });
    Ok((found.collect(), hits.len()))
}
