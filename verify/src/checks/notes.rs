//! What a Parquet file says of itself beside its columns: that it is of this dataset and table, and, if it is the release's
//! own, of this release, under its licence, by its method and by the statement that lies in the release.

use std::collections::BTreeMap;

use crate::contract;
use crate::manifest::File;
use crate::release::{DATASET, Release};
use crate::report::{Check, Report};

/// Compares the notes of a file with the manifest.
pub(super) fn check(release: &Release, file: &File, notes: &BTreeMap<String, String>, report: &mut Report) {
    let table = file.table.clone().unwrap_or_default();
    let manifest = &release.manifest;
    let mut expected = vec![("dataset", DATASET.to_owned()), ("table", table.clone())];
    // A file that releases share was written by the first of them.
    if file.span.is_none() {
        expected.push(("release", manifest.release.to_string()));
        expected.push(("licence", manifest.licence.clone()));
        expected.push(("method", manifest.method.clone()));
        expected.extend(statement(release, &table).map(|sha256| ("statement_sha256", sha256)));
    }
    for (key, expected) in expected {
        match notes.get(key) {
            Some(told) if *told == expected => {}
            Some(told) => {
                report.found(Check::Contracts, &file.path, format!("notes the {key} {told:?}, not {expected:?}"))
            }
            None => report.found(Check::Contracts, &file.path, format!("does not note its {key}")),
        }
    }
}

/// Digest of the statement of a table, if the release holds it.
fn statement(release: &Release, table: &str) -> Option<String> {
    let (_, folder) = contract::tables().find(|(name, _)| *name == table)?;
    let path = format!("{}sql/{folder}/{table}.sql", release.manifest.folder());
    release.manifest.files.iter().find(|file| file.path == path).map(|file| file.sha256.to_string())
}
