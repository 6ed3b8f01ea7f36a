//! What waits: for the warehouse and for the provider's own system.

use super::check::Check;
use crate::cli::database;
use crate::cli::words::{bytes, count, duration, number};
use crate::config::Config;
use crate::store::report::{Report, report};

/// What waits longer than this is worth a look, in seconds.
const LONG_S: i64 = 3_600;

/// Share of the outbox's cap, in percent, from which on records will soon be given up.
const NEARLY_FULL_PERCENT: u64 = 90;

/// Nothing if there is no database: another check says so.
pub(super) fn checks(config: &Config, now_s: i64) -> Vec<Check> {
    let Ok(report) = database::read(&config.data_dir).and_then(|connection| Ok(report(&connection)?)) else {
        return Vec::new();
    };
    let mut checks = vec![uploads(config, &report, now_s)];
    if report.set_aside_batches > 0 {
        let (batches, records) = (report.set_aside_batches, report.set_aside_records);
        let says = format!("{} with {} records", count(batches, "batch was", "batches were"), number(records));
        let advice = "`agent queue list` says why; `agent queue retry` sends again, `agent queue drop` forgets";
        checks.push(Check::warn("set aside", says + " set aside", advice));
    }
    let webhook = &report.webhook;
    if config.webhook.is_some() || webhook.waiting + webhook.set_aside > 0 {
        checks.push(deliveries(&report, now_s));
    }
    checks
}

fn uploads(config: &Config, report: &Report, now_s: i64) -> Check {
    const CHECK: &str = "upload queue";
    if let Some(alarm) = &report.alarm {
        return Check::fail(CHECK, "uploading has stopped; results are still taken", alarm.clone());
    }
    let records = count(report.waiting_records + report.unsettled_records, "record waits", "records wait");
    let used = format!("{records}, {} of at most {}", bytes(report.outbox_bytes), bytes(config.outbox.max_bytes));
    if config.uploads_to().is_none() {
        return Check::ok(CHECK, "results stay here");
    }
    if report.outbox_bytes.saturating_mul(100) > config.outbox.max_bytes.saturating_mul(NEARLY_FULL_PERCENT) {
        let advice = "the oldest will be given up soon: see to the warehouse, or raise outbox.max_bytes";
        return Check::fail(CHECK, used, advice);
    }
    // A record waits for sealing no longer than the interval and its jitter.
    let patience_s = LONG_S + 2 * i64::from(config.outbox.seal_interval_s) + 3_600;
    let sealed = report.oldest_unsettled_s.filter(|sealed| now_s - sealed > LONG_S);
    let unsealed = report.oldest_waiting_s.filter(|waiting| now_s - waiting > patience_s);
    match sealed.into_iter().chain(unsealed).min() {
        Some(since) => {
            let advice = "the checks of agent and warehouse say why";
            Check::warn(CHECK, format!("{used}; the oldest for {}", duration(now_s - since)), advice)
        }
        None => Check::ok(CHECK, used),
    }
}

fn deliveries(report: &Report, now_s: i64) -> Check {
    const CHECK: &str = "webhook queue";
    let webhook = &report.webhook;
    let says = format!("{} waiting, {} set aside", number(webhook.waiting), number(webhook.set_aside));
    let old = webhook.oldest_waiting_s.filter(|since| now_s - since > LONG_S);
    match old {
        Some(since) => {
            let says = format!("{says}; the oldest tried for {}", duration(now_s - since));
            Check::warn(CHECK, says, "`agent queue list` shows why the last attempts failed")
        }
        None if webhook.set_aside > 0 => {
            Check::warn(CHECK, says, "`agent queue list` says why; `agent queue retry` sends again")
        }
        None => Check::ok(CHECK, says),
    }
}
