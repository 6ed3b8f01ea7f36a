//! The verdict: what a person at the telephone says first, in plain words, from a customer's newest results.

mod phrase;

use wire::{Grade, TestType};

pub(super) use self::phrase::uses;
use self::phrase::{Bearing, headline};
use super::figures::{ago, count, ms};
use super::reading::{BLOAT_MS, Load, Reading, is_bad};
use crate::store::lookup::StoredResult;

/// Fewer tests than this make no typical value.
pub(super) const MIN_TYPICAL_TESTS: usize = 10;

/// How far back an earlier bad test still stains a good one, in milliseconds.
const RECENT_MS: i64 = 7 * 86_400_000;

/// From this idle latency on, in ms, the line itself is worth a look: grade B or worse by the policy `dslreports`.
const SLOW_IDLE_MS: f64 = 75.0;

/// How the verdict sounds; the page gives each a word, a sign and a colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    Good,
    Fair,
    Bad,
    Unknown,
}

/// What the page says first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Verdict {
    pub(super) tone: Tone,
    /// One or two sentences.
    pub(super) headline: String,
    /// What is usual in this network, or why nobody can tell.
    pub(super) typical: Option<String>,
    /// What else should be known, a sentence each.
    pub(super) notes: Vec<String>,
}

/// What is usual in a network: the middle of its tests of one type at this agent.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Typical {
    pub(super) asn: u32,
    /// Tests that it rests on.
    pub(super) tests: usize,
    /// None if there are too few.
    pub(super) value: Option<TypicalValue>,
}

/// The middle of those tests.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum TypicalValue {
    /// Rise of latency in ms, under the load that the verdict speaks of.
    Rise(f64),
    /// Overall grade of household tests.
    Grade(Grade),
}

/// What the verdict compares: the network, the type, and the load of the result that it rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Comparison {
    pub(super) asn: u32,
    pub(super) test_type: TestType,
    pub(super) load: Load,
}

/// The result on which the verdict about these results (newest first) rests: the newest that tells anything.
pub(super) fn basis(results: &[StoredResult]) -> Option<&StoredResult> {
    results.iter().find(|result| tells(result))
}

/// What is to be compared with what is usual in the network.
pub(super) fn comparison(results: &[StoredResult]) -> Option<Comparison> {
    let basis = basis(results)?;
    let load = Reading::of(basis).worst().map_or(Load::Both, |(load, _)| load);
    Some(Comparison { asn: basis.asn?, test_type: basis.test_type, load })
}

/// The verdict about one customer's results, newest first.
pub(super) fn verdict(results: &[StoredResult], typical: Option<&Typical>, now_ms: i64) -> Verdict {
    let Some(basis) = basis(results) else { return nothing_measured(results, now_ms) };
    let Bearing { mut tone, mut headline } = headline(basis);
    let mut notes = Vec::new();

    let tests: Vec<&StoredResult> = results.iter().filter(|other| other.test_type == basis.test_type).collect();
    let informed: Vec<&StoredResult> = tests.iter().copied().filter(|result| tells(result)).collect();
    let bad: Vec<&StoredResult> = informed.iter().copied().filter(|result| is_bad(result)).collect();
    let earlier = bad.first().filter(|newest| newest.received_ms >= basis.received_ms - RECENT_MS);
    match earlier {
        _ if informed.len() < 2 => {}
        Some(newest) if tone != Tone::Bad => {
            tone = Tone::Fair;
            headline = format!("{headline} But it was not always so: {}.", phrase::worst_of(newest, now_ms));
            notes.push(format!("{} of {} show a bad result.", bad.len(), count(informed.len() as u64, "test")));
        }
        Some(_) if bad.len() == informed.len() => {
            notes.push(format!(
                "All {} kept here show it: it is not a passing trouble.",
                count(bad.len() as u64, "test")
            ));
        }
        Some(_) => {
            notes.push(format!("{} of {} kept here show it.", bad.len(), count(informed.len() as u64, "test")));
        }
        None => notes.push(match bad.first() {
            None => format!("None of the {} kept here is bad.", count(informed.len() as u64, "test")),
            Some(newest) => format!(
                "The last bad one of {} came {}.",
                count(informed.len() as u64, "test"),
                ago(now_ms, newest.received_ms)
            ),
        }),
    }
    notes.extend(not_measured(results, basis, now_ms));
    if let Some(idle) = Reading::of(basis).idle_ms.filter(|idle| *idle >= SLOW_IDLE_MS) {
        notes.push(format!(
            "Even on the idle line a packet takes {} there and back: look at the line, the Wi-Fi and the distance, too.",
            ms(idle)
        ));
    }
    let other = results.iter().find(|result| result.test_type != basis.test_type && tells(result));
    notes.extend(other.map(|other| {
        format!(
            "The {}, {}: {}",
            phrase::test_name(other),
            ago(now_ms, other.received_ms),
            phrase::headline(other).headline
        )
    }));
    Verdict { tone, headline, typical: Some(typical_sentence(basis, typical)), notes }
}

