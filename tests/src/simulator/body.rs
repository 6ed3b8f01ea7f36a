//! The body that the browser client posts, in the dialects that are in the field.

use serde_json::{Value, json};
use wire::TestType;

use super::client::Client;
use super::measurement::Measurement;

/// The body of `POST /api/telemetry` for this test, as JSON text. `sent_at` is the client's own clock, RFC 3339.
#[must_use]
pub fn of(measurement: &Measurement, client: &Client, sent_at: &str) -> String {
    let Measurement { baseline_ms, increase_ms, rate_tenths, overall, parts, duration_s, .. } = measurement;
    let metrics = json!({
        "baseline_latency_ms": baseline_ms,
        "download_latency_increase_ms": increase_ms[0],
        "upload_latency_increase_ms": increase_ms[1],
        "bidirectional_latency_increase_ms": increase_ms[2],
        "download_throughput_mbps": tenths(rate_tenths[0]),
        "upload_throughput_mbps": tenths(rate_tenths[1]),
        "test_duration_seconds": duration_s,
    });
    let letters = parts.map(wire::Grade::as_str);
    let results = match (measurement.test_type, client.speaks_dialect) {
        (TestType::Single, dialect) => json!({
            "test_type": if dialect { "single_user" } else { "single" },
            "grades": {
                "overall": letter(overall.as_str(), dialect),
                "download": letter(letters[0], dialect),
                "upload": letter(letters[1], dialect),
                "bidirectional": letter(letters[2], dialect),
            },
            "metrics": metrics,
            "client_version": "1.0.0",
        }),
        (TestType::Household, true) => json!({
            "test_type": "virtual_household",
            "grades": {"overall": letter(overall.as_str(), true), "download": null},
            "metrics": metrics,
            "household_metrics": {
                "alex_performance": letters[0],
                "sarah_performance": letters[1],
                "jake_performance": letters[2],
                "computer_performance": letters[3],
            },
            "client_version": "1.0.0",
        }),
        (TestType::Household, false) => json!({
            "test_type": "household",
            "grades": {"overall": overall.as_str()},
            "metrics": metrics,
        }),
    };
    json!({"telemetry_enabled": true, "timestamp": sent_at, "results": results}).to_string()
}

fn tenths(value: u32) -> f64 {
    f64::from(value) / 10.0
}

fn letter(grade: &str, dialect: bool) -> Value {
    if dialect { json!({"letter": grade}) } else { json!(grade) }
}
