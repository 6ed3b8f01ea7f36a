//! The real agent in a directory of its own.

use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use serde_json::Value;
use toml::Table;
use wire::AgentId;
use wire::signature::Secret;

use super::program::{Program, free_port, run};
use super::warehouse::Warehouse;
use crate::http;

/// An agent's account at a warehouse.
#[derive(Debug, Clone)]
pub struct Account {
    /// Its name there.
    pub id: AgentId,
    /// Its key.
    pub secret: Secret,
    /// Where it sends batches: the warehouse itself, or a proxy before it.
    pub warehouse: SocketAddr,
}

impl Account {
    /// Registers an agent for these networks; it will send straight to the warehouse.
    ///
    /// # Errors
    /// If the id is none, or the registry does not take it.
    pub fn open(warehouse: &Warehouse, id: &str, networks: &[u32]) -> anyhow::Result<Self> {
        let id = AgentId::parse(id).with_context(|| format!("{id} cannot be an agent's id"))?;
        let secret = warehouse.add_agent(&id, networks)?;
        Ok(Self { id, secret, warehouse: warehouse.address() })
    }

    /// The same account, with batches sent here: to a proxy, or to a warehouse that moved.
    #[must_use]
    pub fn by_way_of(self, warehouse: SocketAddr) -> Self {
        Self { warehouse, ..self }
    }
}

/// What an agent is started with.
#[derive(Debug, Clone)]
pub struct AgentOptions {
    /// Its data directory. Configuration, secret and log lie beside it.
    pub dir: PathBuf,
    /// Where it listens; a free port if none is given.
    pub port: Option<u16>,
    /// Where its metrics are read; any port if none is given.
    pub metrics_port: Option<u16>,
    /// Where batches go; none: results stay with the agent.
    pub account: Option<Account>,
    /// The ASN database: one `.mmdb`, or range CSVs. Empty: every public address is a miss.
    pub asn_database: Vec<PathBuf>,
    /// The network of private and CGNAT clients.
    pub home_asn: Option<u32>,
    /// Proxies that are believed beside loopback.
    pub trusted_proxies: Vec<String>,
    /// Longest wait of a record for its seal, in seconds; the agent makes it a fifth more or less.
    pub seal_interval_s: u32,
    /// Records at which a batch is sealed at once.
    pub seal_records: u32,
    /// Variables of its environment. They reach every key of the configuration: `BUFFERLAKE_AGENT_OUTBOX__MAX_BYTES`.
    pub environment: Vec<(String, String)>,
}

impl AgentOptions {
    /// An agent in this directory that seals after two seconds and sends to this account.
    pub fn new(dir: impl Into<PathBuf>, account: Account) -> Self {
        Self { account: Some(account), ..Self::alone(dir) }
    }

    /// An agent in this directory that sends nothing anywhere.
    pub fn alone(dir: impl Into<PathBuf>) -> Self {
        Self {
            dir: dir.into(),
            port: None,
            metrics_port: None,
            account: None,
            asn_database: Vec::new(),
            home_asn: None,
            trusted_proxies: Vec::new(),
            seal_interval_s: 2,
            seal_records: 500,
            environment: Vec::new(),
        }
    }

    /// Sets one key of the configuration by the environment: `with("outbox.max_bytes", "1048576")`.
    #[must_use]
    pub fn with(mut self, key: &str, value: &str) -> Self {
        let name = format!("BUFFERLAKE_AGENT_{}", key.replace('.', "__").to_ascii_uppercase());
        self.environment.push((name, value.to_owned()));
        self
    }
}

/// A running agent.
#[derive(Debug)]
pub struct Agent {
    program: Program,
    address: SocketAddr,
    options: AgentOptions,
    config: PathBuf,
}

impl Agent {
    /// Writes configuration and secret, starts the program and waits until it answers.
    ///
    /// # Errors
    /// If it does not come up.
    pub fn start(mut options: AgentOptions) -> anyhow::Result<Self> {
        let port = match options.port {
            Some(port) => port,
            None => free_port()?,
        };
        options.port = Some(port);
        let config = write_config(&options, port)?;
        let program = spawn(&options, &config)?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let mut agent = Self { program, address, options, config };
        agent.wait_ready()?;
        Ok(agent)
    }

    /// Waits until it takes results.
    ///
    /// # Errors
    /// If it ends or does not answer in time; the error holds the end of its log.
    pub fn wait_ready(&mut self) -> anyhow::Result<()> {
        self.program.wait_until_healthy(self.address)
    }

    /// Ends it as a power cut would (SIGKILL).
    ///
    /// # Errors
    /// If it had ended by itself before.
    pub fn kill(&mut self) -> anyhow::Result<()> {
        self.program.kill()
    }

    /// Asks it to end (SIGTERM) and waits.
    ///
    /// # Errors
    /// If it does not end in time, or not well.
    pub fn stop(&mut self) -> anyhow::Result<()> {
        self.program.stop()
    }

    /// Starts it again on the same directory and port after it ended or was killed, with the options as they are now.
    ///
    /// # Errors
    /// If it still runs or does not come up.
    pub fn restart(&mut self) -> anyhow::Result<()> {
        self.restart_unready()?;
        self.wait_ready()
    }

    /// As [`Agent::restart`], for an agent that cannot take results yet: nobody waits for it.
    ///
    /// # Errors
    /// If it still runs or does not start.
    pub fn restart_unready(&mut self) -> anyhow::Result<()> {
        if self.program.ended().is_none() {
            bail!("the agent still runs");
        }
        self.config = write_config(&self.options, self.address.port())?;
        self.program = spawn(&self.options, &self.config)?;
        Ok(())
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it listens, as a URL without a path.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Its data directory.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.options.dir
    }

