//! Writes SVG: elements with classes and coordinates, and texts that are escaped. Nothing else makes [`Marks`] or [`Cell`]s.

use std::fmt::{Display, Write as _};

use askama::filters::{Html, escape};

use super::{Cell, Marks};

/// Elements that were drawn.
#[derive(Debug, Clone, Default)]
pub(super) struct Ink(String);

impl Ink {
    /// A box: x, y, width and height.
    pub(super) fn rect(&mut self, class: &str, [x, y, width, height]: [f64; 4]) {
        let [x, y, width, height] = [x, y, width.max(0.0), height.max(0.0)].map(px);
        self.put(format_args!("<rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\"/>"));
    }

    /// A line from a place to another.
    pub(super) fn line(&mut self, class: &str, from: (f64, f64), to: (f64, f64)) {
        let [x1, y1, x2, y2] = [from.0, from.1, to.0, to.1].map(px);
        self.put(format_args!("<line class=\"{class}\" x1=\"{x1}\" y1=\"{y1}\" x2=\"{x2}\" y2=\"{y2}\"/>"));
    }

    /// Lines through these places.
    pub(super) fn polyline(&mut self, class: &str, places: &[(f64, f64)]) {
        self.put(format_args!("<polyline class=\"{class}\" points=\"{}\"/>", points(places)));
    }

    /// The area between these places.
    pub(super) fn polygon(&mut self, class: &str, places: &[(f64, f64)]) {
        self.put(format_args!("<polygon class=\"{class}\" points=\"{}\"/>", points(places)));
    }

    /// A circle.
    pub(super) fn circle(&mut self, class: &str, (x, y): (f64, f64), radius: f64) {
        let [x, y, radius] = [x, y, radius].map(px);
        self.put(format_args!("<circle class=\"{class}\" cx=\"{x}\" cy=\"{y}\" r=\"{radius}\"/>"));
    }

    /// The mark of the series with this number: a circle, a triangle, a square or a diamond.
    pub(super) fn dot(&mut self, series: usize, (x, y): (f64, f64)) {
        let class = format!("dot s{}", series % SERIES);
        match series % SERIES {
            0 => self.circle(&class, (x, y), 3.5),
            1 => self.polygon(&class, &[(x, y - 4.8), (x - 4.4, y + 3.4), (x + 4.4, y + 3.4)]),
            2 => self.rect(&class, [x - 3.3, y - 3.3, 6.6, 6.6]),
            _ => self.polygon(&class, &[(x, y - 5.0), (x - 5.0, y), (x, y + 5.0), (x + 5.0, y)]),
        }
    }

    /// Words. The class says where they begin, end or have their middle.
    pub(super) fn text(&mut self, class: &str, (x, y): (f64, f64), words: &str) {
        let ([x, y], words) = ([x, y].map(px), escaped(words));
        self.put(format_args!("<text class=\"{class}\" x=\"{x}\" y=\"{y}\">{words}</text>"));
    }

    /// Words from below to above, with their middle here.
    pub(super) fn text_upwards(&mut self, class: &str, (x, y): (f64, f64), words: &str) {
        let ([x, y], words) = ([x, y].map(px), escaped(words));
        self.put(format_args!("<text class=\"{class}\" transform=\"translate({x} {y}) rotate(-90)\">{words}</text>"));
    }

    /// Marks that say something when they are pointed at.
    pub(super) fn told(&mut self, tip: &str, draw: impl FnOnce(&mut Self)) {
        self.put(format_args!("<g class=\"told\"><title>{}</title>", escaped(tip)));
        draw(self);
        self.0.push_str("</g>");
    }

    /// What was drawn.
    pub(super) fn marks(self) -> Marks {
        Marks(self.0)
    }

    /// What was drawn as a picture of its own, whose words are its label.
    pub(super) fn cell(self, class: &str, width: f64, height: f64, label: &str) -> Cell {
        let ([width, height], label, marks) = ([width, height].map(px), escaped(label), self.0);
        Cell(format!(
            "<svg class=\"{class}\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" role=\"img\" \
             aria-label=\"{label}\">{marks}</svg>"
        ))
    }

    /// What was drawn as a picture beside words that say the same.
    pub(super) fn ornament(self, class: &str, width: f64, height: f64) -> Cell {
        let ([width, height], marks) = ([width, height].map(px), self.0);
        Cell(format!(
            "<svg class=\"{class}\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" \
             aria-hidden=\"true\">{marks}</svg>"
        ))
    }

    fn put(&mut self, element: std::fmt::Arguments<'_>) {
        // A String takes all.
        _ = self.0.write_fmt(element);
    }
}

/// Series that have looks of their own.
pub(super) const SERIES: usize = 4;

/// Tenths of a pixel are enough.
pub(super) fn px(value: f64) -> String {
    let tenths = format!("{value:.1}");
    match tenths.strip_suffix(".0") {
        Some("-0") => "0".to_owned(),
        Some(whole) => whole.to_owned(),
        None => tenths,
    }
}

fn points(places: &[(f64, f64)]) -> String {
    places.iter().map(|(x, y)| format!("{},{}", px(*x), px(*y))).collect::<Vec<_>>().join(" ")
}

fn escaped(text: &str) -> impl Display {
    let Ok(escaped) = escape(text, Html);
    escaped
}
