//! The one thread that writes: group commit, sealing, caps.

mod cut_log;

mod memory;

mod upkeep;

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use intake::clock::Clock;
use jiff::Timestamp;
use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::oneshot;

use self::cut_log::LogCut;
use self::memory::Memory;
use self::upkeep::{keep_house, seal_is_due};
use super::accept::{Accepted, Routes, accept};
use super::{Answer, Gauges, Message, Signals, StoreFault, StoreSettings, evict, identity};

/// Most requests that share one transaction: it bounds how long the first of them waits.
const MAX_GROUP: usize = 512;

/// Longest sleep of an idle writer: how late it notices that a seal is due.
const TICK: Duration = Duration::from_millis(500);

pub(super) struct Writer {
    connection: Connection,
    settings: StoreSettings,
    clock: Arc<dyn Clock>,
    gauges: Arc<Gauges>,
    signals: Arc<Signals>,
    memory: Memory,
    /// True after a transaction that failed: memory may be ahead of the database, and is read anew before anything is
    /// judged by it.
    memory_is_stale: bool,
    /// Erased bytes may be in the write-ahead log.
    log: LogCut,
}

type Waiting = (oneshot::Sender<Result<Accepted, StoreFault>>, Result<Accepted, StoreFault>);

/// What one transaction owes to those who waited for it.
pub(super) struct Answers {
    committed: bool,
    waiting: Vec<Waiting>,
    jobs: Vec<Answer>,
}

impl Answers {
    /// Tells everyone. It is done on the side of those who wait: waking each of them from the writer's thread would
    /// cost it a system call a result.
    pub(super) fn give(self) {
        for (answer, result) in self.waiting {
            let _ = answer.send(if self.committed { result } else { Err(StoreFault::NotCommitted) });
        }
        for answer in self.jobs {
            answer(self.committed);
        }
    }
}

impl Writer {
    pub(super) fn new(
        connection: Connection,
        settings: StoreSettings,
        clock: Arc<dyn Clock>,
        gauges: Arc<Gauges>,
        signals: Arc<Signals>,
    ) -> Result<Self, StoreFault> {
        let memory = Memory::load(&connection)?;
        Ok(Self { connection, settings, clock, gauges, signals, memory, memory_is_stale: false, log: LogCut::due() })
    }

