//! Results as lines of a table.

use wire::{Grade, TestType};

use crate::http::pages::figures::{machine, mbps, minute, ms, plain};
use crate::http::pages::reading::{Load, Reading};
use crate::http::pages::verdict::{is_bloat, uses};
use crate::store::lookup::StoredResult;

/// A line of the history.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::http::pages) struct Row {
    pub(in crate::http::pages) minute: String,
    pub(in crate::http::pages) machine: String,
    pub(in crate::http::pages) address: String,
    pub(in crate::http::pages) test: &'static str,
    pub(in crate::http::pages) download: Rise,
    pub(in crate::http::pages) upload: Rise,
    pub(in crate::http::pages) both: Rise,
    pub(in crate::http::pages) idle: Rise,
    pub(in crate::http::pages) download_mbps: Option<String>,
    pub(in crate::http::pages) upload_mbps: Option<String>,
    pub(in crate::http::pages) grade: Option<&'static str>,
    /// Grades of the parts.
    pub(in crate::http::pages) parts: String,
    pub(in crate::http::pages) test_id: String,
    pub(in crate::http::pages) browser: Option<String>,
    pub(in crate::http::pages) server: Option<String>,
}

/// A latency in a table.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::http::pages) struct Rise {
    /// None: not measured.
    pub(in crate::http::pages) text: Option<String>,
    /// True if it is marked as bad.
    pub(in crate::http::pages) bad: bool,
}

/// A figure of the result on which the verdict rests.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::http::pages) struct Figure {
    pub(in crate::http::pages) name: &'static str,
    pub(in crate::http::pages) value: Rise,
    /// The throughput beside it.
    pub(in crate::http::pages) beside: Option<String>,
}

impl Row {
    pub(in crate::http::pages) fn of(result: &StoredResult) -> Self {
        let reading = Reading::of(result);
        Self {
            minute: minute(result.received_ms),
            machine: machine(result.received_ms),
            address: result.client_ip.to_string(),
            test: test_name(result.test_type),
            download: rise(reading.download_ms),
            upload: rise(reading.upload_ms),
            both: rise(reading.both_ms),
            idle: Rise { text: reading.idle_ms.map(ms), bad: false },
            download_mbps: mbps(result.download_mbps),
            upload_mbps: mbps(result.upload_mbps),
            grade: result.overall_grade.map(Grade::as_str),
            parts: parts(result),
            test_id: plain(&result.test_id),
            browser: result.user_agent.as_deref().map(plain),
            server: result.test_server_name.as_deref().map(plain),
        }
    }
}

/// The figures of one result, each under its name.
pub(in crate::http::pages) fn figures(result: &StoredResult) -> Vec<Figure> {
    let plain_figure = |name, text: Option<String>| Figure { name, value: Rise { text, bad: false }, beside: None };
    let grade = plain_figure("overall grade", result.overall_grade.map(|grade| grade.as_str().to_owned()));
    if result.test_type == TestType::Household {
        let users = uses(result)
            .into_iter()
            .map(|(name, grade)| plain_figure(name, grade.map(|grade| grade.as_str().to_owned())));
        return std::iter::once(grade).chain(users).collect();
    }
    let reading = Reading::of(result);
    let loaded = |name, load, rate| Figure {
        name,
        value: rise(reading.rise(load)),
        beside: mbps(rate).map(|rate| format!("{rate} Mbit/s")),
    };
    vec![
        plain_figure("idle latency", reading.idle_ms.map(ms)),
        loaded("uploading", Load::Upload, result.upload_mbps),
        loaded("downloading", Load::Download, result.download_mbps),
        loaded("both at once", Load::Both, None),
        grade,
    ]
}

/// Number and name of a result's network.
pub(in crate::http::pages) fn network(result: &StoredResult) -> Option<String> {
    let name = result.asn_name.as_deref().map(plain).unwrap_or_default();
    Some(format!("AS{} {name}", result.asn?).trim_end().to_owned())
}

fn rise(value: Option<f64>) -> Rise {
    Rise { text: value.map(|rise| format!("+{}", ms(rise))), bad: value.is_some_and(is_bloat) }
}

fn test_name(test_type: TestType) -> &'static str {
    match test_type {
        TestType::Single => "single",
        TestType::Household => "household",
    }
}

fn parts(result: &StoredResult) -> String {
    let single =
        [("download", result.download_grade), ("upload", result.upload_grade), ("both", result.bidirectional_grade)];
    let users = uses(result);
    let of: &[(&str, Option<Grade>)] = if result.test_type == TestType::Household { &users } else { &single };
    let known: Vec<String> =
        of.iter().filter_map(|(name, grade)| Some(format!("{name} {}", (*grade)?.as_str()))).collect();
    known.join(", ")
}
