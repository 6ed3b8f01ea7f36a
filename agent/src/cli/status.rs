//! `agent status`.

use std::path::Path;

use anyhow::Context as _;

use crate::store::{database_path, report, schema};

pub(super) fn status(data_dir: &Path, json: bool) -> anyhow::Result<()> {
    let path = database_path(data_dir);
    let connection = schema::open_read_only(&path).with_context(|| format!("opening {}", path.display()))?;
    let report = report::report(&connection)?;
    if json {
        println!("{}", serde_json::to_string(&report)?);
        return Ok(());
    }
    println!("epoch     {}", report.epoch);
    println!("history   {} results", report.history_rows);
    println!("outbox    {} records wait for sealing, {} bytes in all", report.waiting_records, report.outbox_bytes);
    println!("unsettled {} batches with {} records", report.unsettled_batches, report.unsettled_records);
    println!("settled   {} batches still kept; next batch is {}", report.settled_batches, report.next_seq);
    println!("aside     {} batches with {} records", report.set_aside_batches, report.set_aside_records);
    for (reason, records) in &report.dropped {
        println!("dropped   {records} records ({reason:?}), not reported yet");
    }
    let webhook = &report.webhook;
    println!("webhook   {} deliveries wait, {} were set aside", webhook.waiting, webhook.set_aside);
    println!("alarm     {}", report.alarm.as_deref().unwrap_or("none"));
    Ok(())
}
