//! A release that was found: its manifest and, file by file, its bytes on this machine.

use std::collections::BTreeMap;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use serde::de::DeserializeOwned;
use sha2::Digest as _;

use crate::inputs::{CsvTable, InputFault};
use crate::manifest::{FORMAT, File, Index, Latest, Manifest, ReleaseId, Sha256};
use crate::report::{Check, Report};
use crate::source::{Asked, Source, SourceFault};

/// Most bytes of `latest.json`, and of documents that grow with the number of files.
const LATEST_BYTES_MOST: u64 = 64 << 10;
const DOCUMENT_BYTES_MOST: u64 = 256 << 20;

/// The dataset that this program knows.
pub const DATASET: &str = "bufferlake";

/// A release.
pub struct Release {
    /// Where it lies.
    pub source: Source,
    /// What it says it is.
    pub manifest: Manifest,
    /// Digest of `manifest.json`.
    pub digest: Sha256,
    /// Files that were found whole, by their paths in the public directory.
    places: BTreeMap<String, PathBuf>,
}

impl Release {
    /// Finds a release and reads its manifest.
    ///
    /// # Errors
    /// Why it cannot be read.
    pub fn find(mut source: Source, report: &mut Report) -> anyhow::Result<Self> {
        let (announced, path, bytes) = match source.asked.clone() {
            None => {
                let latest: Latest = document(&mut source, "latest.json", LATEST_BYTES_MOST)?;
                expect_format(latest.format, "latest.json")?;
                report.looked_at(Check::Manifest, 1);
                let path = manifest_of(&latest.release);
                if latest.manifest != path {
                    report.found(
                        Check::Manifest,
                        "latest.json",
                        format!("leads to {} and not to {path}", latest.manifest),
                    );
                }
                let bytes = source.bytes(&path, DOCUMENT_BYTES_MOST).with_context(|| path.clone())?;
                (Some((latest.release, latest.sha256)), path, bytes)
            }
            Some(Asked::Named(id)) => {
                let path = manifest_of(&id);
                let bytes = source.bytes(&path, DOCUMENT_BYTES_MOST).with_context(|| path.clone())?;
                (announced(&mut source, &id)?.map(|sha256| (id, sha256)), path, bytes)
            }
            Some(Asked::Unnamed) => {
                let path = source.unnamed("manifest.json").context("no folder of a release")?;
                let bytes = std::fs::read(&path).with_context(|| path.display().to_string())?;
                (None, "manifest.json".to_owned(), bytes)
            }
        };
        let manifest: Manifest = serde_json::from_slice(&bytes).with_context(|| format!("{path} is no manifest"))?;
        expect_format(manifest.format, &path)?;
        if manifest.dataset != DATASET {
            bail!("{path} describes the dataset {:?} and not {DATASET}", manifest.dataset);
        }
        let digest = Sha256(sha2::Sha256::digest(&bytes).into());
        report.release = Some(manifest.release.to_string());
        report.looked_at(Check::Manifest, 1);
        if let Some((id, sha256)) = announced {
            if id != manifest.release {
                report.found(Check::Manifest, &path, format!("calls itself {}", manifest.release));
            }
            if sha256 != digest {
                report.found(Check::Manifest, &path, format!("has the SHA-256 {digest}, announced is {sha256}"));
            }
        }
        Ok(Self { source, manifest, digest, places: BTreeMap::new() })
    }

    /// Where a file lies that was found whole.
    #[must_use]
    pub fn place(&self, file: &File) -> Option<&Path> {
        self.places.get(&file.path).map(PathBuf::as_path)
    }

    /// Fetches a file and compares it with the manifest.
    ///
    /// # Errors
    /// [`SourceFault`] if it could not be read, which says nothing about the release.
    pub fn fetch(&mut self, file: &File) -> Result<Result<(), String>, SourceFault> {
        let place = match self.source.file(&file.path, file.bytes) {
            Ok(place) => place,
            Err(fault @ SourceFault::Unreadable(_)) => return Err(fault),
            Err(fault) => return Ok(Err(fault.to_string())),
        };
        let unreadable = |error: io::Error| SourceFault::Unreadable(error.to_string());
        let (bytes, sha256) = digest_of(&place).map_err(unreadable)?;
        if bytes != file.bytes {
            return Ok(Err(format!("has {bytes} bytes and not {}", file.bytes)));
        }
        if sha256 != file.sha256 {
            return Ok(Err(format!("has the SHA-256 {sha256} and not {}", file.sha256)));
        }
        self.places.insert(file.path.clone(), place);
        Ok(Ok(()))
    }

    /// An input by its name.
    ///
    /// # Errors
    /// [`InputFault`] if there is none or it is no CSV.
    pub fn input(&self, name: &str) -> Result<CsvTable, InputFault> {
        let path = format!("{}inputs/{name}.csv", self.manifest.folder());
        let place = self.places.get(&path).ok_or_else(|| InputFault("is missing".to_owned()))?;
        let bytes = std::fs::read(place).map_err(|error| InputFault(error.to_string()))?;
        CsvTable::read(&bytes)
    }

    /// Names of the policies of which the release has thresholds.
    #[must_use]
    pub fn policies(&self) -> Vec<String> {
        let folder = format!("{}inputs/policies/", self.manifest.folder());
        let names = self.places.keys().filter_map(|path| path.strip_prefix(&folder)?.strip_suffix(".csv"));
        names.map(str::to_owned).collect()
    }
}

/// Length and digest of a file.
///
/// # Errors
/// What the file system says.
pub fn digest_of(path: &Path) -> io::Result<(u64, Sha256)> {
    let mut file = std::fs::File::open(path)?;
    let mut digest = sha2::Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    let mut bytes = 0;
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            return Ok((bytes, Sha256(digest.finalize().into())));
        }
        bytes += read as u64;
        digest.update(&buffer[..read]);
    }
}

fn manifest_of(id: &ReleaseId) -> String {
    format!("releases/{id}/manifest.json")
}

/// The digest by which the index announces a release, if there is an index that knows it.
fn announced(source: &mut Source, id: &ReleaseId) -> anyhow::Result<Option<Sha256>> {
    match source.bytes("index.json", DOCUMENT_BYTES_MOST) {
        Ok(bytes) => {
            let index: Index = serde_json::from_slice(&bytes).context("index.json is no index")?;
            Ok(index.releases.into_iter().find(|entry| entry.release == *id).map(|entry| entry.sha256))
        }
        Err(SourceFault::Missing) => Ok(None),
        Err(fault) => Err(fault).context("index.json"),
    }
}

fn document<T: DeserializeOwned>(source: &mut Source, path: &str, most_bytes: u64) -> anyhow::Result<T> {
    let bytes = source.bytes(path, most_bytes).with_context(|| path.to_owned())?;
    serde_json::from_slice(&bytes).with_context(|| format!("{path} is no such document"))
}

fn expect_format(format: u32, path: &str) -> anyhow::Result<()> {
    if format != FORMAT {
        bail!("{path} has the form {format}, this program knows {FORMAT}: use the one of its time");
    }
    Ok(())
}
