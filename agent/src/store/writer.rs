//! The one thread that writes: group commit, sealing, caps.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use intake::clock::Clock;
use jiff::Timestamp;
use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::{Notify, oneshot};
use wire::Hour;

use super::accept::{Accepted, accept};
use super::answers::Answers;
use super::{Answer, Gauges, Message, StoreFault, StoreSettings, drops, evict, history, identity, outbox, votes};

/// Most requests that share one transaction: it bounds how long the first of them waits.
const MAX_GROUP: usize = 512;

/// Longest sleep of an idle writer: how late it notices that a seal is due.
const TICK: Duration = Duration::from_millis(500);

/// How often old rows are looked for, in milliseconds.
const MAINTENANCE_MS: i64 = 60_000;

/// Share of the cap that an eviction frees beyond what is needed, so that it is not done at every request.
const EVICTION_SLACK: u64 = 64;

pub(super) struct Writer {
    connection: Connection,
    settings: StoreSettings,
    clock: Arc<dyn Clock>,
    gauges: Arc<Gauges>,
    sealed: Arc<Notify>,
    memory: Memory,
}

/// What the writer knows without asking the database; read anew after a transaction that failed.
struct Memory {
    answers: Answers,
    next_local_id: i64,
    history_rows: u64,
    waiting: u64,
    outbox_bytes: u64,
    drops_wait: bool,
    seal_due_ms: Option<i64>,
    maintained_ms: i64,
}

type Waiting = (oneshot::Sender<Result<Accepted, StoreFault>>, Result<Accepted, StoreFault>);

impl Memory {
    fn load(connection: &Connection) -> Result<Self, StoreFault> {
        let count = |table: &str| -> Result<u64, StoreFault> {
            Ok(connection.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0))?)
        };
        Ok(Self {
            answers: Answers::load(connection)?,
            next_local_id: identity::read(connection)?.next_local_id,
            history_rows: count("history")?,
            waiting: count("outbox")?,
            outbox_bytes: evict::bytes(connection)?,
            drops_wait: !drops::read(connection)?.is_empty(),
            seal_due_ms: None,
            maintained_ms: i64::MIN,
        })
    }
}

impl Writer {
    pub(super) fn new(
        connection: Connection,
        settings: StoreSettings,
        clock: Arc<dyn Clock>,
        gauges: Arc<Gauges>,
        sealed: Arc<Notify>,
    ) -> Result<Self, StoreFault> {
        let memory = Memory::load(&connection)?;
        Ok(Self { connection, settings, clock, gauges, sealed, memory })
    }

