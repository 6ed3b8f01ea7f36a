//! `GET /api/telemetry/stats`: the store and its queues in figures.

use std::path::Path;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, PoisonError};

use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use intake::problem::Problem;
use serde_json::{Value, json};

use super::answer::moment;
use super::{parameters, unavailable};
use crate::http::Door;
use crate::http::auth::Admitted;
use crate::store::audit::Action;
use crate::store::lookup::figures::figures;

/// What SQLite's files beside the database end with.
const FILES: [&str; 3] = ["", "-wal", "-shm"];

pub(super) async fn stats(State(door): State<Arc<Door>>, admitted: Admitted, uri: Uri) -> Result<Json<Value>, Problem> {
    parameters::none(&uri)?;
    let path = door.reader.path().to_owned();
    let (figures, bytes) = door
        .reader
        .read(move |connection| Ok((figures(connection)?, database_bytes(&path))))
        .await
        .map_err(|fault| unavailable(&fault))?;
    door.gate.audit().note(admitted.entry(Action::Stats));
    let upload = door.upload.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let last_error = upload.alarm.as_ref().map(ToString::to_string).or(upload.last_fault);
    let now_ms = door.clock.now().as_millisecond();
    let age_s = |since_ms: i64| now_ms.saturating_sub(since_ms).max(0) / 1_000;
    let gauges = door.store.gauges();
    Ok(Json(json!({
        "success": true,
        "stored": figures.stored,
        "cap": door.history_cap,
        "distinct_clients": figures.distinct_clients,
        "oldest": figures.oldest_ms.and_then(moment),
        "newest": figures.newest_ms.and_then(moment),
        "database_bytes": bytes,
        "outbox": {
            "depth": figures.waiting_records + figures.unsettled_records,
            "age_s": figures.unsent_since_ms.map(age_s),
            "waiting_records": figures.waiting_records,
            "unsettled_batches": figures.unsettled_batches,
            "bytes": gauges.outbox_bytes.load(Relaxed),
        },
        "webhook_queue": {
            "waiting": figures.webhooks.waiting,
            "set_aside": figures.webhooks.set_aside,
            "bytes": figures.webhooks.bytes,
            "age_s": figures.webhooks.oldest_waiting_s.map(|since_s| age_s(since_s.saturating_mul(1_000))),
            "dropped": figures.webhooks.dropped(),
            "last_error": figures.webhook_fault,
        },
        "uploads": {
            "settled_batches": upload.settled,
            "failed_attempts": upload.failed,
            "last_settled": figures.last_settled_s.and_then(|second| moment(second.saturating_mul(1_000))),
        },
        "last_error": last_error,
    })))
}

fn database_bytes(path: &Path) -> u64 {
    let size = |ending: &str| {
        let mut file = path.as_os_str().to_owned();
        file.push(ending);
        std::fs::metadata(file).map_or(0, |file| file.len())
    };
    FILES.into_iter().map(size).sum()
}
