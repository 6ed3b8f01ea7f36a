//! The paths of the old system, for pages that read them: the same ranking in the old shape.
//!
//! Only ranked networks are told, over 30 days and all hours, by the default policy; the rank is that of `/api/v1/rankings`.
//! The average of grades is shown, as it was, and ranks nobody.

use axum::http::StatusCode;
use intake::problem::Problem;
use serde_json::{Map, Value, json};

use super::envelope::{Data, Found};
use super::question::Question;
use super::rankings::unfit;
use super::search;
use crate::cut::{Cut, DEFAULT_WINDOW};
use crate::export::{ExportFault, Sheet};

/// Grades from best to worst, and the columns with their votes. The best counts 6, the worst 1.
const GRADES: [(&str, &str); 6] =
    [("A+", "votes_a_plus"), ("A", "votes_a"), ("B", "votes_b"), ("C", "votes_c"), ("D", "votes_d"), ("F", "votes_f")];

/// Votes from which confidence is high, and from which it is medium.
const CONFIDENCE_VOTES: (i64, i64) = (300, 100);

/// `GET /api/rankings`.
pub(super) fn rankings(cut: &Cut, question: &Question) -> Result<Found, Problem> {
    let (mode, sort, order) = (question.text("mode"), question.text("sort"), question.text("order"));
    // Who asks for less evidence than the ranking wants gets the ranking.
    let gate = i64::from(cut.document.evidence.ranked_votes);
    let gate = question.number("min_tests").and_then(|asked| i64::try_from(asked).ok()).unwrap_or(0).max(gate);
    let country = question.get("country");
    let rows = ranked(cut, mode).and_then(|rows| {
        let (tests, countries) = (rows.column("tests"), rows.column("country"));
        let rows =
            rows.filter(|row| tests.int(row) >= Some(gate) && (country.is_none() || countries.text(row) == country))?;
        let by = if sort == "overall_grade" { "rank" } else { sort };
        // The best rank is the smallest number, and the best grade the largest.
        let descending = (order == "desc") != (by == "rank");
        rows.pick(&rows.order(by, descending, "asn")?)
    });
    let rows = rows.map_err(unfit)?;
    let total = rows.rows();
    let shown = rows.slice(0..question.number("limit").unwrap_or(0));
    whole(json!({
        "mode": mode,
        "sort_by": sort,
        "order": order,
        "total_asns": total,
        "rankings": (0..shown.rows()).map(|row| Value::Object(entry(cut, &shown, row))).collect::<Vec<_>>(),
        "filters": { "min_tests": gate, "time_window": format!("{DEFAULT_WINDOW}d"), "country": country },
        "generated_at": cut.publication.generated_at,
    }))
}

/// `GET /api/asn/{asn}`: a ranked network as it stands in the ranking.
pub(super) fn network(cut: &Cut, question: &Question) -> Result<Found, Problem> {
    let asn = question.number("asn").and_then(|asn| i64::try_from(asn).ok());
    let rows = ranked(cut, question.text("mode")).and_then(|rows| {
        let asns = rows.column("asn");
        rows.filter(|row| asns.int(row) == asn)
    });
    let rows = rows.map_err(unfit)?;
    if rows.rows() == 0 {
        return Err(Problem::new(StatusCode::NOT_FOUND, "unknown-network", "The network is not ranked").detail(
            "It has too few votes in the last 30 days, or none. /api/v1/asn/{asn} tells also networks without a rank.",
        ));
    }
    let mut members = entry(cut, &rows, 0);
    members.insert("mode".into(), question.text("mode").into());
    members.insert("generated_at".into(), cut.publication.generated_at.clone().into());
    whole(Value::Object(members))
}

/// `GET /api/asn/search?query=`: ranked networks by number or name.
pub(super) fn search(cut: &Cut, question: &Question) -> Result<Found, Problem> {
    let rows = ranked(cut, question.text("mode")).map_err(unfit)?;
    let query = question.text("query");
    let found = search::find(&rows, query);
    let total = found.len();
    let shown = found.into_iter().take(question.number("limit").unwrap_or(0));
    let results: Vec<Value> = shown.map(|row| Value::Object(entry(cut, &rows, row))).collect();
    whole(json!({ "query": query, "total": total, "results": results }))
}

/// `GET /api/stats/global`: the world.
pub(super) fn world(cut: &Cut, question: &Question) -> Result<Found, Problem> {
    let mode = question.text("mode");
    let rows = cut.areas.part("world");
    let key = (Some(mode), Some(i64::from(DEFAULT_WINDOW)), Some("all"));
    let (modes, windows, hours) = (rows.column("mode"), rows.column("window_days"), rows.column("hours"));
    let rows = rows.filter(|row| (modes.text(row), windows.int(row), hours.text(row)) == key).map_err(unfit)?;
    let mut members = Map::new();
    members.insert("mode".into(), mode.into());
    members.insert("total_asns".into(), ranked(cut, mode).map_err(unfit)?.rows().into());
    members.insert("total_tests".into(), rows.column("tests").int(0).unwrap_or(0).into());
    members.extend(figures(cut, &rows, 0));
    members.insert("time_window".into(), format!("{DEFAULT_WINDOW}d").into());
    members.insert("generated_at".into(), cut.publication.generated_at.clone().into());
    whole(Value::Object(members))
}

