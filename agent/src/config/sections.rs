//! The small sections: values and their defaults.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use wire::MAX_BATCH_RECORDS;

use super::Hidden;

/// Who runs the test server; `GET /api/sponsor` tells it to the test page.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SponsorConfig {
    /// The provider's name.
    pub name: Option<String>,
    /// The provider's page, http or https.
    pub url: Option<String>,
    /// Where the test server stands.
    pub city: Option<String>,
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

/// The support desk's way in: the API below `/api/telemetry` and the page `/support`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SupportConfig {
    /// File of mode 0600 with the key; made at the first start. None: `support.key` in the data directory.
    pub key_file: Option<PathBuf>,
    /// The key itself, as `LIBREQOS_TELEMETRY_API_KEY` and the old configuration file give it. If both are set, only
    /// the one from the stronger source is left after loading.
    pub key: Option<Hidden>,
    /// How long a sign-in at the page lasts without a request, in minutes.
    pub session_minutes: u32,
    /// Newest entries of the audit log that are kept.
    pub audit_rows: u64,
}

/// Limits per client: an IPv4 address or an IPv6 /64.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LimitsConfig {
    /// Results that one client may post in a minute.
    pub results_per_minute: u32,
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

impl Default for SupportConfig {
    fn default() -> Self {
        Self { key_file: None, key: None, session_minutes: 30, audit_rows: 10_000 }
    }
}

impl Default for LimitsConfig {
    fn default() -> Self {
        Self { results_per_minute: 60 }
    }
}
