//! Whether the agent works. Nothing here depends on the warehouse: an agent that cannot reach it takes results all the
//! same, and whoever watches it must not take it out of service for that.
//!
//! - `GET /api/health/live`: 503 once the database's writer stands still: start the agent anew.
//! - `GET /api/health/ready`: 503 while results cannot be kept: send clients elsewhere, it may recover by itself.
//! - `GET /api/health`: as ready, with what waits and how uploading goes.

use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::IntoResponse;
use axum::{Json, Router};
use serde_json::{Value, json};

use super::{Door, wrong_method};
use crate::store::{Gauges, WRITE_TIMEOUT};

/// A writer that has not gone round for so long does not come back by itself.
const STANDS_STILL: Duration = Duration::from_secs(60);

/// The three routes.
pub(super) fn router() -> Router<Arc<Door>> {
    use axum::routing::get;
    Router::new()
        .route("/api/health", get(health).fallback(wrong_method))
        .route("/api/health/live", get(live).fallback(wrong_method))
        .route("/api/health/ready", get(ready).fallback(wrong_method))
}

/// True while a result that comes now can be kept.
fn keeps(gauges: &Gauges) -> bool {
    !gauges.condition.is_broken() && gauges.pulse.age() < WRITE_TIMEOUT
}

/// An answer that no cache keeps.
fn say(good: bool, body: Value) -> impl IntoResponse {
    let status = if good { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, [(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))], Json(body))
}

async fn live(State(door): State<Arc<Door>>) -> impl IntoResponse {
    let live = door.store.gauges().pulse.age() < STANDS_STILL;
    say(live, json!({ "status": if live { "live" } else { "stuck" } }))
}

async fn ready(State(door): State<Arc<Door>>) -> impl IntoResponse {
    let ready = keeps(door.store.gauges());
    say(ready, json!({ "status": word(ready) }))
}

fn word(ready: bool) -> &'static str {
    if ready { "ready" } else { "unavailable" }
}

/// 200 while results can be kept, else 503; beside it what waits and how uploading goes.
async fn health(State(door): State<Arc<Door>>) -> impl IntoResponse {
    let gauges = door.store.gauges();
    let ready = keeps(gauges);
    let upload = door.upload.lock().unwrap_or_else(PoisonError::into_inner).clone();
    say(
        ready,
        json!({
            "status": word(ready),
            "version": env!("CARGO_PKG_VERSION"),
            "asn_database_day": door.asn.database_day(),
            // Why results cannot be kept now, and what damage has cost since the database was born.
            "fault": gauges.condition.fault(),
            "damage": gauges.condition.damage(),
            "history": { "rows": gauges.history_rows.load(Relaxed) },
            "outbox": {
                "waiting_records": gauges.waiting_records.load(Relaxed),
                "bytes": gauges.outbox_bytes.load(Relaxed),
            },
            "webhook": {
                "waiting": gauges.webhooks_waiting.load(Relaxed),
                "set_aside": gauges.webhooks_aside.load(Relaxed),
            },
            "upload": {
                "settled_batches": upload.settled,
                "failed_attempts": upload.failed,
                "last_fault": upload.last_fault,
                "alarm": upload.alarm.as_ref().map(ToString::to_string),
            },
        }),
    )
}
