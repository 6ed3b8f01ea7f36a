//! The agent's configuration: what can be set, and what is allowed.
//!
//! Where values come from is [`load`]'s: defaults, the old program's file, `agent.toml`, the old program's variables and
//! our own, each over the one before. Unknown keys are refused.

mod fault;

mod finding;

mod findings;

mod hidden;

mod legacy_file;

mod load;

mod origin;

mod post_url;

mod rules;

mod secret_file;

mod sections;

mod shape;

mod toml_file;

mod variables;

mod warehouse;

mod webhook;

use std::net::SocketAddr;
use std::path::PathBuf;

use intake::asn::AsnConfig;
use serde::{Deserialize, Serialize};

pub use self::fault::{Refusal, Refused};
pub use self::finding::{Finding, Grade};
pub use self::hidden::Hidden;
pub use self::load::{Loaded, Sources, USUAL_FILE, load};
pub use self::origin::{EffectiveValue, Origin};
pub use self::post_url::{LOCALHOST, LOCALHOST_ADDRESSES, PostUrl};
pub use self::sections::{HistoryConfig, LimitsConfig, OutboxConfig, SponsorConfig, SupportConfig};
pub(crate) use self::variables::FILE_VARIABLE;
pub use self::warehouse::WarehouseConfig;
pub use self::webhook::WebhookConfig;
use crate::logging::LogFormat;
use crate::store::{OutboxCaps, QueueCaps, StoreSettings};

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
    /// The old program's configuration file, used if it is there; empty: none is read.
    pub legacy_file: PathBuf,
    /// The old program's database, whose import is offered if it is there; empty: none is looked for.
    pub legacy_database: PathBuf,
    /// False: results are kept here, and nothing is uploaded.
    pub telemetry: bool,
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

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8081)),
            metrics_listen: SocketAddr::from(([127, 0, 0, 1], 9081)),
            data_dir: PathBuf::from("/var/lib/bufferlake-agent"),
            legacy_file: PathBuf::from("/etc/lqos_test.conf"),
            legacy_database: PathBuf::from("/opt/libreqos_data/isp_telemetry.db"),
            telemetry: true,
            trusted_proxies: Vec::new(),
            max_connections: 1_024,
            ipv6_client_bits: 56,
            asn: AsnConfig::default(),
            warehouse: None,
            history: HistoryConfig::default(),
            outbox: OutboxConfig::default(),
            sponsor: SponsorConfig::default(),
            webhook: None,
            support: SupportConfig::default(),
            limits: LimitsConfig::default(),
            log_format: LogFormat::default(),
        }
    }
}

impl Config {
    /// The warehouse, if anything may be uploaded to it.
    #[must_use]
    pub fn uploads_to(&self) -> Option<&WarehouseConfig> {
        self.warehouse.as_ref().filter(|_| self.telemetry)
    }

    /// What the store needs of it.
    #[must_use]
    pub fn store(&self) -> StoreSettings {
        let days = |days: u32| i64::from(days) * 86_400;
        StoreSettings {
            agent: self.uploads_to().map(|warehouse| warehouse.agent_id.clone()),
            records: self.telemetry,
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

#[cfg(test)]
pub(crate) mod tests;
