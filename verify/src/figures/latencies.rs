//! `latencies`: every latency increase of every subject with enough votes.

use super::contest::WindowFigures;
use super::{Row, row};
use crate::words::TestType;

/// The rows of a window.
pub(super) fn rows(window: &WindowFigures<'_>) -> Vec<Row> {
    let told = window.sums.bins.keys().filter_map(|(hours, quantity, subject)| {
        let latency = window.latency(TestType::Single, *hours, *subject, *quantity)?;
        // Fewer votes say nothing.
        (latency.votes >= window.inputs.parameters.listed_votes).then_some((hours, quantity, subject, latency))
    });
    told.map(|(hours, quantity, subject, latency)| {
        let p95 = latency.p95;
        row![
            TestType::Single.name(),
            window.days,
            hours.name(),
            subject.to_string(),
            quantity.name(),
            latency.votes,
            latency.zero_votes,
            latency.fullest_bin_votes,
            latency.p50.at,
            latency.p50.low,
            latency.p50.high,
            p95.map(|p95| p95.at),
            p95.map(|p95| p95.low),
            p95.map(|p95| p95.high),
        ]
    })
    .collect()
}
