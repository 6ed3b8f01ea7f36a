//! Where a release lies: a directory, or a server. Each file is read once from there.

mod directory;
mod web;

use std::path::{Path, PathBuf};

use directory::Directory;
use web::Web;

use crate::manifest::{ReleaseId, is_plain};

/// A file that cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum SourceFault {
    /// There is none. This is a finding about the release.
    #[error("is missing")]
    Missing,
    /// It is longer than it may be. This is a finding, too.
    #[error("is longer than {0} bytes")]
    TooLong(u64),
    /// Its path leads elsewhere.
    #[error("has a path that leads elsewhere")]
    BadPath,
    /// It could not be read, which says nothing about the release.
    #[error("cannot be read: {0}")]
    Unreadable(String),
}

/// The public directory of a release, wherever it is.
pub struct Source {
    lies: Lies,
    /// The release that was asked for; none for the latest.
    pub asked: Option<Asked>,
}

/// Which release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// One by its name.
    Named(ReleaseId),
    /// One whose folder has another name because it is being made: its manifest says which.
    Unnamed,
}

enum Lies {
    Directory(Directory),
    Web(Web),
}

impl Source {
    /// Of a path or a URL, of a public directory or of a release in it.
    ///
    /// # Errors
    /// Why there can be no release.
    pub fn open(place: &str) -> anyhow::Result<Self> {
        if place.starts_with("http://") || place.starts_with("https://") {
            let (web, asked) = Web::open(place)?;
            return Ok(Self { lies: Lies::Web(web), asked });
        }
        let (directory, asked) = Directory::open(Path::new(place))?;
        Ok(Self { lies: Lies::Directory(directory), asked })
    }

    /// A file of the public directory by its path in it, on this machine. It is refused beyond so many bytes.
    ///
    /// # Errors
    /// [`SourceFault`].
    pub fn file(&mut self, path: &str, most_bytes: u64) -> Result<PathBuf, SourceFault> {
        if !is_plain(path) {
            return Err(SourceFault::BadPath);
        }
        match &mut self.lies {
            Lies::Directory(directory) => directory.file(path, most_bytes),
            Lies::Web(web) => web.file(path, most_bytes),
        }
    }

    /// The bytes of a small file.
    ///
    /// # Errors
    /// [`SourceFault`].
    pub fn bytes(&mut self, path: &str, most_bytes: u64) -> Result<Vec<u8>, SourceFault> {
        let path = self.file(path, most_bytes)?;
        std::fs::read(path).map_err(|error| SourceFault::Unreadable(error.to_string()))
    }

    /// The path of a file of the release that was asked for, before its name is known.
    #[must_use]
    pub fn unnamed(&self, name: &str) -> Option<PathBuf> {
        match &self.lies {
            Lies::Directory(directory) => directory.release().map(|folder| folder.join(name)),
            Lies::Web(_) => None,
        }
    }

    /// Paths of the files that lie in the folder of a release, where they can be listed.
    ///
    /// # Errors
    /// [`SourceFault`].
    pub fn lying(&self, folder: &str) -> Result<Vec<String>, SourceFault> {
        match &self.lies {
            Lies::Directory(directory) => directory.lying(folder),
            Lies::Web(_) => Ok(Vec::new()),
        }
    }
}
