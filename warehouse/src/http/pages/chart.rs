//! Charts: pure functions from numbers to a picture with its words. Nothing here knows of requests, cuts or pages.
//!
//! A [`Chart`] is a figure: an SVG image in two sizes, of which the style sheet shows the one that fits, its text in words,
//! a legend, and the table that says the same. A [`Cell`] is a picture inside a line or a table cell, whose words are its
//! label. Both are written by [`ink::Ink`], which escapes every text, so that templates take them as they are. Colours are
//! classes, so that dark mode and paper have their own; a shape, a dash or a letter always says the same as a colour.

mod axis;

mod grades;

mod histogram;

mod homes;

mod ink;

mod interval;

mod peak;

mod shares;

mod sparkline;

mod trend;

#[cfg(test)]
mod tests;

use std::fmt;

use askama::Template;
use askama::filters::HtmlSafe;

pub(super) use self::grades::{GradeVotes, LETTERS};
pub(super) use self::histogram::{BINS, Distribution, EDGES_MS, Panel, histogram};
pub(super) use self::homes::MEANINGS;
pub(super) use self::homes::homes;
pub(super) use self::interval::interval;
pub(super) use self::peak::{Hours, peak};
pub(super) use self::shares::{Shares, shares};
pub(super) use self::sparkline::sparkline;
pub(super) use self::trend::{Line, Moment, Unit, trend};

/// A chart with all that it says.
#[derive(Debug, Clone, PartialEq, Template)]
#[template(path = "chart/figure.html")]
pub(super) struct Chart {
    /// Begins the ids of its parts; no two charts of a page have the same.
    pub(super) id: &'static str,
    pub(super) title: String,
    /// The chart in words.
    pub(super) words: String,
    legend: Vec<Key>,
    drawings: Vec<Drawing>,
    table: Table,
}

/// What a mark stands for.
#[derive(Debug, Clone, PartialEq)]
struct Key {
    /// The mark itself, as a picture.
    mark: Cell,
    meaning: String,
}

/// The chart in one size.
#[derive(Debug, Clone, PartialEq)]
struct Drawing {
    size: &'static str,
    /// `0 0 640 300`.
    view_box: String,
    marks: Marks,
}

/// The chart's numbers.
#[derive(Debug, Clone, PartialEq, Default)]
struct Table {
    head: Vec<String>,
    /// The first cell of a row is its name.
    rows: Vec<Vec<String>>,
}

/// Finished SVG elements: only [`ink::Ink`] makes them.
#[derive(Debug, Clone, PartialEq, Default)]
struct Marks(String);

/// A small picture within a line, with its words.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Cell(String);

impl fmt::Display for Marks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

// Written by `Ink` and by the template of a figure, which escape.
impl HtmlSafe for Marks {}
impl HtmlSafe for Cell {}
impl HtmlSafe for Chart {}

/// A size in which charts are drawn, in units of the drawing.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Size {
    name: &'static str,
    width: f64,
    /// Height of a plain plot with its axes.
    height: f64,
    /// Width of a letter of its texts, about.
    letter: f64,
}

/// For columns with room, and for paper.
const WIDE: Size = Size { name: "wide", width: 640.0, height: 300.0, letter: 7.7 };

/// For phones and narrow columns.
const NARROW: Size = Size { name: "narrow", width: 340.0, height: 240.0, letter: 7.1 };

/// Both sizes of a chart: `draw` gives the height and the marks of one.
fn drawings(draw: impl Fn(Size) -> (f64, ink::Ink)) -> Vec<Drawing> {
    let one = |size: Size| {
        let (height, ink) = draw(size);
        Drawing {
            size: size.name,
            view_box: format!("0 0 {} {}", ink::px(size.width), ink::px(height)),
            marks: ink.marks(),
        }
    };
    [WIDE, NARROW].map(one).into()
}

/// A row of a table from texts and numbers that are texts already.
fn row<const N: usize>(cells: [&str; N]) -> Vec<String> {
    cells.map(str::to_owned).into()
}
