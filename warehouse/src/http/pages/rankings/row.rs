//! A network's line in the ranking.

use crate::cut::Cut;
use crate::export::Sheet;
use crate::http::pages::chart::{self, Cell};
use crate::http::pages::countries::country_name;
use crate::http::pages::figures::{count, grade_class, ms, ms_range, percent, percent_range, places, plain, whole};
use crate::http::v1::rankings::Choice;

/// From this share on, the largest source decides what is seen of a network.
const LARGE_SHARE: f64 = 0.9;

/// What the template draws of a network.
pub(in crate::http::pages) struct Row {
    pub(in crate::http::pages) rank: Option<String>,
    /// `4th to 9th of 312`.
    pub(in crate::http::pages) places: String,
    /// The same as a bar.
    pub(in crate::http::pages) bar: Option<Cell>,
    /// `level with 5 others`.
    pub(in crate::http::pages) ties: Option<String>,
    pub(in crate::http::pages) asn: i64,
    pub(in crate::http::pages) name: String,
    /// Code and name of its home country.
    pub(in crate::http::pages) country: Option<(String, String)>,
    pub(in crate::http::pages) grade: Option<String>,
    /// Median increase with its interval; none for household tests.
    pub(in crate::http::pages) median: Option<(String, String)>,
    /// Share of votes at A or better, with its interval.
    pub(in crate::http::pages) share: Option<(String, String)>,
    pub(in crate::http::pages) votes: String,
    /// How it went.
    pub(in crate::http::pages) course: Option<Cell>,
    /// `1,400 tests, 28 days`.
    pub(in crate::http::pages) tests: String,
    /// What a reader should know of where the votes came from: a short word and the sentence behind it.
    pub(in crate::http::pages) flags: Vec<Flag>,
    /// Why there is no rank.
    pub(in crate::http::pages) reason: Option<&'static str>,
}

/// A word of caution.
pub(in crate::http::pages) struct Flag {
    pub(in crate::http::pages) word: &'static str,
    pub(in crate::http::pages) meaning: String,
}

/// The lines of these rows of a ranking.
pub(in crate::http::pages) fn rows(cut: &Cut, choice: &Choice<'_>, sheet: &Sheet) -> Vec<Row> {
    let ranked = ranked(cut, choice);
    (0..sheet.rows()).map(|row| one(sheet, row, ranked)).collect()
}

/// How many networks have a rank.
pub(in crate::http::pages) fn ranked(cut: &Cut, choice: &Choice<'_>) -> i64 {
    let all = cut.rankings.part(&format!("{}/{}/{}", choice.mode, choice.window, choice.hours));
    let ranks = all.column("rank");
    (0..all.rows()).filter_map(|row| ranks.int(row)).max().unwrap_or(0)
}

fn one(sheet: &Sheet, row: usize, ranked: i64) -> Row {
    let int = |name: &str| sheet.column(name).int(row);
    let float = |name: &str| sheet.column(name).float(row);
    let text = |name: &str| sheet.column(name).text(row).map(str::to_owned);
    let asn = int("asn").unwrap_or(0);
    let median = float("p50_ms").zip(float("p50_low_ms").zip(float("p50_high_ms")));
    let share = float("share_a_or_better").zip(float("share_low").zip(float("share_high")));
    let ties = int("ties").filter(|ties| *ties > 0).map(|ties| format!("level with {}", count(ties, "other")));
    let interval = int("rank_low").zip(int("rank_high"));
    Row {
        rank: int("rank").map(whole),
        bar: int("rank").zip(interval).map(|(rank, (low, high))| chart::interval(rank, low, high, ranked)),
        places: interval.map_or_else(String::new, |(low, high)| places(low, high, ranked)),
        ties,
        asn,
        name: text("name").map_or_else(|| format!("AS{asn}"), |name| plain(&name)),
        country: text("country").map(|code| (code.clone(), country_name(&code).to_owned())),
        grade: text("grade"),
        median: median.map(|(middle, (low, high))| (ms(middle), ms_range(low, high))),
        share: share.map(|(share, (low, high))| (percent(share), percent_range(low, high))),
        course: None,
        votes: whole(int("votes").unwrap_or(0)),
        tests: format!("{}, {}", count(int("tests").unwrap_or(0), "test"), count(int("vote_days").unwrap_or(0), "day")),
        flags: flags(sheet, row),
        reason: sheet.column("unranked_reason").text(row).map(reason),
    }
}

/// Why a network has no rank, in words.
pub(in crate::http::pages) fn reason(code: &str) -> &'static str {
    match code {
        "votes_below_gate" => "too few votes",
        "days_below_gate" => "votes on too few days",
        "hosting_network" => "hosting network",
        _ => "not ranked",
    }
}

/// Words of caution, the gravest first.
fn flags(sheet: &Sheet, row: usize) -> Vec<Flag> {
    let is = |name: &str| sheet.column(name).bool(row) == Some(true);
    let mut flags = Vec::new();
    if is("is_single_source") {
        flags.push(Flag {
            word: "one source",
            meaning: "Nearly all votes came from one server, often the provider's own.".to_owned(),
        });
    } else if let Some(share) = sheet.column("largest_source_share").float(row).filter(|share| *share >= LARGE_SHARE) {
        flags.push(Flag {
            word: "one large source",
            meaning: format!("{} of the votes came from one server.", percent(share)),
        });
    }
    // Of a single source, the flag above says it already.
    if is("hangs_on_one") && !is("is_single_source") {
        flags.push(Flag {
            word: "hangs on one",
            meaning: "Without one of its sources the network would have too few votes for a rank.".to_owned(),
        });
    }
    if let Some(shift) = sheet.column("places_shift").int(row).filter(|shift| *shift > 0) {
        flags.push(Flag {
            word: "rank moves",
            meaning: format!("Without one of its sources the rank moves by up to {}.", count(shift, "place")),
        });
    }
    flags
}

impl Row {
    /// The grade as a part of a class's name.
    pub(in crate::http::pages) fn grade_class(&self) -> String {
        grade_class(self.grade.as_deref().unwrap_or_default())
    }
}
