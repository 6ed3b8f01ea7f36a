//! What Prometheus reads.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, ensure};
use bufferlake_tests::canary::Canary;
use bufferlake_tests::harness::{Scratch, telemetry};
use bufferlake_tests::http;

use super::{BODY, alone, metric, require};

/// The name of the metric that a sample's line belongs to: a histogram's lines have a suffix each.
fn family<'a>(line: &'a str, histograms: &BTreeSet<&str>) -> &'a str {
    let name = line.split(['{', ' ']).next().unwrap_or_default();
    let suffixes = ["_bucket", "_sum", "_count"];
    let without = suffixes.iter().find_map(|suffix| name.strip_suffix(suffix));
    without.filter(|without| histograms.contains(without)).unwrap_or(name)
}

// Aim: each metric says what it means and of what kind it is, has a good name, appears once, and none names a client.
#[test]
fn every_metric_is_described_and_names_nobody() -> anyhow::Result<()> {
    let scratch = Scratch::new("agent-metrics")?;
    let (mut agent, metrics) = alone(&scratch, |options| options)?;
    let client = "198.51.100.77".parse()?;
    require(&http::fetch(agent.address(), &telemetry(client, BODY))?, 200)?;
    require(&http::fetch(agent.address(), &telemetry(client, BODY))?, 200)?;
    require(&http::fetch(agent.address(), &telemetry(client, "{"))?, 400)?;
    require(&http::fetch(agent.address(), &telemetry(client, r#"{"telemetry_enabled":false}"#))?, 200)?;

    let answer = http::get(metrics, "/metrics")?;
    require(&answer, 200)?;
    ensure!(answer.header("content-type").is_some_and(|kind| kind.starts_with("text/plain; version=0.0.4")));
    let text = String::from_utf8(answer.body).context("metrics are text")?;
    let found = Canary::of(&[client])?.find(text.as_bytes()).len();
    ensure!(found == 0, "a client's address is in the metrics:\n{text}");
    let of_kind = |mark: &'static str| text.lines().filter_map(move |line| line.strip_prefix(mark)?.split_once(' '));
    let helps: BTreeMap<&str, &str> = of_kind("# HELP ").collect();
    let types: BTreeMap<&str, &str> = of_kind("# TYPE ").collect();
    ensure!(of_kind("# TYPE ").count() == types.len(), "a metric appears twice:\n{text}");
    let histograms: BTreeSet<&str> =
        types.iter().filter(|(_, kind)| **kind == "histogram").map(|(name, _)| *name).collect();
    ensure!(histograms.len() == 2, "{histograms:?}");
    let samples: Vec<&str> = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    ensure!(samples.len() > 40, "only {} samples", samples.len());
    for line in samples {
        let name = family(line, &histograms);
        let help = helps.get(name).with_context(|| format!("{name} is not described"))?;
        ensure!(help.ends_with('.'), "{name} is described by {help:?}");
        ensure!(name.starts_with("agent_") || name.starts_with("process_"), "{name} is named after nothing");
        ensure!(name.ends_with("_total") == (types.get(name) == Some(&"counter")), "{name}: {:?}", types.get(name));
    }

    for (name, value) in [
        ("agent_results_total", 1.0),
        ("agent_results_repeated_total", 1.0),
        ("agent_submissions_opted_out_total", 1.0),
        ("agent_submissions_refused_total{reason=\"not-json\"}", 1.0),
        ("agent_submission_duration_seconds_count", 4.0),
        ("agent_history_rows", 1.0),
        ("agent_report_available", 1.0),
        ("agent_database_broken", 0.0),
        (concat!("agent_build_info{version=\"", env!("CARGO_PKG_VERSION"), "\"}"), 1.0),
    ] {
        ensure!(metric(metrics, name)? == value, "{name} is {} instead of {value}:\n{text}", metric(metrics, name)?);
    }
    ensure!(metric(metrics, "agent_writer_pulse_age_seconds")? < 10.0);
    ensure!(metric(metrics, "agent_commit_duration_seconds_sum")? > 0.0);
    // Nothing of it is on the clients' side.
    require(&http::get(agent.address(), "/metrics")?, 404)?;
    agent.stop()
}