/// The verdict about a prefix that may hold many customers.
pub(super) fn crowd(results: &[StoredResult]) -> Verdict {
    let informed: Vec<&StoredResult> = results.iter().filter(|result| tells(result)).collect();
    let bad: Vec<&StoredResult> = informed.iter().copied().filter(|result| is_bad(result)).collect();
    let addresses = |of: &[&StoredResult]| {
        of.iter().map(|result| result.client_ip).collect::<std::collections::BTreeSet<_>>().len() as u64
    };
    let of_all = format!(
        "{} from {}",
        count(informed.len() as u64, "test"),
        count(addresses(&informed), "address").replace("addresss", "addresses")
    );
    let (tone, headline) = match (informed.len(), bad.len()) {
        (0, _) => (Tone::Unknown, "Nothing was measured in this prefix.".to_owned()),
        (_, 0) => (Tone::Good, format!("No bad result in this prefix: {of_all}.")),
        (all, bad_ones) => {
            let tone = if bad_ones * 4 >= all { Tone::Bad } else { Tone::Fair };
            (tone, format!("{bad_ones} of {of_all} in this prefix are bad; {} concerned.", concerned(addresses(&bad))))
        }
    };
    let notes =
        vec!["This prefix may hold many customers. Look a single address up for a verdict on one line.".to_owned()];
    Verdict { tone, headline, typical: None, notes }
}

fn concerned(addresses: u64) -> String {
    if addresses == 1 { "1 address is".to_owned() } else { format!("{addresses} addresses are") }
}

/// True if the result says anything about the line under load.
fn tells(result: &StoredResult) -> bool {
    match result.test_type {
        TestType::Single => Reading::of(result).worst().is_some(),
        TestType::Household => result.overall_grade.is_some(),
    }
}

fn nothing_measured(results: &[StoredResult], now_ms: i64) -> Verdict {
    let (headline, note) = match results.first() {
        None => (
            "No test from here is kept.",
            "Ask the customer to run the test now, and look again. Only the newest results of all customers are kept, \
             and an address may have changed since the last test."
                .to_owned(),
        ),
        Some(newest) => (
            "No test from here says how latency behaves under load: it was not measured.",
            format!(
                "The newest one came {}. Its client sent 0, which stands for “not measured” and not for a good value. \
                 Ask the customer to run the test to its end.",
                ago(now_ms, newest.received_ms)
            ),
        ),
    };
    Verdict { tone: Tone::Unknown, headline: headline.to_owned(), typical: None, notes: vec![note] }
}

/// What of the newest tests was not measured.
fn not_measured(results: &[StoredResult], basis: &StoredResult, now_ms: i64) -> Vec<String> {
    let mut notes = Vec::new();
    if results.first().is_some_and(|newest| newest.local_id != basis.local_id && !tells(newest)) {
        notes.push(format!(
            "Newer tests measured nothing under load; this verdict rests on the one that came {}.",
            ago(now_ms, basis.received_ms)
        ));
    }
    if basis.test_type == TestType::Single {
        let reading = Reading::of(basis);
        for (load, name) in [(Load::Download, "Download"), (Load::Upload, "Upload")] {
            if reading.rise(load).is_none() {
                notes.push(format!("{name}: not measured in this test; a 0 that its client sent means nothing."));
            }
        }
    }
    notes
}

fn typical_sentence(basis: &StoredResult, typical: Option<&Typical>) -> String {
    let Some(typical) = typical else {
        return "The network of this address is not known, so there is nothing to compare with.".to_owned();
    };
    let asn = typical.asn;
    let tests = count(typical.tests as u64, "test");
    let rests = format!("the median of {tests} of this network at this agent");
    match typical.value {
        Some(TypicalValue::Rise(rise)) => {
            let load = Reading::of(basis).worst().map_or(Load::Both, |(load, _)| load);
            format!("Typical for AS{asn}: {} {}, {rests}.", ms(rise), phrase::while_loaded(load))
        }
        Some(TypicalValue::Grade(grade)) => format!("Typical for AS{asn}: grade {}, {rests}.", grade.as_str()),
        None => {
            format!("What is typical for AS{asn} cannot be told yet: only {tests} of this network measured it here.")
        }
    }
}

/// True from this rise on: what the page marks.
pub(super) fn is_bloat(ms: f64) -> bool {
    ms >= BLOAT_MS
}

#[cfg(test)]
mod tests;
