//! Who sent the votes of a network, how much hangs on one of them, and how complete their results are. The measured provider
//! may run the collector: a reader must see it.

use crate::cut::Cut;
use crate::http::pages::figures::{count, ms, ms_range, percent, percent_range, plain, whole};
use crate::http::pages::subject::{Told, WINDOW_DAYS, signed};

/// The name under which the warehouse's own tests come.
const DIRECT: &str = "direct";

/// What a page says of the sources.
pub(super) struct Sources {
    /// Sentences, the most important first.
    pub(super) words: Vec<String>,
    pub(super) rows: Vec<Source>,
}

/// A source.
pub(super) struct Source {
    pub(super) name: String,
    pub(super) votes: String,
    pub(super) figure: String,
    pub(super) interval: String,
    pub(super) complete: String,
}

/// The sources of a network in the usual window; of these tests.
pub(super) fn sources(cut: &Cut, asn: usize, mode: &str) -> Sources {
    let key = asn.to_string();
    let provenance = Told::find(&cut.provenance.part(&key), &[("mode", mode)], WINDOW_DAYS);
    Sources { words: provenance.map(|told| words(&told)).unwrap_or_default(), rows: rows(cut, &key, mode) }
}

fn words(told: &Told) -> Vec<String> {
    let mut words = Vec::new();
    let largest = told.text("largest_source").map_or_else(|| "one".to_owned(), |name| named(&name));
    let share = told.float("largest_share").map(percent);
    words.push(match (told.is("is_single_source"), share) {
        (true, _) => "All of it rests on a single source: nobody else confirms these figures.".to_owned(),
        (false, Some(share)) => format!(
            "{} sent ten votes or more. The largest, {largest}, sent {share} of all votes.",
            count(told.int("sources").unwrap_or(0), "source")
        ),
        (false, None) => format!("{} sent ten votes or more.", count(told.int("sources").unwrap_or(0), "source")),
    });
    if told.is("is_single_source") {
        // Nothing is left without it.
    } else if told.is("hangs_on_one") {
        words.push("Without some one of them the network would have too few votes for a rank.".to_owned());
    } else if let Some(shift) = told.int("places_shift") {
        words.push(match shift {
            0 => "Whichever one is left out, the rank stays.".to_owned(),
            _ => format!("Whichever one is left out, the rank moves by {} at most.", count(shift.abs(), "place")),
        });
    }
    let difference = |name: &str| told.float(&format!("direct_difference{name}"));
    if let (Some(by), Some(low), Some(high)) = (difference("_ms"), difference("_low_ms"), difference("_high_ms")) {
        words.push(format!(
            "Tests that came straight to the warehouse say {} against those of the agents (95 % interval {} to {}).",
            signed(by, ms),
            signed(low, ms),
            signed(high, ms)
        ));
    }
    words
}

fn rows(cut: &Cut, key: &str, mode: &str) -> Vec<Source> {
    let sheet = cut.sources.part(key);
    let agents = (0..sheet.rows()).filter_map(|row| sheet.column("agent").text(row).map(str::to_owned));
    let mut agents: Vec<String> = agents.collect();
    agents.sort_unstable();
    agents.dedup();
    let told = agents
        .iter()
        .filter_map(|agent| Some((agent, Told::find(&sheet, &[("mode", mode), ("agent", agent)], WINDOW_DAYS)?)));
    let mut rows: Vec<(i64, Source)> = told
        .map(|(agent, told)| {
            let votes = told.int("votes_in_tens").unwrap_or(0);
            let (figure, interval) = match (told.median_ms(), told.share()) {
                (Some((median, low, high)), _) => (ms(median), ms_range(low, high)),
                (None, Some((share, low, high))) => (percent(share), percent_range(low, high)),
                (None, None) => (String::new(), String::new()),
            };
            let votes_words = if votes == 0 { "fewer than 10".to_owned() } else { format!("{} or more", whole(votes)) };
            let source =
                Source { name: named(agent), votes: votes_words, figure, interval, complete: complete(cut, agent) };
            (votes, source)
        })
        .collect();
    rows.sort_by_key(|(votes, _)| std::cmp::Reverse(*votes));
    rows.into_iter().map(|(_, source)| source).collect()
}

fn named(agent: &str) -> String {
    if agent == DIRECT { "direct tests at the warehouse".to_owned() } else { format!("agent {}", plain(agent)) }
}

/// How much of what an agent took in is here, by its own numbers.
fn complete(cut: &Cut, agent: &str) -> String {
    let account = cut.publication.agents.iter().find(|account| account.agent.as_str() == agent);
    account.map_or_else(|| "not counted".to_owned(), |account| format!("{} %", account.complete_percent))
}
