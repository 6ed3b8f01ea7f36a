//! What is compared: a line of the table for each figure.

use crate::cut::Cut;
use crate::export::Sheet;
use crate::http::pages::countries::country_name;
use crate::http::pages::figures::{grade_class, ms, ms_range, plain};
use crate::http::pages::rankings::row::{self, Row};
use crate::http::v1::rankings::Choice;

/// A network with its figures.
pub(in crate::http::pages) struct Member {
    pub(in crate::http::pages) asn: i64,
    pub(in crate::http::pages) name: String,
    pub(in crate::http::pages) country: Option<String>,
    /// Its lines in the rankings of single tests (all hours and evenings) and of household tests.
    single: Option<Row>,
    peak: Option<Row>,
    household: Option<Row>,
    /// Ends of the median's interval, in ms.
    interval: Option<(f64, f64)>,
    /// Median and ends of its interval while downloading, uploading and doing both, in ms.
    loads: [Option<[f64; 3]>; 3],
}

/// A line of the table.
pub(in crate::http::pages) struct Fact {
    pub(in crate::http::pages) name: &'static str,
    pub(in crate::http::pages) about: &'static str,
    /// Figure and what stands small below it, for each network; none where nothing is known.
    pub(in crate::http::pages) values: Vec<Option<(String, String)>>,
    pub(in crate::http::pages) is_grade: bool,
}

impl Fact {
    /// The class of a grade.
    pub(in crate::http::pages) fn class(&self, figure: &str) -> String {
        grade_class(figure)
    }
}

/// Kinds of load, as [`Member::loads`] holds them.
const LOADS: [&str; 3] = ["download", "upload", "bidirectional"];

impl Member {
    /// A network in a window; none if it is listed nowhere.
    pub(in crate::http::pages) fn of(cut: &Cut, asn: i64, window: &str) -> Option<Self> {
        let all = cut.rankings.all();
        let (asns, names, countries) = (all.column("asn"), all.column("name"), all.column("country"));
        let known = (0..all.rows()).find(|row| asns.int(*row) == Some(asn))?;
        let line = |mode: &'static str, hours: &'static str, policy: &str, order: &'static str| {
            let choice = Choice { mode, window, hours, policy, order };
            let part = choice.rows(cut).ok()?;
            let asns = part.column("asn");
            let place = (0..part.rows()).find(|row| asns.int(*row) == Some(asn))?;
            let own = part.slice(place..place + 1);
            Some((row::rows(cut, &choice, &own).pop()?, own))
        };
        let policy = cut.document.policy.as_str();
        let single = line("single", "all", policy, "ms");
        let interval = single.as_ref().and_then(|(_, sheet)| {
            let float = |name: &str| sheet.column(name).float(0);
            float("p50_low_ms").zip(float("p50_high_ms"))
        });
        Some(Self {
            asn,
            name: names.text(known).map_or_else(|| format!("AS{asn}"), plain),
            country: countries.text(known).map(|code| country_name(code).to_owned()),
            single: single.map(|(row, _)| row),
            peak: line("single", "peak", policy, "ms").map(|(row, _)| row),
            household: line("household", "all", "reported", "share").map(|(row, _)| row),
            interval,
            loads: loads(&cut.latencies.part(&format!("AS{asn}")), window),
        })
    }
}

fn loads(rows: &Sheet, window: &str) -> [Option<[f64; 3]>; 3] {
    let column = |name: &str| rows.column(name);
    let (modes, windows, hours) = (column("mode"), column("window_days"), column("hours"));
    let (quantities, middles) = (column("quantity"), column("p50_ms"));
    let (lows, highs) = (column("p50_low_ms"), column("p50_high_ms"));
    let days = window.parse::<i64>().ok();
    LOADS.map(|load| {
        let is_asked = |row: &usize| {
            (modes.text(*row), windows.int(*row), hours.text(*row)) == (Some("single"), days, Some("all"))
                && quantities.text(*row) == Some(load)
        };
        let row = (0..rows.rows()).find(is_asked)?;
        Some([middles.float(row)?, lows.float(row)?, highs.float(row)?])
    })
}

/// The lines of the table.
pub(in crate::http::pages) fn facts(members: &[Member]) -> Vec<Fact> {
    let fact = |name, about, value: &dyn Fn(&Member) -> Option<(String, String)>| Fact {
        name,
        about,
        values: members.iter().map(value).collect(),
        is_grade: false,
    };
    let load = |at: usize| {
        move |member: &Member| {
            let [middle, low, high] = member.loads.get(at).copied().flatten()?;
            Some((ms(middle), ms_range(low, high)))
        }
    };
    let place = |row: &Row| Some((row.rank.clone()?, row.places.clone()));
    let placed = |row: &Row| place(row).or_else(|| Some(("–".to_owned(), row.reason?.to_owned())));
    let mut facts = vec![
        Fact {
            is_grade: true,
            ..fact("Grade", "of the middle test", &|member| {
                Some((member.single.as_ref()?.grade.clone()?, String::new()))
            })
        },
        fact("Latency grows by", "median under load", &|member| member.single.as_ref()?.median.clone()),
        fact("In the evening", "median from 19 to 23 h", &|member| member.peak.as_ref()?.median.clone()),
        fact("While downloading", "median", &load(0)),
        fact("While uploading", "median", &load(1)),
        fact("While doing both", "median", &load(2)),
        fact("Good tests", "graded A or better", &|member| member.single.as_ref()?.share.clone()),
        fact("Good for a busy household", "household tests at A or better", &|member| {
            member.household.as_ref()?.share.clone()
        }),
        fact("Rank", "and where it may lie", &|member| placed(member.single.as_ref()?)),
        fact("Votes", "clients that were counted", &|member| {
            let row = member.single.as_ref()?;
            Some((row.votes.clone(), row.tests.clone()))
        }),
        fact("Take care", "where the votes came from", &|member| {
            let flags = &member.single.as_ref()?.flags;
            let words: Vec<&str> = flags.iter().map(|flag| flag.word).collect();
            Some(if words.is_empty() {
                ("–".to_owned(), "nothing stands out".to_owned())
            } else {
                (words.join(", "), String::new())
            })
        }),
    ];
    // What nobody has would be an empty line.
    facts.retain(|fact| fact.values.iter().any(Option::is_some));
    facts
}

/// Who is surely quicker than whom, of each pair.
pub(in crate::http::pages) fn verdicts(members: &[Member]) -> Vec<String> {
    let mut verdicts = Vec::new();
    for (at, one) in members.iter().enumerate() {
        for other in members.iter().skip(at + 1) {
            verdicts.extend(verdict(one, other));
        }
    }
    verdicts
}

fn verdict(one: &Member, other: &Member) -> Option<String> {
    let ((one_low, one_high), (other_low, other_high)) = one.interval.zip(other.interval)?;
    let surely = |quick: &Member, slow: &Member, least: f64, most: f64| {
        let (quick, slow, apart) = (&quick.name, &slow.name, ms_range(least, most));
        format!("{quick} stays quicker under load than {slow}: the medians lie {apart} apart.")
    };
    Some(if one_high < other_low {
        surely(one, other, other_low - one_high, other_high - one_low)
    } else if other_high < one_low {
        surely(other, one, one_low - other_high, one_high - other_low)
    } else {
        format!("Between {} and {} there is no clear difference: their intervals overlap.", one.name, other.name)
    })
}
