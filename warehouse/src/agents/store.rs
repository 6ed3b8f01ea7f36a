//! The registry on disk, changed by one command at a time, each change whole or not at all.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::PathBuf;

use rustix::fs::{FlockOperation, flock};
use wire::signature::Secret;
use wire::{AgentId, Asn, Epoch, Hour, Seq};

use super::registry::{AcceptedGap, Agent, Binding, KeyId, Registry, is_own};
use crate::durable::{self, FileFault, PUBLIC_MODE, SECRET_MODE};
use crate::paths::DataDir;

/// Most keys of one agent that are live at once: the old and the new while they are exchanged.
const MAX_LIVE_KEYS: usize = 2;

/// Most accepted gaps kept of one agent; older ones have long been passed.
const MAX_GAPS: usize = 64;

/// The registry cannot be read or changed so.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AgentsFault {
    /// The file system refused.
    #[error(transparent)]
    File(#[from] FileFault),
    /// The registry was edited by hand into something else.
    #[error("{} is not a registry of agents", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        #[source]
        source: serde_json::Error,
    },
    /// A file of keys holds something else; what, is not said.
    #[error("{} is not a file of keys (`<key id> <64 hexadecimal digits>` a line)", .0.display())]
    BadKeys(PathBuf),
    /// No such agent.
    #[error("there is no agent {0}; `warehouse agents list` names them")]
    Unknown(AgentId),
    /// The agent exists.
    #[error("there is an agent {0} already; `warehouse agents rotate` gives it a new key")]
    Exists(AgentId),
    /// The name is the warehouse's own.
    #[error(
        "`{}` and names that begin with `{}` are the warehouse's own",
        AgentId::DIRECT,
        crate::import::AGENT_PREFIX
    )]
    Reserved,
    /// A revoked agent's name is not given again: its rows keep it.
    #[error("agent {0} is revoked; register the machine under another name")]
    Revoked(AgentId),
    /// No randomness.
    #[error("the operating system gives no random bytes")]
    Random(#[source] getrandom::Error),
}

/// A key that was just made. Its secret is shown once and never again.
#[derive(Debug)]
pub struct NewKey {
    /// Its name.
    pub id: KeyId,
    /// Its secret.
    pub secret: Secret,
}

/// The registry of one data directory.
#[derive(Debug, Clone)]
pub struct Store {
    dir: DataDir,
}

impl Store {
    /// The registry in this data directory, which need not exist yet.
    #[must_use]
    pub fn new(dir: DataDir) -> Self {
        Self { dir }
    }

