//! Publishing a manifest: the one switch by which the lake changes.

use std::sync::Arc;

use wire::Hour;

use super::error::LakeError;
use super::file::WrittenDay;
use super::manifest::{FileEntry, Manifest, Snapshot};
use super::paths::{LakePaths, ManifestId, ResultPath, TestDate};
use super::{Lake, Writer};
use crate::durable::PUBLIC_MODE;
use crate::durable::disk::{self, Disk};

impl Lake {
    /// Publishes the successor of the current manifest, as `change` makes it. The caller holds the writer.
    pub(super) fn publish(
        &self,
        writer: &mut Writer,
        hour: Hour,
        change: impl FnOnce(&mut Manifest),
    ) -> Result<Arc<Snapshot>, LakeError> {
        self.settle_doubt(writer)?;
        let mut manifest = self.current().successor(writer.next_number, hour);
        change(&mut manifest);
        manifest.files.sort_unstable_by_key(|file| file.path);
        // From here on a failure leaves open what the disk says, and the number is spent.
        writer.next_number += 1;
        writer.in_doubt = true;
        let snapshot = write_manifest(&self.disk, &self.paths, manifest)?;
        self.disk.replace(&self.paths.current(), format!("{}\n", snapshot.id).as_bytes(), PUBLIC_MODE)?;
        let snapshot = Arc::new(snapshot);
        self.current.store(Arc::clone(&snapshot));
        writer.in_doubt = false;
        Ok(snapshot)
    }

    /// After a failed publication: makes what `CURRENT` says last, and believes it.
    pub(super) fn settle_doubt(&self, writer: &mut Writer) -> Result<(), LakeError> {
        if !writer.in_doubt {
            return Ok(());
        }
        self.disk.sync_directory(&self.paths.manifests())?;
        self.disk.sync_directory(self.paths.root())?;
        let snapshot = read_current(&self.paths)?;
        tracing::warn!(lake.manifest = %snapshot.id, "a publication had failed; going on from what the disk says");
        self.current.store(Arc::new(snapshot));
        writer.in_doubt = false;
        Ok(())
    }
}

/// Writes a manifest under its id and makes it last. `CURRENT` does not name it yet.
pub(super) fn write_manifest(disk: &Disk, paths: &LakePaths, manifest: Manifest) -> Result<Snapshot, LakeError> {
    let (bytes, snapshot) =
        Snapshot::encode(manifest).map_err(|source| LakeError::Json { what: "a manifest", source })?;
    disk.replace(&paths.manifest(snapshot.id), &bytes, PUBLIC_MODE)?;
    Ok(snapshot)
}

/// The manifest that `CURRENT` names.
pub(crate) fn read_current(paths: &LakePaths) -> Result<Snapshot, LakeError> {
    let path = paths.current();
    let text = String::from_utf8_lossy(&disk::read(&path)?).into_owned();
    let id = text.trim_end().parse().map_err(|source| LakeError::Current { path, source })?;
    read_manifest(paths, id)
}

/// A manifest by its id.
pub(super) fn read_manifest(paths: &LakePaths, id: ManifestId) -> Result<Snapshot, LakeError> {
    let bytes = disk::read(&paths.manifest(id))?;
    Snapshot::decode(id, &bytes).map_err(|source| LakeError::Manifest { id, source })
}

/// Gives written files their names and makes the names last; then they can be published.
pub(super) fn name_files(
    disk: &Disk,
    paths: &LakePaths,
    written: Vec<(TestDate, (u64, u64), WrittenDay)>,
) -> Result<Vec<FileEntry>, LakeError> {
    let mut entries = Vec::with_capacity(written.len());
    for (test_date, (first_seal, last_seal), day) in written {
        let path = ResultPath { test_date, first_seal, last_seal, digest: day.measure.sha256.short() };
        disk.rename(&day.temporary, &paths.result(&path))?;
        disk.sync_directory(&paths.day(test_date))?;
        entries.push(FileEntry {
            path,
            rows: day.rows,
            bytes: day.measure.bytes,
            sha256: day.measure.sha256,
            min_arrived_hour: day.arrived.0,
            max_arrived_hour: day.arrived.1,
        });
    }
    Ok(entries)
}
