//! What is measured, and how it is read: Prometheus text on a loopback listener. No label holds what a client sent.

use std::sync::OnceLock;
use std::time::Duration;

use anyhow::Context as _;
use metrics::{counter, gauge};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use wire::Outcome;

use crate::analytics::Published;
use crate::bucket::Uploaded;
use crate::lake::Order;
use crate::marts::Refreshed;
use crate::verify::Sorted;

/// The recorder belongs to the process; several servers in one process (tests) share it.
static RECORDER: OnceLock<PrometheusHandle> = OnceLock::new();

/// Starts measuring, once per process, and gives the handle that writes the figures out.
///
/// # Errors
/// If another recorder than ours was installed.
pub fn install() -> anyhow::Result<PrometheusHandle> {
    if let Some(ready) = RECORDER.get() {
        return Ok(ready.clone());
    }
    let recorder = PrometheusBuilder::new().build_recorder();
    let handle = recorder.handle();
    match metrics::set_global_recorder(recorder) {
        Ok(()) => Ok(RECORDER.get_or_init(|| handle).clone()),
        // Another server of this process was faster.
        Err(_) => RECORDER.get().cloned().context("another recorder of metrics is installed"),
    }
}

/// A batch was acknowledged.
pub(crate) fn batch(sorted: &Sorted, outcome: Outcome) {
    let name = match outcome {
        Outcome::Accepted => "accepted",
        Outcome::Duplicate => "duplicate",
    };
    counter!("warehouse_batches_total", "outcome" => name).increment(1);
    if outcome == Outcome::Duplicate {
        return;
    }
    counter!("warehouse_records_total").increment(sorted.landed.records.len() as u64);
    counter!("warehouse_records_foreign_asn_total").increment(sorted.foreign_asn);
    for (reason, count) in &sorted.landed.quarantined {
        counter!("warehouse_records_quarantined_total", "reason" => quarantine_name(*reason)).increment(*count);
    }
    for (reason, count) in &sorted.landed.dropped {
        counter!("warehouse_agent_dropped_total", "reason" => drop_name(*reason)).increment(*count);
    }
}

/// A request was answered with a problem document.
pub(crate) fn problem(path: &'static str, slug: &'static str) {
    counter!("warehouse_problems_total", "path" => path, "type" => slug).increment(1);
}

/// A file was asked for, and answered so.
pub(crate) fn data(answer: &'static str) {
    counter!("warehouse_data_requests_total", "answer" => answer).increment(1);
}

/// So many bytes of files were handed out.
pub(crate) fn data_bytes(bytes: u64) {
    counter!("warehouse_data_bytes_total").increment(bytes);
}

/// The bucket was brought up to date.
pub(crate) fn uploaded(done: &Uploaded) {
    counter!("warehouse_upload_files_total").increment(done.sent);
    counter!("warehouse_upload_bytes_total").increment(done.bytes);
    counter!("warehouse_upload_removed_total").increment(done.removed);
}

/// Direct tests were acknowledged.
pub(crate) fn direct(records: u64) {
    counter!("warehouse_direct_records_total").increment(records);
}

/// The landing zone's size.
pub(crate) fn landing(bytes: u64, files: u64) {
    gauge!("warehouse_landing_bytes").set(bytes as f64);
    gauge!("warehouse_landing_files").set(files as f64);
}

/// A landing file was found damaged and set aside.
pub(crate) fn landing_damaged() {
    counter!("warehouse_landing_damaged_total").increment(1);
}

/// The lake took a seal.
pub(crate) fn sealed(records: u64, seconds: f64) {
    counter!("warehouse_seals_total").increment(1);
    counter!("warehouse_sealed_records_total").increment(records);
    gauge!("warehouse_last_seal_seconds").set(seconds);
}

/// The marts were brought up to the lake.
pub(crate) fn refreshed(refreshed: Refreshed, took: Duration) {
    counter!("warehouse_marts_results_total").increment(refreshed.results);
    gauge!("warehouse_last_refresh_seconds").set(took.as_secs_f64());
}

/// The file that analysts open was published, unless the one before said all that there is.
pub(crate) fn analytics_published(published: Option<Published>, took: Duration) {
    let Some(published) = published else { return };
    counter!("warehouse_analytics_published_total").increment(1);
    gauge!("warehouse_analytics_bytes").set(published.bytes as f64);
    gauge!("warehouse_last_analytics_seconds").set(took.as_secs_f64());
}

/// The lake was put in order; it has so many files now.
pub(crate) fn kept_in_order(order: &Order, files: usize) {
    counter!("warehouse_lake_merges_total").increment(order.merges);
    counter!("warehouse_lake_merged_rows_total").increment(order.rows);
    counter!("warehouse_lake_removed_bytes_total").increment(order.collected.bytes);
    gauge!("warehouse_lake_files").set(files as f64);
}

/// A background job failed; it is tried again.
pub(crate) fn job_failed(job: &'static str) {
    counter!("warehouse_job_failures_total", "job" => job).increment(1);
}

fn quarantine_name(reason: wire::QuarantineReason) -> &'static str {
    use wire::QuarantineReason as R;
    match reason {
        R::Malformed => "malformed",
        R::FutureHour => "future_hour",
        R::OldHour => "old_hour",
        R::ForeignAsn => "foreign_asn",
        _ => "other",
    }
}

fn drop_name(reason: wire::DropReason) -> &'static str {
    use wire::DropReason as R;
    match reason {
        R::OutboxFull => "outbox_full",
        R::OutboxOld => "outbox_old",
        R::Restored => "restored",
        R::Poison => "poison",
        R::Damaged => "damaged",
        _ => "other",
    }
}
