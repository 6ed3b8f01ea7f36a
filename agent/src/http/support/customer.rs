//! `GET /api/telemetry/customer/{client}`: the newest results of one address or prefix.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use intake::problem::Problem;
use ipnet::IpNet;
use serde::Serialize;

use super::answer::{Test, tests};
use super::parameters::parameters;
use super::unavailable;
use crate::http::Door;
use crate::http::auth::Admitted;
use crate::store::audit::Action;
use crate::store::lookup;
use crate::store::lookup::wanted::{self, Unclear};

/// Results in an answer if nobody says how many.
const DEFAULT_LIMIT: u32 = 20;

#[derive(Serialize)]
struct Customer<'a> {
    success: bool,
    /// What was asked for, in its usual spelling.
    client_ip: String,
    tests: Vec<Test<'a>>,
    /// How many match, of which `tests` are the newest.
    total_tests: u64,
    limit: u32,
}

pub(super) async fn customer(
    State(door): State<Arc<Door>>,
    admitted: Admitted,
    path: Result<Path<String>, PathRejection>,
    uri: Uri,
) -> Result<Response, Problem> {
    let client = client(path)?;
    let mut asked = parameters(&uri, DEFAULT_LIMIT)?;
    asked.filter.client = Some(client);
    let limit = asked.limit;
    let found = door
        .reader
        .read(move |connection| lookup::find(connection, &asked.filter, limit))
        .await
        .map_err(|fault| unavailable(&fault))?;
    door.gate.audit().note(admitted.entry(Action::LookUp).about(client).with_rows(found.total));
    let answer = Customer {
        success: true,
        client_ip: wanted::written(client),
        tests: tests(&found.results),
        total_tests: found.total,
        limit,
    };
    Ok(Json(answer).into_response())
}

/// The address or prefix in the path.
///
/// # Errors
/// 400 that says what is expected, and does not repeat what came.
pub(super) fn client(path: Result<Path<String>, PathRejection>) -> Result<IpNet, Problem> {
    let text = path.map(|Path(text)| text).unwrap_or_default();
    wanted::client(&text).map_err(|unclear: Unclear| {
        Problem::new(StatusCode::BAD_REQUEST, "bad-address", "This is no address")
            .detail(format!("In the path {unclear}."))
    })
}
