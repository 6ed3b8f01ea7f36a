//! `GET /api/health`: whether results can be taken. It does not depend on the warehouse.

use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, PoisonError};

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::Door;

/// 200 while results can be kept, else 503; beside it what waits and how uploading goes.
pub(super) async fn health(State(door): State<Arc<Door>>) -> (StatusCode, Json<Value>) {
    let gauges = door.store.gauges();
    let ready = !gauges.broken.load(Relaxed);
    let upload = door.upload.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let body = json!({
        "status": if ready { "ready" } else { "unavailable" },
        "version": env!("CARGO_PKG_VERSION"),
        "asn_database_day": door.asn.database_day(),
        "history": { "rows": gauges.history_rows.load(Relaxed) },
        "outbox": {
            "waiting_records": gauges.waiting_records.load(Relaxed),
            "bytes": gauges.outbox_bytes.load(Relaxed),
        },
        "upload": {
            "settled_batches": upload.settled,
            "failed_attempts": upload.failed,
            "last_fault": upload.last_fault,
            "alarm": upload.alarm.as_ref().map(ToString::to_string),
        },
    });
    (status, Json(body))
}
