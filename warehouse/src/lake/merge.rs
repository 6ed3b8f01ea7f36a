//! Many sorted files read as one sorted stream, within a bounded memory.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;
use std::mem;
use std::vec;

use super::error::LakeError;
use super::file::DayReader;
use super::row::{OwnedRow, SortKey};

/// Merges the rows of sorted files. Each source holds at most one chunk of its rows.
pub(crate) struct Merge {
    sources: Vec<Source>,
    heads: BinaryHeap<Head>,
}

struct Source {
    reader: DayReader,
    rows: vec::IntoIter<OwnedRow>,
}

impl Source {
    fn next(&mut self) -> Result<Option<OwnedRow>, LakeError> {
        if self.rows.len() == 0 {
            self.rows = self.reader.next()?.into_iter();
        }
        Ok(self.rows.next())
    }
}

impl Merge {
    /// Nothing yet; sources are added before the first row is taken.
    pub(crate) fn new() -> Self {
        Self { sources: Vec::new(), heads: BinaryHeap::new() }
    }

    /// Adds a file.
    pub(crate) fn add(&mut self, reader: DayReader) -> Result<(), LakeError> {
        let mut source = Source { reader, rows: Vec::new().into_iter() };
        if let Some(row) = source.next()? {
            self.heads.push(Head::new(row, self.sources.len()));
        }
        self.sources.push(source);
        Ok(())
    }

    /// The next row of all; `None` at the end. After an error the merge is of no use any more.
    pub(crate) fn next(&mut self) -> Result<Option<OwnedRow>, LakeError> {
        let Some(mut first) = self.heads.peek_mut() else { return Ok(None) };
        let source = first.source;
        let row = match self.sources[source].next()? {
            // In place: the heap is put in order once, not for a removal and again for an insertion.
            Some(next) => mem::replace(&mut *first, Head::new(next, source)).row,
            None => PeekMut::pop(first).row,
        };
        Ok(Some(row))
    }
}

/// The first row of a source that was not taken yet.
struct Head {
    key: SortKey,
    row: OwnedRow,
    source: usize,
}

impl Head {
    fn new(row: OwnedRow, source: usize) -> Self {
        Self { key: row.as_row().key(), row, source }
    }
}

impl Ord for Head {
    /// Turned around: the heap gives the greatest first, and the smallest row is wanted.
    fn cmp(&self, other: &Self) -> Ordering {
        let rest = || other.row.as_row().compare_rest(&self.row.as_row());
        other.key.cmp(&self.key).then_with(rest).then_with(|| other.source.cmp(&self.source))
    }
}

impl PartialOrd for Head {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Head {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Head {}
