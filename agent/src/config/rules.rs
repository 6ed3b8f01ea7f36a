//! What values must be, beyond their types.

use std::net::SocketAddr;

use intake::client::TrustedProxies;
use wire::{Asn, MAX_BATCH_RECORDS};

use super::Config;

/// Longest text of the sponsor, in characters.
const MAX_SPONSOR_CHARS: usize = 200;

/// Longest sign-in at the support page, in minutes.
const MAX_SESSION_MINUTES: u32 = 24 * 60;

/// Oldest record that a warehouse takes, in days.
const MAX_RECORD_DAYS: u32 = 90;

/// Least size of the outbox, in bytes.
const MIN_OUTBOX_BYTES: u64 = 1 << 20;

/// Every key that breaks a rule, with the rule.
pub(super) fn broken(config: &Config) -> Vec<(&'static str, String)> {
    let mut broken = Vec::new();
    let mut rule = |holds: bool, key: &'static str, says: &str| {
        if !holds {
            broken.push((key, says.to_owned()));
        }
    };
    rule(config.metrics_listen.ip().is_loopback(), "metrics_listen", "must be a loopback address");
    rule(apart(config.listen, config.metrics_listen), "metrics_listen", "must differ from listen");
    rule(!config.data_dir.as_os_str().is_empty(), "data_dir", "must name a directory");
    rule(config.max_connections > 0, "max_connections", "must be at least 1");
    rule((32..=128).contains(&config.ipv6_client_bits), "ipv6_client_bits", "must be 32 to 128");
    rule(config.limits.results_per_minute > 0, "limits.results_per_minute", "must be at least 1");

    let outbox = &config.outbox;
    let most = MAX_BATCH_RECORDS as u64;
    rule((1..=most).contains(&outbox.seal_records), "outbox.seal_records", &format!("must be 1 to {most}"));
    rule(outbox.seal_interval_s > 0, "outbox.seal_interval_s", "must be at least 1");
    rule(outbox.max_bytes >= MIN_OUTBOX_BYTES, "outbox.max_bytes", &format!("must be at least {MIN_OUTBOX_BYTES}"));
    let days = format!("must be 1 to {MAX_RECORD_DAYS}: the warehouse takes no older records");
    rule((1..=MAX_RECORD_DAYS).contains(&outbox.max_age_days), "outbox.max_age_days", &days);

    let minutes = format!("must be 1 to {MAX_SESSION_MINUTES}");
    let session = config.support.session_minutes;
    rule((1..=MAX_SESSION_MINUTES).contains(&session), "support.session_minutes", &minutes);
    rule(config.support.audit_rows > 0, "support.audit_rows", "must be at least 1: look-ups leave a trace");

    let sponsor = &config.sponsor;
    for (key, text) in [("sponsor.name", &sponsor.name), ("sponsor.city", &sponsor.city), ("sponsor.url", &sponsor.url)]
    {
        let short = text.as_ref().is_none_or(|text| text.chars().count() <= MAX_SPONSOR_CHARS);
        rule(short, key, &format!("must have at most {MAX_SPONSOR_CHARS} characters"));
        rule(!text.as_ref().is_some_and(|text| text.contains(char::is_control)), key, "must be one line of plain text");
    }
    // The test page makes a link of it.
    rule(sponsor.url.as_deref().is_none_or(is_page), "sponsor.url", "must be an http or https URL");

    let numbers = config.asn.names.keys().all(|number| number.parse().ok().and_then(Asn::new).is_some());
    rule(numbers, "asn.names", "must have the numbers of networks as keys: { 64500 = \"Example\" }");

    if let Err(error) = TrustedProxies::parse(config.trusted_proxies.iter().map(String::as_str)) {
        broken.push(("trusted_proxies", error.to_string()));
    }
    if let Some(Err(error)) = config.warehouse.as_ref().map(|warehouse| warehouse.base_url()) {
        broken.push(("warehouse.url", error.root_cause().to_string()));
    }
    if let Some(webhook) = &config.webhook {
        match webhook.plain_prefixes() {
            Err(error) => broken.push(("webhook.plain_http_to", error.to_string())),
            Ok(_) => {
                broken.extend(webhook.endpoint().err().map(|error| ("webhook.url", error.root_cause().to_string())))
            }
        }
    }
    broken
}

/// True if both can be listened on; port 0 is any free one.
fn apart(one: SocketAddr, other: SocketAddr) -> bool {
    one != other || one.port() == 0
}

fn is_page(text: &str) -> bool {
    reqwest::Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
}
