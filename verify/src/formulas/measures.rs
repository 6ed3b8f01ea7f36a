//! What a network is compared by: a value, and how far chance may have moved it.

use super::half_up;
use crate::counts::Counts;
use crate::inputs::Bins;

/// A mean of votes. Lower is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Measure {
    /// Votes.
    pub votes: i64,
    /// The mean, in millionths.
    pub value: i64,
    /// Its sampling variance, in millionths squared.
    pub variance: i64,
}

impl Measure {
    /// The mean of ln(1 + ms); none without votes, or if a bin is not known.
    #[must_use]
    pub fn of_latency(counts: &Counts, bins: &Bins) -> Option<Self> {
        let votes = counts.votes();
        if votes <= 0 {
            return None;
        }
        let mut sum = 0;
        for (bin, votes) in counts.iter() {
            sum += votes * bins.get(bin)?.ln;
        }
        // Squares are summed in ten-thousandths, around the mean: integers that a double holds exactly.
        let centre = half_up(sum as f64 / (100 * votes) as f64);
        let (mut deviations, mut squares) = (0_i128, 0_i128);
        for (bin, votes) in counts.iter() {
            let off = i128::from((bins.get(bin)?.ln + 50).div_euclid(100) - centre);
            deviations += i128::from(votes) * off;
            squares += i128::from(votes) * off * off;
        }
        let (deviations, squares, n) = (deviations as f64, squares as f64, votes as f64);
        let spread = (squares - deviations * deviations / n).max(0.0);
        Some(Self {
            votes,
            value: half_up(sum as f64 / n),
            variance: half_up(10_000.0 * spread / (votes - 1).max(1) as f64 / n),
        })
    }

    /// The share of votes below A, given the share at A or better in millionths.
    #[must_use]
    pub fn of_share(share: i64, votes: i64) -> Self {
        let product = share * (1_000_000 - share);
        let variance = half_up(product as f64 / (votes - 1).max(1) as f64);
        Self { votes, value: 1_000_000 - share, variance }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inputs::samples::bins;

    // Aim: values and variances of the methodology's worked example.
    #[test]
    fn the_worked_example_comes_out() {
        let bins = bins();
        let at = |ms: i64| bins.of(100 * ms).unwrap();
        let measure = |votes: [i64; 4]| {
            let counts = [5, 20, 50, 120].map(at).into_iter().zip(votes).filter(|(_, votes)| *votes > 0).collect();
            let told = Measure::of_latency(&counts, &bins).unwrap();
            (told.value as f64 / 1e6, told.variance as f64 / 1e12)
        };
        for (votes, value, variance) in
            [([60, 30, 10, 0], 2.386, 0.00582), ([30, 40, 20, 10], 3.024, 0.00943), ([25, 40, 25, 10], 3.131, 0.00898)]
        {
            let (y, v) = measure(votes);
            assert!((y - value).abs() < 0.0005 && (v - variance).abs() < 0.000_005, "{votes:?}: {y}, {v}");
        }
    }

    // Aim: a share's variance is p (1 - p) / (n - 1), and one vote does not divide by nothing.
    #[test]
    fn a_share_has_the_variance_of_its_votes() {
        let told = Measure::of_share(900_000, 101);
        assert_eq!((told.value, told.variance), (100_000, 900_000_000));
        assert_eq!(Measure::of_share(0, 1).variance, 0);
    }
}
