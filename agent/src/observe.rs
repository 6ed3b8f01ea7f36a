//! Metrics on a loopback listener, and logs. Neither ever names a client.

use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, PoisonError};

use axum::Router;
use axum::routing::get;
use metrics::{counter, gauge};
use metrics_exporter_prometheus::PrometheusBuilder;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::http::Door;

/// The router of the metrics listener. The figures are read from the store when they are asked for, so that a request
/// of a client pays nothing for them.
pub fn router(door: Arc<Door>) -> Router {
    let recorder = Arc::new(PrometheusBuilder::new().build_recorder());
    Router::new().route(
        "/metrics",
        get(move || async move {
            metrics::with_local_recorder(&*recorder, || record(&door));
            recorder.handle().render()
        }),
    )
}

#[expect(clippy::cast_precision_loss, reason = "a gauge of more than 2^53 would not matter any more")]
fn record(door: &Door) {
    let gauges = door.store.gauges();
    counter!("agent_results_total").absolute(gauges.accepted.load(Relaxed));
    counter!("agent_results_repeated_total").absolute(gauges.repeated.load(Relaxed));
    counter!("agent_commits_total").absolute(gauges.commits.load(Relaxed));
    counter!("agent_commits_failed_total").absolute(gauges.failed_commits.load(Relaxed));
    counter!("agent_votes_forgotten_total").absolute(gauges.votes_forgotten.load(Relaxed));
    counter!("agent_batches_sealed_total").absolute(gauges.sealed_batches.load(Relaxed));
    gauge!("agent_outbox_waiting_records").set(gauges.waiting_records.load(Relaxed) as f64);
    gauge!("agent_outbox_bytes").set(gauges.outbox_bytes.load(Relaxed) as f64);
    gauge!("agent_history_rows").set(gauges.history_rows.load(Relaxed) as f64);
    gauge!("agent_webhook_waiting").set(gauges.webhooks_waiting.load(Relaxed) as f64);
    gauge!("agent_webhook_set_aside").set(gauges.webhooks_aside.load(Relaxed) as f64);
    counter!("agent_webhook_dropped_total").absolute(gauges.webhooks_dropped.load(Relaxed));
    let webhook = door.webhook.lock().unwrap_or_else(PoisonError::into_inner).clone();
    counter!("agent_webhook_delivered_total").absolute(webhook.delivered);
    counter!("agent_webhook_failed_total").absolute(webhook.failed);
    counter!("agent_webhook_set_aside_total").absolute(webhook.set_aside);
    gauge!("agent_webhook_gone").set(if webhook.gone { 1.0 } else { 0.0 });
    let upload = door.upload.lock().unwrap_or_else(PoisonError::into_inner);
    counter!("agent_upload_settled_total").absolute(upload.settled);
    counter!("agent_upload_failed_total").absolute(upload.failed);
    gauge!("agent_upload_alarm").set(if upload.alarm.is_some() { 1.0 } else { 0.0 });
}

/// Starts logging to standard error; `RUST_LOG` sets levels (`warn`, or `info,agent::upload=debug`).
pub fn log_to_stderr() {
    // Not `EnvFilter`: it brings an engine of regular expressions, which would be a tenth of this program.
    let asked = std::env::var("RUST_LOG").ok().and_then(|text| text.parse::<Targets>().ok());
    let filter = asked.unwrap_or_else(|| Targets::new().with_default(LevelFilter::INFO));
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    // A second call in one process finds the first one's logger.
    let _ = tracing_subscriber::registry().with(lines).with(filter).try_init();
}
