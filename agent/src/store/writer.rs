//! The one thread that writes: group commit, sealing, caps.

mod answers;

mod cut_log;

mod memory;

mod moment;

mod trust;

mod upkeep;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use intake::clock::Clock;
use jiff::Timestamp;
use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::mpsc::UnboundedSender;

pub(super) use self::answers::Answers;
use self::answers::{Waiting, refuse};
use self::cut_log::LogCut;
use self::memory::Memory;
pub(super) use self::moment::Moment;
use self::trust::Trust;
use self::upkeep::{keep_house, seal_is_due};
use super::accept::{Routes, accept};
use super::damage::{self, files::FileId};
use super::fault::Remedy;
use super::{Answer, Gauges, Message, Outcome, Signals, StoreFault, StoreSettings, evict, identity};

/// Most requests that share one transaction: it bounds how long the first of them waits.
const MAX_GROUP: usize = 512;

/// Longest sleep of an idle writer: how late it notices that a seal is due.
const TICK: Duration = Duration::from_millis(500);

/// Shortest time between two attempts to open the database.
const REOPEN_PAUSE: Duration = Duration::from_secs(1);

pub(super) struct Writer {
    path: PathBuf,
    settings: StoreSettings,
    clock: Arc<dyn Clock>,
    gauges: Arc<Gauges>,
    signals: Arc<Signals>,
    /// None while the database cannot be opened; it is tried again and again.
    open: Option<Open>,
    /// When it may be tried next, by the steady clock.
    try_again: Duration,
    /// What the clock is worth; known from the first opening on.
    trust: Option<Trust>,
}

/// The database while it is open.
struct Open {
    connection: Connection,
    memory: Memory,
    /// True after a transaction that failed: memory may be ahead of the database, and is read anew before anything is
    /// judged by it.
    memory_is_stale: bool,
    /// Erased bytes may be in the write-ahead log.
    log: LogCut,
    /// The file that is open, to notice that another one lies in its place.
    file: FileId,
}

impl Open {
    /// How long the writer may rest if nothing comes.
    fn rest(&self) -> Duration {
        if self.memory.more_to_seal { Duration::ZERO } else { self.log.rest(TICK) }
    }
}

impl Writer {
    /// Opens the database. If the disk does not let it now, it is tried again, and until then nothing is taken.
    ///
    /// # Errors
    /// [`StoreFault::Version`]: no time helps against that.
    pub(super) fn new(
        path: PathBuf,
        settings: StoreSettings,
        clock: Arc<dyn Clock>,
        gauges: Arc<Gauges>,
        signals: Arc<Signals>,
    ) -> Result<Self, StoreFault> {
        let mut writer =
            Self { path, settings, clock, gauges, signals, open: None, try_again: Duration::ZERO, trust: None };
        match writer.make_ready() {
            Err(error @ StoreFault::Version { .. }) => Err(error),
            Err(error) => {
                writer.after(&error);
                Ok(writer)
            }
            Ok(()) => Ok(writer),
        }
    }

