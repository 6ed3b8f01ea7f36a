//! Countries, the world, and how all of it is made.

use intake::problem::Problem;
use serde_json::{Map, Value, json};

use super::envelope::{Data, Found};
use super::question::Question;
use super::rankings::{object, unfit};
use crate::catalog;
use crate::cut::Cut;
use crate::export::json_rows;

/// `GET /api/v1/countries`.
pub(super) fn countries(cut: &Cut, question: &Question) -> Result<Found, Problem> {
    let rows = cut.areas.all();
    let column = |name: &str| rows.column(name);
    let (modes, windows, hours, subjects) = (column("mode"), column("window_days"), column("hours"), column("subject"));
    let window = question.number("window").and_then(|days| i64::try_from(days).ok());
    let wanted = (question.get("mode"), window, question.get("hours"));
    let rows = rows.filter(|row| {
        (modes.text(row), windows.int(row), hours.text(row)) == wanted && subjects.text(row) != Some("world")
    });
    let rows = rows.map_err(unfit)?;
    let meta = json!({ "mode": wanted.0, "window_days": wanted.1, "hours": wanted.2, "total": rows.rows() });
    Ok(Found { meta: object(meta), data: Data::Rows(rows), next: None })
}

/// `GET /api/v1/stats`: the world, how many networks are told, what became of results, and how complete they are.
pub(super) fn stats(cut: &Cut, _: &Question) -> Result<Found, Problem> {
    let networks: Vec<Value> = cut
        .rankings
        .keys()
        .map(|key| {
            let rows = cut.rankings.part(key);
            let (mode, window, hours, ranks) =
                (rows.column("mode"), rows.column("window_days"), rows.column("hours"), rows.column("rank"));
            json!({
                "mode": mode.text(0),
                "window_days": window.int(0),
                "hours": hours.text(0),
                "listed": rows.rows(),
                "ranked": (0..rows.rows()).filter(|row| ranks.int(*row).is_some()).count(),
            })
        })
        .collect();
    let data = format!(
        "{{\"world\":{},\"networks\":{},\"coverage\":{},\"agents\":{}}}",
        json_rows(&cut.areas.part("world")).map_err(unfit)?,
        Value::Array(networks),
        json_rows(cut.coverage.all()).map_err(unfit)?,
        json!(cut.publication.agents),
    );
    Ok(Found { meta: Map::new(), data: Data::Json(data), next: None })
}

/// `GET /api/v1/methodology`: by which numbers rankings are made; the words are in the documentation.
pub(super) fn methodology(cut: &Cut, _: &Question) -> Result<Found, Problem> {
    let document = &cut.document;
    let policies: Map<String, Value> =
        catalog::POLICIES.iter().map(|(name, csv)| ((*name).to_owned(), thresholds(csv))).collect();
    let data = json!({
        "method": document.method,
        "windows_days": document.windows,
        "evidence": document.evidence,
        "default_policy": document.policy,
        "policies": policies,
        "ranked_by": {
            "single": "latency increase under load, the mean of download and upload, in ms: shrunken mean of ln(1 + ms)",
            "household": "share of votes whose client reported an overall grade of A or better, shrunken",
        },
        "confidence": 0.95,
        "content": document.content,
        "document": "https://github.com/bufferlake/bufferlake/blob/main/docs/methodology.md",
    });
    Ok(Found { meta: Map::new(), data: Data::Json(data.to_string()), next: None })
}

/// The grades of a policy with their thresholds in ms; none is without end.
pub(in crate::http) fn thresholds(csv: &str) -> Value {
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let records = reader.records().filter_map(Result::ok);
    let ms = |text: Option<&str>| {
        text.and_then(|text| text.parse::<u32>().ok()).map(|hundredths| f64::from(hundredths) / 100.0)
    };
    records
        .map(|record| {
            json!({
                "grade": record.get(0),
                "increase_below_ms": ms(record.get(1)),
                "baseline_below_ms": ms(record.get(2)),
            })
        })
        .collect()
}
