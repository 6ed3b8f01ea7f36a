//! Look-ups beside the writer: connections that only read, on threads that may wait for the disk.
//!
//! SQLite's write-ahead log lets readers and the writer go on side by side. The number of look-ups at once, the number of
//! those that wait, and the time of each are bounded: none holds up results, nor the moment at which erased bytes leave
//! the log.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, InterruptHandle};
use tokio::sync::{Semaphore, oneshot};

use super::damage::files::FileId;
use super::{StoreFault, schema};

/// Look-ups that run at once.
pub const MAX_READERS: usize = 2;

/// Look-ups that wait for their turn; more are told to come again.
pub const MAX_WAITING_READS: usize = 64;

/// Longest time of a look-up, the wait for its turn included.
pub const READ_TIMEOUT: Duration = Duration::from_secs(3);

/// Reads the database; clones share the connections.
#[derive(Clone)]
pub struct Reader {
    shared: Arc<Shared>,
    patience: Duration,
}

struct Shared {
    path: PathBuf,
    running: Arc<Semaphore>,
    waiting: Semaphore,
    /// Open connections that nobody uses, at most [`MAX_READERS`].
    idle: Mutex<Vec<Opened>>,
    /// Set when a look-up meets damage.
    suspect: Arc<AtomicBool>,
}

/// A connection, and the file that it reads: another one may have come into its place.
struct Opened {
    connection: Connection,
    file: Option<FileId>,
}

impl Reader {
    /// A reader of this database. Nothing is opened before the first look-up.
    #[must_use]
    pub fn new(path: PathBuf) -> Self {
        Self::with(path, READ_TIMEOUT, Arc::default())
    }

    /// As [`Reader::new`]; sets `suspect` when a look-up meets damage.
    pub(super) fn watched(path: PathBuf, suspect: Arc<AtomicBool>) -> Self {
        Self::with(path, READ_TIMEOUT, suspect)
    }

    fn with(path: PathBuf, patience: Duration, suspect: Arc<AtomicBool>) -> Self {
        let shared = Shared {
            path,
            running: Arc::new(Semaphore::new(MAX_READERS)),
            waiting: Semaphore::new(MAX_READERS + MAX_WAITING_READS),
            idle: Mutex::default(),
            suspect,
        };
        Self { shared: Arc::new(shared), patience }
    }

    /// The database.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.shared.path
    }

    /// Runs a look-up on a thread of its own. It sees all that was acknowledged before. If nobody waits for it any more,
    /// it is broken off.
    ///
    /// # Errors
    /// [`StoreFault::Overloaded`] if too many wait, [`StoreFault::TooSlow`] after [`READ_TIMEOUT`], or what the look-up
    /// itself met.
    pub async fn read<T: Send + 'static>(
        &self,
        look: impl FnOnce(&Connection) -> Result<T, StoreFault> + Send + 'static,
    ) -> Result<T, StoreFault> {
        let _waiting = self.shared.waiting.try_acquire().map_err(|_| StoreFault::Overloaded)?;
        let deadline = tokio::time::Instant::now() + self.patience;
        let running = tokio::time::timeout_at(deadline, Arc::clone(&self.shared.running).acquire_owned())
            .await
            .map_err(|_| StoreFault::TooSlow)?
            .map_err(|_| StoreFault::Overloaded)?;
        let shared = Arc::clone(&self.shared);
        let (begun, handle) = oneshot::channel();
        let _break_off = BreakOff(handle);
        let work = tokio::task::spawn_blocking(move || {
            // The place is free only when the thread is.
            let _running = running;
            let opened = shared.connect()?;
            // Nobody waits any more: there is nothing to begin.
            begun.send(opened.connection.get_interrupt_handle()).map_err(|_| StoreFault::TooSlow)?;
            let found = look(&opened.connection)?;
            Ok::<_, StoreFault>((opened, found))
        });
        let done = tokio::time::timeout_at(deadline, work).await.map_err(|_| StoreFault::TooSlow)?;
        let done = done.map_err(|_| StoreFault::ReaderGone)?;
        if done.as_ref().is_err_and(StoreFault::is_damage) {
            self.shared.suspect.store(true, Relaxed);
        }
        let (opened, found) = done?;
        // Only here it can be used again: a look-up that is broken off never breaks off another one.
        self.shared.idle.lock().unwrap_or_else(PoisonError::into_inner).push(opened);
        Ok(found)
    }
}