    /// Works until all handles of the store are gone. Each transaction's answers go to `answers` once it is durable.
    pub(super) fn run(&mut self, requests: &Receiver<Message>, answers: &UnboundedSender<Answers>) {
        loop {
            self.gauges.pulse.beat();
            let mut group = Vec::new();
            let rest = self.open.as_ref().map_or(TICK, Open::rest);
            match requests.recv_timeout(rest) {
                Ok(first) => group.push(first),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            group.extend(requests.try_iter().take(MAX_GROUP - 1));
            let now = Moment::of(&*self.clock);
            if group.is_empty() && !self.is_due(now.wall) {
                self.cut_log_if_due();
                continue;
            }
            let began = Instant::now();
            let done = self.turn(group, now);
            self.gauges.commit_time.observe(began.elapsed());
            // Without a receiver nobody waits any more.
            let _ = answers.send(done);
            self.cut_log_if_due();
        }
    }

    /// One transaction for all that wait; the answers are true once it returns.
    fn turn(&mut self, group: Vec<Message>, now: Moment) -> Answers {
        let mut waiting: Vec<Waiting> = Vec::with_capacity(group.len());
        let mut jobs: Vec<Answer> = Vec::new();
        let done = match self.make_ready() {
            Ok(()) => commit_group(self, group, now, &mut waiting, &mut jobs),
            Err(error) => {
                refuse(group, &mut waiting);
                Err(error)
            }
        };
        let committed = done.is_ok();
        match done {
            Ok(done) => self.show(&done),
            Err(error) => {
                self.gauges.failed_commits.fetch_add(1, Relaxed);
                self.after(&error);
            }
        }
        Answers { committed, waiting, jobs }
    }

    /// Sees to it that the database is open, is the one in its place, and that memory tells what it holds.
    fn make_ready(&mut self) -> Result<(), StoreFault> {
        if self.gauges.condition.take_suspicion() {
            tracing::warn!("a look-up met damage: the database is closed and checked");
            self.open = None;
        }
        if self.open.as_ref().is_some_and(|open| FileId::of(&self.path) != Some(open.file)) {
            self.open = None;
            return Err(StoreFault::Moved);
        }
        match &mut self.open {
            Some(open) if open.memory_is_stale => {
                let Memory { seal_due_ms, .. } = open.memory;
                let now = Moment::of(&*self.clock);
                open.memory = Memory { seal_due_ms, ..Memory::load(&open.connection, now)? };
                open.memory_is_stale = false;
                Ok(())
            }
            Some(_) => Ok(()),
            None => self.open_anew(),
        }
    }

    fn open_anew(&mut self) -> Result<(), StoreFault> {
        let began = self.clock.steady();
        if began < self.try_again {
            return Err(StoreFault::Closed);
        }
        let opened = damage::open(&self.path, self.clock.now()).and_then(|connection| {
            let now = Moment::of(&*self.clock);
            let memory = Memory::load(&connection, now)?;
            self.gauges.condition.show_damage(damage::read(&connection)?);
            if self.trust.is_none() {
                self.trust = Some(Trust::at_start(now, last_written_s(&connection)?));
            }
            let file = FileId::of(&self.path).ok_or(StoreFault::Moved)?;
            Ok(Open { connection, memory, memory_is_stale: false, log: LogCut::due(), file })
        });
        // A large database whose disk comes and goes is not checked all the time.
        let ended = self.clock.steady();
        self.try_again = ended + REOPEN_PAUSE.max(2 * ended.saturating_sub(began));
        self.open = Some(opened?);
        Ok(())
    }

    /// What a transaction that is durable means for others.
    fn show(&mut self, done: &Done) {
        let gauges = &self.gauges;
        if gauges.condition.recover() {
            tracing::info!("the database takes results again");
        }
        gauges.commits.fetch_add(1, Relaxed);
        gauges.accepted.fetch_add(done.accepted, Relaxed);
        gauges.repeated.fetch_add(done.repeated, Relaxed);
        if done.accepted > 0 && self.settings.webhook.is_some() {
            self.signals.queued.notify_one();
        }
        if done.sealed > 0 {
            gauges.sealed_batches.fetch_add(done.sealed, Relaxed);
            self.signals.sealed.notify_one();
        }
        let Some(Open { connection, memory, .. }) = &mut self.open else { return };
        gauges.waiting_records.store(memory.waiting, Relaxed);
        gauges.outbox_bytes.store(memory.outbox_bytes, Relaxed);
        gauges.history_rows.store(memory.history_rows, Relaxed);
        gauges.webhooks_waiting.store(memory.webhooks.waiting, Relaxed);
        gauges.webhooks_aside.store(memory.webhooks.set_aside, Relaxed);
        gauges.webhooks_dropped.store(memory.webhooks.dropped(), Relaxed);
        gauges.votes_forgotten.fetch_add(std::mem::take(&mut memory.voters.forgotten), Relaxed);
        let mut outcome = Ok(());
        if done.to_main_file {
            // What stays in the log because a reader is busy goes with the next one.
            outcome = connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())).map_err(StoreFault::from);
        }
        if done.to_main_file || done.reload {
            outcome = outcome.and_then(|()| self.show_damage());
        }
        if let Err(error) = outcome {
            self.after(&error);
        }
    }

    fn show_damage(&self) -> Result<(), StoreFault> {
        if let Some(open) = &self.open {
            self.gauges.condition.show_damage(damage::read(&open.connection)?);
        }
        Ok(())
    }

    /// What a transaction that failed means for the next one.
    fn after(&mut self, error: &StoreFault) {
        if self.gauges.condition.fail(error) {
            tracing::error!(
                error = error as &dyn std::error::Error,
                "the database does not take results; clients are told to come again"
            );
        }
        match (error.remedy(), &mut self.open) {
            (Remedy::Wait, Some(open)) => open.memory_is_stale = true,
            _ => self.open = None,
        }
    }

    fn cut_log_if_due(&mut self) {
        if let Some(Open { connection, log, .. }) = &mut self.open {
            log.cut_if_due(connection, &self.path);
        }
    }

    fn is_due(&self, now: Timestamp) -> bool {
        let Some(Open { memory, .. }) = &self.open else { return self.clock.steady() >= self.try_again };
        self.gauges.condition.is_broken() || seal_is_due(memory, &self.settings, now) || memory.maintenance_is_due(now)
    }
}

