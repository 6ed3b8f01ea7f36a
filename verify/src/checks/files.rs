//! `files`: every file is there, with the manifest's size and digest.

use std::collections::BTreeSet;

use anyhow::Context as _;

use crate::manifest::{File, is_plain};
use crate::progress::Progress;
use crate::release::Release;
use crate::report::{Check, Report};

/// Fetches and compares every file.
pub(super) fn check(release: &mut Release, report: &mut Report, progress: &Progress) -> anyhow::Result<()> {
    let files = release.manifest.files.clone();
    let bar = progress.begin("files", files.iter().map(|file| file.bytes).sum());
    report.looked_at(Check::Files, 0);
    let mut paths = BTreeSet::new();
    for file in &files {
        if let Some(what) = bad_entry(file, &release.manifest.folder()) {
            report.found(Check::Manifest, &file.path, what);
        }
        if !paths.insert(&file.path) {
            report.found(Check::Manifest, &file.path, "stands twice in the manifest");
        }
        report.looked_at(Check::Files, 1);
        if let Err(what) = release.fetch(file).with_context(|| file.path.clone())? {
            report.found(Check::Files, &file.path, what);
        }
        bar.inc(file.bytes);
    }
    bar.finish_and_clear();
    Ok(())
}

/// What is wrong with what the manifest says of a file.
fn bad_entry(file: &File, folder: &str) -> Option<String> {
    if !is_plain(&file.path) {
        return Some("is no plain path".to_owned());
    }
    if file.path.starts_with(folder) {
        return None;
    }
    // Files that releases share are named after what they hold.
    let table = file.table.as_deref().unwrap_or_default();
    let month = file.month.as_deref().unwrap_or_default();
    let path = format!("files/{table}/month={month}/{}.parquet", file.sha256);
    (file.path != path).then(|| format!("is neither in {folder} nor called {path}"))
}
