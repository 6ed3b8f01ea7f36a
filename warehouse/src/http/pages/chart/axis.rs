//! Axes: where a number lies, and which round numbers stand at the marks.

use super::Size;
use super::ink::Ink;

/// Most marks of an axis beside that of 0.
const MOST_MARKS: f64 = 5.0;

/// Numbers laid on a line.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Scale {
    /// Numbers at the ends.
    pub(super) numbers: (f64, f64),
    /// Their places.
    pub(super) places: (f64, f64),
}

impl Scale {
    /// Where a number lies; all lie in the middle if the ends are equal.
    pub(super) fn at(&self, number: f64) -> f64 {
        let ((from, to), (begin, end)) = (self.numbers, self.places);
        let part = if (to - from).abs() < f64::EPSILON { 0.5 } else { (number - from) / (to - from) };
        begin + (end - begin) * part.clamp(0.0, 1.0)
    }
}

/// Round numbers from 0 on that reach so far at least: their distance, and the last one.
pub(super) fn round_marks(highest: f64) -> (f64, f64) {
    let highest = if highest.is_finite() { highest.max(1e-6) } else { 1.0 };
    let mut step = 10_f64.powf((highest / MOST_MARKS).log10().floor());
    for factor in [2.0, 2.5, 2.0].into_iter().cycle() {
        if highest <= step * MOST_MARKS {
            break;
        }
        step *= factor;
    }
    (step, (highest / step).ceil() * step)
}

/// The marks from 0 to the last one.
pub(super) fn marks(step: f64, last: f64) -> impl Iterator<Item = f64> {
    let count = (last / step).round().clamp(0.0, 20.0) as u8;
    (0..=count).map(move |number| f64::from(number) * step)
}

/// A plot's frame: places of its edges.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Plot {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) right: f64,
    pub(super) bottom: f64,
}

impl Plot {
    /// Lines across the plot with their numbers left of it, and the unit beside them.
    pub(super) fn up_axis(&self, ink: &mut Ink, scale: &Scale, step: f64, unit: &str, label: impl Fn(f64) -> String) {
        for mark in marks(step, scale.numbers.1) {
            let y = scale.at(mark);
            ink.line("grid", (self.left, y), (self.right, y));
            ink.text("tick end", (self.left - 6.0, y + 4.0), &label(mark));
        }
        ink.text_upwards("unit", (11.0, f64::midpoint(self.top, self.bottom)), unit);
    }

    /// Words below the plot that name its lower axis.
    pub(super) fn low_unit(&self, ink: &mut Ink, y: f64, unit: &str) {
        ink.text("unit", (f64::midpoint(self.left, self.right), y), unit);
    }
}

/// Those of these labels, each with the place of its middle, that do not touch the one before, moved to where they end inside of
/// the drawing.
pub(super) fn without_touching(labels: Vec<(f64, String)>, size: Size) -> Vec<(f64, String)> {
    let mut free_from = f64::MIN;
    let mut kept = Vec::new();
    for (place, label) in labels {
        let half = size.letter * label.chars().count() as f64 / 2.0;
        let place = place.min(size.width - half);
        if place - half >= free_from {
            free_from = place + half + size.letter;
            kept.push((place, label));
        }
    }
    kept
}
