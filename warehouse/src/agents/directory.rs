//! The registry as a running server sees it: in memory, and read again when its file changes.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::sync::Arc;

use arc_swap::ArcSwap;
use wire::AgentId;
use wire::signature::Secret;

use super::registry::{AcceptedGap, Registry};
use super::store::{AgentsFault, Store};
use crate::durable::FileFault;
use crate::paths::DataDir;

/// The current registry and secrets. Readers never wait.
#[derive(Debug)]
pub struct Directory {
    dir: DataDir,
    store: Store,
    current: ArcSwap<Snapshot>,
}

#[derive(Debug)]
struct Snapshot {
    registry: Arc<Registry>,
    secrets: HashMap<AgentId, Vec<Secret>>,
    stamp: Stamp,
}

/// What changes whenever the file is replaced: inode, size, modification time in ns. None = there is no file.
type Stamp = Option<(u64, u64, i64)>;

/// How an agent stands with the warehouse.
#[derive(Debug)]
pub enum Standing {
    /// Nobody registered it.
    Unknown,
    /// It was revoked.
    Revoked,
    /// It may send, signed with any of these.
    Known(Vec<Secret>),
}

impl Directory {
    /// Reads the registry and the secrets of this data directory.
    ///
    /// # Errors
    /// [`AgentsFault`] if they cannot be read.
    pub fn open(dir: &DataDir) -> Result<Self, AgentsFault> {
        let store = Store::new(dir.clone());
        let current = ArcSwap::from_pointee(snapshot(dir, &store)?);
        Ok(Self { dir: dir.clone(), store, current })
    }

    /// The registry as it is now.
    #[must_use]
    pub fn registry(&self) -> Arc<Registry> {
        Arc::clone(&self.current.load().registry)
    }

    /// How this agent stands.
    #[must_use]
    pub fn standing(&self, agent: &AgentId) -> Standing {
        let current = self.current.load();
        match current.registry.agents.get(agent) {
            None => Standing::Unknown,
            Some(known) if known.revoked_at.is_some() => Standing::Revoked,
            Some(_) => Standing::Known(current.secrets.get(agent).cloned().unwrap_or_default()),
        }
    }

    /// The gaps in this agent's sequences that the operator accepted.
    #[must_use]
    pub fn gaps(&self, agent: &AgentId) -> Vec<AcceptedGap> {
        self.current.load().registry.agents.get(agent).map(|known| known.gaps.clone()).unwrap_or_default()
    }

    /// Reads the files again if the registry changed; true if it did. A fault leaves what was known in force.
    ///
    /// # Errors
    /// [`AgentsFault`] if the changed files cannot be read.
    pub fn reload_if_changed(&self) -> Result<bool, AgentsFault> {
        if stamp(&self.dir)? == self.current.load().stamp {
            return Ok(false);
        }
        self.current.store(Arc::new(snapshot(&self.dir, &self.store)?));
        Ok(true)
    }
}

fn snapshot(dir: &DataDir, store: &Store) -> Result<Snapshot, AgentsFault> {
    // The stamp is taken first: a change in between is then read twice, never missed.
    let stamp = stamp(dir)?;
    let registry = store.load()?;
    let mut secrets = HashMap::new();
    for (id, _) in registry.agents.iter().filter(|(_, agent)| agent.revoked_at.is_none()) {
        secrets.insert(id.clone(), store.secrets(id)?.into_iter().map(|(_, secret)| secret).collect());
    }
    Ok(Snapshot { registry: Arc::new(registry), secrets, stamp })
}

fn stamp(dir: &DataDir) -> Result<Stamp, AgentsFault> {
    let path = dir.registry();
    match fs::metadata(&path) {
        Ok(file) => Ok(Some((file.ino(), file.len(), file.mtime().saturating_mul(1_000_000_000) + file.mtime_nsec()))),
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(FileFault::when("look at", &path)(source).into()),
    }
}