    /// Works until all handles of the store are gone.
    pub(super) fn run(&mut self, requests: &Receiver<Message>) {
        loop {
            let mut group = Vec::new();
            match requests.recv_timeout(TICK) {
                Ok(first) => group.push(first),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            group.extend(requests.try_iter().take(MAX_GROUP - 1));
            let now = self.clock.now();
            let broken = self.gauges.broken.load(Relaxed);
            if group.is_empty() && !broken && !self.is_due(now) {
                continue;
            }
            self.turn(group, now);
        }
    }

    /// One transaction for all that wait, then the answers.
    fn turn(&mut self, group: Vec<Message>, now: Timestamp) {
        let mut waiting: Vec<Waiting> = Vec::with_capacity(group.len());
        let mut jobs: Vec<Answer> = Vec::new();
        let before = self.memory.seal_due_ms;
        let done = commit_group(self, group, now, &mut waiting, &mut jobs);
        let committed = match done {
            Ok(sealed) => {
                self.gauges.broken.store(false, Relaxed);
                self.gauges.commits.fetch_add(1, Relaxed);
                if sealed > 0 {
                    self.gauges.sealed_batches.fetch_add(sealed, Relaxed);
                    self.sealed.notify_one();
                }
                true
            }
            Err(error) => {
                if !self.gauges.broken.swap(true, Relaxed) {
                    tracing::error!(
                        error = &error as &dyn std::error::Error,
                        "the database does not take results; clients are told to come again"
                    );
                }
                self.gauges.failed_commits.fetch_add(1, Relaxed);
                // What memory holds may be ahead of the database now. If it cannot be read either, the old
                // numbers stand until the next turn fails or succeeds by itself.
                if let Ok(memory) = Memory::load(&self.connection) {
                    self.memory = Memory { seal_due_ms: before, ..memory };
                }
                false
            }
        };
        self.gauges.waiting_records.store(self.memory.waiting, Relaxed);
        self.gauges.outbox_bytes.store(self.memory.outbox_bytes, Relaxed);
        self.gauges.history_rows.store(self.memory.history_rows, Relaxed);
        for (answer, result) in waiting {
            let _ = answer.send(if committed { result } else { Err(StoreFault::NotCommitted) });
        }
        for answer in jobs {
            answer(committed);
        }
    }

    fn is_due(&self, now: Timestamp) -> bool {
        let now_ms = now.as_millisecond();
        let memory = &self.memory;
        let seal = match memory.seal_due_ms {
            // A clock that stepped back must not put sealing off.
            Some(due) => now_ms >= due || due - now_ms > 2 * self.settings.seal_interval_ms,
            None => memory.waiting > 0 || memory.drops_wait,
        };
        seal || now_ms.abs_diff(memory.maintained_ms) >= MAINTENANCE_MS.unsigned_abs()
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
    let Writer { connection, settings, gauges, memory, .. } = writer;
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
                match accept(&transaction, &mut memory.answers, &incoming, memory.next_local_id, now) {
                    Ok(taken) => {
                        waiting.push((answer, Ok(taken.accepted)));
                        if let Some(bytes) = taken.record_bytes {
                            memory.next_local_id += 1;
                            memory.history_rows += 1;
                            memory.waiting += 1;
                            memory.outbox_bytes += bytes + evict::ROW_OVERHEAD_BYTES;
                            accepted += 1;
                        } else {
                            repeated += 1;
                        }
                    }
                    Err(error) => {
                        waiting.push((answer, Err(StoreFault::NotCommitted)));
                        fault = Some(error);
                        break;
                    }
                }
            }
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
    Ok(sealed)
}

/// Those whose turn never came get the same answer as those whose transaction failed.
fn refuse(group: impl IntoIterator<Item = Message>, waiting: &mut Vec<Waiting>) {
    for message in group {
        // A job that is dropped tells its caller so by itself.
        if let Message::Submit(_, answer) = message {
            waiting.push((answer, Err(StoreFault::NotCommitted)));
        }
    }
}

/// Seals what is due and holds the caps.
fn keep_house(
    connection: &Connection,
    settings: &StoreSettings,
    memory: &mut Memory,
    now: Timestamp,
) -> Result<u64, StoreFault> {
    let (now_s, now_ms) = (now.as_second(), now.as_millisecond());
    if memory.history_rows > settings.history_rows {
        history::evict(connection, memory.history_rows - settings.history_rows)?;
        memory.history_rows = settings.history_rows;
    }
    if now_ms.abs_diff(memory.maintained_ms) >= MAINTENANCE_MS.unsigned_abs() {
        evict::by_age(connection, &settings.caps, now_s)?;
        votes::forget_old(connection, Hour::of_unix_s(now_s).day())?;
        memory.answers.prune(connection, now_s)?;
        recount(connection, memory)?;
        memory.maintained_ms = now_ms;
    }
    let sealed = seal_due(connection, settings, memory, now)?;
    if memory.outbox_bytes > settings.caps.max_bytes {
        let slack = settings.caps.max_bytes / EVICTION_SLACK;
        evict::by_size(connection, memory.outbox_bytes - settings.caps.max_bytes + slack)?;
        recount(connection, memory)?;
    }
    Ok(sealed)
}

fn recount(connection: &Connection, memory: &mut Memory) -> Result<(), StoreFault> {
    memory.waiting = connection.query_row("SELECT count(*) FROM outbox", [], |row| row.get(0))?;
    memory.outbox_bytes = evict::bytes(connection)?;
    memory.drops_wait = !drops::read(connection)?.is_empty();
    Ok(())
}

fn seal_due(
    connection: &Connection,
    settings: &StoreSettings,
    memory: &mut Memory,
    now: Timestamp,
) -> Result<u64, StoreFault> {
    let Some(agent) = &settings.agent else { return Ok(0) };
    let now_ms = now.as_millisecond();
    let is_due = memory.seal_due_ms.is_some_and(|due| now_ms >= due || due - now_ms > 2 * settings.seal_interval_ms);
    let mut sealed = 0;
    if is_due || memory.waiting >= settings.seal_records {
        let me = identity::read(connection)?;
        // Two agent ids never share an epoch.
        if me.agent.as_ref().is_some_and(|sealed_as| sealed_as != agent) {
            memory.seal_due_ms = Some(now_ms + settings.seal_interval_ms);
            return Ok(0);
        }
    }
    while memory.waiting >= settings.seal_records || (is_due && (memory.waiting > 0 || memory.drops_wait)) {
        let limit = usize::try_from(settings.seal_records).unwrap_or(usize::MAX);
        let Some(batch) = outbox::seal(connection, agent, limit, now.as_second())? else {
            recount(connection, memory)?;
            break;
        };
        sealed += 1;
        memory.waiting = memory.waiting.saturating_sub(batch.taken);
        memory.drops_wait = false;
        let taken = batch.taken_bytes + batch.taken * evict::ROW_OVERHEAD_BYTES;
        memory.outbox_bytes =
            (memory.outbox_bytes + batch.body_bytes + evict::ROW_OVERHEAD_BYTES).saturating_sub(taken);
    }
    if sealed > 0 || is_due {
        memory.seal_due_ms = None;
    }
    if memory.seal_due_ms.is_none() && (memory.waiting > 0 || memory.drops_wait) {
        memory.seal_due_ms = Some(now_ms + jittered(settings.seal_interval_ms));
    }
    Ok(sealed)
}

/// The interval, a fifth more or less: many agents do not come at once, and the hour of a seal tells less.
fn jittered(interval_ms: i64) -> i64 {
    let fifth = interval_ms / 5;
    interval_ms + rand::random_range(-fifth..=fifth)
}
