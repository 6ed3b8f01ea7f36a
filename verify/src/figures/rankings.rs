//! `rankings`: listed networks with their figures and ranks.

use super::contest::{Contest, Listed, WindowFigures};
use super::{Row, row};
use crate::formulas::shrinkage::Score;
use crate::subject::Subject;
use crate::words::{Hours, Quantity, TestType};

/// The rows of a kind of test and hours.
pub(super) fn rows(
    window: &WindowFigures<'_>,
    test_type: TestType,
    hours: Hours,
    listed: &[Listed<'_>],
    contest: &Contest,
) -> Vec<Row> {
    listed.iter().filter_map(|network| one(window, test_type, hours, network, contest)).collect()
}

fn one(
    window: &WindowFigures<'_>,
    test_type: TestType,
    hours: Hours,
    network: &Listed<'_>,
    contest: &Contest,
) -> Option<Row> {
    let subject = Subject::Network(network.asn);
    let policy = window.usual_policy(test_type)?;
    let score = contest.scores.get(&network.asn)?;
    let share = window.share(test_type, hours, subject, policy)?;
    let means = window.sums.means.get(&(test_type, hours, subject))?.sums.means(test_type);
    let latency = window.latency(test_type, hours, subject, Quantity::Working);
    let rank = contest.ranks.get(&network.asn);
    let (p50, p95) = (latency.map(|told| told.p50), latency.and_then(|told| told.p95));
    let sums = network.sums;
    let by_share = |score: &Score| (test_type == TestType::Household).then_some(1_000_000 - score.score);
    Some(row![
        test_type.name(),
        window.days,
        hours.name(),
        rank.map(|rank| rank.rank),
        rank.map(|rank| rank.low),
        rank.map(|rank| rank.high),
        rank.map(|rank| rank.ties),
        network.asn,
        network.home.map(|home| home.to_string()),
        network.kind.cloned(),
        network.organisation.cloned(),
        sums.tests,
        sums.votes,
        sums.vote_days,
        sums.blocks,
        sums.first_day,
        score.hundredths,
        by_share(score),
        p50.map(|p50| p50.at),
        p50.map(|p50| p50.low),
        p50.map(|p50| p50.high),
        p95.map(|p95| p95.at),
        p95.map(|p95| p95.low),
        p95.map(|p95| p95.high),
        latency.map(|told| told.zero_votes),
        latency.map(|told| told.fullest_bin_votes),
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
        means[0],
        means[1],
        means[2],
        means[3],
        network.unranked_reason,
    ])
}
