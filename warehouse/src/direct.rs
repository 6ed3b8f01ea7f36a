//! The warehouse's own tests: clients that post to it directly, kept as batches of the agent `direct`.
//!
//! Records that wait while the disk is busy become one batch, so that a rush of tests costs few commits. The address
//! has been left behind by then: what waits here are records.

use std::collections::BTreeMap;
use std::sync::Arc;

use intake::clock::Clock;
use tokio::sync::{mpsc, oneshot};
use wire::signature::ContentDigest;
use wire::{AgentId, Epoch, MAX_BATCH_RECORDS, Record, Seq};

use crate::admission::{Entry, Gate};
use crate::landing::{LandedBatch, Landing, frame};
use crate::observe;

/// Most tests that wait for the disk; beyond it the answer is 503.
const MAX_WAITING: usize = 4 * MAX_BATCH_RECORDS;

/// Handle of the one task that lands direct tests. The task ends when the last handle is gone.
#[derive(Debug, Clone)]
pub struct Direct {
    queue: mpsc::Sender<Waiting>,
}

/// A test that was not kept; the client may send it again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotKept {
    /// Too many tests wait.
    #[error("too many tests wait for the disk")]
    Full,
    /// It did not become durable.
    #[error("the test did not become durable")]
    NotDurable,
}

#[derive(Debug)]
struct Waiting {
    record: Record,
    done: oneshot::Sender<bool>,
}

struct Lander {
    agent: AgentId,
    epoch: Epoch,
    gate: Gate,
    landing: Landing,
    clock: Arc<dyn Clock>,
}

impl Direct {
    /// Starts the task, which goes on where the last start ended.
    ///
    /// # Errors
    /// If the operating system gives no random bytes for a first epoch.
    pub fn start(gate: Gate, landing: Landing, clock: Arc<dyn Clock>) -> anyhow::Result<Self> {
        let agent = AgentId::parse(AgentId::DIRECT)?;
        let known = gate.marks().epochs(&agent).map(|(epoch, _)| epoch).max();
        let epoch = match known {
            Some(epoch) => epoch,
            None => Epoch::from_random_bits(getrandom::u64()?),
        };
        let (queue, waiting) = mpsc::channel(MAX_WAITING);
        tokio::spawn(Lander { agent, epoch, gate, landing, clock }.run(waiting));
        Ok(Self { queue })
    }

    /// Keeps a test. When this returns `Ok`, it survives a power cut.
    ///
    /// # Errors
    /// [`NotKept`].
    pub async fn keep(&self, record: Record) -> Result<(), NotKept> {
        let (done, kept) = oneshot::channel();
        self.queue.try_send(Waiting { record, done }).map_err(|_| NotKept::Full)?;
        if kept.await == Ok(true) { Ok(()) } else { Err(NotKept::NotDurable) }
    }
}

impl Lander {
    async fn run(self, mut waiting: mpsc::Receiver<Waiting>) {
        let mut group = Vec::new();
        while waiting.recv_many(&mut group, MAX_BATCH_RECORDS).await > 0 {
            let (mut records, told): (Vec<_>, Vec<_>) =
                group.drain(..).map(|member| (member.record, member.done)).unzip();
            // As at an agent: the order of a batch tells nothing about who came first.
            records.sort_by_cached_key(|record| postcard::to_stdvec(record).unwrap_or_default());
            let count = records.len() as u64;
            let kept = match self.land(records).await {
                Ok(()) => {
                    observe::direct(count);
                    true
                }
                Err(fault) => {
                    tracing::error!(error = %format!("{fault:#}"), tests = count, "direct tests did not become durable");
                    false
                }
            };
            told.into_iter().for_each(|done| {
                let _ = done.send(kept);
            });
        }
    }

    async fn land(&self, records: Vec<Record>) -> anyhow::Result<()> {
        let seq = self.gate.marks().last(&self.agent, self.epoch).map_or(Seq::FIRST, |last| last.seq.next());
        let digest = ContentDigest::of(&postcard::to_stdvec(&records)?);
        let batch = LandedBatch {
            agent: self.agent.clone(),
            epoch: self.epoch,
            seq,
            digest,
            arrived_hour: self.clock.hour(),
            dropped: BTreeMap::new(),
            quarantined: BTreeMap::new(),
            records,
        };
        let entry = Entry { agent: self.agent.clone(), epoch: self.epoch, seq, digest };
        let admitted = self
            .gate
            .admit(entry, &[])
            .map_err(|verdict| anyhow::anyhow!("the gate said {verdict:?} to the warehouse's own batch"))?;
        self.landing.append_frame(frame::encode(&batch)?).await?;
        admitted.landed();
        Ok(())
    }
}
