//! Votes by letter grade.

/// The letters, best first, and the classes of their colours.
pub(in crate::http::pages) const LETTERS: [(&str, &str); 6] =
    [("A+", "ga-plus"), ("A", "ga"), ("B", "gb"), ("C", "gc"), ("D", "gd"), ("F", "gf")];

/// Votes at each letter, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::http::pages) struct GradeVotes(pub(in crate::http::pages) [i64; 6]);

impl GradeVotes {
    /// All of them.
    pub(in crate::http::pages) fn total(self) -> i64 {
        self.0.iter().sum()
    }

    /// The share of each letter; none without votes.
    pub(in crate::http::pages) fn shares(self) -> Option<[f64; 6]> {
        let total = self.total();
        (total > 0).then(|| self.0.map(|votes| ratio(votes, total)))
    }

    /// Whole hundredths by letter that add up to 100, by largest remainders; equal remainders in the order of letters.
    pub(in crate::http::pages) fn of_hundred(self) -> Option<[u8; 6]> {
        let total = self.total();
        if total <= 0 {
            return None;
        }
        let whole = |votes: i64| u8::try_from(i128::from(votes) * 100 / i128::from(total)).unwrap_or(0);
        let mut parts = self.0.map(whole);
        let mut order = [0, 1, 2, 3, 4, 5];
        order.sort_by_key(|at: &usize| std::cmp::Reverse(i128::from(self.0[*at]) * 100 % i128::from(total)));
        let missing = 100 - parts.iter().map(|part| usize::from(*part)).sum::<usize>();
        for at in order.into_iter().take(missing) {
            parts[at] += 1;
        }
        Some(parts)
    }
}

pub(super) fn ratio(part: i64, whole: i64) -> f64 {
    part as f64 / whole as f64
}
