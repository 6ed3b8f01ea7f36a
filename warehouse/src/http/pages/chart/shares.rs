//! Grades by share: a bar of the whole for each subject, divided at the letters from A+ to F.

use super::axis::Scale;
use super::grades::{GradeVotes, LETTERS};
use super::ink::Ink;
use super::{Chart, Size, Table, drawings};
use crate::http::pages::figures::{count, percent};

/// Height of a subject: its name, its bar, and room.
const ROW: f64 = 58.0;
const BAR: f64 = 28.0;

/// A part as narrow as this has no letter, one narrower than the other no percentage.
const MIN_LETTER: f64 = 15.0;
const MIN_PERCENT: f64 = 58.0;

/// A subject and its votes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::http::pages) struct Shares {
    pub(in crate::http::pages) name: String,
    pub(in crate::http::pages) votes: GradeVotes,
}

/// The chart of these subjects, or none if nobody has a vote.
pub(in crate::http::pages) fn shares(id: &'static str, title: &str, subjects: &[Shares]) -> Option<Chart> {
    if subjects.iter().all(|subject| subject.votes.total() == 0) {
        return None;
    }
    Some(Chart {
        id,
        title: title.to_owned(),
        words: subjects.iter().map(describe).collect::<Vec<_>>().join(" "),
        legend: Vec::new(),
        drawings: drawings(|size| draw(size, subjects)),
        table: table(subjects),
    })
}

fn draw(size: Size, subjects: &[Shares]) -> (f64, Ink) {
    let mut ink = Ink::default();
    let across = Scale { numbers: (0.0, 1.0), places: (1.0, size.width - 1.0) };
    let mut top = 0.0;
    for subject in subjects {
        ink.text("name", (1.0, top + 15.0), &subject.name);
        ink.text("tick end", (size.width - 1.0, top + 15.0), &count(subject.votes.total(), "vote"));
        match subject.votes.shares() {
            None => ink.text("tick", (1.0, top + 21.0 + BAR / 2.0), "no votes"),
            Some(shares) => draw_bar(&mut ink, &across, top + 21.0, &subject.name, shares),
        }
        top += ROW;
    }
    for (at, mark) in [0.0, 0.25, 0.5, 0.75, 1.0].into_iter().enumerate() {
        let class = ["tick", "tick middle", "tick middle", "tick middle", "tick end"][at];
        ink.text(class, (across.at(mark), top + 8.0), &percent(mark));
    }
    ink.text("unit", (size.width / 2.0, top + 25.0), "share of votes");
    (top + 31.0, ink)
}

fn draw_bar(ink: &mut Ink, across: &Scale, top: f64, name: &str, shares: [f64; 6]) {
    let mut reached = 0.0;
    for ((letter, class), share) in LETTERS.iter().zip(shares) {
        let (begin, end) = (across.at(reached), across.at(reached + share));
        reached += share;
        if share <= 0.0 {
            continue;
        }
        ink.told(&format!("{name}, grade {letter}: {}", percent(share)), |ink| {
            ink.rect(&format!("part {class}"), [begin, top, end - begin, BAR]);
            let label = match end - begin {
                width if width >= MIN_PERCENT => format!("{letter} {}", percent(share)),
                width if width >= MIN_LETTER => (*letter).to_owned(),
                _ => return,
            };
            ink.text(&format!("letter middle on-{class}"), (f64::midpoint(begin, end), top + BAR / 2.0 + 4.5), &label);
        });
    }
}

fn describe(subject: &Shares) -> String {
    let Some(shares) = subject.votes.shares() else { return format!("{}: no votes.", subject.name) };
    let told = LETTERS.iter().zip(shares).filter(|(_, share)| *share > 0.0);
    let told = told.map(|((letter, _), share)| format!("{letter} {}", percent(share))).collect::<Vec<_>>();
    format!("{}: of {}, {}.", subject.name, count(subject.votes.total(), "vote"), told.join(", "))
}

fn table(subjects: &[Shares]) -> Table {
    let head = std::iter::once("Of").chain(LETTERS.iter().map(|(letter, _)| *letter)).chain(["Votes"]);
    let rows = subjects.iter().map(|subject| {
        let mut row = vec![subject.name.clone()];
        match subject.votes.shares() {
            Some(shares) => row.extend(shares.map(percent)),
            None => row.extend(LETTERS.map(|_| "none".to_owned())),
        }
        row.push(count(subject.votes.total(), "vote"));
        row
    });
    Table { head: head.map(str::to_owned).collect(), rows: rows.collect() }
}
