//! The agent's configuration: `agent.toml`, then environment variables. Unknown keys are refused.

mod hidden;

use std::net::SocketAddr;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use figment::Figment;
use figment::providers::{Env, Format, Serialized, Toml};
use intake::asn::AsnConfig;
use intake::client::TrustedProxies;
use serde::{Deserialize, Serialize};
use wire::signature::Secret;
use wire::{AgentId, MAX_BATCH_RECORDS};

pub use self::hidden::Hidden;
use crate::logging::LogFormat;
use crate::store::{OutboxCaps, QueueCaps, StoreSettings};

/// Environment variables that set a key begin with this; two underscores go one level down
/// (`BUFFERLAKE_AGENT_WAREHOUSE__URL`).
pub const ENV_PREFIX: &str = "BUFFERLAKE_AGENT_";

/// What follows [`ENV_PREFIX`] in the variable that names the configuration file: no key of the configuration.
const FILE_VARIABLE: &str = "config_file";

/// All that can be configured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Where clients are served.
    pub listen: SocketAddr,
    /// Where metrics are read; loopback only.
    pub metrics_listen: SocketAddr,
    /// Where the database and the local key lie.
    pub data_dir: PathBuf,
    /// Proxies whose word about the client's address is believed, beside loopback.
    pub trusted_proxies: Vec<String>,
    /// Most open connections.
    pub max_connections: usize,
    /// Bits of an IPv6 address that make one client.
    pub ipv6_client_bits: u8,
    /// Look-up of the client's network.
    pub asn: AsnConfig,
    /// Where batches go; none: records wait here.
    pub warehouse: Option<WarehouseConfig>,
    /// What the support desk can look back on.
    pub history: HistoryConfig,
    /// Limits of what waits to be sent.
    pub outbox: OutboxConfig,
    /// False: results are kept here, and nothing is uploaded.
    pub telemetry: bool,
    /// Who runs the test server, for the test page.
    pub sponsor: SponsorConfig,
    /// Where each result is reported to the provider's own system; none: nowhere.
    pub webhook: Option<WebhookConfig>,
    /// The support desk's way in.
    pub support: SupportConfig,
    /// How often one client may post.
    pub limits: LimitsConfig,
    /// How log lines are written: `text` or `json`.
    pub log_format: LogFormat,
}

/// Who runs the test server; `GET /api/sponsor` tells it to the test page.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SponsorConfig {
    /// The provider's name.
    pub name: Option<String>,
    /// The provider's page.
    pub url: Option<String>,
    /// Where the test server stands.
    pub city: Option<String>,
}

/// The provider's own system, which hears of each result with its address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookConfig {
    /// Where deliveries are posted; plain http only to loopback and to `plain_http_to`.
    pub url: String,
    /// File of mode 0600 with the key of the signatures.
    pub secret_file: Option<PathBuf>,
    /// The key itself, as `LIBREQOS_WEBHOOK_SECRET` and the old configuration file give it.
    pub secret: Option<Hidden>,
    /// Prefixes of the provider's own network to which plain http is allowed.
    #[serde(default)]
    pub plain_http_to: Vec<String>,
}

/// The support desk's way in: the API below `/api/telemetry` and the page `/support`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SupportConfig {
    /// File of mode 0600 with the key; made at the first start. None: `support.key` in the data directory.
    pub key_file: Option<PathBuf>,
    /// The key itself, as `LIBREQOS_TELEMETRY_API_KEY` and the old configuration file give it.
    pub key: Option<Hidden>,
    /// How long a sign-in at the page lasts without a request, in minutes.
    pub session_minutes: u32,
    /// Newest entries of the audit log that are kept.
    pub audit_rows: u64,
}

impl Default for SupportConfig {
    fn default() -> Self {
        Self { key_file: None, key: None, session_minutes: 30, audit_rows: 10_000 }
    }
}

/// Limits per client: an IPv4 address or an IPv6 /64.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LimitsConfig {
    /// Results that one client may post in a minute.
    pub results_per_minute: u32,
}

