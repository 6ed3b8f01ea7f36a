//! The body that the browser client posts, in the dialects that are in the field.

use wire::{Grade, TestType};

use super::client::Client;
use super::measurement::Measurement;

/// The body of `POST /api/telemetry` for this test, made when this share of the history has passed, as JSON text. `sent_at` is
/// the client's own clock, RFC 3339.
///
/// It is written as text: nothing in it needs escaping, and a month of history has a million of them.
#[must_use]
pub fn of(measurement: &Measurement, client: &Client, passed: f64, sent_at: &str) -> String {
    let version = client.version(passed);
    let results = match (measurement.test_type, client.speaks_dialect) {
        (TestType::Single, dialect) => single(measurement, dialect, version),
        (TestType::Household, true) => household_in_dialect(measurement, version),
        (TestType::Household, false) => format!(
            r#""test_type":"household","grades":{{"overall":"{}"}},"metrics":{}"#,
            measurement.overall.as_str(),
            metrics(measurement)
        ),
    };
    format!(r#"{{"telemetry_enabled":true,"timestamp":"{sent_at}","results":{{{results}}}}}"#)
}

fn single(measurement: &Measurement, dialect: bool, version: &str) -> String {
    let letter = |grade: Grade| {
        if dialect { format!(r#"{{"letter":"{}"}}"#, grade.as_str()) } else { format!(r#""{}""#, grade.as_str()) }
    };
    let [download, upload, both, _] = measurement.parts;
    format!(
        r#""test_type":"{}","grades":{{"overall":{},"download":{},"upload":{},"bidirectional":{}}},"metrics":{},"client_version":"{version}""#,
        if dialect { "single_user" } else { "single" },
        letter(measurement.overall),
        letter(download),
        letter(upload),
        letter(both),
        metrics(measurement)
    )
}

fn household_in_dialect(measurement: &Measurement, version: &str) -> String {
    let [alex, sarah, jake, computer] = measurement.parts.map(Grade::as_str);
    format!(
        r#""test_type":"virtual_household","grades":{{"overall":{{"letter":"{}"}},"download":null}},"metrics":{},"household_metrics":{{"alex_performance":"{alex}","sarah_performance":"{sarah}","jake_performance":"{jake}","computer_performance":"{computer}"}},"client_version":"{version}""#,
        measurement.overall.as_str(),
        metrics(measurement)
    )
}

fn metrics(measurement: &Measurement) -> String {
    let [download, upload, both] = measurement.increase_ms;
    let [down, up] = measurement.rate_tenths.map(|tenths| f64::from(tenths) / 10.0);
    format!(
        r#"{{"baseline_latency_ms":{},"download_latency_increase_ms":{download},"upload_latency_increase_ms":{upload},"bidirectional_latency_increase_ms":{both},"download_throughput_mbps":{down},"upload_throughput_mbps":{up},"test_duration_seconds":{}}}"#,
        measurement.baseline_ms, measurement.duration_s
    )
}
