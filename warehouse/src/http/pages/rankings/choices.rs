//! What can be chosen on the page, as forms and links; each choice is a URL.

use super::course::Pace;
use crate::cut::Cut;
use crate::http::pages::countries::country_name;
use crate::http::pages::figures::{count, date, plain};
use crate::http::pages::visit::Visit;
use crate::http::v1::question::Question;
use crate::http::v1::rankings::Choice;

/// The choices as they stand.
pub(super) struct Choices {
    /// Kinds of test.
    pub(super) modes: Vec<Link>,
    /// Fields with a list: name, label, and what can be chosen.
    pub(super) lists: Vec<List>,
    pub(super) query: String,
    /// What the form must carry along: values that have no field of their own.
    pub(super) kept: Vec<(&'static str, String)>,
    /// What is chosen beside the usual, each with the URL that takes it back.
    pub(super) taken: Vec<Link>,
    /// The page without any choice but the mode.
    pub(super) clear: String,
    /// In words: whose ranking, by what, when.
    pub(super) basis: String,
    home: Option<String>,
    is_household: bool,
}

/// A link that chooses.
pub(super) struct Link {
    pub(super) name: String,
    pub(super) url: String,
    pub(super) is_chosen: bool,
}

/// A field from whose list one value is chosen.
pub(super) struct List {
    pub(super) name: &'static str,
    pub(super) label: &'static str,
    pub(super) options: Vec<ChoiceOf>,
}

/// A value of a list.
pub(super) struct ChoiceOf {
    pub(super) value: String,
    pub(super) name: String,
    pub(super) is_chosen: bool,
}

/// The head of a column.
pub(super) struct Heading {
    pub(super) name: &'static str,
    /// Where the rows are sorted by it; none if they cannot be.
    pub(super) url: Option<String>,
    /// `ascending` or `descending`, if they are.
    pub(super) sorted: Option<&'static str>,
    pub(super) is_number: bool,
}

/// Values of a field that has no entry for "all", as they are named on the page.
const WINDOWS: [(&str, &str); 3] = [("30", "Last 30 days"), ("7", "Last 7 days"), ("90", "Last 90 days")];
const HOURS: [(&str, &str); 2] = [("all", "All hours"), ("peak", "Evenings, 19 to 23 h")];
const POLICIES: [(&str, &str); 2] = [("dslreports", "DSLReports"), ("libreqos-2024-12", "LibreQoS, stricter")];
const ORDERS: [(&str, &str); 2] = [("ms", "Increase in ms"), ("share", "Share of good tests")];
const EVIDENCE: [(&str, &str); 4] =
    [("", "All networks"), ("ranked", "Ranked only"), ("below_gate", "Too little evidence"), ("hosting", "Hosting")];

impl Choices {
    pub(super) fn of(visit: &Visit<'_>, cut: &Cut, choice: &Choice<'_>) -> Self {
        let question = &visit.question;
        let is_household = choice.mode == "household";
        let list = |name, label, values: &[(&str, &str)], chosen: &str| List {
            name,
            label,
            options: values.iter().map(|(value, name)| ChoiceOf::new(value, name, chosen)).collect(),
        };
        let country = question.get("country");
        let mut countries = vec![ChoiceOf::new("", "All countries", country.unwrap_or_default())];
        let homes = homes(cut, choice);
        countries.extend(homes.iter().map(|(name, code)| ChoiceOf::new(code, name, country.unwrap_or_default())));
        let mut lists = vec![
            List { name: "country", label: "Country", options: countries },
            list("window", "Period", &WINDOWS, choice.window),
            list("hours", "Hours", &HOURS, choice.hours),
        ];
        if !is_household {
            lists.push(list("order", "Ranked by", &ORDERS, choice.order));
            lists.push(list("policy", "Grades by", &POLICIES, choice.policy));
        }
        lists.push(list("evidence", "Evidence", &EVIDENCE, question.get("evidence").unwrap_or_default()));
        let mode = |value: &'static str, name: &str| Link {
            name: name.to_owned(),
            url: visit.url_with(&[("mode", Some(value)), ("page", None), ("sort", None), ("direction", None)]),
            is_chosen: choice.mode == value,
        };
        let kept = ["mode", "min_votes", "sort", "direction", "limit"].into_iter();
        let usual =
            |name: &str| visit.page.parameters.iter().find(|known| known.name == name).and_then(|known| known.usual);
        let kept = kept.filter_map(|name| Some((name, question.get(name)?.to_owned())));
        Self {
            modes: vec![mode("single", "One user"), mode("household", "A busy household")],
            lists,
            query: question.text("query").to_owned(),
            kept: kept.filter(|(name, value)| usual(name) != Some(value.as_str())).collect(),
            taken: taken(visit, question),
            clear: if is_household { "/rankings?mode=household".to_owned() } else { "/rankings".to_owned() },
            basis: basis(cut, choice),
            home: country.map(|code| country_name(code).to_owned()),
            is_household,
        }
    }

