//! What lies in a warehouse's lake, read from its files by this test: which batches, and how many rows of each.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use bufferlake_tests::harness::until;
use parquet::file::reader::{FileReader as _, SerializedFileReader};
use parquet::record::{Field, Row};
use warehouse::lake::manifest::Snapshot;
use warehouse::lake::paths::LakePaths;

/// Longest wait for something to be sealed.
const SEAL_PATIENCE: Duration = Duration::from_secs(30);

/// Number of rows by agent, epoch and seq.
pub(super) type RowsByBatch = BTreeMap<(String, u64, u64), u64>;

/// The manifest that `CURRENT` names.
pub(super) fn manifest(data_dir: &Path) -> anyhow::Result<Snapshot> {
    let paths = LakePaths::in_data_dir(data_dir);
    let current = fs::read_to_string(paths.current()).context("reading CURRENT")?;
    let id = current.trim_end().parse().with_context(|| format!("CURRENT says {current:?}"))?;
    Ok(Snapshot::decode(id, &fs::read(paths.manifest(id))?)?)
}

/// Waits until so many rows are in the lake, and fails if there are more.
pub(super) fn await_rows(data_dir: &Path, rows: u64) -> anyhow::Result<Snapshot> {
    // A manifest may be replaced while it is read.
    let snapshot = until(&format!("{rows} rows are in the lake"), SEAL_PATIENCE, || {
        manifest(data_dir).ok().filter(|snapshot| snapshot.rows() >= rows)
    })?;
    ensure!(snapshot.rows() == rows, "{} rows instead of {rows} are in the lake", snapshot.rows());
    Ok(snapshot)
}

/// The rows of the files that the manifest names, counted one by one.
pub(super) fn rows_by_batch(data_dir: &Path) -> anyhow::Result<RowsByBatch> {
    let mut counts = RowsByBatch::new();
    for_each_row(data_dir, |row| {
        *counts.entry(batch_of(row)?).or_default() += 1;
        Ok(())
    })?;
    Ok(counts)
}

/// Shows every row of the files that the manifest names.
pub(super) fn for_each_row(data_dir: &Path, mut see: impl FnMut(&Row) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let paths = LakePaths::in_data_dir(data_dir);
    for entry in &manifest(data_dir)?.files {
        let path = paths.result(&entry.path);
        let reader = SerializedFileReader::new(File::open(&path)?).with_context(|| path.display().to_string())?;
        for row in reader.get_row_iter(None)? {
            see(&row?)?;
        }
    }
    Ok(())
}

/// A column of a row.
pub(super) fn column<'a>(row: &'a Row, name: &str) -> anyhow::Result<&'a Field> {
    let found = row.get_column_iter().find(|(column, _)| *column == name).map(|(_, field)| field);
    found.with_context(|| format!("no column {name}"))
}

fn batch_of(row: &Row) -> anyhow::Result<(String, u64, u64)> {
    match (column(row, "agent")?, column(row, "epoch")?, column(row, "seq")?) {
        (Field::Str(agent), Field::ULong(epoch), Field::ULong(seq)) => Ok((agent.clone(), *epoch, *seq)),
        other => anyhow::bail!("agent, epoch and seq have other types: {other:?}"),
    }
}
