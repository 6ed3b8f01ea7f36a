//! The operator's configuration: small structs, unknown fields refused, units in the names.

mod load;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use intake::asn::AsnConfig;
use serde::{Deserialize, Serialize};

pub use load::{ConfigFault, ENV_PREFIX, EffectiveValue, Loaded, ServerMode, load};

pub use crate::inputs::InputsConfig;

/// Everything that an operator can set; each has a default but none is hidden (`warehouse check-config` prints them).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The data directory; one warehouse per directory.
    pub dir: PathBuf,
    /// Where agents, clients and the public connect.
    pub listen: SocketAddr,
    /// Where metrics are read; loopback unless you know why.
    pub metrics_listen: SocketAddr,
    /// Proxies whose `X-Forwarded-For` or `Forwarded` is believed, as addresses or prefixes. Loopback always is.
    pub trusted_proxies: Vec<String>,
    /// Where the networks of direct tests and look-ups are found.
    pub asn: AsnConfig,
    /// How much may be taken in at once.
    pub ingest: IngestConfig,
    /// How much the public may ask.
    pub api: ApiConfig,
    /// How much of the releases the public may load.
    pub data: DataConfig,
    /// What the public pages must know of the outside.
    pub pages: PagesConfig,
    /// Where a copy of the releases is kept for the public; nowhere if its endpoint is empty.
    pub bucket: BucketConfig,
    /// Who runs this server; `GET /api/sponsor` tells it to pages of the old system.
    pub sponsor: SponsorConfig,
    /// When landed batches become part of the lake.
    pub seal: SealConfig,
    /// The database engine behind marts and cuts.
    pub engine: EngineConfig,
    /// When the public cut is made.
    pub cut: CutConfig,
    /// How releases are described, checked and kept.
    pub release: ReleaseConfig,
    /// The operator's lists that go into it.
    pub inputs: InputsConfig,
    /// The file that analysts open.
    pub analytics: AnalyticsConfig,
    /// What the lake keeps.
    pub retention: RetentionConfig,
}

/// Bounds of taking in batches and direct tests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct IngestConfig {
    /// Most open connections.
    pub max_connections: usize,
    /// Most batches being verified or waiting to land; beyond it the answer is 503 with `Retry-After`.
    pub max_waiting_batches: usize,
    /// Most bytes that may lie in the landing zone; beyond it senders wait for the lake.
    pub max_landing_bytes: u64,
    /// Longest such wait in milliseconds; then the answer is 503 with `Retry-After`.
    pub landing_patience_ms: u64,
    /// Direct tests that one client may send a minute.
    pub direct_per_client_per_minute: u32,
    /// ASN look-ups that one client may ask for a minute.
    pub lookups_per_client_per_minute: u32,
}

/// How much the public may ask.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ApiConfig {
    /// Questions to the public API that one client may ask a minute.
    pub per_client_per_minute: u32,
}

/// How much of the releases the public may load.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DataConfig {
    /// Requests for files that one client may send a minute. Readers of Parquet ask for many small parts.
    pub per_client_per_minute: u32,
    /// Most downloads at once; each holds an open file and at most 128 KiB. Beyond it the answer is 503 with `Retry-After`.
    pub max_downloads: usize,
    /// Most downloads of one client at once; beyond it the answer is 429 with `Retry-After`.
    pub max_downloads_per_client: u32,
}

/// What the public pages must know of the outside.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PagesConfig {
    /// Where they are reached, such as `https://bufferlake.example.org`: search engines and the cards of shared links want
    /// whole addresses. Without it there is no sitemap, and links hold paths only.
    pub url: Option<String>,
}

/// An S3-compatible bucket for a copy of the releases.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BucketConfig {
    /// URL of the store; empty if there is none.
    pub endpoint: String,
    /// Name of the bucket, which must exist.
    pub name: String,
    /// Where in the bucket the releases lie, such as `data/v1`; empty for its root.
    pub prefix: String,
    /// The store's region.
    pub region: String,
    /// Whether the bucket's name stands in the path; if not, it must stand in the endpoint.
    pub path_style: bool,
    /// Whether the store knows conditional writes (`If-None-Match`, `If-Match`).
    pub conditional: bool,
    /// Id of the access key; without it, `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY` of the environment.
    pub access_key_id: Option<String>,
    /// File that holds the key's secret.
    pub secret_file: Option<PathBuf>,
}

/// Who runs this server.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SponsorConfig {
    /// Name.
    pub name: Option<String>,
    /// Page, http or https.
    pub url: Option<String>,
    /// Where the server stands.
    pub city: Option<String>,
}

/// When landed batches become part of the lake.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SealConfig {
    /// Longest wait between a batch's landing and its sealing, in milliseconds.
    pub interval_ms: u64,
    /// Most bytes of landing files in one seal; more waits for the next, so that memory stays flat.
    pub max_bytes: u64,
}

