//! A line the size of a word: how a median went.

use super::Cell;
use super::axis::Scale;
use super::ink::Ink;
use crate::http::pages::figures::ms;

/// Size of the picture.
const WIDTH: f64 = 100.0;
const HEIGHT: f64 = 24.0;

/// The axis reaches at least so far, in ms, so that a quiet line looks quiet.
const MIN_TOP_MS: f64 = 10.0;

/// The line through these medians in ms, oldest first; a period without votes is a gap. None without any.
pub(in crate::http::pages) fn sparkline(medians: &[Option<f64>]) -> Option<Cell> {
    let known: Vec<(usize, f64)> =
        medians.iter().enumerate().filter_map(|(at, median)| Some((at, (*median)?))).collect();
    let (first, last) = (known.first()?, known.last()?);
    let highest = known.iter().map(|(_, median)| *median).fold(MIN_TOP_MS, f64::max);
    let number = |at: usize| at as f64;
    let across = Scale { numbers: (0.0, number(medians.len() - 1)), places: (4.0, WIDTH - 4.0) };
    let up = Scale { numbers: (0.0, highest), places: (HEIGHT - 3.0, 4.0) };
    let place = |(at, median): &(usize, f64)| (across.at(number(*at)), up.at(*median));
    let mut ink = Ink::default();
    ink.line("track", (4.0, HEIGHT - 2.0), (WIDTH - 4.0, HEIGHT - 2.0));
    for run in known.chunk_by(|(before, _), (at, _)| *at == before + 1) {
        let places: Vec<_> = run.iter().map(place).collect();
        ink.polyline("trace s0", &places);
    }
    ink.dot(0, place(last));
    let label = if known.len() == 1 {
        format!("One period only: {}.", ms(last.1))
    } else {
        format!("From {} to {} in {} periods.", ms(first.1), ms(last.1), medians.len())
    };
    Some(ink.cell("sparkline", WIDTH, HEIGHT, &label))
}
