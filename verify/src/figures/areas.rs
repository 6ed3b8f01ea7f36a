//! `areas`: countries and the world.

use super::contest::WindowFigures;
use super::{Row, row};
use crate::subject::Subject;
use crate::words::Quantity;

/// The rows of a window.
pub(super) fn rows(window: &WindowFigures<'_>) -> Vec<Row> {
    let mut rows = Vec::new();
    for ((test_type, hours, subject), means) in &window.sums.means {
        if matches!(subject, Subject::Network(_)) {
            continue;
        }
        let Some(policy) = window.usual_policy(*test_type) else { continue };
        let Some(share) = window.share(*test_type, *hours, *subject, policy) else { continue };
        let latency = window.latency(*test_type, *hours, *subject, Quantity::Working);
        let (p50, p95) = (latency.map(|told| told.p50), latency.and_then(|told| told.p95));
        let [baseline, download, upload, bidirectional] = means.sums.means(*test_type);
        rows.push(row![
            test_type.name(),
            window.days,
            hours.name(),
            subject.to_string(),
            means.networks.len() as i64,
            means.sums.tests,
            means.sums.votes,
            p50.map(|p50| p50.at),
            p50.map(|p50| p50.low),
            p50.map(|p50| p50.high),
            p95.map(|p95| p95.at),
            p95.map(|p95| p95.low),
            p95.map(|p95| p95.high),
            latency.map(|told| told.zero_votes),
            window.inputs.policies.names()[policy].clone(),
            share.grade.name(),
            share.grades[0],
            share.grades[1],
            share.grades[2],
            share.grades[3],
            share.grades[4],
            share.grades[5],
            share.share,
            share.low,
            share.high,
            baseline,
            download,
            upload,
            bidirectional,
        ]);
    }
    rows
}