impl Default for LimitsConfig {
    fn default() -> Self {
        Self { results_per_minute: 60 }
    }
}

/// The warehouse and this agent's account there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WarehouseConfig {
    /// Base URL; plain http only to loopback.
    pub url: String,
    /// The id that the warehouse's operator gave.
    pub agent_id: AgentId,
    /// File of mode 0600 with the secret: 64 hexadecimal digits.
    pub secret_file: PathBuf,
}

/// The history with addresses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HistoryConfig {
    /// Newest results kept.
    pub max_rows: u64,
}

/// The outbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OutboxConfig {
    /// Most bytes of waiting records, sealed batches and those set aside.
    pub max_bytes: u64,
    /// Oldest record that is still sent, in days.
    pub max_age_days: u32,
    /// How long acknowledged batches stay, in days: a warehouse restored from a backup asks for them again.
    pub settled_kept_days: u32,
    /// Records at which a batch is sealed.
    pub seal_records: u64,
    /// Longest wait for sealing, in seconds.
    pub seal_interval_s: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8081)),
            metrics_listen: SocketAddr::from(([127, 0, 0, 1], 9081)),
            data_dir: PathBuf::from("/var/lib/bufferlake-agent"),
            trusted_proxies: Vec::new(),
            max_connections: 1_024,
            ipv6_client_bits: 56,
            asn: AsnConfig::default(),
            warehouse: None,
            history: HistoryConfig::default(),
            outbox: OutboxConfig::default(),
            telemetry: true,
            sponsor: SponsorConfig::default(),
            webhook: None,
            support: SupportConfig::default(),
            limits: LimitsConfig::default(),
            log_format: LogFormat::default(),
        }
    }
}

impl Default for HistoryConfig {
    fn default() -> Self {
        Self { max_rows: 1_000 }
    }
}

impl Default for OutboxConfig {
    fn default() -> Self {
        Self {
            max_bytes: 64 << 20,
            max_age_days: 60,
            settled_kept_days: 7,
            seal_records: MAX_BATCH_RECORDS as u64,
            seal_interval_s: 900,
        }
    }
}

impl Config {
    /// Reads the file and the environment over the defaults, and checks the values.
    ///
    /// # Errors
    /// Names the key and the file that is wrong.
    pub fn load(file: &Path) -> anyhow::Result<Self> {
        ensure!(file.is_file(), "there is no configuration file {}", file.display());
        let config: Self = Figment::from(Serialized::defaults(Self::default()))
            .merge(Toml::file_exact(file))
            .merge(Env::prefixed(ENV_PREFIX).ignore(&[FILE_VARIABLE]).split("__"))
            .extract()
            .with_context(|| format!("reading the configuration {}", file.display()))?;
        config.check()?;
        Ok(config)
    }

    /// Checks what types alone do not.
    ///
    /// # Errors
    /// Names the key that is wrong.
    pub fn check(&self) -> anyhow::Result<()> {
        TrustedProxies::parse(self.trusted_proxies.iter().map(String::as_str)).context("trusted_proxies")?;
        ensure!(self.max_connections > 0, "max_connections must be at least 1");
        ensure!((32..=128).contains(&self.ipv6_client_bits), "ipv6_client_bits must be 32 to 128");
        ensure!(self.metrics_listen.ip().is_loopback(), "metrics_listen must be a loopback address");
        ensure!(self.limits.results_per_minute > 0, "limits.results_per_minute must be at least 1");
        let outbox = &self.outbox;
        ensure!(
            (1..=MAX_BATCH_RECORDS as u64).contains(&outbox.seal_records),
            "outbox.seal_records must be 1 to {MAX_BATCH_RECORDS}"
        );
        ensure!(outbox.seal_interval_s > 0, "outbox.seal_interval_s must be at least 1");
        ensure!(outbox.max_bytes >= 1 << 20, "outbox.max_bytes must be at least 1048576");
        ensure!(
            (1..=90).contains(&outbox.max_age_days),
            "outbox.max_age_days must be 1 to 90: the warehouse takes no older records"
        );
        if let Some(warehouse) = &self.warehouse {
            warehouse.base_url()?;
        }
        Ok(())
    }

