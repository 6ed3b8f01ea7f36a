//! `/sitemap.xml` and `/robots.txt`: what search engines should find, and what they need not ask for.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use axum::http::StatusCode;

use super::table::{Menu, PAGES};
use super::trouble::Trouble;
use super::visit::{Reply, Visit};

/// The list of pages.
pub(super) const PATH: &str = "/sitemap.xml";

/// What robots may ask for.
pub(super) const ROBOTS: &str = "/robots.txt";

/// Most addresses that one sitemap may hold (sitemaps.org).
const MAX_ADDRESSES: usize = 50_000;

/// Draws the list: the pages of the menus, every country, every network that is listed.
pub(super) fn draw(visit: &Visit<'_>) -> Result<Reply, Trouble> {
    let cut = visit.cut()?;
    if visit.pages.url.is_empty() {
        let advice = "A sitemap holds whole addresses: the operator names the site's own as `url` in `[pages]`.";
        return Err(Trouble::new(StatusCode::NOT_FOUND, "no-sitemap", "There is no sitemap here", advice));
    }
    let mut paths = vec!["/".to_owned()];
    paths.extend(PAGES.iter().filter(|page| page.menu != Menu::No).map(|page| page.path.to_owned()));
    let is_page = |path: &str| PAGES.iter().any(|page| page.path == path);
    let all = cut.rankings.all();
    let (asns, countries) = (all.column("asn"), all.column("country"));
    let mut codes = BTreeSet::new();
    let mut numbers = BTreeSet::new();
    for row in 0..all.rows() {
        codes.extend(countries.text(row));
        numbers.extend(asns.int(row));
    }
    if is_page("/country/{country}") {
        paths.extend(codes.into_iter().map(|code| format!("/country/{code}")));
    }
    if is_page("/asn/{asn}") {
        paths.extend(numbers.into_iter().map(|asn| format!("/asn/{asn}")));
    }
    let day = cut.document.last_day;
    let mut xml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
                   <urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n"
        .to_owned();
    for path in paths.iter().take(MAX_ADDRESSES) {
        let url = visit.pages.whole(path).replace('&', "&amp;").replace('<', "&lt;");
        // Writing to a text cannot fail.
        let _ = writeln!(xml, "<url><loc>{url}</loc><lastmod>{day}</lastmod></url>");
    }
    xml.push_str("</urlset>\n");
    Ok(Reply::File("application/xml", xml.into_bytes()))
}

/// Draws what robots may ask for: everything but the endless combinations of filters, and the files, which are for readers.
pub(super) fn robots(visit: &Visit<'_>) -> Result<Reply, Trouble> {
    let mut text =
        "User-agent: *\nDisallow: /api/\nDisallow: /data/v1/\nDisallow: /search\nDisallow: /rankings?\nDisallow: \
                    /compare?\n"
            .to_owned();
    if !visit.pages.url.is_empty() {
        let _ = writeln!(text, "Sitemap: {}", visit.pages.whole(PATH));
    }
    Ok(Reply::File("text/plain; charset=utf-8", text.into_bytes()))
}
