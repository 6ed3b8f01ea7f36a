//! A public directory on this machine.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use super::{Asked, SourceFault};
use crate::manifest::ReleaseId;

/// A public directory.
pub(super) struct Directory {
    public: PathBuf,
    /// The folder of the release that was asked for.
    release: Option<PathBuf>,
}

impl Directory {
    /// Of a public directory, or of a release's folder in it.
    pub(super) fn open(place: &Path) -> anyhow::Result<(Self, Option<Asked>)> {
        let place = fs::canonicalize(place).with_context(|| format!("{} cannot be read", place.display()))?;
        if place.join("latest.json").is_file() {
            return Ok((Self { public: place, release: None }, None));
        }
        if let Ok(text) = fs::read_to_string(place.join("tombstone.json")) {
            bail!("this release was removed; what is left of it says: {}", text.trim());
        }
        let public = place.parent().and_then(Path::parent);
        let Some(public) = public.filter(|_| place.join("manifest.json").is_file()) else {
            bail!("{} holds neither latest.json nor manifest.json: it is no release", place.display());
        };
        let name = place.file_name().and_then(|name| name.to_str()).and_then(ReleaseId::parse);
        let asked = name.map_or(Asked::Unnamed, Asked::Named);
        Ok((Self { public: public.to_owned(), release: Some(place.clone()) }, Some(asked)))
    }

    pub(super) fn release(&self) -> Option<&Path> {
        self.release.as_deref()
    }

    /// Where a file lies: one of the release in its folder, whatever that is called.
    fn place(&self, path: &str) -> PathBuf {
        let own = path.strip_prefix("releases/").and_then(|rest| rest.split_once('/'));
        match (&self.release, own) {
            (Some(folder), Some((_, name))) => folder.join(name),
            _ => self.public.join(path),
        }
    }

    pub(super) fn file(&self, path: &str, most_bytes: u64) -> Result<PathBuf, SourceFault> {
        let place = self.place(path);
        let found = fs::metadata(&place).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => SourceFault::Missing,
            _ => SourceFault::Unreadable(error.to_string()),
        })?;
        match found {
            found if !found.is_file() => Err(SourceFault::Missing),
            found if found.len() > most_bytes => Err(SourceFault::TooLong(most_bytes)),
            _ => Ok(place),
        }
    }

    pub(super) fn lying(&self, folder: &str) -> Result<Vec<String>, SourceFault> {
        let root = self.place(folder);
        let mut waiting = vec![root.clone()];
        let mut paths = Vec::new();
        while let Some(directory) = waiting.pop() {
            let unreadable = |error: io::Error| SourceFault::Unreadable(error.to_string());
            for entry in fs::read_dir(&directory).map_err(unreadable)? {
                let path = entry.map_err(unreadable)?.path();
                if path.is_dir() {
                    waiting.push(path);
                } else if let Ok(name) = path.strip_prefix(&root) {
                    paths.push(format!("{folder}{}", name.display()));
                }
            }
        }
        paths.sort();
        Ok(paths)
    }
}
