//! A directory of a test's own, kept when the test fails.

use std::path::{Path, PathBuf};

use anyhow::Context as _;

/// A directory that goes when the test passes and stays, with its path printed, when it fails.
#[derive(Debug)]
pub struct Scratch(Option<tempfile::TempDir>);

impl Scratch {
    /// Makes an empty directory; the name shows which test made it.
    ///
    /// # Errors
    /// If the system's directory for temporary files takes none.
    pub fn new(name: &str) -> anyhow::Result<Self> {
        let directory = tempfile::Builder::new()
            .prefix(&format!("bufferlake-{name}-"))
            .tempdir()
            .context("making a directory for a test")?;
        Ok(Self(Some(directory)))
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.0.as_ref().map_or(Path::new("."), tempfile::TempDir::path)
    }

    /// A path in it.
    #[must_use]
    pub fn join(&self, name: impl AsRef<Path>) -> PathBuf {
        self.path().join(name)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if std::thread::panicking()
            && let Some(directory) = self.0.take()
        {
            eprintln!("the test failed; what it left is in {}", directory.keep().display());
        }
    }
}
