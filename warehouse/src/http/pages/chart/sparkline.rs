//! A line the size of a word: how a figure went.

use super::Cell;
use super::axis::Scale;
use super::ink::Ink;
use super::trend::Unit;

/// Size of the picture.
const WIDTH: f64 = 100.0;
const HEIGHT: f64 = 24.0;

/// The line through these figures, oldest first; a period without votes is a gap. None without any.
pub(in crate::http::pages) fn sparkline(figures: &[Option<f64>], unit: Unit) -> Option<Cell> {
    let known: Vec<(usize, f64)> =
        figures.iter().enumerate().filter_map(|(at, figure)| Some((at, (*figure)?))).collect();
    let (first, last) = (known.first()?, known.last()?);
    let highest = known.iter().map(|(_, figure)| *figure).fold(unit.least_top(), f64::max);
    let number = |at: usize| at as f64;
    let across = Scale { numbers: (0.0, number(figures.len() - 1)), places: (4.0, WIDTH - 4.0) };
    let up = Scale { numbers: (0.0, highest), places: (HEIGHT - 3.0, 4.0) };
    let place = |(at, figure): &(usize, f64)| (across.at(number(*at)), up.at(*figure));
    let mut ink = Ink::default();
    ink.line("track", (4.0, HEIGHT - 2.0), (WIDTH - 4.0, HEIGHT - 2.0));
    for run in known.chunk_by(|(before, _), (at, _)| *at == before + 1) {
        let places: Vec<_> = run.iter().map(place).collect();
        ink.polyline("trace s0", &places);
    }
    ink.dot(0, place(last));
    let label = if known.len() == 1 {
        format!("One period only: {}.", unit.told(last.1))
    } else {
        format!("From {} to {} in {} periods.", unit.told(first.1), unit.told(last.1), figures.len())
    };
    Some(ink.cell("sparkline", WIDTH, HEIGHT, &label))
}
