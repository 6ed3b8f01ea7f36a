//! A merge under way: files that are being read, and files that are being written.

use std::fs;
use std::mem;

use wire::Hour;

use super::MAX_FILE_ROWS;
use super::plan::FAN_IN;
use crate::durable::disk::{self, Disk};
use crate::lake::error::LakeError;
use crate::lake::file::{CHUNK_ROWS, DayReader, DayWriter, WrittenDay};
use crate::lake::manifest::FileEntry;
use crate::lake::merge::Merge;
use crate::lake::paths::{LakePaths, TestDate};
use crate::lake::row::{OwnedRow, Row};

/// Rows of all sources together that are held in memory.
const HELD_ROWS: usize = 65_536;

/// What opening a file costs, in rows; checking its bytes costs as much as merging one row in [`ROWS_CHECKED_AS_ONE`].
const OPENING_ROWS: u64 = 1_024;

const ROWS_CHECKED_AS_ONE: u64 = 16;

/// A merge of files of one day.
pub(crate) struct Running {
    disk: Disk,
    paths: LakePaths,
    pub(super) test_date: TestDate,
    pub(super) inputs: Vec<FileEntry>,
    /// How many of the inputs are opened already.
    opened: usize,
    merge: Merge,
    chunk: Vec<OwnedRow>,
    output: Option<DayWriter>,
    written: Vec<WrittenDay>,
}

impl std::fmt::Debug for Running {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Running").field("test_date", &self.test_date).field("inputs", &self.inputs.len()).finish()
    }
}

impl Running {
    /// Begins to merge these files, which are of one day.
    pub(super) fn begin(disk: &Disk, paths: &LakePaths, inputs: Vec<FileEntry>) -> Option<Self> {
        Some(Self {
            disk: disk.clone(),
            paths: paths.clone(),
            test_date: inputs.first()?.test_date(),
            inputs,
            opened: 0,
            merge: Merge::new(),
            chunk: Vec::with_capacity(CHUNK_ROWS),
            output: None,
            written: Vec::new(),
        })
    }

    /// Works for about `max_rows` rows; true once all is written and synced.
    pub(super) fn step(&mut self, max_rows: u64, hour: Hour) -> Result<bool, LakeError> {
        let mut budget = max_rows.max(1);
        while budget > 0 {
            let spent = match self.inputs.get(self.opened) {
                Some(input) => {
                    let cost = OPENING_ROWS + input.rows / ROWS_CHECKED_AS_ONE;
                    self.open_next()?;
                    cost
                }
                None => match self.write_chunk(hour)? {
                    0 => return self.end(hour).map(|()| true),
                    rows => rows,
                },
            };
            budget = budget.saturating_sub(spent);
        }
        Ok(false)
    }

    /// Opens the next file, whose bytes must be those that were written: a merge would give damage a good digest.
    fn open_next(&mut self) -> Result<(), LakeError> {
        let input = &self.inputs[self.opened];
        let path = self.paths.result(&input.path);
        let found = disk::measure(&path)?;
        if found.sha256 != input.sha256 {
            return Err(LakeError::FileAltered { path: input.path, what: "SHA-256" });
        }
        self.merge.add(DayReader::open(path, HELD_ROWS / self.inputs.len().min(FAN_IN))?)?;
        self.opened += 1;
        Ok(())
    }

    /// Writes the next rows; how many.
    fn write_chunk(&mut self, hour: Hour) -> Result<u64, LakeError> {
        self.chunk.clear();
        while self.chunk.len() < CHUNK_ROWS
            && let Some(row) = self.merge.next()?
        {
            self.chunk.push(row);
        }
        if self.chunk.is_empty() {
            return Ok(0);
        }
        let rows: Vec<Row<'_>> = self.chunk.iter().map(OwnedRow::as_row).collect();
        let output = match &mut self.output {
            Some(output) => output,
            None => {
                let name = format!("compact-{}{}", self.written.len(), disk::TEMPORARY_ENDING);
                let temporary = self.paths.day(self.test_date).join(name);
                self.output.insert(DayWriter::begin(&self.disk, temporary, self.test_date)?)
            }
        };
        output.write(&rows)?;
        if output.rows() >= MAX_FILE_ROWS {
            self.end_output(hour)?;
        }
        Ok(self.chunk.len() as u64)
    }

    fn end_output(&mut self, hour: Hour) -> Result<(), LakeError> {
        if let Some(output) = self.output.take() {
            self.written.push(output.finish(hour)?);
        }
        Ok(())
    }

    fn end(&mut self, hour: Hour) -> Result<(), LakeError> {
        self.end_output(hour)?;
        let expected: u64 = self.inputs.iter().map(|input| input.rows).sum();
        let written = self.written.iter().map(|file| file.rows).sum();
        if expected == written { Ok(()) } else { Err(LakeError::MergeLost { day: self.test_date, expected, written }) }
    }

    /// The oldest and the newest seal of which there are rows.
    pub(super) fn seals(&self) -> (u64, u64) {
        let first = self.inputs.iter().map(|input| input.path.first_seal).min();
        let last = self.inputs.iter().map(|input| input.path.last_seal).max();
        (first.unwrap_or(0), last.unwrap_or(0))
    }

    /// What was written; the caller names it.
    pub(super) fn take_written(&mut self) -> Vec<WrittenDay> {
        mem::take(&mut self.written)
    }
}

impl Drop for Running {
    /// What was written and not named is of no use to anyone; what stays is removed at the next start.
    fn drop(&mut self) {
        let unfinished = self.output.take().map(DayWriter::give_up);
        for temporary in self.written.drain(..).map(|file| file.temporary).chain(unfinished) {
            drop(fs::remove_file(temporary));
        }
    }
}
