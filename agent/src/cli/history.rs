//! `agent history`: what the support desk sees, at a terminal. Each look-up is noted in the audit log before anything is
//! shown.

use std::process::ExitCode;

use clap::Args;
use intake::clock::{Clock as _, SystemClock};
use ipnet::IpNet;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use serde_json::json;
use wire::{Grade, TestType};

use super::output::{print, print_json};
use super::words::{Times, columns, count, number, printable};
use super::{EXIT_CODES, database};
use crate::config::Config;
use crate::http::support::answer;
use crate::store::audit::{self, Action, Entry, Via};
use crate::store::lookup::{Filter, StoredResult, find, wanted};

/// Prints results with their clients' addresses, newest first.
///
/// The look-up is noted in the audit log, like those of the support desk.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub(super) struct History {
    /// Only those of this address or prefix: 192.0.2.1, 2001:db8:1::/56.
    #[arg(long, value_name = "ADDRESS", value_parser = wanted::client)]
    client: Option<IpNet>,
    /// Only those that were received from then on: a time span up to now (7d, 36h, 90min), a day, or a moment with its
    /// offset (2026-11-24, 2026-11-24T18:30:00Z).
    #[arg(long, value_name = "WHEN")]
    since: Option<String>,
    /// Only those with this overall grade.
    #[arg(long, value_parser = wanted::grade)]
    grade: Option<Grade>,
    /// Only tests of this type: single, household.
    #[arg(long = "type", value_name = "TYPE", value_parser = wanted::test_type)]
    test_type: Option<TestType>,
    /// Most results that are printed.
    #[arg(long, default_value_t = 20)]
    limit: u32,
    /// As JSON, with the members that the support API answers.
    #[arg(long)]
    json: bool,
}

impl History {
    pub(super) fn run(&self, config: &Config) -> anyhow::Result<ExitCode> {
        let now = SystemClock.now();
        let zone = TimeZone::try_system().unwrap_or(TimeZone::UTC);
        let since_ms = self.since.as_deref().map(|text| since(text, now, &zone)).transpose()?;
        let filter =
            Filter { client: self.client, since_ms, until_ms: None, grade: self.grade, test_type: self.test_type };
        let connection = database::write(&config.data_dir)?;
        let found = find(&connection, &filter, self.limit)?;
        // What cannot be noted is not shown.
        let entry = Entry {
            at_ms: now.as_millisecond(),
            action: if self.client.is_some() { Action::LookUp } else { Action::Recent },
            via: Via::Command,
            caller: None,
            subject: self.client,
            rows: Some(found.total),
        };
        audit::note(&connection, &entry, config.support.audit_rows)?;
        if self.json {
            let tests = answer::tests(&found.results);
            print_json(&json!({ "tests": tests, "total": found.total, "limit": self.limit }))?;
        } else {
            print(&in_words(&found.results, found.total, &Times::here(now)))?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// A time span before now, a day in this zone, or a moment; in Unix milliseconds.
fn since(text: &str, now: Timestamp, zone: &TimeZone) -> anyhow::Result<i64> {
    if let Ok(day) = text.parse::<jiff::civil::Date>()
        && text.len() == 10
    {
        return Ok(zone.to_timestamp(day.at(0, 0, 0, 0))?.as_millisecond());
    }
    if let Ok(span) = text.parse::<Span>() {
        let moment = now.to_zoned_datetime(zone.clone()).checked_sub(span.abs())?;
        return Ok(moment.timestamp().as_millisecond());
    }
    let moment: Timestamp = text.parse().map_err(|_| {
        anyhow::anyhow!(
            "--since: a time span (7d, 36h), a day (2026-11-24) or a moment (2026-11-24T18:30:00Z) is expected"
        )
    })?;
    Ok(moment.as_millisecond())
}

fn in_words(results: &[StoredResult], total: u64, times: &Times) -> String {
    if results.is_empty() {
        return "no results\n".to_owned();
    }
    let rows: Vec<Vec<String>> = results.iter().map(|result| row(result, times)).collect();
    let heads = ["received", "client", "test", ">down", ">up", ">idle", ">+down", ">+up", ">+both", "grade", "network"];
    let mut text = columns(&heads, &rows);
    let shown = results.len() as u64;
    text.push_str("down and up in Mbit/s; idle, and its rise (+) under load, in ms; 0 may mean \"not measured\"\n");
    if shown < total {
        text.push_str(&format!(
            "the newest {} of {}; --limit shows more\n",
            number(shown),
            count(total, "result", "results")
        ));
    }
    text
}

fn row(result: &StoredResult, times: &Times) -> Vec<String> {
    let figure = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |value| format!("{value:.1}"));
    let network = match (result.asn, &result.asn_name) {
        (Some(asn), Some(name)) => format!("AS{asn} {}", printable(name)),
        (Some(asn), None) => format!("AS{asn}"),
        (None, _) => "-".to_owned(),
    };
    vec![
        times.at_ms(result.received_ms),
        result.client_ip.to_string(),
        result.test_type.as_str().to_owned(),
        figure(result.download_mbps),
        figure(result.upload_mbps),
        figure(result.baseline_ms),
        figure(result.download_increase_ms),
        figure(result.upload_increase_ms),
        figure(result.bidirectional_increase_ms),
        result.overall_grade.map_or("-", Grade::as_str).to_owned(),
        network,
    ]
}

#[cfg(test)]
mod tests {
    //! Aim: spans, days and moments mean what a person means by them.

    use super::*;

    #[test]
    fn since_is_read_as_people_write_it() {
        let now: Timestamp = "2026-11-25T12:00:00Z".parse().expect("a moment");
        let berlin = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").expect("a zone");
        let at =
            |text: &str| since(text, now, &berlin).map(|ms| Timestamp::from_millisecond(ms).expect(text).to_string());
        for (text, moment) in [
            ("90min", "2026-11-25T10:30:00Z"),
            ("36h", "2026-11-24T00:00:00Z"),
            ("7d", "2026-11-18T12:00:00Z"),
            ("60d", "2026-09-26T11:00:00Z"),
            ("2026-11-24", "2026-11-23T23:00:00Z"),
            ("2026-11-24T18:30:00Z", "2026-11-24T18:30:00Z"),
            ("2026-11-24T18:30:00+05:30", "2026-11-24T13:00:00Z"),
        ] {
            assert_eq!(at(text).expect(text), moment, "{text}");
        }
        for text in ["", "yesterday", "7", "2026-13-01", "2026-11-24T18:30:00"] {
            assert!(at(text).is_err(), "{text}");
        }
    }
}
