//! A hundred tests as squares, each with its letter: what a journalist grasps at once.

use super::grades::{GradeVotes, LETTERS};
use super::ink::Ink;
use super::{Chart, NARROW, Size, Table, drawings, row};
use crate::http::pages::figures::{count, percent};

/// What a grade of the default policy means at home.
pub(in crate::http::pages) const MEANINGS: [&str; 6] = [
    "no delay that anybody notices",
    "games and calls stay smooth",
    "calls go well, games feel slow at times",
    "calls stutter while something is loaded",
    "calls break up while something is loaded",
    "nothing else works while something is loaded",
];

/// The chart of these votes, or none without votes.
pub(in crate::http::pages) fn homes(id: &'static str, title: &str, votes: GradeVotes) -> Option<Chart> {
    let (parts, shares) = (votes.of_hundred()?, votes.shares()?);
    let told = LETTERS.iter().zip(parts).zip(MEANINGS).filter(|((_, part), _)| *part > 0);
    let told = told.map(|(((letter, _), part), meaning)| format!("{part} get {letter} ({meaning})"));
    let rows = LETTERS.iter().zip(MEANINGS).zip(votes.0.iter().zip(shares));
    let rows = rows.map(|(((letter, _), meaning), (votes, share))| {
        row([letter, meaning, &percent(share), &count(*votes, "vote")])
    });
    Some(Chart {
        id,
        title: title.to_owned(),
        words: format!("Of 100 tests {}.", told.collect::<Vec<_>>().join(", ")),
        legend: Vec::new(),
        drawings: drawings(|size| draw(size, parts)),
        table: Table { head: row(["Grade", "What it means at home", "Share", "Votes"]), rows: rows.collect() },
    })
}

fn draw(size: Size, parts: [u8; 6]) -> (f64, Ink) {
    let across = if size == NARROW { 10 } else { 20 };
    let side = size.width / f64::from(across);
    let letters = LETTERS.iter().zip(parts).flat_map(|(letter, part)| std::iter::repeat_n(letter, usize::from(part)));
    let mut ink = Ink::default();
    for (place, (letter, class)) in (0_u8..).zip(letters) {
        let (x, y) = (f64::from(place % across) * side, f64::from(place / across) * side);
        ink.rect(&format!("part {class}"), [x + 1.5, y + 1.5, side - 3.0, side - 3.0]);
        ink.text(&format!("letter middle on-{class}"), (x + side / 2.0, y + side / 2.0 + 4.5), letter);
    }
    (side * f64::from(100 / across), ink)
}
