//! Votes by bin of a latency increase.

use std::collections::BTreeMap;

/// Votes by bin, bins ascending.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts(BTreeMap<u16, i64>);

impl Counts {
    /// Adds votes to a bin.
    pub fn add(&mut self, bin: u16, votes: i64) {
        *self.0.entry(bin).or_default() += votes;
    }

    /// Adds votes to their bins.
    pub fn extend(&mut self, run: &[(u16, i64)]) {
        for (bin, votes) in run {
            self.add(*bin, *votes);
        }
    }

    /// All votes.
    #[must_use]
    pub fn votes(&self) -> i64 {
        self.0.values().sum()
    }

    /// Bins and their votes.
    pub fn iter(&self) -> impl Iterator<Item = (u16, i64)> {
        self.0.iter().map(|(bin, votes)| (*bin, *votes))
    }
}

impl FromIterator<(u16, i64)> for Counts {
    fn from_iter<T: IntoIterator<Item = (u16, i64)>>(votes: T) -> Self {
        let mut counts = Self::default();
        for (bin, votes) in votes {
            counts.add(bin, votes);
        }
        counts
    }
}
