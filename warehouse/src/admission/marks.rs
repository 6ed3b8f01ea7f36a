//! The state machine of admission.

use std::collections::{BTreeMap, BTreeSet};

use wire::signature::ContentDigest;
use wire::{AgentId, Epoch, Seq};

use crate::agents::AcceptedGap;

/// Most epochs of one agent. Each is an act of the agent's operator (a new database), so an honest one has a handful;
/// old ones cannot be forgotten, because then their batches could come in again.
pub const MAX_EPOCHS_PER_AGENT: usize = 1_024;

/// Identity of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Who sends.
    pub agent: AgentId,
    /// From which database.
    pub epoch: Epoch,
    /// Which batch.
    pub seq: Seq,
    /// Digest of its bytes as sent.
    pub digest: ContentDigest,
}

/// The last batch of an epoch that came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// Its number.
    pub seq: Seq,
    /// Its bytes.
    pub digest: ContentDigest,
}

/// What is to be done with a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is the next one. Nothing else of its epoch is judged until it has landed or failed.
    Accept,
    /// It is the last one again, byte for byte.
    Duplicate,
    /// It is neither; only this number would be taken.
    Conflict {
        /// The next number.
        expected: Seq,
    },
    /// Another batch of the epoch is on its way to the disk.
    Busy,
    /// The agent has begun too many epochs.
    TooManyEpochs,
}

/// Per epoch of each agent, the last batch that came in and whether one is on its way.
#[derive(Debug, Clone, Default)]
pub struct Marks {
    last: BTreeMap<AgentId, BTreeMap<Epoch, Mark>>,
    on_the_way: BTreeSet<(AgentId, Epoch)>,
}

impl Marks {
    /// Judges a delivery. After [`Verdict::Accept`] the caller owes a [`Marks::settle`].
    pub fn judge(&mut self, entry: &Entry, gaps: &[AcceptedGap]) -> Verdict {
        let key = (entry.agent.clone(), entry.epoch);
        if self.on_the_way.contains(&key) {
            return Verdict::Busy;
        }
        let epochs = self.last.get(&entry.agent);
        let last = epochs.and_then(|epochs| epochs.get(&entry.epoch)).copied();
        if last.is_some_and(|last| last.seq == entry.seq && last.digest == entry.digest) {
            return Verdict::Duplicate;
        }
        let expected = last.map_or(Seq::FIRST, |last| last.seq.next());
        let gap = AcceptedGap { epoch: entry.epoch, seq: entry.seq };
        let jumps = entry.seq > expected && gaps.contains(&gap);
        if entry.seq != expected && !jumps {
            return Verdict::Conflict { expected };
        }
        if last.is_none() && epochs.is_some_and(|epochs| epochs.len() >= MAX_EPOCHS_PER_AGENT) {
            return Verdict::TooManyEpochs;
        }
        self.on_the_way.insert(key);
        Verdict::Accept
    }

    /// Ends an accepted delivery: it landed, or it did not and may come again.
    pub fn settle(&mut self, entry: &Entry, landed: bool) {
        self.on_the_way.remove(&(entry.agent.clone(), entry.epoch));
        if landed {
            self.note(entry);
        }
    }

    /// Takes in what is known to be durable: manifest marks and landed batches at the start, in any order.
    pub fn note(&mut self, entry: &Entry) {
        let epochs = self.last.entry(entry.agent.clone()).or_default();
        if epochs.get(&entry.epoch).is_none_or(|last| last.seq < entry.seq) {
            epochs.insert(entry.epoch, Mark { seq: entry.seq, digest: entry.digest });
        }
    }

    /// The last batch of this epoch that came in.
    #[must_use]
    pub fn last(&self, agent: &AgentId, epoch: Epoch) -> Option<Mark> {
        self.last.get(agent)?.get(&epoch).copied()
    }

    /// The epochs of an agent with their last batches.
    pub fn epochs(&self, agent: &AgentId) -> impl Iterator<Item = (Epoch, Mark)> {
        self.last.get(agent).into_iter().flatten().map(|(epoch, mark)| (*epoch, *mark))
    }
}

#[cfg(test)]
mod tests;