/// The database engine behind marts and cuts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EngineConfig {
    /// Memory that the engine may use, in MiB.
    pub memory_mib: u32,
    /// Threads that the engine may use.
    pub threads: u32,
    /// Shortest time between two refreshes of the marts, in milliseconds.
    pub refresh_interval_ms: u64,
}

/// When the public cut is made, and what it takes to be in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CutConfig {
    /// Whether `serve` makes the cut; if not, only `warehouse publish` does, by hand or from a timer.
    pub automatic: bool,
    /// Hour of the day (UTC) from which `serve` makes the day's cut.
    pub hour_utc: u8,
    /// Votes from which a network is listed.
    pub listed_votes: u32,
    /// Votes from which a network is ranked.
    pub ranked_votes: u32,
    /// Days with votes from which a network is ranked.
    pub ranked_days: u32,
    /// Votes from which a 95th percentile is told.
    pub p95_votes: u32,
}

/// The file that analysts open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AnalyticsConfig {
    /// Whether `serve` publishes it by itself; if not, `warehouse analytics` and `warehouse sql` do when they are used.
    pub automatic: bool,
    /// Shortest time between two publications, in minutes, unless a new release comes; 0 follows every refresh of the marts.
    pub every_minutes: u32,
    /// Where it is; `analytics/analytics.duckdb` in the data directory if nothing is said.
    pub path: Option<PathBuf>,
}

/// How releases are described, checked and kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ReleaseConfig {
    /// Where the public directory is served, such as `https://data.example.org/data/v1`; it stands in `views.sql` and the
    /// other descriptions. Without it they hold paths inside of the directory.
    pub public_url: Option<String>,
    /// The program that checks a release before it becomes the current one; without it, `bufferlake-verify` beside the
    /// warehouse's own program.
    pub verify: Option<PathBuf>,
    /// Longest that the check may take, in minutes.
    pub verify_minutes: u32,
    /// Months after which a release is removed; a tombstone stays.
    pub months: u32,
}

/// What the lake keeps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RetentionConfig {
    /// Full months that stay; older ones are dropped whole.
    pub months: u32,
    /// How long a file stays after a compaction replaced it, in hours, for readers that still hold it.
    pub replaced_hours: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            dir: PathBuf::from("/var/lib/bufferlake/warehouse"),
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            metrics_listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 9080)),
            trusted_proxies: Vec::new(),
            asn: AsnConfig::default(),
            ingest: IngestConfig::default(),
            api: ApiConfig::default(),
            data: DataConfig::default(),
            pages: PagesConfig::default(),
            bucket: BucketConfig::default(),
            sponsor: SponsorConfig::default(),
            seal: SealConfig::default(),
            engine: EngineConfig::default(),
            cut: CutConfig::default(),
            release: ReleaseConfig::default(),
            inputs: InputsConfig::default(),
            analytics: AnalyticsConfig::default(),
            retention: RetentionConfig::default(),
        }
    }
}

impl Default for IngestConfig {
    fn default() -> Self {
        Self {
            max_connections: 4_096,
            max_waiting_batches: 64,
            max_landing_bytes: 64 << 20,
            landing_patience_ms: 5_000,
            direct_per_client_per_minute: 30,
            lookups_per_client_per_minute: 60,
        }
    }
}

impl Default for ApiConfig {
    fn default() -> Self {
        Self { per_client_per_minute: 600 }
    }
}

impl Default for DataConfig {
    fn default() -> Self {
        Self { per_client_per_minute: 6_000, max_downloads: 512, max_downloads_per_client: 64 }
    }
}

impl Default for BucketConfig {
    fn default() -> Self {
        Self {
            endpoint: String::new(),
            name: String::new(),
            prefix: String::new(),
            region: "us-east-1".to_owned(),
            path_style: true,
            conditional: true,
            access_key_id: None,
            secret_file: None,
        }
    }
}

impl BucketConfig {
    /// Whether there is one.
    #[must_use]
    pub fn is_set(&self) -> bool {
        !self.endpoint.is_empty()
    }
}

impl Default for SealConfig {
    fn default() -> Self {
        Self { interval_ms: 2_000, max_bytes: 32 << 20 }
    }
}

impl Default for EngineConfig {
    fn default() -> Self {
        Self { memory_mib: 256, threads: 1, refresh_interval_ms: 3_000 }
    }
}

impl Default for CutConfig {
    fn default() -> Self {
        Self { automatic: true, hour_utc: 3, listed_votes: 30, ranked_votes: 100, ranked_days: 3, p95_votes: 300 }
    }
}

impl Default for AnalyticsConfig {
    fn default() -> Self {
        Self { automatic: true, every_minutes: 10, path: None }
    }
}

impl Default for ReleaseConfig {
    fn default() -> Self {
        Self { public_url: None, verify: None, verify_minutes: 120, months: 13 }
    }
}

impl Default for RetentionConfig {
    fn default() -> Self {
        Self { months: 12, replaced_hours: 24 }
    }
}
