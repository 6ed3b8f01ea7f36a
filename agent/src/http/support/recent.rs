//! `GET /api/telemetry/recent`: the newest results of all clients.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use axum::response::{IntoResponse as _, Response};
use intake::problem::Problem;
use serde::Serialize;

use super::answer::{Test, tests};
use super::parameters::parameters;
use super::unavailable;
use crate::http::Door;
use crate::http::auth::Admitted;
use crate::store::audit::Action;
use crate::store::lookup;

/// Results in an answer if nobody says how many.
const DEFAULT_LIMIT: u32 = 50;

#[derive(Serialize)]
struct Recent<'a> {
    success: bool,
    tests: Vec<Test<'a>>,
    /// How many match, of which `tests` are the newest.
    total: u64,
    limit: u32,
}

pub(super) async fn recent(State(door): State<Arc<Door>>, admitted: Admitted, uri: Uri) -> Result<Response, Problem> {
    let asked = parameters(&uri, DEFAULT_LIMIT)?;
    let limit = asked.limit;
    let found = door
        .reader
        .read(move |connection| lookup::find(connection, &asked.filter, limit))
        .await
        .map_err(|fault| unavailable(&fault))?;
    door.gate.audit().note(admitted.entry(Action::Recent).with_rows(found.results.len() as u64));
    let answer = Recent { success: true, tests: tests(&found.results), total: found.total, limit };
    Ok(Json(answer).into_response())
}
