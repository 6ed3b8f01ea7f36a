//! `histograms`: how votes spread over each latency increase, in coarse bins: those of `latencies`, row for row.

use super::contest::WindowFigures;
use super::{Row, row};
use crate::cell::Cell;
use crate::inputs::Bins;
use crate::words::TestType;

/// Lower edges after which the columns are named, in ms.
const NAMED_MS: [i64; 18] = [0, 5, 10, 15, 20, 25, 30, 40, 50, 60, 75, 100, 150, 200, 300, 400, 600, 1_000];

/// The rows of a window.
pub(super) fn rows(window: &WindowFigures<'_>) -> Vec<Row> {
    let bins = &window.inputs.bins;
    let edges = NAMED_MS.map(|ms| bins.edge_nearest_to(100 * ms));
    let told = window.sums.bins.iter().filter(|(_, counts)| counts.votes() >= window.inputs.parameters.listed_votes);
    told.map(|((hours, quantity, subject), counts)| {
        let mut row: Row = row![
            TestType::Single.name(),
            window.days,
            hours.name(),
            subject.to_string(),
            quantity.name(),
            counts.votes(),
        ];
        row.extend(coarse(bins, &edges, counts.iter()).map(Cell::from));
        row
    })
    .collect()
}

/// Votes from each edge to the next one.
fn coarse<const N: usize>(bins: &Bins, edges: &[i64; N], votes: impl Iterator<Item = (u16, i64)>) -> [i64; N] {
    let mut coarse = [0; N];
    for (bin, votes) in votes {
        let lower = bins.get(bin).map_or(i64::MAX, |bin| bin.lower);
        let after = edges.partition_point(|edge| *edge <= lower);
        coarse[after.saturating_sub(1)] += votes;
    }
    coarse
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inputs::samples::bins;

    // Aim: what lies at an edge counts above it; edges that no bin has are the nearest ones, by hand from bins.csv.
    #[test]
    fn votes_go_where_their_bin_begins() {
        let bins = bins();
        assert_eq!([500, 1_000, 4_000, 30_000].map(|edge| bins.edge_nearest_to(edge)), [500, 997, 4_030, 29_708]);
        let at = |hundredths| (bins.of(hundredths).unwrap(), 1);
        let votes = [0, 499, 500, 996, 997, 1_500, 40_000, 9_999_999].map(at);
        assert_eq!(coarse(&bins, &[0, 500, 997, 40_000], votes.into_iter()), [2, 2, 2, 2]);
    }
}
