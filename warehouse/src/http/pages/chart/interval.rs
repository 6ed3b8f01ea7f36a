//! A place in a ranking with the places between which it surely lies: a bar on an axis that all rows of a table share, so
//! that networks which cannot be told apart have bars above each other.

use super::Cell;
use super::axis::Scale;
use super::ink::Ink;
use crate::http::pages::figures::whole;

/// Size of the picture.
const WIDTH: f64 = 120.0;
const HEIGHT: f64 = 16.0;

/// Narrowest bar that is seen.
const MIN_BAR: f64 = 3.0;

/// The bar of this place, from best to worst end, among so many.
pub(in crate::http::pages) fn interval(rank: i64, low: i64, high: i64, of: i64) -> Cell {
    let number = |place: i64| place as f64;
    let last = of.max(high).max(1);
    let scale = Scale { numbers: (1.0, number(last)), places: (4.0, WIDTH - 4.0) };
    let [rank_at, low_at, high_at] = [rank, low, high].map(|place| scale.at(number(place)));
    let mut ink = Ink::default();
    ink.line("track", (4.0, HEIGHT / 2.0), (WIDTH - 4.0, HEIGHT / 2.0));
    let width = (high_at - low_at).max(MIN_BAR);
    let begin = low_at.min(WIDTH - 4.0 - width);
    ink.rect("span", [begin, HEIGHT / 2.0 - 4.0, width, 8.0]);
    ink.line("place", (rank_at, 1.0), (rank_at, HEIGHT - 1.0));
    let label = if low == high {
        format!("Place {} of {}.", whole(rank), whole(last))
    } else {
        format!("Place {} of {}, surely between {} and {}.", whole(rank), whole(last), whole(low), whole(high))
    };
    ink.cell("interval", WIDTH, HEIGHT, &label)
}