    /// The key of its support desk, which it made at its first start.
    ///
    /// # Errors
    /// If there is none.
    pub fn support_key(&self) -> anyhow::Result<String> {
        let path = self.dir().join("support.key");
        let key = std::fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
        Ok(key.trim().to_owned())
    }

    /// Its configuration file.
    #[must_use]
    pub fn config(&self) -> &Path {
        &self.config
    }

    /// What it is started with from the next [`Agent::restart`] on.
    pub fn options_mut(&mut self) -> &mut AgentOptions {
        &mut self.options
    }

    /// The process.
    pub fn program(&mut self) -> &mut Program {
        &mut self.program
    }

    /// Posts a result as the test server's own proxy does for this client.
    ///
    /// # Errors
    /// If there is no answer.
    pub fn post(&self, client: IpAddr, body: &str) -> anyhow::Result<http::Response> {
        http::fetch(self.address, &telemetry(client, body))
    }

    /// What its health page says.
    ///
    /// # Errors
    /// If there is no answer, or it is not JSON.
    pub fn health(&self) -> anyhow::Result<Value> {
        http::get(self.address, "/api/health")?.json()
    }

    /// What `agent status` says of its database, whether the agent runs or not.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub fn status(&self) -> anyhow::Result<Value> {
        let output = self.command(&["status", "--json"])?;
        serde_json::from_str(&output).with_context(|| format!("`agent status` wrote no JSON: {output}"))
    }

    /// Runs one of its commands on the same configuration, in the same environment, and gives all that comes of it.
    ///
    /// # Errors
    /// If it cannot be started.
    pub fn output(&self, arguments: &[&str]) -> anyhow::Result<std::process::Output> {
        std::process::Command::new(super::program::binary("agent")?)
            .arg("--config")
            .arg(&self.config)
            .args(arguments)
            .envs(self.options.environment.iter().map(|(name, value)| (name, value)))
            .stdin(std::process::Stdio::null())
            .output()
            .context("starting a command of the agent")
    }

    /// Runs one of its commands on the same configuration and gives its standard output.
    ///
    /// # Errors
    /// If the command fails; the error holds what it wrote.
    pub fn command(&self, arguments: &[&str]) -> anyhow::Result<String> {
        let config = self.config.to_str().context("the path of the configuration is no text")?;
        run("agent", &[&["--config", config], arguments].concat())
    }
}

/// The request with which a test server's proxy passes a client's result on.
#[must_use]
pub fn telemetry(client: IpAddr, body: &str) -> Vec<u8> {
    let headers = [("content-type", "application/json"), ("x-forwarded-for", &client.to_string())];
    http::request("POST", "/api/telemetry", &headers, body.as_bytes())
}

fn write_config(options: &AgentOptions, port: u16) -> anyhow::Result<PathBuf> {
    let parent = options.dir.parent().context("the data directory has no parent")?;
    std::fs::create_dir_all(parent).with_context(|| format!("making {}", parent.display()))?;
    let text = |path: &Path| path.to_str().map(str::to_owned).with_context(|| format!("{} is no text", path.display()));
    let mut config = Table::new();
    config.insert("listen".into(), format!("127.0.0.1:{port}").into());
    config.insert("metrics_listen".into(), format!("127.0.0.1:{}", options.metrics_port.unwrap_or(0)).into());
    config.insert("data_dir".into(), text(&options.dir)?.into());
    // What this machine may have of the old program is none of the test's business.
    config.insert("legacy_file".into(), "".into());
    config.insert("legacy_database".into(), "".into());
    config.insert("trusted_proxies".into(), options.trusted_proxies.clone().into());
    let mut asn = Table::new();
    let databases: Vec<String> = options.asn_database.iter().map(|path| text(path)).collect::<Result<_, _>>()?;
    asn.insert("database".into(), databases.into());
    if let Some(home) = options.home_asn {
        asn.insert("home_asn".into(), i64::from(home).into());
    }
    config.insert("asn".into(), asn.into());
    let mut outbox = Table::new();
    outbox.insert("seal_interval_s".into(), i64::from(options.seal_interval_s).into());
    outbox.insert("seal_records".into(), i64::from(options.seal_records).into());
    config.insert("outbox".into(), outbox.into());
    if let Some(account) = &options.account {
        let secret_file = options.dir.with_extension("secret");
        write_secret(&secret_file, &account.secret)?;
        let mut warehouse = Table::new();
        warehouse.insert("url".into(), format!("http://{}", account.warehouse).into());
        warehouse.insert("agent_id".into(), account.id.as_str().into());
        warehouse.insert("secret_file".into(), text(&secret_file)?.into());
        config.insert("warehouse".into(), warehouse.into());
    }
    let path = options.dir.with_extension("toml");
    std::fs::write(&path, config.to_string()).with_context(|| format!("writing {}", path.display()))?;
    Ok(path)
}

/// Writes the secret where only its owner reads it.
fn write_secret(path: &Path, secret: &Secret) -> anyhow::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    let opened = options.write(true).create(true).truncate(true).mode(0o600).open(path);
    let mut file = opened.with_context(|| format!("opening {}", path.display()))?;
    writeln!(file, "{}", secret.reveal()).with_context(|| format!("writing {}", path.display()))
}

fn spawn(options: &AgentOptions, config: &Path) -> anyhow::Result<Program> {
    let config = config.to_str().context("the path of the configuration is no text")?;
    Program::start("agent", &["--config", config, "run"], &options.environment, &options.dir.with_extension("log"))
}