    /// What the page is called.
    pub(super) fn heading(&self) -> String {
        let what = if self.is_household {
            "Networks by how they serve a busy household"
        } else {
            "Networks by latency under load"
        };
        match &self.home {
            Some(home) => format!("{what}: {home}"),
            None => what.to_owned(),
        }
    }

    /// What the page shows, in a sentence or two.
    pub(super) fn description(&self) -> String {
        format!("Which internet providers stay quick while the line is busy. {}", self.basis)
    }
}

impl ChoiceOf {
    fn new(value: &str, name: &str, chosen: &str) -> Self {
        Self { value: value.to_owned(), name: name.to_owned(), is_chosen: value == chosen }
    }
}

/// Names and codes of the home countries of the networks of this ranking.
fn homes(cut: &Cut, choice: &Choice<'_>) -> Vec<(String, String)> {
    let all = cut.rankings.part(&format!("{}/{}/{}", choice.mode, choice.window, choice.hours));
    let countries = all.column("country");
    let known = (0..all.rows()).filter_map(|row| countries.text(row));
    let mut homes: Vec<_> = known.map(|code| (country_name(code).to_owned(), code.to_owned())).collect();
    homes.sort_unstable();
    homes.dedup();
    homes
}

/// In words: by what, when, up to which day.
fn basis(cut: &Cut, choice: &Choice<'_>) -> String {
    let by = match (choice.mode, choice.order) {
        ("household", _) => "Ranked by the share of tests in which a busy household got a grade of A or better",
        (_, "share") => "Ranked by the share of tests with a grade of A or better",
        _ => "Ranked by how much latency grows while the line is busy",
    };
    let when = if choice.hours == "peak" { ", evenings only" } else { "" };
    format!("{by}, over the {} days up to {}{when}.", choice.window, date(cut.document.last_day))
}

/// What is chosen beside the usual.
fn taken(visit: &Visit<'_>, question: &Question) -> Vec<Link> {
    let named = |values: &[(&str, &str)], value: &str| {
        values
            .iter()
            .find(|(known, _)| *known == value)
            .map_or_else(|| value.to_owned(), |(_, name)| (*name).to_owned())
    };
    let mut taken = Vec::new();
    let mut take = |name: &'static str, words: String| {
        let url = visit.url_with(&[(name, None), ("page", None)]);
        taken.push(Link { name: words, url, is_chosen: true });
    };
    if let Some(query) = question.get("query").filter(|query| !query.is_empty()) {
        take("query", format!("“{}”", plain(query)));
    }
    if let Some(code) = question.get("country") {
        take("country", country_name(code).to_owned());
    }
    for (name, values) in [
        ("window", &WINDOWS[..]),
        ("hours", &HOURS),
        ("order", &ORDERS),
        ("policy", &POLICIES),
        ("evidence", &EVIDENCE),
    ] {
        let usual = visit.page.parameters.iter().find(|known| known.name == name).and_then(|known| known.usual);
        if let Some(value) = question.get(name).filter(|value| Some(*value) != usual) {
            take(name, named(values, value));
        }
    }
    if let Some(least) = question.number("min_votes") {
        take("min_votes", format!("At least {}", count(least.try_into().unwrap_or(i64::MAX), "vote")));
    }
    taken
}

/// The heads of the columns; a section that shows its first rows only cannot be sorted on its own.
pub(super) fn headings(
    visit: &Visit<'_>,
    choice: &Choice<'_>,
    sorted: &Question,
    (is_sortable, pace): (bool, Pace),
) -> Vec<Heading> {
    let is_household = choice.mode == "household";
    let mut columns: Vec<(&'static str, Option<&'static str>, bool)> =
        vec![("Rank", Some("rank"), true), ("Network", Some("name"), false), ("Grade", None, false)];
    if !is_household {
        columns.push(("Latency grows by", Some("p50_ms"), true));
    }
    columns.push(("Rank may be", None, false));
    columns.push(("Good tests", Some("share_a_or_better"), true));
    columns.push(("Votes", Some("votes"), true));
    columns.push((pace.heading(), None, false));
    columns.push(("Take care", None, false));
    let (by, direction) = (sorted.text("sort"), sorted.text("direction"));
    let heading = |(name, sort, is_number): (&'static str, Option<&'static str>, bool)| {
        let is_by = sort == Some(by);
        // The first press shows what people look for: the best, the most.
        let first = if matches!(sort, Some("votes" | "share_a_or_better")) { "desc" } else { "asc" };
        let next = match (is_by, direction) {
            (true, "asc") => "desc",
            (true, _) => "asc",
            (false, _) => first,
        };
        let url = |sort| visit.url_with(&[("sort", Some(sort)), ("direction", Some(next)), ("page", None)]);
        let word = if direction == "desc" { "descending" } else { "ascending" };
        Heading { name, url: sort.filter(|_| is_sortable).map(url), sorted: is_by.then_some(word), is_number }
    };
    columns.into_iter().map(heading).collect()
}
