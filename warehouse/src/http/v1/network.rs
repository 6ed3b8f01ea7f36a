//! One network: all that the cut says of it, and how it went.

use axum::http::StatusCode;
use intake::problem::Problem;
use serde_json::{Value, json};

use super::envelope::{Data, Found};
use super::question::Question;
use super::rankings::{object, unfit};
use crate::cut::Cut;
use crate::export::{Book, ExportFault, Sheet, json_rows};

/// `GET /api/v1/asn/{asn}`.
pub(in crate::http) fn answer(cut: &Cut, question: &Question) -> Result<Found, Problem> {
    let asn = question.number("asn").unwrap_or(0);
    let (member, first) = members(cut, asn).map_err(unfit)?;
    let Some((name, country)) = first else { return Err(unknown(cut)) };
    let meta = json!({ "asn": asn, "name": name, "country": country });
    Ok(Found { meta: object(meta), data: Data::Json(member), next: None })
}

/// The object of a network; its name and country, if it is listed anywhere.
type Member = (String, Option<(Option<String>, Option<String>)>);

fn members(cut: &Cut, asn: usize) -> Result<Member, ExportFault> {
    let asn_key = asn.to_string();
    let rankings = of_network(&cut.rankings, asn)?;
    if rankings.is_empty() {
        return Ok((String::new(), None));
    }
    let text = |name: &str| rankings.iter().find_map(|sheet| sheet.column(name).text(0).map(str::to_owned));
    let (name, country, organisation, kind) = (text("name"), text("country"), text("organisation"), text("kind"));
    let home = country.as_deref().map_or_else(|| cut.areas.all().slice(0..0), |code| cut.areas.part(code));
    let object = format!(
        "{{\"asn\":{asn},\"name\":{},\"country\":{},\"organisation\":{},\"kind\":{},\"rankings\":{},\"grades\":{},\
         \"latencies\":{},\"histograms\":{},\"provenance\":{},\"sources\":{},\"home\":{},\"world\":{}}}",
        Value::from(name.clone()),
        Value::from(country.clone()),
        Value::from(organisation),
        Value::from(kind),
        joined(&rankings)?,
        joined(&of_network(&cut.grades, asn)?)?,
        json_rows(&cut.latencies.part(&format!("AS{asn}")))?,
        json_rows(&cut.histograms.part(&format!("AS{asn}")))?,
        json_rows(&cut.provenance.part(&asn_key))?,
        json_rows(&cut.sources.part(&asn_key))?,
        json_rows(&home)?,
        json_rows(&cut.areas.part("world"))?,
    );
    Ok((object, Some((name, country))))
}

/// The rows of a network, one sheet for each part of the book that has one.
pub(in crate::http) fn of_network(book: &Book, asn: usize) -> Result<Vec<Sheet>, ExportFault> {
    let asn = i64::try_from(asn).ok();
    let mut sheets = Vec::new();
    for key in book.keys() {
        let part = book.part(key);
        let asns = part.column("asn");
        // The rows of a part are in the order of their numbers.
        let (mut low, mut high) = (0, part.rows());
        while low < high {
            let middle = usize::midpoint(low, high);
            if asns.int(middle) < asn { low = middle + 1 } else { high = middle }
        }
        if low < part.rows() && asns.int(low) == asn {
            sheets.push(part.slice(low..low + 1));
        }
    }
    Ok(sheets)
}

/// An array of the rows of all sheets.
fn joined(sheets: &[Sheet]) -> Result<String, ExportFault> {
    let rows = sheets.iter().map(json_rows).collect::<Result<Vec<_>, _>>()?;
    let rows: Vec<&str> = rows.iter().map(|rows| rows.trim_start_matches('[').trim_end_matches(']')).collect();
    Ok(format!("[{}]", rows.join(",")))
}

/// `GET /api/v1/asn/{asn}/trend`.
pub(in crate::http) fn trend(cut: &Cut, question: &Question) -> Result<Found, Problem> {
    let asn = question.number("asn").unwrap_or(0);
    let subject = format!("AS{asn}");
    if cut.trends.part(&subject).rows() == 0 {
        return Err(unknown(cut));
    }
    told(cut, question, &subject)
}

/// `GET /api/v1/trends`: the world, or a country.
pub(in crate::http) fn area_trends(cut: &Cut, question: &Question) -> Result<Found, Problem> {
    told(cut, question, question.get("country").unwrap_or("world"))
}

fn told(cut: &Cut, question: &Question, subject: &str) -> Result<Found, Problem> {
    let rows = cut.trends.part(subject);
    let (modes, periods) = (rows.column("mode"), rows.column("period"));
    let (mode, period) = (question.get("mode"), question.get("period"));
    let rows = rows.filter(|row| modes.text(row) == mode && (period.is_none() || periods.text(row) == period));
    let rows = rows.map_err(unfit)?;
    let meta = json!({ "subject": subject, "mode": mode, "period": period, "total": rows.rows() });
    Ok(Found { meta: object(meta), data: Data::Rows(rows), next: None })
}

fn unknown(cut: &Cut) -> Problem {
    let votes = cut.document.evidence.listed_votes;
    Problem::new(StatusCode::NOT_FOUND, "unknown-network", "Nothing is told of this network").detail(format!(
        "Networks are told from {votes} votes in a window. /api/v1/asn?query= finds networks by number and name."
    ))
}
