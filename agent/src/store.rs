//! The agent's database: history with addresses, outbox without, and one thread that writes.
//!
//! Requests wait in a bounded queue; the writer takes all that wait into one transaction, so that one `fsync` serves
//! them all, and answers only after the commit.

pub mod fault;

pub mod schema;

mod checksum;

pub mod damage;

pub mod condition;

pub mod identity;

mod accept;

mod answers;

pub(crate) mod history;

pub mod lookup;

pub mod reader;

pub mod audit;

pub mod imports;

pub mod erase;

mod votes;

pub mod outbox;

pub mod drops;

pub mod batches;

pub mod aside;

pub mod evict;

pub mod epoch;

pub mod report;

pub mod unplaced;

pub mod webhooks;

pub mod preview;

mod writer;

pub mod pulse;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::time::Duration;

use intake::client::ClientUnit;
use intake::clock::Clock;
use intake::key::LocalKey;
use rusqlite::Connection;
use tokio::sync::{Notify, oneshot};
use wire::AgentId;

use crate::durations::Durations;

pub use accept::{Accepted, Incoming};
pub use condition::Condition;
pub use evict::OutboxCaps;
pub use fault::StoreFault;
pub use pulse::Pulse;
pub use reader::Reader;
pub use webhooks::QueueCaps;

/// Most requests that wait for the disk; more are told to come again.
pub const MAX_WAITING_REQUESTS: usize = 1_024;

/// Longest wait for the disk before a client is told to come again.
pub const WRITE_TIMEOUT: Duration = Duration::from_secs(10);

/// The database inside a data directory.
#[must_use]
pub fn database_path(data_dir: &Path) -> PathBuf {
    data_dir.join("agent.sqlite")
}

/// What the store keeps and when it seals.
#[derive(Debug, Clone)]
pub struct StoreSettings {
    /// Under which id batches are sealed; none: records wait unsealed.
    pub agent: Option<AgentId>,
    /// False: results stay in the history, and no record of them is ever made.
    pub records: bool,
    /// Newest results kept in the history.
    pub history_rows: u64,
    /// Limits of the outbox.
    pub caps: OutboxCaps,
    /// Records at which a batch is sealed.
    pub seal_records: u64,
    /// Longest time a record waits for sealing, in milliseconds; jittered by a fifth.
    pub seal_interval_ms: i64,
    /// Bounds of the queue of deliveries to the provider's own system; none: no result is queued.
    pub webhook: Option<QueueCaps>,
}

/// Figures of the store that others read without asking it.
#[derive(Debug, Default)]
pub struct Gauges {
    /// Records that wait for sealing.
    pub waiting_records: AtomicU64,
    /// Bytes in the outbox.
    pub outbox_bytes: AtomicU64,
    /// Results in the history.
    pub history_rows: AtomicU64,
    /// Results taken since start.
    pub accepted: AtomicU64,
    /// Repeated submissions since start.
    pub repeated: AtomicU64,
    /// Commits since start.
    pub commits: AtomicU64,
    /// Transactions that failed since start.
    pub failed_commits: AtomicU64,
    /// Batches sealed since start.
    pub sealed_batches: AtomicU64,
    /// Clients forgotten since start while their vote still counted: the memory of votes is full.
    pub votes_forgotten: AtomicU64,
    /// Entries of the audit log since start that could not be written.
    pub audit_lost: AtomicU64,
    /// Deliveries to the provider's own system that wait.
    pub webhooks_waiting: AtomicU64,
    /// Those that were set aside.
    pub webhooks_aside: AtomicU64,
    /// Those that were given up since the database was made, to hold the queue's bounds.
    pub webhooks_dropped: AtomicU64,
    /// Whether it takes results, why not, and what damage has cost.
    pub condition: Condition,
    /// How long transactions took, from the first request taken to the commit.
    pub commit_time: Durations,
    /// Whether the writer goes round.
    pub pulse: Pulse,
}

/// What the writer tells those who wait for it.
#[derive(Debug, Default)]
pub(crate) struct Signals {
    /// A batch was sealed.
    sealed: Notify,
    /// A delivery was queued.
    queued: Notify,
}