    /// Reads the registry; an installation without one has no agents.
    ///
    /// # Errors
    /// [`AgentsFault::File`] or [`AgentsFault::Unreadable`].
    pub fn load(&self) -> Result<Registry, AgentsFault> {
        let path = self.dir.registry();
        match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|source| AgentsFault::Unreadable { path, source }),
            Err(fault) if fault.kind() == io::ErrorKind::NotFound => Ok(Registry::default()),
            Err(source) => Err(FileFault::when("read", &path)(source).into()),
        }
    }

    /// Reads an agent's live secrets, oldest first; none if it has no file.
    ///
    /// # Errors
    /// [`AgentsFault::File`] or [`AgentsFault::BadKeys`].
    pub fn secrets(&self, agent: &AgentId) -> Result<Vec<(KeyId, Secret)>, AgentsFault> {
        let path = self.dir.agent_keys(agent);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(fault) if fault.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(source) => return Err(FileFault::when("read", &path)(source).into()),
        };
        let mut secrets = Vec::new();
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let parsed = line.split_once(' ').and_then(|(id, hex)| Some((KeyId(id.to_owned()), Secret::parse(hex)?)));
            secrets.push(parsed.ok_or_else(|| AgentsFault::BadKeys(path.clone()))?);
        }
        Ok(secrets)
    }

    /// Registers an agent that may speak for these networks from this hour on, with its first key.
    ///
    /// # Errors
    /// [`AgentsFault::Exists`], [`AgentsFault::Revoked`], [`AgentsFault::Reserved`], or a failed write.
    pub fn add(&self, id: &AgentId, asns: &[Asn], now: Hour) -> Result<NewKey, AgentsFault> {
        if is_own(id) {
            return Err(AgentsFault::Reserved);
        }
        let _alone = self.lock()?;
        let mut registry = self.load()?;
        match registry.agents.get(id) {
            Some(agent) if agent.revoked_at.is_some() => return Err(AgentsFault::Revoked(id.clone())),
            Some(_) => return Err(AgentsFault::Exists(id.clone())),
            None => {}
        }
        let key = new_key()?;
        self.write_secrets(id, std::slice::from_ref(&key))?;
        let mut agent = Agent { keys: vec![key.id.clone()], ..Agent::default() };
        bind(&mut agent, asns, now);
        registry.agents.insert(id.clone(), agent);
        self.write(&registry)?;
        Ok(key)
    }

    /// Lets an agent speak for these networks too, from this hour on. A network bound before keeps its hour.
    ///
    /// # Errors
    /// [`AgentsFault::Unknown`], [`AgentsFault::Revoked`], or a failed write.
    pub fn bind(&self, id: &AgentId, asns: &[Asn], now: Hour) -> Result<(), AgentsFault> {
        self.change(id, |agent| {
            bind(agent, asns, now);
            Ok(())
        })
    }

    /// Gives an agent a second key beside its newest; an older one ends.
    ///
    /// # Errors
    /// [`AgentsFault::Unknown`], [`AgentsFault::Revoked`], or a failed write.
    pub fn rotate(&self, id: &AgentId) -> Result<NewKey, AgentsFault> {
        self.change(id, |agent| {
            let key = new_key()?;
            let mut keys = self.keep_newest(id, MAX_LIVE_KEYS - 1)?;
            keys.push(NewKey { id: key.id.clone(), secret: key.secret.clone() });
            self.write_secrets(id, &keys)?;
            agent.keys = keys.into_iter().map(|key| key.id).collect();
            Ok(key)
        })
    }

    /// Ends every key of an agent but its newest: the end of an exchange of keys.
    ///
    /// # Errors
    /// [`AgentsFault::Unknown`], [`AgentsFault::Revoked`], or a failed write.
    pub fn retire_old_keys(&self, id: &AgentId) -> Result<(), AgentsFault> {
        self.change(id, |agent| {
            let keys = self.keep_newest(id, 1)?;
            self.write_secrets(id, &keys)?;
            agent.keys = keys.into_iter().map(|key| key.id).collect();
            Ok(())
        })
    }

    /// Ends all keys of an agent for good. What it sent stays; to take that back there is `withdraw`.
    ///
    /// # Errors
    /// [`AgentsFault::Unknown`], [`AgentsFault::Revoked`], or a failed write.
    pub fn revoke(&self, id: &AgentId, now: Hour) -> Result<(), AgentsFault> {
        self.change(id, |agent| {
            self.write_secrets(id, &[])?;
            agent.keys.clear();
            agent.revoked_at = Some(now);
            Ok(())
        })
    }

    /// Accepts that batches of this epoch before `seq` will never come, so that `seq` may come next.
    ///
    /// # Errors
    /// [`AgentsFault::Unknown`], [`AgentsFault::Revoked`], or a failed write.
    pub fn accept_gap(&self, id: &AgentId, epoch: Epoch, seq: Seq) -> Result<(), AgentsFault> {
        self.change(id, |agent| {
            agent.gaps.retain(|gap| *gap != AcceptedGap { epoch, seq });
            agent.gaps.push(AcceptedGap { epoch, seq });
            let surplus = agent.gaps.len().saturating_sub(MAX_GAPS);
            agent.gaps.drain(..surplus);
            Ok(())
        })
    }

    fn change<T>(
        &self,
        id: &AgentId,
        edit: impl FnOnce(&mut Agent) -> Result<T, AgentsFault>,
    ) -> Result<T, AgentsFault> {
        let _alone = self.lock()?;
        let mut registry = self.load()?;
        let agent = registry.agents.get_mut(id).ok_or_else(|| AgentsFault::Unknown(id.clone()))?;
        if agent.revoked_at.is_some() {
            return Err(AgentsFault::Revoked(id.clone()));
        }
        let done = edit(agent)?;
        self.write(&registry)?;
        Ok(done)
    }

    /// Holds off other commands until it is dropped.
    pub(crate) fn lock(&self) -> Result<File, AgentsFault> {
        let directory = self.dir.agents();
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&directory)
            .map_err(FileFault::when("create", &directory))?;
        let path = directory.join(".lock");
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
        let file = file.map_err(FileFault::when("open", &path))?;
        flock(&file, FlockOperation::LockExclusive).map_err(|fault| FileFault::when("lock", &path)(fault.into()))?;
        Ok(file)
    }

    fn keep_newest(&self, id: &AgentId, count: usize) -> Result<Vec<NewKey>, AgentsFault> {
        let secrets = self.secrets(id)?;
        let surplus = secrets.len().saturating_sub(count);
        Ok(secrets.into_iter().skip(surplus).map(|(id, secret)| NewKey { id, secret }).collect())
    }

    fn write_secrets(&self, id: &AgentId, keys: &[NewKey]) -> Result<(), AgentsFault> {
        let path = self.dir.agent_keys(id);
        let text: String = keys.iter().map(|key| format!("{} {}\n", key.id.0, key.secret.reveal())).collect();
        Ok(durable::replace(&path, text.as_bytes(), SECRET_MODE).map_err(FileFault::when("write", &path))?)
    }

    /// Written last: a running server looks for changes here.
    fn write(&self, registry: &Registry) -> Result<(), AgentsFault> {
        let path = self.dir.registry();
        let mut json = serde_json::to_vec_pretty(registry)
            .map_err(|source| AgentsFault::Unreadable { path: path.clone(), source })?;
        json.push(b'\n');
        Ok(durable::replace(&path, &json, PUBLIC_MODE).map_err(FileFault::when("write", &path))?)
    }
}

fn bind(agent: &mut Agent, asns: &[Asn], now: Hour) {
    for &asn in asns {
        if !agent.bindings.iter().any(|binding| binding.asn == asn) {
            agent.bindings.push(Binding { asn, bound_at: now });
        }
    }
}

fn new_key() -> Result<NewKey, AgentsFault> {
    let (mut id, mut secret) = ([0; 4], [0; 32]);
    getrandom::fill(&mut id).map_err(AgentsFault::Random)?;
    getrandom::fill(&mut secret).map_err(AgentsFault::Random)?;
    Ok(NewKey { id: KeyId(hex::encode(id)), secret: Secret::from_random_bytes(secret) })
}

#[cfg(test)]
mod tests;
