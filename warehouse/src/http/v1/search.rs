//! Networks by number, name or the beginning of a name.

use std::collections::BTreeMap;

use intake::problem::Problem;
use serde_json::{Value, json};

use super::asn;
use super::envelope::{Data, Found};
use super::question::Question;
use super::rankings::object;
use crate::cut::Cut;
use crate::export::{Column, Sheet};

/// How well a network fits; the smaller the better.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    Number,
    Name,
    Beginning,
    Word,
}

/// The rows of networks that fit, the best first; equal ones by votes.
pub(in crate::http) fn find(rows: &Sheet, query: &str) -> Vec<usize> {
    let (asns, names, votes) = (rows.column("asn"), rows.column("name"), rows.column("votes"));
    let number = asn::parse(query.trim()).map(i64::from);
    let query = query.trim().to_lowercase();
    let fit = |row: usize| {
        if number.is_some() && asns.int(row) == number {
            return Some(Fit::Number);
        }
        let name = names.text(row).filter(|_| !query.is_empty())?.to_lowercase();
        if name == query {
            Some(Fit::Name)
        } else if name.starts_with(&query) {
            Some(Fit::Beginning)
        } else {
            let mut words = name.split(|c: char| !c.is_alphanumeric());
            words.any(|word| word.starts_with(&query)).then_some(Fit::Word)
        }
    };
    let mut found: Vec<_> = (0..rows.rows()).filter_map(|row| Some((fit(row)?, row))).collect();
    found.sort_by_key(|(fit, row)| (*fit, std::cmp::Reverse(votes.int(*row)), asns.int(*row)));
    found.into_iter().map(|(_, row)| row).collect()
}

/// A network that fits.
pub(in crate::http) struct Hit<'a> {
    pub(in crate::http) asn: i64,
    /// Its row among all rankings that fits best.
    pub(in crate::http) row: usize,
    /// Kinds of test by which it is listed.
    pub(in crate::http) modes: Vec<&'a str>,
}

/// Networks that fit, the best first, each once, in whichever rankings it is listed.
pub(in crate::http) fn hits<'a>(asns: &Column, modes: &'a Column, found: Vec<usize>) -> Vec<Hit<'a>> {
    let mut hits: Vec<Hit<'a>> = Vec::new();
    let mut places: BTreeMap<i64, usize> = BTreeMap::new();
    for row in found {
        let (Some(asn), Some(mode)) = (asns.int(row), modes.text(row)) else { continue };
        let place = *places.entry(asn).or_insert_with(|| {
            hits.push(Hit { asn, row, modes: Vec::new() });
            hits.len() - 1
        });
        if let Some(hit) = hits.get_mut(place).filter(|hit| !hit.modes.contains(&mode)) {
            hit.modes.push(mode);
        }
    }
    hits
}

/// `GET /api/v1/asn?query=`: every network that is listed in some ranking.
pub(in crate::http) fn answer(cut: &Cut, question: &Question) -> Result<Found, Problem> {
    let rows = cut.rankings.all();
    let column = |name: &str| rows.column(name);
    let (asns, names, countries) = (column("asn"), column("name"), column("country"));
    let (organisations, kinds, modes) = (column("organisation"), column("kind"), column("mode"));
    let hits = hits(&asns, &modes, find(rows, question.text("query")));
    let total = hits.len();
    let shown = hits.into_iter().take(question.number("limit").unwrap_or(0));
    let data: Vec<Value> = shown
        .map(|Hit { asn, row, modes }| {
            json!({
                "asn": asn,
                "name": names.text(row),
                "country": countries.text(row),
                "organisation": organisations.text(row),
                "kind": kinds.text(row),
                "modes": modes,
            })
        })
        .collect();
    let meta = json!({ "query": question.get("query"), "total": total });
    Ok(Found { meta: object(meta), data: Data::Json(Value::Array(data).to_string()), next: None })
}
