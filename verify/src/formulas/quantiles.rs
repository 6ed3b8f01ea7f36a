//! Median and 95th percentile of counted votes, each between two order statistics.

use crate::counts::Counts;
use crate::inputs::Bins;

/// A quantile with its 95 % interval, in hundredths of a ms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quantile {
    /// The middle of the bin in which its vote lies.
    pub at: i64,
    /// Lower edge of the bin of the interval's first vote.
    pub low: i64,
    /// Upper edge of the bin of the interval's last vote.
    pub high: i64,
}

/// What is told of a latency increase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Latency {
    /// Votes.
    pub votes: i64,
    /// Votes of exactly 0 ms.
    pub zero_votes: i64,
    /// Votes in the bin that holds most.
    pub fullest_bin_votes: i64,
    /// The median.
    pub p50: Quantile,
    /// The 95th percentile; none below its gate.
    pub p95: Option<Quantile>,
}

/// Standard errors of a 95 % interval.
const Z: f64 = 1.96;

impl Latency {
    /// Of these votes; none without votes, or if a bin is not known.
    #[must_use]
    pub fn of(counts: &Counts, bins: &Bins, p95_votes: i64) -> Option<Self> {
        let n = counts.votes();
        if n <= 0 {
            return None;
        }
        let votes = n as f64;
        let reach = Z * votes.sqrt();
        let p50 = Quantile {
            at: bins.get(bin_at(counts, |reached| 2 * reached >= n)?)?.mid,
            low: bins.get(at_place(counts, ((votes - reach) / 2.0).floor())?)?.lower,
            high: bins.get(at_place(counts, (((votes + reach) / 2.0).ceil() + 1.0).min(votes))?)?.upper - 1,
        };
        let (middle, reach) = ((95 * n) as f64 / 100.0, Z * ((475 * n) as f64 / 10_000.0).sqrt());
        let p95 = Quantile {
            at: bins.get(bin_at(counts, |reached| 100 * reached >= 95 * n)?)?.mid,
            low: bins.get(at_place(counts, (middle - reach).floor())?)?.lower,
            high: bins.get(at_place(counts, ((middle + reach).ceil() + 1.0).min(votes))?)?.upper - 1,
        };
        Some(Self {
            votes: n,
            zero_votes: counts.iter().filter(|(bin, _)| *bin == 0).map(|(_, votes)| votes).sum(),
            fullest_bin_votes: counts.iter().map(|(_, votes)| votes).max()?,
            p50,
            p95: (n >= p95_votes).then_some(p95),
        })
    }
}

/// The first bin with which so many votes are reached.
fn bin_at(counts: &Counts, is_reached: impl Fn(i64) -> bool) -> Option<u16> {
    let mut reached = 0;
    counts.iter().find_map(|(bin, votes)| {
        reached += votes;
        is_reached(reached).then_some(bin)
    })
}

/// The bin of the vote at this place; places before the first are the first.
fn at_place(counts: &Counts, place: f64) -> Option<u16> {
    bin_at(counts, |reached| reached as f64 >= place.max(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inputs::samples::bins;

    // Aim: of a hundred votes the median lies between the 40th and the 61st, as the methodology's example says.
    #[test]
    fn the_interval_of_a_hundred_votes_runs_from_the_40th_to_the_61st() {
        let (bins, each) = (bins(), |bin: u16| (bin, 1));
        let told = Latency::of(&(1..=100).map(each).collect(), &bins, 300).unwrap();
        let edges = |bin| (bins.get(bin).unwrap().lower, bins.get(bin).unwrap().mid, bins.get(bin).unwrap().upper);
        assert_eq!((told.p50.low, told.p50.at, told.p50.high), (edges(40).0, edges(50).1, edges(61).2 - 1));
        assert_eq!((told.votes, told.zero_votes, told.fullest_bin_votes, told.p95), (100, 0, 1, None));
    }

    // Aim: the worked example's medians, and a percentile from its gate on: 5.05 ms between 5.00 and 20.07.
    #[test]
    fn the_worked_example_comes_out() {
        let bins = bins();
        let at = |ms: i64| bins.of(100 * ms).unwrap();
        let first = [(at(5), 60), (at(20), 30), (at(50), 10)].into_iter().collect();
        let told = Latency::of(&first, &bins, 100).unwrap();
        assert_eq!((told.p50.low, told.p50.at, told.p50.high), (500, 505, 2_007));
        // 95 - 1.96 √4.75 = 90.7 and 95 + 4.27 + 1, so the 90th and the 100th vote: the 90th still has 20 ms.
        assert_eq!(told.p95.map(|p95| (p95.at, p95.low)), Some((5_050, bins.get(at(20)).unwrap().lower)));
        assert_eq!(Latency::of(&Counts::default(), &bins, 1), None);
    }
}