/// A handle of the store; clones share one writer.
#[derive(Clone)]
pub struct Store {
    queue: SyncSender<Message>,
    gauges: Arc<Gauges>,
    signals: Arc<Signals>,
}

/// Work of another kind than a submission: it runs in the writer's transaction, says whether it is to be kept, and
/// answers after the commit.
type Job = Box<dyn FnOnce(&Connection) -> (Outcome, Answer) + Send>;
type Answer = Box<dyn FnOnce(bool) + Send>;

/// What becomes of a job's work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It leaves nothing behind.
    Undo,
    /// It is kept.
    Keep,
    /// It is kept, and what the writer remembers is read anew.
    KeepAndReload,
    /// It is kept, and lies in the database's main file when the answer is given.
    KeepInMainFile,
    /// It met damage: the database is closed and checked, and all who shared the transaction come again.
    Damage,
}

impl Outcome {
    fn of<T>(result: &Result<T, StoreFault>, kept: Self) -> Self {
        match result {
            Ok(_) => kept,
            Err(fault) if fault.is_damage() => Self::Damage,
            Err(_) => Self::Undo,
        }
    }
}

pub(crate) enum Message {
    Submit(Box<Incoming>, oneshot::Sender<Result<Accepted, StoreFault>>),
    Job(Job),
    Erase(Arc<erase::Erasure>, oneshot::Sender<Result<erase::Step, StoreFault>>),
    /// Empties the write-ahead log, and answers once it is empty.
    CutLog(oneshot::Sender<()>),
}

/// Keyed hash of a client, by which an erasure finds what is remembered of it.
#[must_use]
pub fn client_tag(key: &LocalKey, client: ClientUnit) -> [u8; 16] {
    key.tag(&[b"client", &client.key_bytes()])
}

