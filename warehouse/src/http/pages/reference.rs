//! `/api/docs`: what the API can be asked, for people: made from the table of nouns and from the contracts of `queries/api/`, as
//! the OpenAPI document is, so that neither can say what the code does not do.

use askama::Template;

use super::frame::Frame;
use super::trouble::Trouble;
use super::visit::{Reply, Visit};
use crate::catalog::Column;
use crate::cut::Cut;
use crate::http::v1::describe::files::FILES;
use crate::http::v1::nouns::{NOUNS, Noun};

/// The page.
pub(super) const PATH: &str = "/api/docs";

#[derive(Template)]
#[template(path = "reference.html")]
struct ReferencePage {
    frame: Frame,
    entries: Vec<Entry>,
    files: &'static [(&'static str, &'static str)],
}

/// A path of the API.
struct Entry {
    id: String,
    path: &'static str,
    summary: &'static str,
    formats: String,
    /// Name, values, usual value, meaning.
    parameters: Vec<[String; 4]>,
    /// What a row is, and its columns.
    rows: Option<(String, Vec<Column>)>,
    /// A question that has an answer.
    example: Option<String>,
}

/// Draws the page.
pub(super) fn draw(visit: &Visit<'_>) -> Result<Reply, Trouble> {
    let description = "Everything that the rankings API can be asked, without an account: every path with its parameters, \
                       formats, columns, units and an example.";
    let network = visit.cut.and_then(first_network);
    let page = ReferencePage {
        frame: Frame::of(visit, "API reference", description),
        entries: NOUNS.iter().map(|noun| entry(noun, network)).collect(),
        files: &FILES,
    };
    page.render().map(Reply::Html).map_err(|error| Trouble::not_drawn(&error))
}

/// A network of which something is told.
fn first_network(cut: &Cut) -> Option<i64> {
    let all = cut.rankings.all();
    let (asns, ranks) = (all.column("asn"), all.column("rank"));
    (0..all.rows()).find(|row| ranks.int(*row) == Some(1)).and_then(|row| asns.int(row))
}

fn entry(noun: &'static Noun, network: Option<i64>) -> Entry {
    let formats: Vec<_> = noun.formats.iter().map(|format| format.media_type()).collect();
    let parameters = noun.parameters.iter().map(|parameter| {
        let usual = parameter.usual.unwrap_or_default();
        [parameter.name, &parameter.values.describe(), usual, parameter.meaning].map(str::to_owned)
    });
    let contract = noun.rows.and_then(|query| query.contract().ok());
    let asks_words = noun.parameters.iter().any(|parameter| parameter.name == "query") && noun.path.ends_with("search");
    let asks_words = if asks_words || noun.path == "/api/v1/asn" { "?query=net" } else { "" };
    let example = match network {
        Some(network) => Some(format!("{}{asks_words}", noun.path.replace("{asn}", &network.to_string()))),
        None => (!noun.path.contains("{asn}")).then(|| format!("{}{asks_words}", noun.path)),
    };
    Entry {
        id: noun.path.trim_start_matches('/').replace(['/', '{', '}'], "-"),
        path: noun.path,
        summary: noun.summary,
        formats: formats.join(", "),
        parameters: parameters.collect(),
        rows: contract.map(|contract| (contract.about, contract.columns)),
        example,
    }
}