    /// Works until all handles of the store are gone. Each transaction's answers go to `answers` once it is durable.
    pub(super) fn run(&mut self, requests: &Receiver<Message>, answers: &UnboundedSender<Answers>) {
        loop {
            self.gauges.pulse.beat();
            let mut group = Vec::new();
            let rest = if self.memory.more_to_seal { Duration::ZERO } else { self.log.rest(TICK) };
            match requests.recv_timeout(rest) {
                Ok(first) => group.push(first),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            group.extend(requests.try_iter().take(MAX_GROUP - 1));
            let now = self.clock.now();
            let broken = self.gauges.broken.load(Relaxed);
            if group.is_empty() && !broken && !self.is_due(now) {
                self.log.cut_if_due(&self.connection);
                continue;
            }
            let began = Instant::now();
            let done = self.turn(group, now);
            self.gauges.commit_time.observe(began.elapsed());
            // Without a receiver nobody waits any more.
            let _ = answers.send(done);
            self.log.cut_if_due(&self.connection);
        }
    }

    /// One transaction for all that wait; the answers are true once it returns.
    fn turn(&mut self, group: Vec<Message>, now: Timestamp) -> Answers {
        let mut waiting: Vec<Waiting> = Vec::with_capacity(group.len());
        let mut jobs: Vec<Answer> = Vec::new();
        let done = match self.refresh_memory() {
            Ok(()) => commit_group(self, group, now, &mut waiting, &mut jobs),
            Err(error) => {
                refuse(group, &mut waiting);
                Err(error)
            }
        };
        let committed = done.is_ok();
        match done {
            Ok(sealed) => {
                self.gauges.broken.store(false, Relaxed);
                self.gauges.commits.fetch_add(1, Relaxed);
                if sealed > 0 {
                    self.gauges.sealed_batches.fetch_add(sealed, Relaxed);
                    self.signals.sealed.notify_one();
                }
                self.gauges.waiting_records.store(self.memory.waiting, Relaxed);
                self.gauges.outbox_bytes.store(self.memory.outbox_bytes, Relaxed);
                self.gauges.history_rows.store(self.memory.history_rows, Relaxed);
                self.gauges.webhooks_waiting.store(self.memory.webhooks.waiting, Relaxed);
                self.gauges.webhooks_aside.store(self.memory.webhooks.set_aside, Relaxed);
                self.gauges.webhooks_dropped.store(self.memory.webhooks.dropped(), Relaxed);
                self.gauges.votes_forgotten.fetch_add(std::mem::take(&mut self.memory.voters.forgotten), Relaxed);
            }
            Err(error) => {
                if !self.gauges.broken.swap(true, Relaxed) {
                    tracing::error!(
                        error = &error as &dyn std::error::Error,
                        "the database does not take results; clients are told to come again"
                    );
                }
                self.gauges.failed_commits.fetch_add(1, Relaxed);
                self.memory_is_stale = true;
            }
        }
        Answers { committed, waiting, jobs }
    }

    fn refresh_memory(&mut self) -> Result<(), StoreFault> {
        if self.memory_is_stale {
            let seal_due_ms = self.memory.seal_due_ms;
            self.memory = Memory { seal_due_ms, ..Memory::load(&self.connection)? };
            self.memory_is_stale = false;
        }
        Ok(())
    }

    fn is_due(&self, now: Timestamp) -> bool {
        seal_is_due(&self.memory, &self.settings, now) || self.memory.maintenance_is_due(now)
    }
}

/// Everything of one turn inside one transaction. Returns how many batches were sealed.
fn commit_group(
    writer: &mut Writer,
    group: Vec<Message>,
    now: Timestamp,
    waiting: &mut Vec<Waiting>,
    jobs: &mut Vec<Answer>,
) -> Result<u64, StoreFault> {
    let Writer { connection, settings, gauges, signals, memory, log, .. } = writer;
    let transaction = match connection.transaction_with_behavior(TransactionBehavior::Immediate) {
        Ok(transaction) => transaction,
        Err(error) => {
            refuse(group, waiting);
            return Err(error.into());
        }
    };
    let first_id = memory.next_local_id;
    let (mut accepted, mut repeated) = (0, 0);
    let mut fault = None;
    let mut group = group.into_iter();
    for message in group.by_ref() {
        match message {
            Message::Submit(incoming, answer) => {
                match accept(
                    &transaction,
                    &mut memory.answers,
                    &mut memory.voters,
                    &incoming,
                    memory.next_local_id,
                    Routes { records: settings.records, webhook: settings.webhook.is_some() },
                    now,
                ) {
                    Ok(taken) => {
                        waiting.push((answer, Ok(taken.accepted)));
                        if taken.is_new {
                            memory.next_local_id += 1;
                            memory.history_rows += 1;
                            accepted += 1;
                        } else {
                            repeated += 1;
                        }
                        if let Some(bytes) = taken.record_bytes {
                            memory.waiting += 1;
                            memory.outbox_bytes += bytes + evict::ROW_OVERHEAD_BYTES;
                        }
                    }
                    Err(error) => {
                        waiting.push((answer, Err(StoreFault::NotCommitted)));
                        fault = Some(error);
                        break;
                    }
                }
            }
            Message::Erase(erasure, answer) => {
                let done = memory.erase(&transaction, &erasure);
                let step = done.as_ref().map_err(|_| StoreFault::NotCommitted).copied();
                jobs.push(Box::new(move |committed| {
                    let _ = answer.send(if committed { step } else { Err(StoreFault::NotCommitted) });
                }));
                if let Err(error) = done {
                    fault = Some(error);
                    break;
                }
            }
            Message::CutLog(answer) => log.ask(answer),
            Message::Job(job) => {
                transaction.execute_batch("SAVEPOINT job")?;
                let (keep, answer) = job(&transaction);
                jobs.push(answer);
                // A job that failed half-way leaves nothing behind.
                transaction.execute_batch(if keep { "RELEASE job" } else { "ROLLBACK TO job; RELEASE job" })?;
            }
        }
    }
    if let Some(error) = fault {
        refuse(group, waiting);
        return Err(error);
    }
    if memory.next_local_id != first_id {
        identity::set_next_local_id(&transaction, memory.next_local_id)?;
        memory.answers.prune(&transaction, now.as_second())?;
    }
    let sealed = keep_house(&transaction, settings, memory, now)?;
    transaction.commit()?;
    gauges.accepted.fetch_add(accepted, Relaxed);
    gauges.repeated.fetch_add(repeated, Relaxed);
    if accepted > 0 && settings.webhook.is_some() {
        signals.queued.notify_one();
    }
    Ok(sealed)
}

/// Those whose turn never came get the same answer as those whose transaction failed.
fn refuse(group: impl IntoIterator<Item = Message>, waiting: &mut Vec<Waiting>) {
    for message in group {
        match message {
            Message::Submit(_, answer) => waiting.push((answer, Err(StoreFault::NotCommitted))),
            Message::Erase(_, answer) => {
                let _ = answer.send(Err(StoreFault::NotCommitted));
            }
            // One that is dropped tells its asker so by itself.
            Message::Job(_) | Message::CutLog(_) => {}
        }
    }
}

#[cfg(test)]
mod tests;
