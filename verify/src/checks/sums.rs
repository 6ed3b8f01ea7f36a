//! `sums`: `SHA256SUMS` and the manifest say the same, and no other file lies in the release's folder.

use std::collections::BTreeMap;

use anyhow::Context as _;

use crate::manifest::{Sha256, read_sums};
use crate::release::{Release, digest_of};
use crate::report::{Check, Report};
use crate::source::SourceFault;

/// Most bytes of `SHA256SUMS`, and of a document that the manifest does not name.
const SUMS_BYTES_MOST: u64 = 64 << 20;

/// Files of a release that SHA256SUMS cannot or need not name: itself, and what belongs to the moment.
const UNNAMED: [&str; 2] = ["SHA256SUMS", "publication.json"];

/// Compares both lists, and the documents that only one of them names.
pub(super) fn check(release: &mut Release, report: &mut Report) -> anyhow::Result<()> {
    let folder = release.manifest.folder();
    let path = format!("{folder}SHA256SUMS");
    report.looked_at(Check::Sums, 0);
    let bytes = match release.source.bytes(&path, SUMS_BYTES_MOST) {
        Ok(bytes) => bytes,
        Err(fault @ SourceFault::Unreadable(_)) => return Err(fault).context(path),
        Err(fault) => {
            report.found(Check::Sums, path, fault.to_string());
            return Ok(());
        }
    };
    let sums = match read_sums(&String::from_utf8_lossy(&bytes), &folder) {
        Ok(sums) => sums,
        Err(line) => {
            report.found(Check::Sums, path, format!("has the line {line:?}, which is doubled or none"));
            return Ok(());
        }
    };
    report.looked_at(Check::Sums, sums.len());
    let mut said: BTreeMap<String, Sha256> =
        release.manifest.files.iter().map(|file| (file.path.clone(), file.sha256)).collect();
    said.insert(format!("{folder}manifest.json"), release.digest);
    for (file, sha256) in &said {
        match sums.get(file) {
            None => report.found(Check::Sums, file, "is not in SHA256SUMS"),
            Some(other) if other != sha256 => report.found(Check::Sums, file, "has another digest in SHA256SUMS"),
            Some(_) => {}
        }
    }
    for (file, sha256) in sums.iter().filter(|(file, _)| !said.contains_key(*file)) {
        if !file.starts_with(&folder) {
            report.found(Check::Sums, file, "is in SHA256SUMS and not in the manifest");
            continue;
        }
        match release.source.file(file, SUMS_BYTES_MOST) {
            Ok(place) => {
                let (_, found) = digest_of(&place).with_context(|| file.clone())?;
                if found != *sha256 {
                    report.found(Check::Sums, file, format!("has the SHA-256 {found} and not {sha256}"));
                }
            }
            Err(fault @ SourceFault::Unreadable(_)) => return Err(fault).context(file.clone()),
            Err(fault) => report.found(Check::Sums, file, fault.to_string()),
        }
    }
    for file in release.source.lying(&folder).context("listing the release's folder")? {
        let name = file.strip_prefix(&folder).unwrap_or(&file);
        if !sums.contains_key(&file) && !UNNAMED.contains(&name) {
            report.found(Check::Sums, file, "lies in the release's folder and is not in SHA256SUMS");
        }
    }
    Ok(())
}
