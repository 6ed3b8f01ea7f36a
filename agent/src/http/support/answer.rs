//! A stored result in the words that the provider's existing tools read.

use std::net::IpAddr;

use jiff::Timestamp;
use serde::Serialize;
use wire::{Grade, TestType};

use crate::store::lookup::StoredResult;

/// One element of `tests`.
#[derive(Serialize)]
pub(crate) struct Test<'a> {
    timestamp: Option<String>,
    client_ip: IpAddr,
    user_agent: Option<&'a str>,
    test_type: &'static str,
    download_mbps: Option<f64>,
    upload_mbps: Option<f64>,
    baseline_latency_ms: Option<f64>,
    download_latency_increase_ms: Option<f64>,
    upload_latency_increase_ms: Option<f64>,
    bidirectional_latency_increase_ms: Option<f64>,
    overall_grade: Option<Grade>,
    download_grade: Option<Grade>,
    upload_grade: Option<Grade>,
    bidirectional_grade: Option<Grade>,
    household_score: Option<f64>,
    alex_grade: Option<Grade>,
    sarah_grade: Option<Grade>,
    jake_grade: Option<Grade>,
    computer_grade: Option<Grade>,
    asn: Option<String>,
    asn_name: Option<&'a str>,
    country_code: Option<&'a str>,
    test_server_name: Option<&'a str>,
}

impl<'a> From<&'a StoredResult> for Test<'a> {
    fn from(result: &'a StoredResult) -> Self {
        Self {
            timestamp: moment(result.received_ms),
            client_ip: result.client_ip,
            user_agent: result.user_agent.as_deref(),
            test_type: test_type(result.test_type),
            download_mbps: result.download_mbps,
            upload_mbps: result.upload_mbps,
            baseline_latency_ms: result.baseline_ms,
            download_latency_increase_ms: result.download_increase_ms,
            upload_latency_increase_ms: result.upload_increase_ms,
            bidirectional_latency_increase_ms: result.bidirectional_increase_ms,
            overall_grade: result.overall_grade,
            download_grade: result.download_grade,
            upload_grade: result.upload_grade,
            bidirectional_grade: result.bidirectional_grade,
            household_score: result.household_score,
            alex_grade: result.alex_grade,
            sarah_grade: result.sarah_grade,
            jake_grade: result.jake_grade,
            computer_grade: result.computer_grade,
            asn: result.asn.map(|asn| format!("AS{asn}")),
            asn_name: result.asn_name.as_deref(),
            country_code: result.country_code.as_deref(),
            test_server_name: result.test_server_name.as_deref(),
        }
    }
}

/// Every result of an answer.
pub(crate) fn tests(results: &[StoredResult]) -> Vec<Test<'_>> {
    results.iter().map(Test::from).collect()
}

/// A moment in RFC 3339, UTC, with milliseconds; none if no calendar has it.
pub(super) fn moment(unix_ms: i64) -> Option<String> {
    Timestamp::from_millisecond(unix_ms).ok().map(|moment| format!("{moment:.3}"))
}

/// The names that existing tools and webhooks know.
fn test_type(test_type: TestType) -> &'static str {
    match test_type {
        TestType::Single => "single_user",
        TestType::Household => "virtual_household",
    }
}
