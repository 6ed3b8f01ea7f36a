//! `DELETE /api/telemetry/customer/{client}`: erases an address or a prefix.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{StatusCode, Uri};
use intake::problem::Problem;
use serde::Serialize;

use super::customer::client;
use super::{parameters, unavailable};
use crate::http::Door;
use crate::http::auth::Admitted;
use crate::store::StoreFault;
use crate::store::audit::Action;
use crate::store::erase::{Erased, Erasure, MAX_CLIENTS};
use crate::store::lookup::wanted;

/// What the answer says about what is not erased.
const SEALED: &str = "Batches that were sealed before hold no address and no link to a client: nothing of this client can be \
                      found in them, and they leave as they are. A webhook delivery that was just on its way arrives.";

#[derive(Serialize)]
pub(super) struct Answer {
    success: bool,
    client_ip: String,
    erased: Erased,
    sealed_batches: &'static str,
}

pub(super) async fn erase(
    State(door): State<Arc<Door>>,
    admitted: Admitted,
    path: Result<Path<String>, PathRejection>,
    uri: Uri,
) -> Result<Json<Answer>, Problem> {
    let client = client(path)?;
    parameters::none(&uri)?;
    let (key, bits) = (door.key.clone(), door.ipv6_client_bits);
    let plan = tokio::task::spawn_blocking(move || Erasure::plan(client, &key, bits))
        .await
        .map_err(|_| unavailable(&StoreFault::ReaderGone))?
        .map_err(|too_broad| {
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "prefix-too-broad", "The prefix is too broad to erase")
                .detail(format!("It cannot be done at once: {too_broad}."))
                .with("max_clients", MAX_CLIENTS)
        })?;
    // The erasure goes on to its end also if the caller goes away.
    let task_door = Arc::clone(&door);
    let erased = tokio::spawn(async move { task_door.store.erase(plan, &task_door.reader).await })
        .await
        .map_err(|_| unavailable(&StoreFault::ReaderGone))?
        .map_err(|fault| unavailable(&fault))?;
    door.gate.audit().note_durably(admitted.entry(Action::Erase).with_rows(erased.history)).await;
    Ok(Json(Answer { success: true, client_ip: wanted::written(client), erased, sealed_batches: SEALED }))
}
