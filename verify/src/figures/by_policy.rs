//! `rankings_by_policy`: the same networks in the order of their shares at A or better under each policy.

use super::contest::{Contest, Listed, WindowFigures};
use super::{Row, row};
use crate::subject::Subject;
use crate::words::{Hours, TestType};

/// The rows of a kind of test and hours; `usual` is the contest of `rankings`.
pub(super) fn rows(
    window: &WindowFigures<'_>,
    test_type: TestType,
    hours: Hours,
    listed: &[Listed<'_>],
    usual: &Contest,
) -> Vec<Row> {
    let mut rows = Vec::new();
    for (policy, name) in window.inputs.policies.names().iter().enumerate() {
        let contest = window.share_contest(test_type, hours, listed, policy);
        for network in listed {
            let Some(score) = contest.scores.get(&network.asn) else { continue };
            let Some(share) = window.share(test_type, hours, Subject::Network(network.asn), policy) else { continue };
            let rank = contest.ranks.get(&network.asn);
            let usual_rank = usual.ranks.get(&network.asn);
            rows.push(row![
                test_type.name(),
                window.days,
                hours.name(),
                name.clone(),
                rank.map(|rank| rank.rank),
                rank.map(|rank| rank.low),
                rank.map(|rank| rank.high),
                rank.map(|rank| rank.ties),
                rank.zip(usual_rank).map(|(rank, usual)| rank.rank - usual.rank),
                network.asn,
                share.votes,
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
                1_000_000 - score.score,
                network.unranked_reason,
            ]);
        }
    }
    rows
}