impl Shared {
    fn connect(&self) -> Result<Opened, StoreFault> {
        let file = FileId::of(&self.path);
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        // A damaged database was set aside, and a new one lies in its place.
        match idle.filter(|opened| opened.file == file) {
            Some(opened) => Ok(opened),
            None => Ok(Opened { connection: schema::open_reader(&self.path)?, file }),
        }
    }
}

/// Ends the look-up when it is dropped; one that is done is not touched.
struct BreakOff(oneshot::Receiver<InterruptHandle>);

impl Drop for BreakOff {
    fn drop(&mut self) {
        if let Ok(handle) = self.0.try_recv() {
            handle.interrupt();
        }
    }
}

#[cfg(test)]
mod tests {
    //! Aim: look-ups see what was written, wait for no writer, write nothing, and are bounded in number and time.

    use rusqlite::TransactionBehavior;

    use super::*;

    fn count(connection: &Connection) -> Result<u64, StoreFault> {
        Ok(connection.query_row("SELECT count(*) FROM answers", [], |row| row.get(0))?)
    }

    const ROW: &str = "INSERT INTO answers (key, client, local_id, received_s) VALUES (x'00', x'00', 1, 1)";

    #[tokio::test]
    async fn a_look_up_waits_for_no_writer() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("agent.sqlite");
        let mut writer = schema::open(&path).expect("a database");
        let reader = Reader::new(path);
        writer.execute(ROW, []).expect("a row");
        assert_eq!(reader.read(count).await.expect("a count"), 1);
        let transaction = writer.transaction_with_behavior(TransactionBehavior::Immediate).expect("a transaction");
        transaction.execute(ROW, []).expect("a row");
        assert_eq!(reader.read(count).await.expect("a count"), 1, "it does not see what is not committed");
        transaction.commit().expect("committed");
        assert_eq!(reader.read(count).await.expect("a count"), 2);
        let refused = reader.read(|connection| Ok(connection.execute(ROW, [])?)).await;
        assert!(matches!(refused, Err(StoreFault::Sqlite(_))), "{refused:?}");
    }

    // Aim: a look-up without end is broken off, and its place is free again.
    #[tokio::test]
    async fn a_slow_look_up_is_broken_off() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("agent.sqlite");
        drop(schema::open(&path).expect("a database"));
        let reader = Reader::with(path, Duration::from_millis(200), Arc::default());
        let endless = "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n) SELECT count(*) FROM n";
        let look = || reader.read(move |connection| Ok(connection.query_row(endless, [], |row| row.get::<_, i64>(0))?));
        for _ in 0..=MAX_READERS {
            assert!(matches!(look().await, Err(StoreFault::TooSlow)));
        }
        // The same if the one who asked goes away.
        for _ in 0..=MAX_READERS {
            assert!(tokio::time::timeout(Duration::from_millis(50), look()).await.is_err());
        }
        assert_eq!(reader.read(count).await.expect("a count"), 0);
    }

    #[tokio::test]
    async fn too_many_look_ups_are_told_to_come_again() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("agent.sqlite");
        drop(schema::open(&path).expect("a database"));
        let reader = Reader::new(path);
        let (release, gate) = std::sync::mpsc::channel::<()>();
        let gate = Arc::new(Mutex::new(gate));
        let mut looks = tokio::task::JoinSet::new();
        for _ in 0..MAX_READERS + MAX_WAITING_READS {
            let (reader, gate) = (reader.clone(), Arc::clone(&gate));
            looks.spawn(async move {
                reader
                    .read(move |connection| {
                        let _ = gate.lock().expect("a gate").recv();
                        count(connection)
                    })
                    .await
            });
        }
        while reader.shared.waiting.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        assert!(matches!(reader.read(count).await, Err(StoreFault::Overloaded)));
        drop(release);
        while let Some(found) = looks.join_next().await {
            assert_eq!(found.expect("a look-up").expect("a count"), 0);
        }
        assert_eq!(reader.read(count).await.expect("a count"), 0);
    }
}
