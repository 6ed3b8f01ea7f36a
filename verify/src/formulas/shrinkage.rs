//! Scores: each network's value, drawn towards the mean of all by as much as chance may have moved it (empirical Bayes).

use super::half_up;
use super::measures::Measure;
use crate::inputs::Bins;

/// By what networks are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// The mean of ln(1 + ms).
    Latency,
    /// The share of votes below A.
    Share,
}

/// What is known of a network before its votes are seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Prior {
    /// The mean of the networks, in millionths.
    pub mean: i64,
    /// How much they differ beyond luck, in millionths squared; none for one network alone.
    pub between: Option<i64>,
}

impl Prior {
    /// Of these networks; none if there are none.
    #[must_use]
    pub fn of(measures: &[Measure]) -> Option<Self> {
        let n = measures.len();
        if n == 0 {
            return None;
        }
        let sum: i128 = measures.iter().map(|measure| i128::from(measure.value)).sum();
        let mean = half_up(sum as f64 / n as f64);
        let squares: i128 = measures.iter().map(|measure| i128::from(measure.value - mean).pow(2)).sum();
        let sampling: i128 = measures.iter().map(|measure| i128::from(measure.variance)).sum();
        let between = || half_up((squares as f64 / (n - 1) as f64 - sampling as f64 / n as f64).max(0.0));
        Some(Self { mean, between: (n > 1).then(between) })
    }

    /// mean × (1 - mean), in millionths squared.
    fn binomial(&self) -> i64 {
        self.mean * (1_000_000 - self.mean)
    }
}

/// A shrunken value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Score {
    /// In millionths.
    pub score: i64,
    /// Its variance, in millionths squared.
    pub variance: i64,
    /// The score in hundredths of a ms, for latency.
    pub hundredths: Option<i64>,
}

impl Score {
    /// Of a network that is measured so, among networks of which this is known.
    #[must_use]
    pub fn of(by: By, measure: Measure, prior: Prior, bins: &Bins) -> Self {
        let own = measure.value as f64;
        let centre = prior.mean as f64;
        let votes = measure.votes as f64;
        let sampling = match (by, prior.between) {
            (By::Latency, _) => measure.variance as f64,
            (By::Share, Some(between)) => ((prior.binomial() - between) as f64).max(0.0) / votes,
            (By::Share, None) => 0.0,
        };
        let weight = match prior.between.map(|between| between as f64) {
            Some(between) if between + sampling != 0.0 => between / (between + sampling),
            // One network alone is not shrunk, nor is one that chance cannot have moved.
            _ => 1.0,
        };
        let score = half_up(centre + weight * (own - centre));
        let variance = match (by, prior.between) {
            (By::Latency, _) => half_up(weight * sampling),
            (By::Share, Some(between)) if between > 0 => {
                let spread = (score * (1_000_000 - score)) as f64;
                half_up(spread / (votes + prior.binomial() as f64 / between as f64))
            }
            (By::Share, _) => 0,
        };
        Self { score, variance, hundredths: if by == By::Latency { in_hundredths(score, bins) } else { None } }
    }
}

/// ln(1 + ms), in millionths, back in hundredths of a ms: on the straight line between the middles of two bins.
fn in_hundredths(score: i64, bins: &Bins) -> Option<i64> {
    let (bin, next) = bins.around(score)?;
    let mid = bin.mid as f64;
    Some(match next {
        None => half_up(mid),
        Some(next) => half_up(mid + (score - bin.ln) as f64 * (next.mid as f64 - mid) / (next.ln - bin.ln) as f64),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inputs::samples::bins;

    /// The three networks of the methodology's worked example.
    fn example() -> [Measure; 3] {
        [(2_385_700, 5_820_000_000), (3_023_700, 9_430_000_000), (3_131_000, 8_980_000_000)]
            .map(|(value, variance)| Measure { votes: 100, value, variance })
    }

    // Aim: the prior and the scores of the worked example: μ = 2.847, τ² = 0.1543, 10.05, 19.37 and 21.54 ms.
    #[test]
    fn the_worked_example_comes_out() {
        let (bins, measures) = (bins(), example());
        let prior = Prior::of(&measures).unwrap();
        assert_eq!((prior.mean + 500) / 1_000, 2_847);
        assert!((prior.between.unwrap() as f64 / 1e12 - 0.1543).abs() < 0.0001);
        let scores = measures.map(|measure| Score::of(By::Latency, measure, prior, &bins));
        for (score, ms) in scores.iter().zip([1_005, 1_937, 2_154]) {
            assert!((score.hundredths.unwrap() - ms).abs() <= 2, "{score:?}");
        }
        assert!((scores[0].variance as f64 / 1e12 - 0.00560).abs() < 0.00002, "{:?}", scores[0]);
    }

    // Aim: one network alone keeps its value, and so do networks that do not differ and cannot have been moved.
    #[test]
    fn what_cannot_be_shrunk_stays() {
        let (bins, one) = (bins(), example()[0]);
        let prior = Prior::of(&[one]).unwrap();
        assert_eq!(prior.between, None);
        assert_eq!(Score::of(By::Latency, one, prior, &bins).score, one.value);
        let same = Measure { votes: 50, value: 0, variance: 0 };
        let prior = Prior::of(&[same, same]).unwrap();
        assert_eq!(Score::of(By::Share, same, prior, &bins), Score { score: 0, variance: 0, hundredths: None });
    }
}
