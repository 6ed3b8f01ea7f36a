//! Metrics, read by Prometheus on a loopback listener. No name and no label comes from a client.
//!
//! The figures are read from where they are when somebody asks, so that a request of a client pays nothing for them.

mod describe;

mod process;

use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, PoisonError};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, header};
use axum::routing::get;
use metrics::{counter, gauge};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusRecorder};

use crate::http::Door;
use crate::store::report::{Report, report};
use crate::upload::UploadState;

/// What the listener needs.
struct Observed {
    door: Arc<Door>,
    recorder: PrometheusRecorder,
    started_s: i64,
}

/// The router of the metrics listener.
pub fn router(door: Arc<Door>) -> Router {
    let recorder = PrometheusBuilder::new().build_recorder();
    metrics::with_local_recorder(&recorder, describe::all);
    Router::new().route("/metrics", get(render)).with_state(Arc::new(Observed {
        started_s: door.clock.now().as_second(),
        door,
        recorder,
    }))
}

async fn render(State(observed): State<Arc<Observed>>) -> ([(HeaderName, HeaderValue); 1], String) {
    let Observed { door, recorder, started_s } = &*observed;
    // Without it the rest is still worth having: the database may be what is wrong.
    let report = door.reader.read(report).await.ok();
    metrics::with_local_recorder(recorder, || {
        record_store(door);
        record_traffic(door);
        record_webhook(door);
        record_upload(&door.upload.lock().unwrap_or_else(PoisonError::into_inner));
        record_database(door, report.as_ref());
    });
    let mut text = recorder.handle().render();
    door.traffic.answer_time().render(
        "agent_submission_duration_seconds",
        "From the head of a submission to its answer, with the wait for its body and for the disk.",
        &mut text,
    );
    door.store.gauges().commit_time.render(
        "agent_commit_duration_seconds",
        "Transactions of the database's writer, each with all results that waited together.",
        &mut text,
    );
    process::render(*started_s, &mut text);
    ([(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8"))], text)
}

#[expect(clippy::cast_precision_loss, reason = "a figure of more than 2^53 would not matter any more")]
fn set(name: &'static str, value: u64) {
    gauge!(name).set(value as f64);
}

fn record_store(door: &Door) {
    let gauges = door.store.gauges();
    counter!("agent_results_total").absolute(gauges.accepted.load(Relaxed));
    counter!("agent_results_repeated_total").absolute(gauges.repeated.load(Relaxed));
    counter!("agent_commits_total").absolute(gauges.commits.load(Relaxed));
    counter!("agent_commits_failed_total").absolute(gauges.failed_commits.load(Relaxed));
    counter!("agent_votes_forgotten_total").absolute(gauges.votes_forgotten.load(Relaxed));
    counter!("agent_audit_lost_total").absolute(gauges.audit_lost.load(Relaxed));
    counter!("agent_batches_sealed_total").absolute(gauges.sealed_batches.load(Relaxed));
    set("agent_outbox_waiting_records", gauges.waiting_records.load(Relaxed));
    set("agent_outbox_bytes", gauges.outbox_bytes.load(Relaxed));
    set("agent_history_rows", gauges.history_rows.load(Relaxed));
    set("agent_database_broken", gauges.condition.is_broken().into());
    for (part, counted) in gauges.condition.damage() {
        counter!("agent_damage_found_total", "part" => part.name()).absolute(counted.times);
        counter!("agent_damage_lost_rows_total", "part" => part.name()).absolute(counted.lost);
    }
    gauge!("agent_writer_pulse_age_seconds").set(gauges.pulse.age().as_secs_f64());
}

fn record_traffic(door: &Door) {
    for (slug, count) in door.traffic.refused() {
        counter!("agent_submissions_refused_total", "reason" => slug).absolute(count);
    }
    counter!("agent_submissions_opted_out_total").absolute(door.traffic.opted_out());
    counter!("agent_support_refused_total").absolute(door.gate.refused());
    counter!("agent_submissions_from_loopback_total").absolute(door.traffic.nameless());
    if let Some(day) = door.asn.database_day() {
        let since_s = day.first_hour().unix_s();
        let age_s = door.clock.now().as_second().saturating_sub(since_s);
        set("agent_asn_database_age_seconds", u64::try_from(age_s).unwrap_or(0));
    }
    gauge!("agent_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
}

fn record_webhook(door: &Door) {
    let gauges = door.store.gauges();
    set("agent_webhook_waiting", gauges.webhooks_waiting.load(Relaxed));
    set("agent_webhook_set_aside", gauges.webhooks_aside.load(Relaxed));
    counter!("agent_webhook_dropped_total").absolute(gauges.webhooks_dropped.load(Relaxed));
    let webhook = door.webhook.lock().unwrap_or_else(PoisonError::into_inner).clone();
    counter!("agent_webhook_delivered_total").absolute(webhook.delivered);
    counter!("agent_webhook_failed_total").absolute(webhook.failed);
    counter!("agent_webhook_set_aside_total").absolute(webhook.set_aside);
    set("agent_webhook_gone", webhook.gone.into());
}

fn record_upload(upload: &UploadState) {
    counter!("agent_upload_settled_total").absolute(upload.settled);
    counter!("agent_upload_failed_total").absolute(upload.failed);
    set("agent_upload_alarm", upload.alarm.is_some().into());
}

/// What only the database knows.
fn record_database(door: &Door, report: Option<&Report>) {
    set("agent_report_available", report.is_some().into());
    let Some(report) = report else { return };
    let now_s = door.clock.now().as_second();
    let age_s =
        |since_s: Option<i64>| since_s.map_or(0, |since_s| u64::try_from(now_s.saturating_sub(since_s)).unwrap_or(0));
    set("agent_outbox_unsettled_batches", report.unsettled_batches);
    set("agent_outbox_unsettled_records", report.unsettled_records);
    set("agent_outbox_oldest_unsettled_age_seconds", age_s(report.oldest_unsettled_s));
    set("agent_outbox_set_aside_batches", report.set_aside_batches);
    set("agent_webhook_oldest_waiting_age_seconds", age_s(report.webhook.oldest_waiting_s));
    if let Some(settled_s) = report.last_settled_s.and_then(|settled_s| u64::try_from(settled_s).ok()) {
        set("agent_upload_last_settled_timestamp_seconds", settled_s);
    }
}
