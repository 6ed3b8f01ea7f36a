//! Where the next page begins: bound to a cut and to the question, so that pages never mix two rankings.

use axum::http::StatusCode;
use intake::problem::Problem;

use super::question::{Question, bad_question};
use crate::cut::{Cut, CutId};
use crate::digest::Sha256;

/// The cursor of the page that begins at this row.
pub(in crate::http) fn make(cut: &Cut, question: &Question, row: usize) -> String {
    hex::encode(format!("{}/{}/{row}", cut.document.id, fingerprint(question)))
}

/// The row at which the page of a question begins.
pub(in crate::http) fn row(cut: &Cut, question: &Question) -> Result<usize, Problem> {
    let Some(text) = question.get("cursor") else { return Ok(0) };
    let bad = || bad_question("cursor is what an earlier answer to the same question gave as `next`".to_owned());
    let text = String::from_utf8(hex::decode(text).map_err(|_| bad())?).map_err(|_| bad())?;
    let mut parts = text.split('/');
    let (Some(id), Some(of), Some(row), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return Err(bad());
    };
    let id: CutId = id.parse().map_err(|_| bad())?;
    let row = row.parse().map_err(|_| bad())?;
    if of != fingerprint(question) {
        return Err(bad());
    }
    if id != cut.document.id {
        let now = cut.document.id.to_string();
        return Err(Problem::new(StatusCode::GONE, "cut-gone", "The cursor belongs to another cut")
            .detail(format!("The cut is {now} now. Begin again without the cursor, so that pages do not mix two cuts."))
            .with("cut", now));
    }
    Ok(row)
}

/// What tells a question from others; pages may differ in their length.
fn fingerprint(question: &Question) -> String {
    let mut digest = Sha256::of(question.without_place().as_bytes()).to_string();
    digest.truncate(16);
    digest
}
