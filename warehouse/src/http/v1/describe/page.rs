//! The reference as a page: plain HTML without scripts, so that nothing is fetched from anywhere.

use std::fmt::Write as _;

use super::files::FILES;
use super::{NOUNS, Noun};

const HEAD: &str = "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>\
    <title>Bufferlake API</title><style>body{font:16px/1.5 sans-serif;max-width:60em;margin:2em auto;padding:0 1em}\
    table{border-collapse:collapse;display:block;overflow-x:auto}td,th{border:1px solid #ccc;padding:.2em .5em;\
    text-align:left;vertical-align:top}h2{margin-top:2em}</style><h1>Bufferlake API</h1>\
    <p>Every figure comes from the current public cut. For programs: <a href=/api/openapi.json>OpenAPI 3.1</a>.</p>";

/// The page.
pub(in crate::http::v1) fn page() -> String {
    let mut html = HEAD.to_owned();
    for noun in NOUNS {
        tell(&mut html, noun);
    }
    for (path, summary) in FILES {
        let _ = write!(html, "<h2 id='{path}'><code>GET {path}</code></h2><p>{}</p>", escaped(summary));
    }
    html
}

fn tell(html: &mut String, noun: &Noun) {
    let _ = write!(html, "<h2 id='{0}'><code>GET {0}</code></h2><p>{1}</p>", escaped(noun.path), escaped(noun.summary));
    let formats: Vec<_> = noun.formats.iter().map(|format| format.media_type()).collect();
    let _ = write!(html, "<p>Formats: {}</p>", escaped(&formats.join(", ")));
    if !noun.parameters.is_empty() {
        html.push_str("<table><tr><th>Parameter<th>Values<th>Usual<th>Meaning");
        for parameter in noun.parameters {
            let values = [parameter.values.describe(), parameter.usual.unwrap_or_default().to_owned()];
            let [values, usual] = values.map(|text| escaped(&text));
            let _ = write!(
                html,
                "<tr><td><code>{}</code><td>{values}<td>{usual}<td>{}",
                parameter.name,
                escaped(parameter.meaning)
            );
        }
        html.push_str("</table>");
    }
    let Some(contract) = noun.rows.and_then(|query| query.contract().ok()) else { return };
    let _ = write!(html, "<p>{}</p><table><tr><th>Column<th>Unit<th>Meaning", escaped(&contract.about));
    for column in contract.columns {
        let [unit, meaning] = [column.unit, column.meaning].map(|text| escaped(&text));
        let _ = write!(html, "<tr><td><code>{}</code><td>{unit}<td>{meaning}", column.name);
    }
    html.push_str("</table>");
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('\'', "&#39;")
}
