//! Networks by number, name or the beginning of a name.

use std::collections::BTreeMap;

use intake::problem::Problem;
use serde_json::{Value, json};

use super::asn;
use super::envelope::{Data, Found};
use super::question::Question;
use super::rankings::object;
use crate::cut::Cut;
use crate::export::Sheet;

/// How well a network fits; the smaller the better.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    Number,
    Name,
    Beginning,
    Word,
}

/// The rows of networks that fit, the best first; equal ones by votes.
pub(super) fn find(rows: &Sheet, query: &str) -> Vec<usize> {
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

/// `GET /api/v1/asn?query=`: every network that is listed in some ranking.
pub(super) fn answer(cut: &Cut, question: &Question) -> Result<Found, Problem> {
    let rows = cut.rankings.all();
    let column = |name: &str| rows.column(name);
    let (asns, names, countries) = (column("asn"), column("name"), column("country"));
    let (organisations, kinds, modes) = (column("organisation"), column("kind"), column("mode"));
    let mut found: Vec<i64> = Vec::new();
    let mut networks: BTreeMap<i64, (usize, Vec<&str>)> = BTreeMap::new();
    for row in find(rows, question.text("query")) {
        let (Some(asn), Some(mode)) = (asns.int(row), modes.text(row)) else { continue };
        let (_, in_modes) = networks.entry(asn).or_insert_with(|| {
            found.push(asn);
            (row, Vec::new())
        });
        if !in_modes.contains(&mode) {
            in_modes.push(mode);
        }
    }
    let total = found.len();
    let shown = found.iter().take(question.number("limit").unwrap_or(0)).filter_map(|asn| networks.get_key_value(asn));
    let data: Vec<Value> = shown
        .map(|(asn, (row, modes))| {
            json!({
                "asn": asn,
                "name": names.text(*row),
                "country": countries.text(*row),
                "organisation": organisations.text(*row),
                "kind": kinds.text(*row),
                "modes": modes,
            })
        })
        .collect();
    let meta = json!({ "query": question.get("query"), "total": total });
    Ok(Found { meta: object(meta), data: Data::Json(Value::Array(data).to_string()), next: None })
}
