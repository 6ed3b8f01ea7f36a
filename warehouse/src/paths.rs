//! Every path in the data directory, made in one place.

use std::path::{Path, PathBuf};

use wire::AgentId;

/// The warehouse's data directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataDir(PathBuf);

impl DataDir {
    /// The data directory at this path, which need not exist yet.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self(root.into())
    }

    /// The directory itself.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.0
    }

    /// Locked by the one process that may write here.
    #[must_use]
    pub fn lock(&self) -> PathBuf {
        self.0.join("lock")
    }

    /// A restore that is under way or was broken off: while it is there, no warehouse starts here.
    #[must_use]
    pub fn restoring(&self) -> PathBuf {
        self.0.join("restoring")
    }

    /// Unix socket by which commands reach a running server.
    #[must_use]
    pub fn control_socket(&self) -> PathBuf {
        self.0.join("control.sock")
    }

    /// Directory of the agents registry and its secrets.
    #[must_use]
    pub fn agents(&self) -> PathBuf {
        self.0.join("agents")
    }

    /// The agents registry: everything but the secrets.
    #[must_use]
    pub fn registry(&self) -> PathBuf {
        self.agents().join("agents.json")
    }

    /// An agent's live secrets, mode 0600.
    #[must_use]
    pub fn agent_keys(&self, agent: &AgentId) -> PathBuf {
        self.agents().join(format!("{agent}.keys"))
    }

    /// The list of withdrawn ranges.
    #[must_use]
    pub fn withdrawals(&self) -> PathBuf {
        self.0.join("withdrawals.json")
    }

    /// Batches that are durable and not yet in the lake.
    #[must_use]
    pub fn landing(&self) -> PathBuf {
        self.0.join("landing")
    }

    /// Manifests and day partitions; see `lake::paths` for what lies inside.
    #[must_use]
    pub fn lake(&self) -> PathBuf {
        self.0.join("lake")
    }

    /// Databases that can be deleted and rebuilt.
    #[must_use]
    pub fn cache(&self) -> PathBuf {
        self.0.join("cache")
    }

    /// The marts.
    #[must_use]
    pub fn marts(&self) -> PathBuf {
        self.cache().join("marts.duckdb")
    }

    /// Locked while a copy of the releases is sent to the bucket.
    #[must_use]
    pub fn upload_lock(&self) -> PathBuf {
        self.0.join("upload.lock")
    }

    /// The file that analysts open, unless the configuration says another place.
    #[must_use]
    pub fn analytics(&self) -> PathBuf {
        self.0.join("analytics/analytics.duckdb")
    }

    /// Releases that were refused; nobody sees them.
    #[must_use]
    pub fn aside(&self) -> PathBuf {
        self.0.join("aside")
    }

    /// Public cuts: releases.
    #[must_use]
    pub fn public(&self) -> PathBuf {
        self.0.join("public")
    }
}
