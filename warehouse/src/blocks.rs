//! Blocks: the atoms of publication.
//!
//! A network's closed days are merged in order until at least [`BLOCK_VOTES`] votes are together. A block that has closed
//! never changes, so nothing can be learned by subtracting one publication from another.

use wire::Day;

/// Least votes of a block, and of each part when a block is split.
pub const BLOCK_VOTES: u32 = 10;

/// A day closes this long after its beginning: 24 hours after its end.
pub const CLOSING_HOURS: u32 = 48;

/// A network's day that is closed but not yet in a block.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct OpenDay {
    /// The network.
    pub asn: u32,
    /// `single` or `household`.
    pub test_type: String,
    /// The day on which the results count.
    pub counts_on: Day,
    /// Votes of the day.
    pub votes: u64,
}

/// A day that has found its block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClosingDay {
    /// The network.
    pub asn: u32,
    /// `single` or `household`.
    pub test_type: String,
    /// The day.
    pub counts_on: Day,
    /// First day of the block.
    pub first_day: Day,
    /// Last day of the block: the one that brought it to [`BLOCK_VOTES`].
    pub last_day: Day,
}

/// Merges days, sorted by network, type and day, into blocks. Days that are left at the end of a network wait for more.
///
/// The blocks depend only on the days in their order, not on how many are given at once: closing a month day by day or in
/// one go gives the same.
#[must_use]
pub fn merge(days: &[OpenDay]) -> Vec<ClosingDay> {
    debug_assert!(days.is_sorted(), "days come in the order of network, type and day");
    let mut closing = Vec::new();
    for of_one in days.chunk_by(|a, b| a.asn == b.asn && a.test_type == b.test_type) {
        let mut begin = 0;
        let mut votes = 0;
        for (at, day) in of_one.iter().enumerate() {
            votes += day.votes;
            if votes < u64::from(BLOCK_VOTES) {
                continue;
            }
            let block = &of_one[begin..=at];
            closing.extend(block.iter().map(|member| ClosingDay {
                asn: member.asn,
                test_type: member.test_type.clone(),
                counts_on: member.counts_on,
                first_day: block[0].counts_on,
                last_day: day.counts_on,
            }));
            begin = at + 1;
            votes = 0;
        }
    }
    closing
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn days(votes: &[u64]) -> Vec<OpenDay> {
        let day = |(at, votes): (usize, &u64)| OpenDay {
            asn: 64_500,
            test_type: "single".to_owned(),
            counts_on: Day(u32::try_from(at).unwrap()),
            votes: *votes,
        };
        votes.iter().enumerate().map(day).collect()
    }

    /// Aim: a hand-made case. 4 + 6 close a block, 12 close one alone, 9 wait.
    #[test]
    fn days_merge_until_ten_votes() {
        let closing = merge(&days(&[4, 6, 12, 0, 9]));
        let blocks: Vec<_> = closing.iter().map(|day| (day.counts_on.0, day.first_day.0, day.last_day.0)).collect();
        assert_eq!(blocks, [(0, 0, 1), (1, 0, 1), (2, 2, 2)]);
    }

    /// Aim: networks and types never share a block.
    #[test]
    fn networks_do_not_mix() {
        let mut two = days(&[9]);
        two.extend(days(&[9]).into_iter().map(|day| OpenDay { asn: 64_501, ..day }));
        assert_eq!(merge(&two), []);
    }

    proptest! {
        /// Aim: closing day by day, keeping what is left open, gives the blocks of closing everything at once; each
        /// block holds ten votes, and fewer without its last day.
        #[test]
        fn closing_in_steps_changes_nothing(votes in proptest::collection::vec(0_u64..15, 0..60), cut in 0_usize..60) {
            let all = days(&votes);
            let at_once = merge(&all);

            let cut = cut.min(all.len());
            let mut stepwise = merge(&all[..cut]);
            let left: Vec<_> = all.iter()
                .filter(|day| !stepwise.iter().any(|closed| closed.counts_on == day.counts_on))
                .cloned()
                .collect();
            stepwise.extend(merge(&left));
            prop_assert_eq!(&at_once, &stepwise);

            for block in at_once.chunk_by(|a, b| a.first_day == b.first_day) {
                let count = |day: &ClosingDay| votes[day.counts_on.0 as usize];
                let sum: u64 = block.iter().map(count).sum();
                prop_assert!(sum >= u64::from(BLOCK_VOTES));
                prop_assert!(sum - block.last().map_or(0, count) < u64::from(BLOCK_VOTES));
            }
        }
    }
}
