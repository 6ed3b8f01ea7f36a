//! The lake: all accepted records as immutable Parquet files by test day, and the manifest that says which files count.
//!
//! [`Lake::seal`] writes landed batches as sorted files, one a day touched, and publishes one new manifest. Files are
//! never changed: [`Lake::compact`] replaces many by few in a later manifest, [`Lake::drop_months`] leaves old
//! months out, and [`Lake::collect`] removes what no reader can hold any more.
//!
//! Whatever happens in between, [`Lake::open`] finds the last published manifest and all that it names.

pub mod paths;

mod bins;

mod row;

pub mod schema;

mod decode;

mod file;

pub mod manifest;

mod error;

mod ancestry;

mod publish;

mod seal;

mod recover;

mod merge;

mod compact;

mod collect;

pub mod retain;

mod upkeep;

#[cfg(test)]
pub(crate) mod tests;

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;
use wire::Hour;

pub use collect::Collected;
pub use compact::{Due, MAX_FILE_ROWS, Merged, Progress};
pub use error::LakeError;
pub(crate) use publish::read_current;
pub use recover::{Alarm, Recovery};
pub use seal::Sealed;
pub use upkeep::Order;

use crate::durable::disk::Disk;
use manifest::Snapshot;
use paths::LakePaths;

/// The lake of one data directory. There is one in the process, and the data directory's lock keeps other processes out.
///
/// All methods take `&self`: readers take a [`Snapshot`] and are never in the writer's way; writers queue.
#[derive(Debug)]
pub struct Lake {
    paths: LakePaths,
    disk: Disk,
    current: ArcSwap<Snapshot>,
    writer: Mutex<Writer>,
    /// The merge that is under way. Taken before `writer`, never after it.
    compaction: Mutex<Option<compact::Running>>,
}

/// What only the one who publishes may touch.
#[derive(Debug)]
struct Writer {
    /// The number of the next manifest. A number whose publication failed is not used again.
    next_number: u64,
    /// True after a failed publication: `CURRENT` may name the manifest before or the one that failed.
    in_doubt: bool,
}

impl Lake {
    /// Opens the lake in the warehouse's data directory and recovers it; makes an empty one if there is none.
    /// The caller holds the data directory's lock.
    ///
    /// # Errors
    /// [`LakeError`] if a file of the lake is missing or has another size, or if no manifest can be used.
    pub fn open(data_dir: &Path, now: jiff::Timestamp) -> Result<(Self, Recovery), LakeError> {
        Self::open_on(Disk::default(), data_dir, now)
    }

    /// As [`Lake::open`], on a disk that may be observed.
    ///
    /// # Errors
    /// As [`Lake::open`].
    pub fn open_on(disk: Disk, data_dir: &Path, now: jiff::Timestamp) -> Result<(Self, Recovery), LakeError> {
        let paths = LakePaths::in_data_dir(data_dir);
        let (snapshot, recovery) = recover::recover(&disk, &paths, hour_of(now))?;
        let writer = Writer { next_number: recovery.next_number, in_doubt: false };
        let current = ArcSwap::from_pointee(snapshot);
        let compaction = Mutex::default();
        Ok((Self { paths, disk, current, writer: Mutex::new(writer), compaction }, recovery))
    }

    /// The current manifest. The files that it names stay for a day after they are replaced.
    #[must_use]
    pub fn current(&self) -> Arc<Snapshot> {
        self.current.load_full()
    }

    /// Where things lie.
    #[must_use]
    pub fn paths(&self) -> &LakePaths {
        &self.paths
    }

    fn writer(&self) -> MutexGuard<'_, Writer> {
        // A panic in a writer leaves at worst a manifest that was not published.
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The hour in which a moment lies.
fn hour_of(now: jiff::Timestamp) -> Hour {
    Hour::of_unix_s(now.as_second())
}
