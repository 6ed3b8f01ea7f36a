//! Aim: every value comes from the source that the documents name, and what is wrong is refused by name.

mod precedence;
mod refusals;
mod sample;
mod variables;

use std::ffi::OsString;
use std::path::PathBuf;

use super::{Config, Loaded, Refused, Sources, load, variables as names};

/// A machine of its own: a directory with the configuration's files, and an environment. The old program's file is
/// looked for in the directory, never in the place of the real one.
pub(crate) struct Machine {
    dir: tempfile::TempDir,
    sources: Sources,
}

impl Machine {
    /// A machine without any configuration.
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let usual = dir.path().join("agent.toml");
        let environment = vec![(names::variable("legacy_file").into(), dir.path().join("lqos_test.conf").into())];
        Self { sources: Sources { named: None, usual, environment }, dir }
    }

    /// Writes `agent.toml`.
    pub(crate) fn toml(self, text: impl AsRef<[u8]>) -> Self {
        self.file("agent.toml", text)
    }

    /// Writes the old program's file.
    pub(crate) fn legacy(self, text: impl AsRef<[u8]>) -> Self {
        self.file("lqos_test.conf", text)
    }

    /// Writes another file.
    pub(crate) fn file(self, name: &str, text: impl AsRef<[u8]>) -> Self {
        std::fs::write(self.dir.path().join(name), text).expect("written");
        self
    }

    /// Sets a variable.
    pub(crate) fn variable(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.sources.environment.retain(|(known, _)| known != name);
        self.sources.environment.push((name.into(), value.into()));
        self
    }

    /// Names a configuration file, as `--config` does.
    pub(crate) fn named(mut self, name: &str) -> Self {
        self.sources.named = Some(self.path(name));
        self
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn load(&self) -> Result<Loaded, Refused> {
        load(&self.sources)
    }

    /// The configuration, which must be good.
    pub(crate) fn config(&self) -> Config {
        self.load().unwrap_or_else(|refused| panic!("{refused}")).config
    }

    /// What is said of a configuration that must be refused.
    pub(crate) fn refused(&self) -> String {
        match self.load() {
            Ok(loaded) => panic!("this was taken: {:?}", loaded.config),
            Err(refused) => refused.to_string(),
        }
    }
}
