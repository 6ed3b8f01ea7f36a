//! Tests of the lake: what comes out is what went in, whatever happens in between.

mod ancestry;

mod collect;

mod compact;

mod crash;

mod dying;

mod model;

mod retain;

pub(crate) mod samples;

mod seal;

use std::fs;
use std::path::Path;

use tempfile::TempDir;
use wire::{Record, RecordFields};

use super::file::DayReader;
use super::manifest::{FileEntry, Snapshot};
use super::paths::ManifestId;
use super::row::OwnedRow;
use super::{Lake, LakeError, hour_of};
use crate::landing::LandedBatch;

/// Agent, batch and content of each record, in one order.
pub(crate) type Contents = Vec<(String, u64, String)>;

/// What the lake holds. Each of its files is looked at: rows, day, order.
pub(crate) fn contents(lake: &Lake) -> Contents {
    let mut all = Vec::new();
    for file in &lake.current().files {
        let rows = read_file(lake, file).expect("the file reads");
        assert_eq!(rows.len() as u64, file.rows);
        assert!(rows.is_sorted_by(|a, b| a.as_row() <= b.as_row()), "{} is in order", file.path);
        for OwnedRow { fields, origin } in &rows {
            assert_eq!(fields.tested_hour.day(), file.test_date().day());
            assert!((file.path.first_seal..=file.path.last_seal).contains(&origin.seal));
            assert!((file.min_arrived_hour..=file.max_arrived_hour).contains(&origin.arrived_hour));
            all.push((origin.agent.to_string(), origin.seq.0, format!("{fields:?}")));
        }
    }
    all.sort();
    all
}

/// What the lake must hold after these batches.
fn expected<'a>(batches: impl IntoIterator<Item = &'a LandedBatch>) -> Contents {
    let of = |batch: &LandedBatch| {
        let (agent, seq) = (batch.agent.to_string(), batch.seq.0);
        let row = |record: &Record| (agent.clone(), seq, format!("{:?}", RecordFields::from(record.clone())));
        batch.records.iter().map(row).collect::<Vec<_>>()
    };
    let mut all: Vec<_> = batches.into_iter().flat_map(of).collect();
    all.sort();
    all
}

/// All rows of a file, in their order.
fn read_file(lake: &Lake, file: &FileEntry) -> Result<Vec<OwnedRow>, LakeError> {
    let mut reader = DayReader::open(lake.paths().result(&file.path), 1_000)?;
    let mut all = Vec::new();
    loop {
        let mut rows = reader.next()?;
        if rows.is_empty() {
            return Ok(all);
        }
        all.append(&mut rows);
    }
}

/// Makes a new lake with a line of so many manifests, oldest first; they are not synced, which would take seconds.
fn long_line(dir: &Path, length: usize) -> Vec<ManifestId> {
    let lake = open(dir);
    let mut newest = Snapshot::clone(&lake.current());
    let mut line = vec![newest.id];
    while line.len() < length {
        let manifest = newest.successor(newest.number + 1, hour_of(samples::NOON));
        let (bytes, snapshot) = Snapshot::encode(manifest).expect("encodes");
        fs::write(lake.paths().manifest(snapshot.id), bytes).expect("writes");
        newest = snapshot;
        line.push(newest.id);
    }
    fs::write(lake.paths().current(), format!("{}\n", newest.id)).expect("writes");
    line
}

/// Publishes manifests that change nothing.
fn publish(lake: &Lake, count: usize) {
    (0..count).for_each(|_| {
        lake.publish(&mut lake.writer(), hour_of(samples::NOON), |_| {}).expect("publishes");
    });
}

/// A directory in memory where there is one: a simulated disk needs no real syncs, which take most of the time.
fn in_memory() -> TempDir {
    let memory = Path::new("/dev/shm");
    let made = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    made.expect("makes a directory")
}

/// Opens a lake that must be in order.
fn open(dir: &Path) -> Lake {
    let (lake, recovery) = Lake::open(dir, samples::NOON).expect("the lake opens");
    assert!(recovery.alarm.is_none(), "{recovery:?}");
    lake
}
