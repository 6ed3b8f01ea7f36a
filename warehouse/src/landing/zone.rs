//! The landing zone on disk: one writer thread that commits in groups, and readers for sealing and recovery.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use tokio::sync::{Notify, mpsc, oneshot};

use super::{LandedBatch, LandingFault, LandingFile, frame};
use crate::durable::{self, FileFault};

/// Most batches in one group commit, so that a file stays small enough to be read whole.
const MAX_GROUP_BATCHES: usize = 128;

/// Most batches that wait for the disk; more wait at the caller's side.
const QUEUE_BATCHES: usize = 256;

const SUFFIX: &str = "landed";
const DAMAGED_SUFFIX: &str = "damaged";
const TEMPORARY_SUFFIX: &str = "tmp";

/// Handle of the landing zone. Clones share one writer.
#[derive(Debug, Clone)]
pub struct Landing {
    directory: Arc<PathBuf>,
    queue: mpsc::Sender<Waiting>,
    bytes: Arc<AtomicU64>,
    /// Told whenever files go.
    freed: Arc<Notify>,
}

/// A frame that waits for the disk, and whom to tell.
struct Waiting {
    frame: Vec<u8>,
    done: oneshot::Sender<Result<(), Arc<LandingFault>>>,
}

impl Landing {
    /// Opens the landing zone in this directory, makes it if it is missing, and starts its writer.
    /// Half-written files of a crash are removed: nothing in them was acknowledged.
    ///
    /// # Errors
    /// [`LandingFault::File`].
    pub fn open(directory: &Path) -> Result<Self, LandingFault> {
        fs::create_dir_all(directory).map_err(FileFault::when("create", directory))?;
        let mut last = 0;
        let mut total = 0;
        for entry in fs::read_dir(directory).map_err(FileFault::when("list", directory))? {
            let path = entry.map_err(FileFault::when("list", directory))?.path();
            if path.extension().is_some_and(|suffix| suffix == TEMPORARY_SUFFIX) {
                fs::remove_file(&path).map_err(FileFault::when("remove half-written", &path))?;
            } else if let Some(number) = number_of(&path) {
                // Damaged files keep their number, so that it is never given again.
                last = last.max(number);
                total += path.metadata().map_err(FileFault::when("read the size of", &path))?.len();
            }
        }
        durable::sync_directory(directory).map_err(FileFault::when("sync", directory))?;
        let (queue, waiting) = mpsc::channel(QUEUE_BATCHES);
        let bytes = Arc::new(AtomicU64::new(total));
        let directory = Arc::new(directory.to_owned());
        let writer = Writer { directory: Arc::clone(&directory), next: last + 1, bytes: Arc::clone(&bytes) };
        thread::Builder::new()
            .name("landing".to_owned())
            .spawn(move || writer.run(waiting))
            .map_err(FileFault::when("start the writer of", &directory))?;
        Ok(Self { directory, queue, bytes, freed: Arc::new(Notify::new()) })
    }

    /// Makes the batch durable. When this returns `Ok`, the batch survives a power cut.
    ///
    /// # Errors
    /// The batch is then not acknowledged; it may still be on disk, which the next delivery of it will find out.
    pub async fn append(&self, batch: LandedBatch) -> Result<(), Arc<LandingFault>> {
        self.append_frame(frame::encode(&batch).map_err(LandingFault::Encode)?).await
    }

    /// As [`Landing::append`], for a batch that was encoded by [`frame::encode`] already, away from the reactor.
    ///
    /// # Errors
    /// As [`Landing::append`].
    pub async fn append_frame(&self, frame: Vec<u8>) -> Result<(), Arc<LandingFault>> {
        let (done, landed) = oneshot::channel();
        self.queue.send(Waiting { frame, done }).await.map_err(|_| LandingFault::Closed)?;
        landed.await.map_err(|_| LandingFault::Closed)?
    }

    /// As [`Landing::append_frame`], for a thread that may wait.
    ///
    /// # Errors
    /// As [`Landing::append`].
    pub fn append_frame_blocking(&self, frame: Vec<u8>) -> Result<(), Arc<LandingFault>> {
        let (done, landed) = oneshot::channel();
        self.queue.blocking_send(Waiting { frame, done }).map_err(|_| LandingFault::Closed)?;
        landed.blocking_recv().map_err(|_| LandingFault::Closed)?
    }

    /// The files that wait for sealing, oldest first.
    ///
    /// # Errors
    /// [`LandingFault::File`].
    pub fn files(&self) -> Result<Vec<LandingFile>, LandingFault> {
        let mut files = Vec::new();
        for entry in fs::read_dir(&*self.directory).map_err(FileFault::when("list", &self.directory))? {
            let path = entry.map_err(FileFault::when("list", &self.directory))?.path();
            if path.extension().is_none_or(|suffix| suffix != SUFFIX) {
                continue;
            }
            if let Some(number) = number_of(&path) {
                let bytes = path.metadata().map_err(FileFault::when("read the size of", &path))?.len();
                files.push(LandingFile { number, bytes });
            }
        }
        files.sort_unstable();
        Ok(files)
    }