    /// What the store needs of it.
    #[must_use]
    pub fn store(&self) -> StoreSettings {
        let days = |days: u32| i64::from(days) * 86_400;
        StoreSettings {
            agent: self.warehouse.as_ref().map(|warehouse| warehouse.agent_id.clone()),
            history_rows: self.history.max_rows,
            caps: OutboxCaps {
                max_bytes: self.outbox.max_bytes,
                max_age_s: days(self.outbox.max_age_days),
                settled_kept_s: days(self.outbox.settled_kept_days),
            },
            seal_records: self.outbox.seal_records,
            seal_interval_ms: i64::from(self.outbox.seal_interval_s) * 1_000,
            webhook: self.webhook.is_some().then(QueueCaps::default),
        }
    }
}

impl WarehouseConfig {
    /// The URL to which batches are posted.
    ///
    /// # Errors
    /// If it is no URL, or would send batches over plain http through a network.
    pub fn base_url(&self) -> anyhow::Result<reqwest::Url> {
        let url = reqwest::Url::parse(&self.url).context("warehouse.url is not a URL")?;
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
        let loopback = host == "localhost" || host.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback());
        match url.scheme() {
            "https" => {}
            "http" if loopback => {}
            "http" => bail!("warehouse.url must be https: plain http is for loopback only"),
            _ => bail!("warehouse.url must be an https URL"),
        }
        ensure!(url.username().is_empty() && url.password().is_none(), "warehouse.url must not hold a password");
        Ok(url)
    }

    /// Reads the secret from its file.
    ///
    /// # Errors
    /// If the file cannot be read, is readable by others, or holds no secret.
    pub fn secret(&self) -> anyhow::Result<Secret> {
        let file = self.secret_file.display();
        let mode = std::fs::metadata(&self.secret_file).with_context(|| format!("reading the secret {file}"))?.mode();
        ensure!(mode & 0o077 == 0, "the secret {file} is readable by others: chmod 600 {file}");
        let text = std::fs::read_to_string(&self.secret_file).with_context(|| format!("reading the secret {file}"))?;
        Secret::parse(&text).with_context(|| format!("the secret {file} is not 64 hexadecimal digits"))
    }
}

#[cfg(test)]
mod tests {
    //! Aim: the sample that we ship is a valid configuration, and what is wrong is refused by name.

    use super::*;

    fn load(text: &str) -> anyhow::Result<Config> {
        let dir = tempfile::tempdir()?;
        let file = dir.path().join("agent.toml");
        std::fs::write(&file, text)?;
        Config::load(&file)
    }

    #[test]
    fn the_sample_is_valid() {
        let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/agent/agent.toml");
        let config = Config::load(&sample).expect("the sample");
        assert_eq!(config.outbox, OutboxConfig::default(), "the sample shows the defaults");
        assert_eq!(config.history, HistoryConfig::default());
    }

    #[test]
    fn what_is_wrong_is_refused() {
        let account = "agent_id = \"isp-one\"\nsecret_file = \"s\"\n";
        for (text, word) in [
            ("listne = \"127.0.0.1:1\"", "listne"),
            ("[outbox]\nseal_records = 501", "seal_records"),
            ("metrics_listen = \"0.0.0.0:9081\"", "metrics_listen"),
            ("trusted_proxies = [\"all\"]", "trusted_proxies"),
            (&format!("[warehouse]\nurl = \"http://warehouse.example\"\n{account}"), "https"),
            (&format!("[warehouse]\nurl = \"ftp://warehouse.example\"\n{account}"), "https"),
        ] {
            let error = format!("{:#}", load(text).expect_err(text));
            assert!(error.contains(word), "{error}");
        }
        load(&format!("[warehouse]\nurl = \"http://127.0.0.1:8080\"\n{account}")).expect("loopback may be http");
    }
}
