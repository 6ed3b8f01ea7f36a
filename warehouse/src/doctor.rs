//! A look at an installation from outside, also while a server runs: reads, never writes.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use serde::Serialize;
use wire::AgentId;

use crate::agents::{Registry, Store};
use crate::config::Config;
use crate::control;
use crate::cut::Judge;
use crate::landing::frame;
use crate::paths::DataDir;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Grade {
    /// As it should be.
    Ok,
    /// Works, and wants a look.
    Warning,
    /// Does not work.
    Broken,
}

impl Grade {
    /// The word that is printed.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Broken => "BROKEN",
        }
    }
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How bad it is.
    pub grade: Grade,
    /// What was looked at.
    pub subject: &'static str,
    /// What was found, and what to do.
    pub says: String,
}

/// Looks at everything.
#[must_use]
pub fn examine(dir: &DataDir, config: &Config) -> Vec<Finding> {
    let mut findings = vec![directory(dir), server(dir), listeners(config), releases(config)];
    findings.extend(agents(dir));
    findings.extend(landing(dir));
    findings
}

fn finding(grade: Grade, subject: &'static str, says: impl Into<String>) -> Finding {
    Finding { grade, subject, says: says.into() }
}

fn directory(dir: &DataDir) -> Finding {
    let root = dir.root();
    match fs::metadata(root) {
        Err(fault) => finding(Grade::Broken, "directory", format!("cannot see {}: {fault}", root.display())),
        Ok(found) if !found.is_dir() => {
            finding(Grade::Broken, "directory", format!("{} is no directory", root.display()))
        }
        Ok(found) if found.permissions().mode() & 0o002 != 0 => {
            finding(Grade::Broken, "directory", format!("everyone may write to {}: chmod o-w", root.display()))
        }
        Ok(_) => finding(Grade::Ok, "directory", root.display().to_string()),
    }
}

fn server(dir: &DataDir) -> Finding {
    match control::call(dir, &control::Request::Status) {
        Ok(Some(status)) => finding(Grade::Ok, "server", format!("runs: {status}")),
        Ok(None) => finding(Grade::Warning, "server", "does not run"),
        Err(fault) => finding(Grade::Broken, "server", format!("does not answer: {fault}")),
    }
}

fn listeners(config: &Config) -> Finding {
    if config.metrics_listen.ip().is_loopback() {
        finding(Grade::Ok, "metrics", format!("on loopback, {}", config.metrics_listen))
    } else {
        finding(Grade::Warning, "metrics", format!("{} is not loopback: others can read them", config.metrics_listen))
    }
}

fn releases(config: &Config) -> Finding {
    match Judge::program(config.release.verify.as_deref()) {
        Some(program) if program.is_file() => {
            finding(Grade::Ok, "releases", format!("checked by {}", program.display()))
        }
        Some(program) => {
            finding(Grade::Broken, "releases", format!("{} is no program: mend `[release] verify`", program.display()))
        }
        None => finding(
            Grade::Warning,
            "releases",
            "go out unchecked: put bufferlake-verify beside the warehouse, or name it in `[release] verify`",
        ),
    }
}

fn agents(dir: &DataDir) -> Vec<Finding> {
    let store = Store::new(dir.clone());
    let registry = match store.load() {
        Ok(registry) => registry,
        Err(fault) => return vec![finding(Grade::Broken, "agents", with_cause(&fault))],
    };
    let live = registry.agents.values().filter(|agent| agent.revoked_at.is_none()).count();
    let mut findings = vec![finding(Grade::Ok, "agents", format!("{live} live, {} in all", registry.agents.len()))];
    findings.extend(registry.agents.keys().filter_map(|id| keys(dir, &store, &registry, id)));
    findings
}

/// What is wrong with an agent's keys, if anything.
fn keys(dir: &DataDir, store: &Store, registry: &Registry, id: &AgentId) -> Option<Finding> {
    let agent = registry.agents.get(id)?;
    let path = dir.agent_keys(id);
    let secrets = match store.secrets(id) {
        Ok(secrets) => secrets,
        Err(fault) => return Some(finding(Grade::Broken, "keys", with_cause(&fault))),
    };
    if let Ok(found) = fs::metadata(&path)
        && found.permissions().mode() & 0o077 != 0
    {
        return Some(finding(Grade::Broken, "keys", format!("others may read {}: chmod 600", path.display())));
    }
    let names: Vec<_> = secrets.into_iter().map(|(id, _)| id).collect();
    if names != agent.keys {
        let says = format!("{} holds other keys than the registry says; `agents rotate {id}`", path.display());
        return Some(finding(Grade::Broken, "keys", says));
    }
    if agent.revoked_at.is_none() && agent.bindings.is_empty() {
        let says = format!("{id} speaks for no network: everything it sends is quarantined; `agents bind`");
        return Some(finding(Grade::Warning, "bindings", says));
    }
    None
}

fn landing(dir: &DataDir) -> Vec<Finding> {
    let Ok(entries) = fs::read_dir(dir.landing()) else {
        return vec![finding(Grade::Warning, "landing", "there is none yet: the server has never run here")];
    };
    let (mut files, mut bytes, mut findings) = (0_u64, 0_u64, Vec::new());
    for path in entries.flatten().map(|entry| entry.path()) {
        match path.extension().and_then(|suffix| suffix.to_str()) {
            Some("landed") => {
                // A running server may remove the file before it is read; then it is in the lake.
                let Ok(content) = fs::read(&path) else { continue };
                files += 1;
                bytes += content.len() as u64;
                if let Err(fault) = frame::decode_all(&content) {
                    findings.push(finding(Grade::Broken, "landing", format!("{}: {fault}", path.display())));
                }
            }
            Some("damaged") => {
                let says = format!("{} was set aside; its agents' sequences say what it held", path.display());
                findings.push(finding(Grade::Warning, "landing", says));
            }
            _ => {}
        }
    }
    findings.push(finding(Grade::Ok, "landing", format!("{files} files, {bytes} bytes wait for sealing")));
    findings
}

fn with_cause(fault: &dyn std::error::Error) -> String {
    fault.source().map_or_else(|| fault.to_string(), |cause| format!("{fault}: {cause}"))
}