    /// Reads a file's batches.
    ///
    /// # Errors
    /// [`LandingFault::Damaged`] if it is not what was written, [`LandingFault::File`] if it cannot be read.
    pub fn read(&self, file: &LandingFile) -> Result<Vec<LandedBatch>, LandingFault> {
        let path = self.path(file);
        let bytes = fs::read(&path).map_err(FileFault::when("read", &path))?;
        frame::decode_all(&bytes).map_err(|source| LandingFault::Damaged { path, source })
    }

    /// Removes files whose batches are in the lake.
    ///
    /// # Errors
    /// [`LandingFault::File`]; a file that is left is found to be in the lake at the next start.
    pub fn remove(&self, files: &[LandingFile]) -> Result<(), LandingFault> {
        for file in files {
            let path = self.path(file);
            fs::remove_file(&path).map_err(FileFault::when("remove", &path))?;
            self.bytes.fetch_sub(file.bytes, Ordering::Relaxed);
        }
        self.freed.notify_waiters();
        Ok(durable::sync_directory(&self.directory).map_err(FileFault::when("sync", &self.directory))?)
    }

    /// Sets a damaged file aside under another name, never to be deleted by this program.
    ///
    /// # Errors
    /// [`LandingFault::File`].
    pub fn set_aside(&self, file: &LandingFile) -> Result<PathBuf, LandingFault> {
        let path = self.path(file);
        let aside = path.with_extension(DAMAGED_SUFFIX);
        fs::rename(&path, &aside).map_err(FileFault::when("set aside", &path))?;
        durable::sync_directory(&self.directory).map_err(FileFault::when("sync", &self.directory))?;
        Ok(aside)
    }

    /// Bytes that lie in the landing zone, set-aside files included.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Waits until at most `max_bytes` lie here; false if that takes longer than `patience`. So senders are slowed to
    /// the pace of sealing, and the zone does not grow while more is sent than is sealed.
    pub async fn has_room(&self, max_bytes: u64, patience: Duration) -> bool {
        let room = async {
            loop {
                // Asked for before the look, so that what goes in between is not missed.
                let freed = self.freed.notified();
                if self.bytes() <= max_bytes {
                    return;
                }
                freed.await;
            }
        };
        tokio::time::timeout(patience, room).await.is_ok()
    }

    fn path(&self, file: &LandingFile) -> PathBuf {
        path_of(&self.directory, file.number)
    }
}

struct Writer {
    directory: Arc<PathBuf>,
    next: u64,
    bytes: Arc<AtomicU64>,
}

impl Writer {
    /// Takes what waits, writes it as one file, tells everyone; ends when the last handle is gone.
    fn run(mut self, mut waiting: mpsc::Receiver<Waiting>) {
        let mut group = Vec::with_capacity(MAX_GROUP_BATCHES);
        while waiting.blocking_recv_many(&mut group, MAX_GROUP_BATCHES) > 0 {
            let (number, outcome) = (self.next, self.commit(&group));
            // Once the file has its name, a failure leaves open whether it is durable. The next start will find out;
            // taking the same batches again before that could bring them in twice.
            let in_doubt = outcome.is_err() && path_of(&self.directory, number).exists();
            let outcome = outcome.map_err(Arc::new);
            group.drain(..).for_each(|member| drop(member.done.send(outcome.clone())));
            if in_doubt {
                tracing::error!(
                    landing.file = number,
                    "a landing file is in doubt: no more is taken in until a restart"
                );
                return;
            }
        }
    }

    fn commit(&mut self, group: &[Waiting]) -> Result<(), LandingFault> {
        // A number is never used twice, also if its commit fails.
        let number = self.next;
        self.next += 1;
        let path = path_of(&self.directory, number);
        let temporary = path.with_extension(TEMPORARY_SUFFIX);
        let written = write_temporary(&temporary, group).inspect_err(|_| drop(fs::remove_file(&temporary)))?;
        fs::rename(&temporary, &path).map_err(FileFault::when("publish", &path))?;
        self.bytes.fetch_add(written, Ordering::Relaxed);
        Ok(durable::sync_directory(&self.directory).map_err(FileFault::when("sync", &self.directory))?)
    }
}

/// Writes and syncs the frames; the number of bytes.
fn write_temporary(temporary: &Path, group: &[Waiting]) -> Result<u64, LandingFault> {
    let mut file = File::create_new(temporary).map_err(FileFault::when("create", temporary))?;
    let mut written = 0;
    for member in group {
        file.write_all(&member.frame).map_err(FileFault::when("write", temporary))?;
        written += member.frame.len() as u64;
    }
    file.sync_data().map_err(FileFault::when("sync", temporary))?;
    Ok(written)
}

fn path_of(directory: &Path, number: u64) -> PathBuf {
    directory.join(format!("{number:020}.{SUFFIX}"))
}

fn number_of(path: &Path) -> Option<u64> {
    path.file_stem()?.to_str()?.parse().ok()
}

#[cfg(test)]
mod tests;
