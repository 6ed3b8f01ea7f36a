//! One client, one vote: which tests count in a ranking, without an identifier that leaves the house.
//!
//! A client's first valid test of a type on a UTC day is its vote of the day; it is also its vote of the month if its
//! last such vote is at least [`VOTE_MONTH_DAYS`] days back. So any 30 days hold at most one vote of a client, however
//! often it tests, and a client that tests every day still has a vote in every month.

use std::num::NonZeroUsize;

use lru::LruCache;
use wire::{Day, TestType};

use crate::client::ClientUnit;
use crate::key::LocalKey;

/// Days from one vote of a client to its next.
pub const VOTE_MONTH_DAYS: u32 = 30;

/// Days for which a client's keyed hash must be remembered; after that it decides nothing any more.
pub const VOTE_MEMORY_DAYS: u32 = 31;

/// When a client last tested and last had a vote, per test type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LastSeen {
    /// Day of the last valid test.
    pub tested: Day,
    /// Day of the last vote of the month.
    pub voted: Day,
}

/// Whether a test is a vote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Votes {
    /// First valid test of its type on this day.
    pub day: bool,
    /// First in 30 days.
    pub month: bool,
}

/// Decides about a valid test of `today`, and what to remember. A clock that steps back gives no second vote.
#[must_use]
pub fn decide(last: Option<LastSeen>, today: Day) -> (Votes, LastSeen) {
    let Some(last) = last else {
        return (Votes { day: true, month: true }, LastSeen { tested: today, voted: today });
    };
    let day = last.tested < today;
    let month = day && today.0 >= last.voted.0.saturating_add(VOTE_MONTH_DAYS);
    let seen = LastSeen { tested: last.tested.max(today), voted: if month { today } else { last.voted } };
    (Votes { day, month }, seen)
}

/// Name of a client in a vote memory: a keyed hash over the client and the test type.
#[must_use]
pub fn vote_key(key: &LocalKey, client: ClientUnit, test_type: TestType) -> [u8; 16] {
    key.tag(&[b"vote", test_type.as_str().as_bytes(), &client.key_bytes()])
}

/// A bounded vote memory that lives as long as its process: the warehouse's, for direct tests.
///
/// The least recently seen client is forgotten first, which can give it a second vote; such clients are counted. A
/// restart forgets them all.
#[derive(Debug)]
pub struct VoteMemory {
    key: LocalKey,
    seen: LruCache<[u8; 16], LastSeen>,
    forgotten: u64,
}

impl VoteMemory {
    /// An empty memory for at most `max_clients` pairs of client and test type, under a fresh key.
    #[must_use]
    pub fn new(key: LocalKey, max_clients: NonZeroUsize) -> Self {
        Self { key, seen: LruCache::new(max_clients), forgotten: 0 }
    }

    /// Decides about a valid test and remembers it.
    pub fn vote(&mut self, client: ClientUnit, test_type: TestType, today: Day) -> Votes {
        let name = vote_key(&self.key, client, test_type);
        let (votes, seen) = decide(self.seen.get(&name).copied(), today);
        if let Some((evicted, last)) = self.seen.push(name, seen) {
            let still_counts = today.0 < last.voted.0.saturating_add(VOTE_MONTH_DAYS);
            self.forgotten += u64::from(evicted != name && still_counts);
        }
        votes
    }

    /// Clients that were forgotten while their vote still counted.
    #[must_use]
    pub fn forgotten(&self) -> u64 {
        self.forgotten
    }
}

#[cfg(test)]
mod tests {
    //! Aim: no sequence of tests gives a client two votes in 30 days, and a faithful tester is not silenced.

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_daily_tester_votes_every_thirty_days() {
        let mut last = None;
        let mut votes = Vec::new();
        for day in 20_000..20_091 {
            let (decided, seen) = decide(last, Day(day));
            assert!(decided.day);
            if decided.month {
                votes.push(day);
            }
            last = Some(seen);
        }
        assert_eq!(votes, [20_000, 20_030, 20_060, 20_090]);
    }

    #[test]
    fn a_full_memory_forgets_the_oldest_and_counts_it() {
        let client = |n: u8| crate::client::ClientAddress::new([192, 0, 2, n].into()).unit(48);
        let mut memory = VoteMemory::new(LocalKey::from_bytes([7; 32]), NonZeroUsize::new(2).expect("two"));
        for n in [1, 2, 1, 3] {
            memory.vote(client(n), TestType::Single, Day(20_000));
        }
        assert_eq!(memory.forgotten(), 1);
        assert!(!memory.vote(client(1), TestType::Single, Day(20_000)).month);
        assert!(memory.vote(client(2), TestType::Single, Day(20_000)).month);
        assert!(memory.vote(client(1), TestType::Household, Day(20_000)).month, "each type has its own vote");
    }

    proptest! {
        #[test]
        fn no_two_votes_in_thirty_days(days in prop::collection::vec(20_000_u32..20_200, 1..80)) {
            let mut last = None;
            let mut voted: Vec<u32> = Vec::new();
            for day in days {
                let (decided, seen) = decide(last, Day(day));
                last = Some(seen);
                prop_assert!(decided.day || !decided.month);
                if decided.month {
                    prop_assert!(voted.iter().all(|before| day >= before + VOTE_MONTH_DAYS));
                    voted.push(day);
                }
            }
        }
    }
}