/// The networks of a mode that have a rank.
fn ranked(cut: &Cut, mode: &str) -> Result<Sheet, ExportFault> {
    let rows = cut.rankings.part(&format!("{mode}/{DEFAULT_WINDOW}/all"));
    let ranks = rows.column("rank");
    rows.filter(|row| ranks.int(row).is_some())
}

fn entry(cut: &Cut, rows: &Sheet, row: usize) -> Map<String, Value> {
    let text = |name: &str| rows.column(name).text(row).map(str::to_owned);
    let int = |name: &str| rows.column(name).int(row);
    let asn = format!("AS{}", int("asn").unwrap_or(0));
    let name = text("name").unwrap_or_else(|| asn.clone());
    let mut members = Map::new();
    members.insert("rank".into(), int("rank").into());
    members.insert("asn".into(), asn.into());
    members.insert("organization".into(), text("organisation").unwrap_or_else(|| name.clone()).into());
    members.insert("asn_name".into(), name.into());
    members.insert("country_code".into(), text("country").into());
    members.insert("country".into(), text("country").into());
    members.insert("tests".into(), int("tests").into());
    members.insert("test_count".into(), int("tests").into());
    members.extend(figures(cut, rows, row));
    members
}

/// Grades and means of a network or of the world.
fn figures(cut: &Cut, rows: &Sheet, row: usize) -> Map<String, Value> {
    let votes = GRADES.map(|(_, column)| rows.column(column).int(row).unwrap_or(0));
    let (average, letter, confidence) = grade(votes);
    let mut members = Map::new();
    let grade = json!({ "average": average, "letter_grade": letter, "confidence": confidence });
    members.insert("overall_grade".into(), grade);
    members.insert("asn_grade".into(), letter.into());
    let distribution = GRADES.iter().zip(votes).map(|((grade, _), votes)| ((*grade).to_owned(), votes.into()));
    members.insert("distribution".into(), Value::Object(distribution.collect()));
    for (name, column) in [
        ("avg_baseline_ms", "mean_baseline_ms"),
        ("avg_download_increase_ms", "mean_download_ms"),
        ("avg_upload_increase_ms", "mean_upload_ms"),
        ("avg_bidirectional_increase_ms", "mean_bidirectional_ms"),
    ] {
        members.insert(name.into(), rows.column(column).float(row).into());
    }
    members.insert("last_updated".into(), cut.publication.generated_at.clone().into());
    members
}

/// The mean of votes by grade on 6 to 1 in hundredths, its letter (cuts at 5.5, 4.5, 3.5, 2.5 and 1.5) and how much it is
/// worth. The letter is that of the mean before it is rounded.
fn grade(votes: [i64; 6]) -> (Option<f64>, Option<&'static str>, &'static str) {
    let all: i64 = votes.iter().sum();
    let confidence = match all {
        votes if votes >= CONFIDENCE_VOTES.0 => "high",
        votes if votes >= CONFIDENCE_VOTES.1 => "medium",
        _ => "low",
    };
    if all == 0 {
        return (None, None, confidence);
    }
    let points: i64 = votes.iter().zip([6, 5, 4, 3, 2, 1]).map(|(votes, points)| votes * points).sum();
    let letter = GRADES.iter().zip([11, 9, 7, 5, 3]).find(|(_, twice_the_cut)| 2 * points >= twice_the_cut * all);
    // Integers until here; a mean in hundredths is exact as a double.
    let hundredths = (200 * points + all) / (2 * all);
    #[expect(clippy::cast_precision_loss, reason = "at most 600")]
    let average = hundredths as f64 / 100.0;
    (Some(average), Some(letter.map_or("F", |((letter, _), _)| letter)), confidence)
}

/// An answer without an envelope.
fn whole(value: Value) -> Result<Found, Problem> {
    Ok(Found { meta: Map::new(), data: Data::Whole(value.to_string()), next: None })
}

#[cfg(test)]
mod tests {
    use super::grade;

    /// Aim: the cuts between letters are where pages expect them, and confidence follows votes.
    #[test]
    fn letters_are_cut() {
        assert_eq!(grade([8_234, 4_512, 1_876, 654, 112, 32]), (Some(5.3), Some("A"), "high"));
        assert_eq!(grade([50, 50, 0, 0, 0, 0]), (Some(5.5), Some("A+"), "medium"));
        assert_eq!(grade([49, 51, 0, 0, 0, 0]), (Some(5.49), Some("A"), "medium"));
        assert_eq!(grade([0, 0, 0, 0, 1, 1]), (Some(1.5), Some("D"), "low"));
        assert_eq!(grade([0, 0, 0, 0, 0, 300]), (Some(1.0), Some("F"), "high"));
        // Shown as 5.5, and still below the cut.
        assert_eq!(grade([499, 501, 0, 0, 0, 0]), (Some(5.5), Some("A"), "high"));
        assert_eq!(grade([0; 6]), (None, None, "low"));
    }
}
