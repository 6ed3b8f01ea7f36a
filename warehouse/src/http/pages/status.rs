//! `/status`: how fresh and how complete the release is: agents added up, and what became of the results of each day. It is the
//! warehouse's own statement; no agent is named here.

use std::collections::BTreeMap;

use askama::Template;
use wire::Day;

use super::figures::{count, date, percent, whole};
use super::frame::Frame;
use super::trouble::Trouble;
use super::visit::{Reply, Visit};
use crate::cut::{AgentAccount, Cut};
use crate::lake::paths::TestDate;

/// The page.
pub(super) const PATH: &str = "/status";

/// Days that are shown.
const DAYS: usize = 30;

/// Agents are sorted by how much of their results arrived: these parts, in percent, from the best.
const PARTS: [(u64, &str); 4] = [(100, "all"), (99, "99 %"), (95, "95 to 98 %"), (0, "less than 95 %")];

#[derive(Template)]
#[template(path = "status.html")]
struct StatusPage {
    frame: Frame,
    /// None before the first cut.
    told: Option<Told>,
}

/// How the release stands.
struct Told {
    last_day: String,
    generated_at: String,
    agents: String,
    held: String,
    /// Held of all that there were.
    complete: String,
    /// How many agents have so much of their results here.
    parts: Vec<(&'static str, usize)>,
    /// Results that agents gave up, that were refused, batches that never came.
    losses: Vec<(&'static str, String)>,
    days: Vec<CoveredDay>,
    counted: String,
}

/// What became of a day's results.
struct CoveredDay {
    day: String,
    /// Counted, unmeasured, of networks of others, without a network, withdrawn.
    cells: [String; 5],
}

/// What can become of results, as the contract of `coverage` names it.
const REASONS: [&str; 5] = ["counted", "unmeasured", "foreign_asn", "no_asn", "withdrawn"];

/// Draws the page.
pub(super) fn draw(visit: &Visit<'_>) -> Result<Reply, Trouble> {
    let description = "How fresh and how complete the published release is: agents added up, and for each day how many results \
                       came, how many count, and why the others do not.";
    let page = StatusPage { frame: Frame::of(visit, "Status", description), told: visit.cut.map(told) };
    page.render().map(Reply::Html).map_err(|error| Trouble::not_drawn(&error))
}

fn told(cut: &Cut) -> Told {
    let agents = &cut.publication.agents;
    let sum = |of: fn(&AgentAccount) -> u64| agents.iter().map(of).sum::<u64>();
    let held = sum(|agent| agent.held);
    let dropped = sum(|agent| agent.dropped.values().sum());
    let quarantined = sum(|agent| agent.quarantined.values().sum());
    let missing = sum(|agent| agent.missing_batches);
    // Each agent's percentage counts as much as its results.
    let weighted: u64 = agents.iter().map(|agent| agent.complete_percent * agent.held).sum();
    let complete = weighted.checked_div(held).map_or_else(|| "nothing yet".to_owned(), |part| format!("{part} %"));
    let (days, counted) = days(cut);
    Told {
        last_day: date(cut.document.last_day),
        generated_at: cut.publication.generated_at.clone(),
        agents: count(signed(agents.len() as u64), "agent"),
        held: whole(signed(held)),
        complete,
        parts: parts(agents),
        losses: vec![
            ("Given up by agents, and reported", count(signed(dropped), "result")),
            ("Refused, because they broke a rule", count(signed(quarantined), "result")),
            ("Batches that never came", count(signed(missing), "batch").replace("batchs", "batches")),
        ],
        days,
        counted,
    }
}

/// How many agents have so much of their results here.
fn parts(agents: &[AgentAccount]) -> Vec<(&'static str, usize)> {
    let mut most = u64::MAX;
    let count = |(least, name): (u64, &'static str)| {
        let fits = agents.iter().filter(|agent| (least..most).contains(&agent.complete_percent)).count();
        most = least;
        (name, fits)
    };
    PARTS.map(count).into()
}

/// What became of each day's results, newest first, and which part of all counts.
fn days(cut: &Cut) -> (Vec<CoveredDay>, String) {
    let rows = cut.coverage.all();
    let (days, reasons, tests) = (rows.column("day"), rows.column("reason"), rows.column("tests_in_tens"));
    let mut sums: BTreeMap<Day, [i64; 5]> = BTreeMap::new();
    for row in 0..rows.rows() {
        let at = REASONS.iter().position(|reason| reasons.text(row) == Some(reason));
        if let (Some(day), Some(at), Some(tests)) = (days.day(row), at, tests.int(row)) {
            sums.entry(day).or_default()[at] += tests;
        }
    }
    let newest: Vec<_> = sums.into_iter().rev().take(DAYS).collect();
    let all: i64 = newest.iter().flat_map(|(_, tests)| tests).sum();
    let counted: i64 = newest.iter().map(|(_, tests)| tests[0]).sum();
    let share = if all == 0 { 0.0 } else { counted as f64 / all as f64 };
    let days = newest
        .into_iter()
        .filter_map(|(day, tests)| Some(CoveredDay { day: date(TestDate::of(day)?), cells: tests.map(whole) }));
    (days.collect(), percent(share))
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use wire::AgentId;

    use super::*;

    // Aim: every agent is in one part, and at the edges in the right one.
    #[test]
    fn every_agent_is_in_one_part() {
        let agent = |complete_percent| AgentAccount {
            agent: AgentId::parse("isp-one").unwrap(),
            held: 10,
            dropped: BTreeMap::new(),
            quarantined: BTreeMap::new(),
            missing_batches: 0,
            complete_percent,
        };
        let parts = parts(&[100, 100, 99, 98, 95, 94, 0].map(agent));
        assert_eq!(parts.iter().map(|(_, agents)| *agents).collect::<Vec<_>>(), [2, 1, 2, 2]);
    }
}