/// What a transaction did.
#[derive(Default)]
struct Done {
    accepted: u64,
    repeated: u64,
    sealed: u64,
    /// A job changed what memory was read from.
    reload: bool,
    /// It is to be copied from the log into the main file at once.
    to_main_file: bool,
}

/// Everything of one turn inside one transaction.
fn commit_group(
    writer: &mut Writer,
    group: Vec<Message>,
    now: Moment,
    waiting: &mut Vec<Waiting>,
    jobs: &mut Vec<Answer>,
) -> Result<Done, StoreFault> {
    let Writer { open: Some(Open { connection, memory, log, .. }), settings, gauges, trust, .. } = writer else {
        refuse(group, waiting);
        return Err(StoreFault::Closed);
    };
    let transaction = match connection.transaction_with_behavior(TransactionBehavior::Immediate) {
        Ok(transaction) => transaction,
        Err(error) => {
            refuse(group, waiting);
            return Err(error.into());
        }
    };
    let (first_id, changes) = (memory.next_local_id, transaction.total_changes());
    let mut done = Done::default();
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
                            done.accepted += 1;
                        } else {
                            done.repeated += 1;
                        }
                        if let Some(bytes) = taken.record_bytes {
                            memory.waiting += 1;
                            memory.outbox_bytes += bytes + evict::ROW_OVERHEAD_BYTES;
                        }
                    }
                    Err(error) => {
                        waiting.push((answer, Err(StoreFault::NotCommitted)));
                        fault = Some(error.of_own_rows());
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
                let (outcome, answer) = job(&transaction);
                jobs.push(answer);
                done.reload |= outcome == Outcome::KeepAndReload;
                done.to_main_file |= outcome == Outcome::KeepInMainFile;
                if outcome == Outcome::Damage {
                    fault = Some(StoreFault::Damaged("what a job read"));
                    break;
                }
                // A job that failed half-way leaves nothing behind.
                let undo = outcome == Outcome::Undo;
                transaction.execute_batch(if undo { "ROLLBACK TO job; RELEASE job" } else { "RELEASE job" })?;
                if outcome == Outcome::KeepAndReload {
                    // Before anything else is judged by it: house-keeping would take the job's rows for old ones.
                    let Memory { seal_due_ms, next_local_id, .. } = *memory;
                    *memory = Memory { seal_due_ms, next_local_id, ..Memory::load(&transaction, now)? };
                }
            }
        }
    }
    if let Some(error) = fault {
        refuse(group, waiting);
        return Err(error);
    }
    if memory.next_local_id != first_id {
        memory.answers.prune(&transaction, now)?;
    }
    // Once a minute all goes into the main file: a log that is lost takes no more than that with it.
    done.to_main_file |= memory.maintenance_is_due(now.wall);
    let believed = trust.as_mut().is_none_or(|trust| trust.look(now, gauges.condition.warehouse_clock()));
    done.sealed = keep_house(&transaction, settings, memory, now, believed)?;
    // An idle agent writes nothing.
    if transaction.total_changes() != changes {
        identity::end_turn(&transaction, memory.next_local_id)?;
    }
    transaction.commit()?;
    Ok(done)
}

/// The latest moment that the database knows, in Unix seconds.
fn last_written_s(connection: &Connection) -> Result<Option<i64>, StoreFault> {
    Ok(connection.query_row(
        "SELECT max(at_s) FROM (SELECT max(received_ms) / 1000 AS at_s FROM history
             UNION ALL SELECT max(sealed_s) FROM batches UNION ALL SELECT max(settled_s) FROM batches)",
        [],
        |row| row.get(0),
    )?)
}

#[cfg(test)]
mod tests;
