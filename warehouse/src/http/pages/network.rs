//! `/asn/{asn}`: one network: its grade in plain words, where it stands, how latency spreads, how it went, the evening, what it
//! means at home, and who measured it. And its two pictures: the badge and the card.

mod sources;

mod standing;

use askama::Template;
use axum::http::StatusCode;
use serde_json::json;

use self::sources::{Sources, sources};
use self::standing::{Standing, ranked, standings};
use super::badge::Badge;
use super::card::Card;
use super::cite::Cite;
use super::countries::country_name;
use super::figures::{count, ms, ms_range, places, plain};
use super::frame::{Frame, JsonLd};
use super::subject::portrait::Portrait;
use super::subject::{self, Subject, Told, WINDOW_DAYS};
use super::trouble::Trouble;
use super::verdict::Verdict;
use super::visit::{Reply, Visit};
use crate::cut::Cut;
use crate::export::Sheet;
use crate::http::v1::network::of_network;
use crate::http::v1::rankings::unfit;

/// The page.
pub(super) const PATH: &str = "/asn/{asn}";

/// Its badge.
pub(super) const BADGE_PATH: &str = "/asn/{asn}/badge.svg";

/// Its card.
pub(super) const CARD_PATH: &str = "/asn/{asn}/card.png";

/// Rankings from which a page takes its figures: the first in which the network is told of.
const BASES: [(&str, i64); 6] =
    [("single", 30), ("single", 90), ("single", 7), ("household", 30), ("household", 90), ("household", 7)];

#[derive(Template)]
#[template(path = "network.html")]
struct NetworkPage {
    frame: Frame,
    name: String,
    asn: usize,
    country: Option<(String, String)>,
    /// Kind and organisation, as far as they are known.
    facts: Vec<String>,
    verdict: Verdict,
    standings: Vec<Standing>,
    portrait: Portrait,
    sources: Sources,
    cite: Cite,
}

/// A network of which something is told.
struct Network {
    asn: usize,
    name: String,
    country: Option<String>,
    /// Its rows in all rankings.
    rankings: Vec<Sheet>,
    /// The row from which its figures are taken, its kind of test and its window.
    told: Told,
    mode: &'static str,
    window_days: i64,
}

impl Network {
    fn find(cut: &Cut, asn: usize) -> Result<Option<Self>, Trouble> {
        let rankings = of_network(&cut.rankings, asn).map_err(unfit)?;
        let base = BASES.iter().find_map(|(mode, days)| Some((*mode, *days, row(&rankings, mode, *days)?)));
        let Some((mode, window_days, told)) = base else { return Ok(None) };
        let name = told.text("name").map_or_else(|| format!("AS{asn}"), |name| plain(&name));
        Ok(Some(Self { asn, name, country: told.text("country"), rankings, told, mode, window_days }))
    }

    /// `4th to 9th of 312`, if it has a rank.
    fn ranks(&self, cut: &Cut) -> Option<(i64, i64, i64)> {
        let key = format!("{}/{}/all", self.mode, self.window_days);
        Some((self.told.int("rank_low")?, self.told.int("rank_high")?, ranked(&cut.rankings, &key)))
    }

    /// The network, its country and the world, as far as they are told of.
    fn beside(&self) -> Vec<Subject> {
        let country = self.country.as_deref().map(|code| Subject::new(code, country_name(code)));
        let own = Subject::new(format!("AS{}", self.asn), self.name.clone());
        [Some(own), country, Some(Subject::world())].into_iter().flatten().collect()
    }
}

/// The row of a network over all hours.
fn row(rankings: &[Sheet], mode: &str, window_days: i64) -> Option<Told> {
    rankings.iter().find_map(|sheet| Told::find(sheet, &[("mode", mode), ("hours", "all")], window_days))
}

/// Draws the page.
pub(super) fn draw(visit: &Visit<'_>) -> Result<Reply, Trouble> {
    let cut = visit.cut()?;
    let asn = visit.question.number("asn").unwrap_or(0);
    let Some(network) = Network::find(cut, asn)? else { return Err(unknown(cut, asn)) };
    let mut verdict = Verdict::of(&network.told, network.mode, network.window_days);
    let ranks = network.ranks(cut);
    verdict.place = ranks.map_or_else(
        || "It has no rank: see below.".to_owned(),
        |(low, high, of)| format!("It stands {} networks.", places(low, high, of)),
    );
    let page = NetworkPage {
        frame: frame(visit, &network, &verdict),
        asn,
        country: network.country.as_deref().map(|code| (code.to_owned(), country_name(code).to_owned())),
        facts: ["kind", "organisation"]
            .iter()
            .filter_map(|name| network.told.text(name))
            .map(|text| plain(&text))
            .collect(),
        standings: standings(cut, asn)?,
        portrait: portrait(cut, &network)?,
        sources: sources(cut, asn, network.mode),
        cite: cite(visit, cut, &network),
        name: network.name,
        verdict,
    };
    page.render().map(Reply::Html).map_err(|error| Trouble::not_drawn(&error))
}

