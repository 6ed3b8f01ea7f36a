//! The real warehouse in a directory of its own.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use serde_json::Value;
use wire::AgentId;
use wire::signature::Secret;

use super::program::{Program, free_port, run};
use crate::http;

/// What a warehouse is started with.
#[derive(Debug, Clone)]
pub struct WarehouseOptions {
    /// Its data directory.
    pub dir: PathBuf,
    /// Where it listens; a free port if none is given.
    pub port: Option<u16>,
    /// Longest wait between landing and sealing, in milliseconds.
    pub seal_interval_ms: u64,
    /// More lines of its configuration, as TOML.
    pub more: String,
    /// More arguments of `serve`.
    pub arguments: Vec<String>,
    /// Variables of its environment.
    pub environment: Vec<(String, String)>,
}

impl WarehouseOptions {
    /// A warehouse in this directory that seals quickly and cuts only when it is told to.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self {
            dir: dir.into(),
            port: None,
            seal_interval_ms: 100,
            more: String::new(),
            arguments: Vec::new(),
            environment: Vec::new(),
        }
    }
}

/// A running warehouse.
#[derive(Debug)]
pub struct Warehouse {
    program: Program,
    address: SocketAddr,
    metrics: SocketAddr,
    options: WarehouseOptions,
    config: PathBuf,
}

impl Warehouse {
    /// Writes the configuration, starts the program and waits until it is healthy.
    ///
    /// # Errors
    /// If it does not come up.
    pub fn start(mut options: WarehouseOptions) -> anyhow::Result<Self> {
        let port = match options.port {
            Some(port) => port,
            None => free_port()?,
        };
        options.port = Some(port);
        let metrics = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()?));
        let config = write_config(&options, port, metrics)?;
        let program = spawn(&options, &config)?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let mut warehouse = Self { program, address, metrics, options, config };
        warehouse.wait_until_ready()?;
        Ok(warehouse)
    }

    fn wait_until_ready(&mut self) -> anyhow::Result<()> {
        self.program.wait_until_healthy(self.address)
    }

    /// Starts it again on the same directory and port after it ended or was killed.
    ///
    /// # Errors
    /// If it does not come up.
    pub fn restart(&mut self) -> anyhow::Result<()> {
        if self.program.ended().is_none() {
            bail!("the warehouse still runs");
        }
        self.program = spawn(&self.options, &self.config)?;
        self.wait_until_ready()
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where its metrics are read.
    #[must_use]
    pub fn metrics(&self) -> SocketAddr {
        self.metrics
    }

    /// The file of its configuration.
    #[must_use]
    pub fn config(&self) -> &Path {
        &self.config
    }

    /// Its data directory.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.options.dir
    }

    /// What it is started with from the next start on.
    pub fn options_mut(&mut self) -> &mut WarehouseOptions {
        &mut self.options
    }

    /// The process.
    pub fn program(&mut self) -> &mut Program {
        &mut self.program
    }

    /// Runs one of its commands on the same configuration and gives its standard output.
    ///
    /// # Errors
    /// If the command fails; the error holds what it wrote.
    pub fn command(&self, arguments: &[&str]) -> anyhow::Result<String> {
        command(&self.config, arguments)
    }

    /// Registers an agent for these networks and gives its secret.
    ///
    /// # Errors
    /// If the registry does not take it.
    pub fn add_agent(&self, agent: &AgentId, networks: &[u32]) -> anyhow::Result<Secret> {
        add_agent(&self.config, agent, networks)
    }

    /// The rows of a query over its marts, each an object.
    ///
    /// # Errors
    /// If the query fails.
    pub fn sql(&self, query: &str) -> anyhow::Result<Vec<Value>> {
        let output = self.command(&["sql", "--format", "json", query])?;
        serde_json::from_str(&output).with_context(|| format!("`warehouse sql` wrote no JSON: {output}"))
    }

    /// The answer to `GET path`.
    ///
    /// # Errors
    /// If there is none.
    pub fn get(&self, path: &str) -> anyhow::Result<http::Response> {
        http::get(self.address, path)
    }
}

/// Runs a command of the warehouse on this configuration.
pub(super) fn command(config: &Path, arguments: &[&str]) -> anyhow::Result<String> {
    let config = config.to_str().context("the path of the configuration is no text")?;
    let mut all = vec!["--config", config];
    all.extend_from_slice(arguments);
    run("warehouse", &all)
}

fn add_agent(config: &Path, agent: &AgentId, networks: &[u32]) -> anyhow::Result<Secret> {
    let networks: Vec<String> = networks.iter().map(u32::to_string).collect();
    let mut arguments = vec!["agents", "add", agent.as_str(), "--json"];
    for network in &networks {
        arguments.extend(["--asn", network]);
    }
    let output = command(config, &arguments)?;
    let shown: Value = serde_json::from_str(&output).context("`agents add --json` wrote no JSON")?;
    let secret = shown.get("secret").and_then(Value::as_str).and_then(Secret::parse);
    secret.with_context(|| format!("`agents add` showed no secret for {agent}"))
}

fn write_config(options: &WarehouseOptions, port: u16, metrics: SocketAddr) -> anyhow::Result<PathBuf> {
    let dir = &options.dir;
    std::fs::create_dir_all(dir).with_context(|| format!("making {}", dir.display()))?;
    let path = dir.with_extension("toml");
    let text = format!(
        "dir = {:?}\nlisten = \"127.0.0.1:{port}\"\nmetrics_listen = \"{}\"\n{}\n[seal]\ninterval_ms = {}\n\
         [cut]\nautomatic = false\n",
        dir.to_str().context("the directory is no text")?,
        metrics,
        options.more,
        options.seal_interval_ms,
    );
    std::fs::write(&path, text).with_context(|| format!("writing {}", path.display()))?;
    Ok(path)
}

fn spawn(options: &WarehouseOptions, config: &Path) -> anyhow::Result<Program> {
    let config = config.to_str().context("the path of the configuration is no text")?.to_owned();
    let mut arguments = vec!["--config".to_owned(), config, "serve".to_owned()];
    arguments.extend_from_slice(&options.arguments);
    Program::start("warehouse", &arguments, &options.environment, &options.dir.with_extension("log"))
}
