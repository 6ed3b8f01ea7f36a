//! `latest.json`: which release is the current one. It is replaced last, so that whoever follows it finds everything.

use std::fs;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{CutFault, CutId};
use crate::digest::Sha256;
use crate::durable::{self, FileFault, PUBLIC_MODE};

/// Version of `latest.json`.
const LATEST_FORMAT: u32 = 1;

const NAME: &str = "latest.json";

/// What `latest.json` says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Latest {
    /// Version of the document.
    pub format: u32,
    /// The current release.
    pub release: CutId,
    /// Path of its manifest inside the public directory.
    pub manifest: String,
    /// Digest of the manifest, which has those of all other files.
    pub sha256: Sha256,
}

impl Latest {
    /// Names a release by its manifest.
    #[must_use]
    pub fn of(release: CutId, sha256: Sha256) -> Self {
        Self { format: LATEST_FORMAT, release, manifest: format!("releases/{release}/manifest.json"), sha256 }
    }

    /// Reads it from the public directory; none if nothing was released yet, or by a program of another form.
    ///
    /// # Errors
    /// [`CutFault`] if it cannot be read or is no such document.
    pub fn read(public: &Path) -> Result<Option<Self>, CutFault> {
        let path = public.join(NAME);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(fault) if fault.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(FileFault::when("read", &path)(source).into()),
        };
        let unreadable = |source| CutFault::Unreadable { path: path.clone(), source };
        let Format { format } = serde_json::from_slice(&bytes).map_err(unreadable)?;
        if format != LATEST_FORMAT {
            tracing::warn!(file = %path.display(), "another version of the program made the last release");
            return Ok(None);
        }
        serde_json::from_slice(&bytes).map(Some).map_err(unreadable)
    }

    /// Makes it the one that the public directory shows.
    ///
    /// # Errors
    /// [`CutFault::File`]; then the directory shows either, whole.
    pub fn write(&self, public: &Path) -> Result<(), CutFault> {
        let path = public.join(NAME);
        let unreadable = |source| CutFault::Unreadable { path: path.clone(), source };
        let mut text = serde_json::to_vec(self).map_err(unreadable)?;
        text.push(b'\n');
        durable::replace(&path, &text, PUBLIC_MODE).map_err(FileFault::when("replace", &path))?;
        Ok(())
    }
}

/// The version of a document: only that version knows the rest.
#[derive(Deserialize)]
pub(super) struct Format {
    pub(super) format: u32,
}
