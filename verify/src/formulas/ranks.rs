//! Places, and between which places the true one lies.

use super::shrinkage::Score;
use crate::inputs::Critical;

/// The place of a network in a ranking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rank {
    /// Its place, from 1.
    pub rank: i64,
    /// The best place that it may have.
    pub low: i64,
    /// The worst.
    pub high: i64,
    /// Networks that are not surely different.
    pub ties: i64,
}

/// Ranks these networks: by their scores as they are shown, equal ones by their numbers.
#[must_use]
pub fn rank(networks: &[(u32, Score)], critical: &Critical) -> Vec<(u32, Rank)> {
    let mut order: Vec<&(u32, Score)> = networks.iter().collect();
    order.sort_by_key(|(asn, score)| (score.hundredths.unwrap_or(score.score), *asn));
    let n = order.len() as i64;
    // Scores and z² s², as doubles.
    let z = critical.z(n);
    let compared: Vec<Option<(f64, f64)>> =
        order.iter().map(|(_, score)| z.map(|z| (score.score as f64, z * z * score.variance as f64))).collect();
    let places = (1..).zip(order.iter().zip(&compared));
    places
        .map(|(rank, ((asn, _), own))| {
            let (mut better, mut worse) = (0, 0);
            for (other, own) in compared.iter().filter_map(|other| other.zip(*own)) {
                let apart = own.0 - other.0;
                if apart * apart > own.1 + other.1 {
                    better += i64::from(other.0 < own.0);
                    worse += i64::from(other.0 > own.0);
                }
            }
            (*asn, Rank { rank, low: 1 + better, high: n - worse, ties: n - 1 - better - worse })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn score(score: i64, variance: i64) -> Score {
        Score { score, variance, hundredths: None }
    }

    // Aim: the worked example's ranks: the first surely the best, the others tied for the places 2 and 3.
    #[test]
    fn the_worked_example_comes_out() {
        let networks = [
            (64_503, score(3_115_000, 8_490_000_000)),
            (64_501, score(2_403_000, 5_600_000_000)),
            (64_502, score(3_013_000, 8_890_000_000)),
        ];
        let critical = Critical::of([(2, 1_959_964), (3, 2_241_403)]);
        let told = |rank, low, high, ties| Rank { rank, low, high, ties };
        let expected = [(64_501, told(1, 1, 1, 0)), (64_502, told(2, 2, 3, 1)), (64_503, told(3, 2, 3, 1))];
        assert_eq!(rank(&networks, &critical), expected);
    }

    // Aim: equal scores stand in the order of numbers, and one network alone has the first place.
    #[test]
    fn equal_networks_are_tied() {
        let critical = Critical::of([(2, 1_959_964)]);
        let ranks = rank(&[(2, score(5, 0)), (1, score(5, 0))], &critical);
        assert_eq!(
            ranks.iter().map(|(asn, rank)| (*asn, rank.rank, rank.ties)).collect::<Vec<_>>(),
            [(1, 1, 1), (2, 2, 1)]
        );
        assert_eq!(rank(&[(7, score(1, 1))], &critical)[0].1, Rank { rank: 1, low: 1, high: 1, ties: 0 });
    }
}
