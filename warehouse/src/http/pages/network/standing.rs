//! Where a network stands: a line for each ranking in which it is told of, from the usual one to the strictest.

use crate::cut::Cut;
use crate::export::{Book, Sheet};
use crate::http::pages::chart::{Cell, interval};
use crate::http::pages::figures::{count, ms, percent, places};
use crate::http::pages::rankings::row::reason;
use crate::http::pages::subject::Told;
use crate::http::pages::trouble::Trouble;
use crate::http::v1::network::of_network;
use crate::http::v1::rankings::unfit;

/// A ranking: key of its part, and what it is called.
struct Ranking {
    key: &'static str,
    name: &'static str,
    is_by_policy: bool,
}

const RANKINGS: [Ranking; 9] = [
    Ranking { key: "single/30/all", name: "Latency increase in ms, 30 days", is_by_policy: false },
    Ranking { key: "single/30/peak", name: "The same in the evening, 19 to 23 h", is_by_policy: false },
    Ranking { key: "single/7/all", name: "The same over 7 days", is_by_policy: false },
    Ranking { key: "single/90/all", name: "The same over 90 days", is_by_policy: false },
    Ranking {
        key: "single/30/all/dslreports",
        name: "Share of good tests by the rule of DSLReports",
        is_by_policy: true,
    },
    Ranking {
        key: "single/30/all/libreqos-2024-12",
        name: "Share of good tests by the rule of LibreQoS",
        is_by_policy: true,
    },
    Ranking {
        key: "single/30/peak/dslreports",
        name: "Share of good tests in the evening (DSLReports)",
        is_by_policy: true,
    },
    Ranking { key: "household/30/all", name: "Busy household: share of good tests, 30 days", is_by_policy: false },
    Ranking { key: "household/90/all", name: "Busy household: share of good tests, 90 days", is_by_policy: false },
];

/// A line as the page shows it.
pub(super) struct Standing {
    pub(super) name: &'static str,
    /// `4th to 9th of 312`, or why there is no rank.
    pub(super) place: String,
    pub(super) bar: Option<Cell>,
    pub(super) grade: Option<String>,
    pub(super) figure: String,
    /// How the rank moves against that by latency.
    pub(super) moved: String,
}

/// The lines of a network.
///
/// # Errors
/// If the rows of the cut cannot be read.
pub(super) fn standings(cut: &Cut, asn: usize) -> Result<Vec<Standing>, Trouble> {
    let (rankings, grades) =
        (of_network(&cut.rankings, asn).map_err(unfit)?, of_network(&cut.grades, asn).map_err(unfit)?);
    let told = |ranking: &Ranking| {
        let (book, sheets) = if ranking.is_by_policy { (&cut.grades, &grades) } else { (&cut.rankings, &rankings) };
        // The reason is told once, in the ranking of the same tests.
        let base = ranking.key.splitn(4, '/').take(3).collect::<Vec<_>>().join("/");
        let base = rankings.iter().find(|sheet| key(sheet, false) == base).and_then(Told::first);
        let reason = base.and_then(|told| told.text("unranked_reason"));
        let told = sheets.iter().find(|sheet| key(sheet, ranking.is_by_policy) == ranking.key).and_then(Told::first)?;
        Some(line(ranking, &told, reason.as_deref(), ranked(book, ranking.key)))
    };
    Ok(RANKINGS.iter().filter_map(told).collect())
}

/// The key of the part from which a row came.
fn key(sheet: &Sheet, is_by_policy: bool) -> String {
    let names: &[&str] =
        if is_by_policy { &["mode", "window_days", "hours", "policy"] } else { &["mode", "window_days", "hours"] };
    names.iter().map(|name| sheet.column(name).key(0)).collect::<Vec<_>>().join("/")
}

/// How many networks have a rank there.
pub(super) fn ranked(book: &Book, key: &str) -> i64 {
    let part = book.part(key);
    let ranks = part.column("rank");
    (0..part.rows()).filter_map(|row| ranks.int(row)).max().unwrap_or(0)
}

fn line(ranking: &Ranking, told: &Told, unranked: Option<&str>, of: i64) -> Standing {
    let place = told.int("rank").zip(told.int("rank_low").zip(told.int("rank_high")));
    let by_share = ranking.is_by_policy || told.float("p50_ms").is_none();
    let figure = if by_share {
        told.float("share_a_or_better").map(|share| format!("{} good", percent(share)))
    } else {
        told.float("p50_ms").map(|median| format!("+{}", ms(median)))
    };
    Standing {
        name: ranking.name,
        place: match place {
            Some((_, (low, high))) => places(low, high, of),
            None => unranked.map_or("not ranked", reason).to_owned(),
        },
        bar: place.map(|(rank, (low, high))| interval(rank, low, high, of)),
        grade: told.text("grade"),
        figure: figure.unwrap_or_default(),
        moved: match told.int("places_moved") {
            Some(0) => "same place".to_owned(),
            Some(moved) if moved > 0 => format!("{} worse", count(moved, "place")),
            Some(moved) => format!("{} better", count(-moved, "place")),
            None => String::new(),
        },
    }
}
