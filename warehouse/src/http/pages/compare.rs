//! `/compare`: up to four networks side by side, by the same figures as in the ranking.
//!
//! Each field of the form takes a number or a name. A name that only one network has becomes its number; if several have
//! it, the page asks which one is meant. What is compared is part of the URL.

mod facts;

use askama::Template;

use self::facts::{Fact, Member};
use super::chart::Chart;
use super::figures::plain;
use super::frame::Frame;
use super::rankings::course::Pace;
use super::subject::{self, Subject, Told, WINDOW_DAYS};
use super::trouble::Trouble;
use super::visit::{Reply, Visit};
use crate::cut::Cut;
use crate::http::v1::question::{Parameter, Question, Values};
use crate::http::v1::search::{find, hits};
use crate::http::v1::{asn, nouns};

/// The page.
pub(super) const PATH: &str = "/compare";

/// A field for a network.
const FIELD: Parameter = Parameter {
    name: "a",
    values: Values::Text(100),
    usual: None,
    meaning: "A network: AS64500, as64500, 64500, or a name.",
};

/// What can be chosen.
pub(super) const PARAMETERS: &[Parameter] = &[
    FIELD,
    Parameter { name: "b", ..FIELD },
    Parameter { name: "c", ..FIELD },
    Parameter { name: "d", ..FIELD },
    nouns::WINDOW,
];

/// Names of the fields.
const FIELDS: [&str; 4] = ["a", "b", "c", "d"];

/// Networks that are offered where a name fits several.
const MAX_OFFERED: usize = 8;

#[derive(Template)]
#[template(path = "compare.html")]
struct ComparePage {
    frame: Frame,
    fields: Vec<Field>,
    windows: Vec<(&'static str, String, bool)>,
    window: String,
    members: Vec<Member>,
    facts: Vec<Fact>,
    /// Who is surely quicker than whom.
    verdicts: Vec<String>,
    /// How tests spread, grades, how it went, and the evening: of the last 30 days, whatever is chosen.
    charts: Vec<Chart>,
}

/// A field of the form.
struct Field {
    name: &'static str,
    number: usize,
    text: String,
    /// What is wrong with the text, if something is.
    fault: Option<String>,
    /// Networks that may be meant: name, number, URL that chooses it.
    offered: Vec<(String, i64, String)>,
}

/// What a field says.
enum Named {
    Nothing,
    Known(i64),
    Unknown,
    Several(Vec<(String, i64)>),
}

/// Numbers in one spelling, each once, in the first fields.
pub(super) fn settle(question: Question) -> Question {
    let mut texts: Vec<String> = Vec::new();
    for field in FIELDS {
        let Some(text) = question.get(field) else { continue };
        let text = asn::parse(text).map_or_else(|| text.to_owned(), |number| number.to_string());
        if !texts.contains(&text) {
            texts.push(text);
        }
    }
    let mut texts = texts.into_iter();
    FIELDS.into_iter().fold(question, |question, field| question.with(field, texts.next().as_deref()))
}

/// Draws the page.
pub(super) fn draw(visit: &Visit<'_>) -> Result<Reply, Trouble> {
    let cut = visit.cut()?;
    let named: Vec<Named> = FIELDS.iter().map(|field| name(cut, visit.question.get(field))).collect();
    let mut resolved = visit.question.clone();
    for (field, named) in FIELDS.into_iter().zip(&named) {
        if let Named::Known(number) = named {
            resolved = resolved.with(field, Some(&number.to_string()));
        }
    }
    let resolved = super::visit::url(PATH, PARAMETERS, &settle(resolved));
    if resolved != visit.url() {
        return Ok(Reply::Moved(resolved));
    }
    let window = visit.question.text("window").to_owned();
    let known = named.iter().filter_map(|named| if let Named::Known(number) = named { Some(*number) } else { None });
    let members: Vec<Member> = known.filter_map(|number| Member::of(cut, number, &window)).collect();
    let title = title(&members);
    let frame =
        Frame::of(visit, title, "Up to four internet providers side by side: latency under load, grades, evidence.");
    let page = ComparePage {
        frame,
        fields: FIELDS
            .into_iter()
            .zip(named)
            .enumerate()
            .map(|(at, (field, named))| ask(visit, at, field, named))
            .collect(),
        windows: ["7", "30", "90"].map(|days| (days, format!("Last {days} days"), days == window)).into(),
        facts: facts::facts(&members),
        charts: charts(cut, &members)?,
        verdicts: facts::verdicts(&members),
        members,
        window,
    };
    page.render().map(Reply::Html).map_err(|error| Trouble::not_drawn(&error))
}

/// The charts in which all members stand; what nobody has is left out.
fn charts(cut: &Cut, members: &[Member]) -> Result<Vec<Chart>, Trouble> {
    let subjects: Vec<Subject> =
        members.iter().map(|member| Subject::new(format!("AS{}", member.asn), member.name.clone())).collect();
    let own = |subject: &Subject| {
        let rows = cut.rankings.part(&format!("single/{WINDOW_DAYS}/all"));
        let number = subject.key.trim_start_matches("AS").parse::<i64>().ok();
        let asns = rows.column("asn");
        let row = (0..rows.rows()).find(|row| asns.int(*row) == number)?;
        Told::first(&rows.slice(row..row + 1))
    };
    let graded: Vec<_> = subjects.iter().map(|subject| (subject.name.clone(), own(subject))).collect();
    let period = Pace::of(cut, "single")?.period();
    let charts = [
        subject::grades("Grades", &graded),
        subject::evening(cut, &subjects),
        subject::spread(cut, &subjects),
        subject::trend(cut, "course", "single", period, &subjects)?,
    ];
    Ok(charts.into_iter().flatten().collect())
}

fn title(members: &[Member]) -> String {
    let names: Vec<&str> = members.iter().map(|member| member.name.as_str()).collect();
    match names.as_slice() {
        [] => "Compare providers".to_owned(),
        [one] => format!("Compare {one} with others"),
        [before @ .., last] => format!("{} and {last} compared", before.join(", ")),
    }
}

/// The network that a text means.
fn name(cut: &Cut, text: Option<&str>) -> Named {
    let Some(text) = text else { return Named::Nothing };
    let all = cut.rankings.all();
    let (asns, names, modes) = (all.column("asn"), all.column("name"), all.column("mode"));
    let hits = hits(&asns, &modes, find(all, text));
    match hits.as_slice() {
        [] => Named::Unknown,
        [only] => Named::Known(only.asn),
        [first, ..] if asn::parse(text).map(i64::from) == Some(first.asn) => Named::Known(first.asn),
        several => {
            let offer = |hit: &crate::http::v1::search::Hit<'_>| {
                (names.text(hit.row).map_or_else(|| format!("AS{}", hit.asn), plain), hit.asn)
            };
            Named::Several(several.iter().take(MAX_OFFERED).map(offer).collect())
        }
    }
}

/// The field as it is drawn.
fn ask(visit: &Visit<'_>, at: usize, name: &'static str, named: Named) -> Field {
    let text = visit.question.text(name).to_owned();
    let (fault, offered) = match named {
        Named::Unknown => {
            (Some("No listed network fits. Networks with too few tests are not listed.".to_owned()), Vec::new())
        }
        Named::Several(several) => (Some("Several networks fit. Which one is meant?".to_owned()), several),
        Named::Nothing | Named::Known(_) => (None, Vec::new()),
    };
    let url = |number: i64| visit.url_with(&[(name, Some(&number.to_string()))]);
    let offered = offered.into_iter().map(|(network, number)| (network, number, url(number))).collect();
    Field { name, number: at + 1, text, fault, offered }
}
