//! What happens at the clients' door, counted since start. No count is by client.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use intake::client::ClientAddress;

use crate::durations::Durations;

/// Counts of submissions.
#[derive(Debug, Default)]
pub struct Traffic {
    /// Refused, by the problem's slug: as many as the code has.
    refused: Mutex<BTreeMap<&'static str, u64>>,
    /// Neither kept nor sent because the client had said so.
    pub(super) opted_out: AtomicU64,
    /// From a loopback address: the web server in front does not say for whom it asks.
    nameless: AtomicU64,
    /// From the head of a submission to its answer.
    answer_time: Durations,
}

impl Traffic {
    /// Looks at who posts. Says once that the web server in front hides its clients, which would make one of them all.
    pub(super) fn note_client(&self, client: ClientAddress) {
        if client.ip().is_loopback() && self.nameless.fetch_add(1, Relaxed) == 0 {
            tracing::warn!(
                "a result came from this machine itself: if a web server is in front, it does not pass on \
                 X-Forwarded-For, and all its clients count as one"
            );
        }
    }

    /// A submission got its answer.
    pub(super) fn note_answer(&self, took: Duration) {
        self.answer_time.observe(took);
    }

    /// A submission was refused.
    pub(super) fn note_refusal(&self, slug: &'static str) {
        *self.refused.lock().unwrap_or_else(PoisonError::into_inner).entry(slug).or_default() += 1;
    }

    /// Refusals by the problem's slug.
    #[must_use]
    pub fn refused(&self) -> BTreeMap<&'static str, u64> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Submissions that their client had disabled.
    #[must_use]
    pub fn opted_out(&self) -> u64 {
        self.opted_out.load(Relaxed)
    }

    /// Submissions from a loopback address.
    #[must_use]
    pub fn nameless(&self) -> u64 {
        self.nameless.load(Relaxed)
    }

    /// How long answers to submissions took.
    #[must_use]
    pub fn answer_time(&self) -> &Durations {
        &self.answer_time
    }
}
