//! The first hop's retries: a client that saw no answer sends the same bytes again, and that is one result.

use std::num::NonZeroUsize;

use jiff::Timestamp;
use lru::LruCache;

use crate::client::ClientAddress;
use crate::key::LocalKey;

/// For how long the same body from the same client is the same result.
pub const RETRY_WINDOW_S: i64 = 600;

/// Longest `Idempotency-Key` that is looked at; a longer one is refused.
pub const MAX_IDEMPOTENCY_KEY_BYTES: usize = 255;

/// Name of a result that may come again.
pub type RetryKey = [u8; 16];

/// The name of a result: the client with its `Idempotency-Key` if it sent one, else the client with the body's bytes.
#[must_use]
pub fn retry_key(key: &LocalKey, client: ClientAddress, idempotency_key: Option<&[u8]>, body: &[u8]) -> RetryKey {
    // The exact address, not the unit: two homes behind one /48 may well send equal numbers.
    let client = client.unit(128).key_bytes();
    match idempotency_key {
        Some(sent) => key.tag(&[b"retry-key", &client, sent]),
        None => key.tag(&[b"retry-body", &client, body]),
    }
}

/// What is known of a result when it comes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery<A> {
    /// It is new; keep it, then call [`RetryMemory::settle`] or [`RetryMemory::forget`].
    First,
    /// It was kept before and got this answer.
    Again(A),
    /// Another request is just keeping it.
    InFlight,
}

/// A bounded memory of answers that lives as long as its process: the warehouse's, for direct tests.
#[derive(Debug)]
pub struct RetryMemory<A> {
    answers: LruCache<RetryKey, (Timestamp, Option<A>)>,
}

impl<A: Clone> RetryMemory<A> {
    /// An empty memory of at most `max_results` results.
    #[must_use]
    pub fn new(max_results: NonZeroUsize) -> Self {
        Self { answers: LruCache::new(max_results) }
    }

    /// Notes that a result has come, and tells whether it came before.
    pub fn begin(&mut self, key: RetryKey, now: Timestamp) -> Delivery<A> {
        if let Some((since, answer)) = self.answers.get(&key)
            && now.as_second().abs_diff(since.as_second()) < RETRY_WINDOW_S.unsigned_abs()
        {
            return answer.clone().map_or(Delivery::InFlight, Delivery::Again);
        }
        self.answers.put(key, (now, None));
        Delivery::First
    }

    /// Remembers the answer to a result that is durable now.
    pub fn settle(&mut self, key: RetryKey, now: Timestamp, answer: A) {
        self.answers.put(key, (now, Some(answer)));
    }

    /// Forgets a result that could not be kept, so that the client's next try is a first one.
    pub fn forget(&mut self, key: &RetryKey) {
        self.answers.pop(key);
    }
}

#[cfg(test)]
mod tests {
    //! Aim: the same bytes from the same client are one result for ten minutes, and only they are.

    use super::*;

    #[test]
    fn a_retry_gets_the_first_answer() {
        let key = LocalKey::from_bytes([1; 32]);
        let here = ClientAddress::new([192, 0, 2, 1].into());
        let there = ClientAddress::new([192, 0, 2, 2].into());
        let name = retry_key(&key, here, None, b"body");
        assert_ne!(name, retry_key(&key, there, None, b"body"));
        assert_ne!(name, retry_key(&key, here, None, b"body2"));
        assert_ne!(name, retry_key(&key, here, Some(b"body"), b"body"));
        assert_eq!(retry_key(&key, here, Some(b"k"), b"a"), retry_key(&key, here, Some(b"k"), b"b"));

        let at = |second| Timestamp::from_second(second).expect("a moment");
        let mut memory = RetryMemory::new(NonZeroUsize::new(8).expect("eight"));
        assert_eq!(memory.begin(name, at(0)), Delivery::First);
        assert_eq!(memory.begin(name, at(1)), Delivery::InFlight);
        memory.settle(name, at(1), 42);
        assert_eq!(memory.begin(name, at(600)), Delivery::Again(42));
        assert_eq!(memory.begin(name, at(601)), Delivery::First);
        memory.forget(&name);
        assert_eq!(memory.begin(name, at(602)), Delivery::First);
    }
}
