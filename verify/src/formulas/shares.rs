//! Grades of votes, and the share at A or better with Wilson's interval.

use super::half_up;
use crate::words::Grade;

/// Votes by grade, best first.
pub type Grades = [i64; 6];

/// What is told of graded votes. Shares are in millionths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// Votes.
    pub votes: i64,
    /// Votes by grade.
    pub grades: Grades,
    /// The grade of the middle vote.
    pub grade: Grade,
    /// Share at A or better.
    pub share: i64,
    /// Lower end of its 95 % interval.
    pub low: i64,
    /// Upper end.
    pub high: i64,
}

impl Share {
    /// Of these votes; none without votes.
    #[must_use]
    pub fn of(grades: Grades) -> Option<Self> {
        let votes: i64 = grades.iter().sum();
        if votes <= 0 {
            return None;
        }
        let n = votes as f64;
        let good = grades[Grade::APlus.index()] + grades[Grade::A.index()];
        let share = good as f64 / n;
        // z² / 2, z² / 4 and z² for z = 1.96.
        let reach = 1.96 * (share * (1.0 - share) / n + 0.9604 / (n * n)).sqrt();
        let (centre, scale) = (share + 1.9208 / n, 1.0 + 3.8416 / n);
        let mut reached = 0;
        let middle = Grade::ALL.iter().find(|grade| {
            reached += grades[grade.index()];
            2 * reached >= votes
        });
        Some(Self {
            votes,
            grades,
            grade: *middle?,
            share: half_up(1_000_000.0 * share),
            low: half_up(1_000_000.0 * ((centre - reach) / scale).max(0.0)),
            high: half_up(1_000_000.0 * ((centre + reach) / scale).min(1.0)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Aim: the intervals of the methodology's worked example, and of votes that all say the same.
    #[test]
    fn the_worked_example_comes_out() {
        let of = |grades| Share::of(grades).unwrap();
        let first = of([0, 90, 10, 0, 0, 0]);
        assert_eq!((first.share, first.low, first.high, first.grade), (900_000, 825_633, 944_771, Grade::A));
        let thousandths = |millionths: i64| (millionths + 500) / 1_000;
        let second = of([30, 40, 20, 10, 0, 0]);
        assert_eq!((second.share, thousandths(second.low), thousandths(second.high)), (700_000, 604, 781));
        let all = of([10, 0, 0, 0, 0, 0]);
        assert_eq!((all.share, all.high, all.grade), (1_000_000, 1_000_000, Grade::APlus));
        assert_eq!(Share::of([0; 6]), None);
    }

    // Aim: with an even number of votes the middle one is the better of both in the middle.
    #[test]
    fn the_middle_vote_has_the_grade() {
        assert_eq!(Share::of([5, 0, 0, 0, 0, 5]).unwrap().grade, Grade::APlus);
        assert_eq!(Share::of([5, 0, 0, 0, 0, 6]).unwrap().grade, Grade::F);
    }
}
