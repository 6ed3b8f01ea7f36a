//! Compaction: many small files of a day become few large ones, published in a later manifest.
//!
//! The work is done in bounded steps, so that whoever seals between two of them is never kept waiting long. Until the last
//! step nothing has changed; a compaction that is broken off leaves a temporary file at most.

mod plan;

mod running;

use std::sync::{Arc, PoisonError};

use super::error::LakeError;
use super::manifest::Snapshot;
use super::publish::name_files;
use super::{Lake, hour_of};
use crate::durable::disk;

pub use plan::Due;

pub(super) use running::Running;

/// A file that a merge reaches this length ends, and the next begins; a file of this length is merged no more.
pub const MAX_FILE_ROWS: u64 = 4 << 20;

/// What a step of compaction did.
#[derive(Debug, Clone)]
pub enum Progress {
    /// Nothing is to be merged.
    Idle,
    /// A merge has begun or gone on, and nothing is published yet.
    Merging,
    /// A merge is published.
    Merged(Merged),
}

/// A merge that was published.
#[derive(Debug, Clone)]
pub struct Merged {
    /// The manifest that has it.
    pub snapshot: Arc<Snapshot>,
    /// Files that were replaced.
    pub files_before: u64,
    /// Files that replace them.
    pub files_after: u64,
    /// Rows in them.
    pub rows: u64,
}

impl Lake {
    /// Does the next step of compaction: goes on with the merge that is under way, or begins the one that is due, by
    /// about `max_rows` rows. Several callers take turns at one merge.
    ///
    /// Replaced files stay on disk until [`Lake::collect`] takes them.
    ///
    /// # Errors
    /// [`LakeError`]; then the merge was given up, and nothing has changed.
    pub fn compact(&self, due: Due, max_rows: u64, now: jiff::Timestamp) -> Result<Progress, LakeError> {
        // A panic in a step leaves a merge that is given up here.
        let mut slot = self.compaction.lock().unwrap_or_else(PoisonError::into_inner);
        let mut running = match slot.take() {
            Some(running) => running,
            None => {
                let next = plan::next(&self.current().files, hour_of(now), due);
                match next.and_then(|inputs| Running::begin(&self.disk, &self.paths, inputs)) {
                    Some(running) => running,
                    None => return Ok(Progress::Idle),
                }
            }
        };
        if !running.step(max_rows, hour_of(now))? {
            *slot = Some(running);
            return Ok(Progress::Merging);
        }
        self.publish_merge(running, now)
    }

    fn publish_merge(&self, mut running: Running, now: jiff::Timestamp) -> Result<Progress, LakeError> {
        let hour = hour_of(now);
        let mut writer = self.writer();
        self.settle_doubt(&mut writer)?;
        let current = self.current();
        // Sorted by path, both; a month that was dropped meanwhile has taken its files along.
        let still_there = |input| current.files.binary_search_by_key(input, |file| file.path).is_ok();
        if !running.inputs.iter().all(|input| still_there(&input.path)) {
            return Ok(Progress::Merging);
        }
        for input in &running.inputs {
            // The hour of replacement: from it `collect` counts. Before the publication, since a crash may follow that.
            disk::set_modified_hour(&self.paths.result(&input.path), hour)?;
        }
        let (test_date, seals) = (running.test_date, running.seals());
        let written = running.take_written().into_iter().map(|file| (test_date, seals, file)).collect();
        let files = name_files(&self.disk, &self.paths, written)?;
        let (files_before, files_after) = (running.inputs.len() as u64, files.len() as u64);
        let rows = files.iter().map(|file| file.rows).sum();
        let snapshot = self.publish(&mut writer, hour, |manifest| {
            manifest.files.retain(|file| running.inputs.iter().all(|input| input.path != file.path));
            manifest.files.extend(files);
        })?;
        Ok(Progress::Merged(Merged { snapshot, files_before, files_after, rows }))
    }
}