fn frame(visit: &Visit<'_>, network: &Network, verdict: &Verdict) -> Frame {
    let Network { asn, name, .. } = network;
    let title = format!("{name} (AS{asn}): latency under load");
    let description = format!("{}. {} {}", verdict.headline, verdict.place, verdict.sentence);
    let mut frame = Frame::of(visit, title, description);
    let page = visit.url();
    frame.card = Some(visit.pages.whole(&format!("{page}/card.png")));
    frame.about = Some(JsonLd::new(json!({
        "@context": "https://schema.org",
        "@type": "WebPage",
        "name": format!("Latency under load of {name} (AS{asn})"),
        "about": { "@type": "Organization", "name": name, "identifier": format!("AS{asn}") },
        "isBasedOn": visit.pages.whole("/data"),
    })));
    frame
}

/// The network beside its country and the world.
fn portrait(cut: &Cut, network: &Network) -> Result<Portrait, Trouble> {
    let country = network.country.as_deref();
    let rows = [
        Some((network.name.clone(), row(&network.rankings, network.mode, WINDOW_DAYS))),
        country.map(|code| (country_name(code).to_owned(), subject::area(cut, code, network.mode))),
        Some(("World".to_owned(), subject::area(cut, "world", network.mode))),
    ];
    let rows: Vec<_> = rows.into_iter().flatten().collect();
    let household = row(&network.rankings, "household", WINDOW_DAYS);
    Portrait::of(cut, network.mode, &network.beside(), &rows, household.as_ref())
}

fn cite(visit: &Visit<'_>, cut: &Cut, network: &Network) -> Cite {
    let subject = format!("{} (AS{})", network.name, network.asn);
    let figure = match (network.told.median_ms(), network.told.share()) {
        (Some((median, low, high)), _) => format!(
            "median latency increase under load {} (95 % interval {}) over {} days",
            ms(median),
            ms_range(low, high),
            network.window_days
        ),
        (None, share) => format!(
            "share of good household tests {} over {} days",
            share.map(subject::share_words).unwrap_or_default(),
            network.window_days
        ),
    };
    let rank =
        network.ranks(cut).map_or_else(String::new, |(low, high, of)| format!(", {} networks", places(low, high, of)));
    let api = format!("/api/v1/asn/{}", network.asn);
    let mut cite = Cite::new(visit, cut, &subject, &(figure + &rank)).with_badge(visit, &subject);
    cite.data = vec![
        ("All figures of this network (JSON)", api.clone()),
        ("Its trend (CSV)", format!("{api}/trend?format=csv&mode={}", network.mode)),
        ("Its trend (Parquet)", format!("{api}/trend?format=parquet&mode={}", network.mode)),
    ];
    cite
}

/// The badge; of a network that is not told of it says so, because it may stand on pages of others.
pub(super) fn draw_badge(visit: &Visit<'_>) -> Result<Reply, Trouble> {
    let cut = visit.cut()?;
    let network = Network::find(cut, visit.question.number("asn").unwrap_or(0))?;
    let told = network.as_ref().map(|network| &network.told);
    let median = told.and_then(Told::median_ms).map(|(median, _, _)| median);
    let badge = Badge::new(told.and_then(|told| told.text("grade")).as_deref(), median);
    let svg = badge.render().map_err(|error| Trouble::not_drawn(&error))?;
    Ok(Reply::File("image/svg+xml", svg.into_bytes()))
}

/// The card.
pub(super) fn draw_card(visit: &Visit<'_>) -> Result<Reply, Trouble> {
    let cut = visit.cut()?;
    let asn = visit.question.number("asn").unwrap_or(0);
    let Some(network) = Network::find(cut, asn)? else { return Err(unknown(cut, asn)) };
    let country = network.country.as_deref().map_or_else(String::new, |code| format!(", {}", country_name(code)));
    let card = Card {
        key: format!("AS{asn}"),
        place: format!("AS{asn}{country}"),
        grade: network.told.text("grade"),
        median_ms: network.told.median_ms(),
        ranks: network.ranks(cut),
        votes: network.told.grades(),
        release: format!("Release {}", cut.document.id),
        name: network.name,
    };
    Ok(Reply::File("image/png", card.png()?))
}

fn unknown(cut: &Cut, asn: usize) -> Trouble {
    let votes = count(cut.document.evidence.listed_votes.into(), "vote");
    let advice = format!(
        "A network is shown from {votes} on in the last 90 days: fewer would say little of it, and much of the few who \
         tested. Search for another provider."
    );
    Trouble::new(StatusCode::NOT_FOUND, "unknown-network", format!("Too little is known of AS{asn}"), advice)
}

#[cfg(test)]
mod tests;