impl Store {
    /// Opens the database and starts its writer; call it within a runtime, which hands out the writer's answers. The
    /// receiver completes when the writer has ended, which it does only
    /// after all handles are gone, or by a fault of its own.
    ///
    /// A database that is damaged is mended, or set aside for a new one with what could be read. While the disk takes
    /// nothing the writer tries again and again, and nothing is kept.
    ///
    /// # Errors
    /// [`StoreFault`] if the database is of a newer version, or the thread cannot be started.
    pub fn open(
        path: &Path,
        settings: StoreSettings,
        clock: Arc<dyn Clock>,
    ) -> Result<(Self, oneshot::Receiver<()>), StoreFault> {
        let gauges = Arc::new(Gauges::default());
        let signals = Arc::new(Signals::default());
        let mut writer =
            writer::Writer::new(path.to_owned(), settings, clock, Arc::clone(&gauges), Arc::clone(&signals))?;
        let (queue, requests) = sync_channel(MAX_WAITING_REQUESTS);
        let (ended, end) = oneshot::channel();
        // Unbounded, and bounded all the same: one transaction of at most MAX_WAITING_REQUESTS is answered at a time.
        let (answers, mut answered) = tokio::sync::mpsc::unbounded_channel::<writer::Answers>();
        tokio::spawn(async move {
            while let Some(answers) = answered.recv().await {
                answers.give();
            }
        });
        std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || {
                // Dropped at the end, also by a panic: that is the signal.
                let _ended: oneshot::Sender<()> = ended;
                writer.run(&requests, &answers);
            })
            .map_err(StoreFault::Thread)?;
        Ok((Self { queue, gauges, signals }, end))
    }

    /// Keeps a result; completes when it is durable.
    ///
    /// # Errors
    /// [`StoreFault`] if it was not kept, or not known to be kept: the client may send it again, it stays one result.
    pub async fn submit(&self, incoming: Incoming) -> Result<Accepted, StoreFault> {
        let (answer, answered) = oneshot::channel();
        self.enqueue(Message::Submit(Box::new(incoming), answer))?;
        match tokio::time::timeout(WRITE_TIMEOUT, answered).await {
            Ok(Ok(result)) => result,
            _ => Err(StoreFault::WriterGone),
        }
    }

    /// Runs `job` in the writer's transaction; completes when it is durable.
    ///
    /// # Errors
    /// [`StoreFault`] if the job failed or the transaction was not committed.
    pub async fn write<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Connection) -> Result<T, StoreFault> + Send + 'static,
    ) -> Result<T, StoreFault> {
        self.run(job, Outcome::Keep).await
    }

    /// As [`Store::write`]; what the writer remembers of the database is read anew afterwards.
    ///
    /// # Errors
    /// As [`Store::write`].
    pub async fn write_and_reload<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Connection) -> Result<T, StoreFault> + Send + 'static,
    ) -> Result<T, StoreFault> {
        self.run(job, Outcome::KeepAndReload).await
    }

    /// As [`Store::write`]; completes when it lies in the database's main file, if the job says that it must. Then it
    /// survives the loss of the write-ahead log.
    ///
    /// # Errors
    /// As [`Store::write`].
    pub async fn write_through<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Connection) -> Result<(T, bool), StoreFault> + Send + 'static,
    ) -> Result<T, StoreFault> {
        self.run_with(job, |(_, must)| if *must { Outcome::KeepInMainFile } else { Outcome::Keep })
            .await
            .map(|(value, _)| value)
    }

    async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Connection) -> Result<T, StoreFault> + Send + 'static,
        kept: Outcome,
    ) -> Result<T, StoreFault> {
        self.run_with(job, move |_| kept).await
    }

    async fn run_with<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Connection) -> Result<T, StoreFault> + Send + 'static,
        kept: impl FnOnce(&T) -> Outcome + Send + 'static,
    ) -> Result<T, StoreFault> {
        let (answer, answered) = oneshot::channel();
        self.enqueue(Message::Job(Box::new(move |connection| {
            let result = job(connection);
            let kept = result.as_ref().map_or(Outcome::Undo, kept);
            let outcome = Outcome::of(&result, kept);
            let answer: Answer = Box::new(move |committed| {
                let _ = answer.send(if committed { result } else { Err(StoreFault::NotCommitted) });
            });
            (outcome, answer)
        })))?;
        answered.await.map_err(|_| StoreFault::WriterGone)?
    }

    /// Runs `job` in one of the writer's next transactions; nobody waits for it. If it is not kept, it is counted as
    /// lost.
    pub fn write_later(
        &self,
        lost: fn(&Gauges) -> &AtomicU64,
        job: impl FnOnce(&Connection) -> Result<(), StoreFault> + Send + 'static,
    ) {
        let gauges = Arc::clone(&self.gauges);
        let queued = self.enqueue(Message::Job(Box::new(move |connection| {
            let outcome = Outcome::of(&job(connection), Outcome::Keep);
            let answer: Answer = Box::new(move |committed| {
                if !(outcome == Outcome::Keep && committed) {
                    lost(&gauges).fetch_add(1, Relaxed);
                }
            });
            (outcome, answer)
        })));
        if queued.is_err() {
            lost(&self.gauges).fetch_add(1, Relaxed);
        }
    }

    fn enqueue(&self, message: Message) -> Result<(), StoreFault> {
        self.queue.try_send(message).map_err(|error| match error {
            TrySendError::Full(_) => StoreFault::Overloaded,
            TrySendError::Disconnected(_) => StoreFault::WriterGone,
        })
    }

    /// Look-ups beside the writer, in the database at `path`. One that meets damage has it checked.
    #[must_use]
    pub fn reader(&self, path: &Path) -> Reader {
        Reader::watched(path.to_owned(), Arc::clone(&self.gauges.condition.suspect))
    }

    /// Figures that need no query.
    #[must_use]
    pub fn gauges(&self) -> &Gauges {
        &self.gauges
    }

    /// Completes when a batch was sealed since the last call.
    pub async fn sealed(&self) {
        self.signals.sealed.notified().await;
    }

    /// Completes when a delivery was queued since the last call.
    pub async fn queued(&self) {
        self.signals.queued.notified().await;
    }
}
