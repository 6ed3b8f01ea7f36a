//! Which keys there are, and what kind of value each takes.
//!
//! Nobody writes this list: a configuration in which every key is set is serialised, and what comes out is the list. The
//! compiler asks for each new key in [`complete`].

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::path::PathBuf;

use intake::asn::AsnConfig;
use serde_json::Value;
use wire::{AgentId, Asn};

use super::hidden::MASK;
use super::{Config, Hidden, PostUrl, SponsorConfig, SupportConfig, WarehouseConfig, WebhookConfig};

/// Least likeness of a known key that is worth a suggestion; 1 is the same word.
const LIKE_ENOUGH: f64 = 0.8;

/// What kind of value a key takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    /// A text that is never shown.
    Secret,
    Whole,
    Truth,
    List,
    /// A table whose keys are the operator's own.
    Table,
}

impl Kind {
    /// What a value must be.
    pub(super) fn rule(self) -> &'static str {
        match self {
            Self::Text | Self::Secret => "must be text in quotes",
            Self::Whole => "must be a whole number",
            Self::Truth => "must be true or false",
            Self::List => "must be a list in brackets",
            Self::Table => "must be a table",
        }
    }

    pub(super) fn fits(self, value: &Value) -> bool {
        match self {
            Self::Text | Self::Secret => value.is_string(),
            Self::Whole => value.is_u64() || value.is_i64(),
            Self::Truth => value.is_boolean(),
            Self::List => value.is_array(),
            Self::Table => value.is_object(),
        }
    }
}

/// All keys, with dots between sections.
#[derive(Debug)]
pub(super) struct Shape {
    keys: BTreeMap<String, Kind>,
    /// Keys that have a default.
    preset: Vec<String>,
}

impl Shape {
    pub(super) fn new() -> Self {
        let mut keys = BTreeMap::new();
        collect("", &serialised(&complete()), &mut |key, value| {
            keys.insert(key, kind(value));
        });
        let mut preset = Vec::new();
        collect("", &serialised(&Config::default()), &mut |key, value| {
            if !value.is_null() {
                preset.push(key);
            }
        });
        Self { keys, preset }
    }

    /// Every key in the order of their names.
    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        self.keys.keys().map(String::as_str)
    }

    /// The kind of a key; none if there is no such key.
    pub(super) fn kind(&self, key: &str) -> Option<Kind> {
        self.keys.get(key).copied()
    }

    /// True if keys lie below this name.
    pub(super) fn is_section(&self, name: &str) -> bool {
        self.keys.keys().any(|key| key.strip_prefix(name).is_some_and(|rest| rest.starts_with('.')))
    }

    /// True if the key may be without a value.
    pub(super) fn is_optional(&self, key: &str) -> bool {
        !self.preset.iter().any(|preset| preset == key)
    }

    /// The known key that is most like an unknown one, if one is.
    pub(super) fn nearest(&self, unknown: &str) -> Option<&str> {
        nearest(unknown, self.keys())
    }
}

/// The word that is most like an unknown one, if one is: the whole of it, or its last part (a key without its section).
pub(super) fn nearest<'a>(unknown: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let last = |key: &'a str| key.rsplit('.').next().unwrap_or(key);
    let unknown_last = unknown.rsplit('.').next().unwrap_or(unknown);
    let likeness = |key: &'a str| {
        let whole = strsim::jaro_winkler(unknown, key);
        // A little less, so that of two keys with one name the one in the same section wins.
        whole.max(strsim::jaro_winkler(unknown_last, last(key)) * 0.95)
    };
    known
        .map(|key| (likeness(key), key))
        .filter(|(like, _)| *like >= LIKE_ENOUGH)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, key)| key)
}

/// The value under a key with dots.
pub(super) fn value_at<'a>(tree: &'a Value, key: &str) -> Option<&'a Value> {
    key.split('.').try_fold(tree, |tree, part| tree.get(part))
}

/// A configuration as the sources and `check-config` see it: secrets hidden.
pub(super) fn serialised(config: &Config) -> Value {
    // Nothing in a configuration can fail to be serialised; if it did, every key would be unknown, and tests would tell.
    serde_json::to_value(config).unwrap_or_default()
}

/// Calls `found` for every value that is not a section. A table without keys is a value: a section has keys.
fn collect(prefix: &str, value: &Value, found: &mut dyn FnMut(String, &Value)) {
    match value {
        Value::Object(members) if !members.is_empty() => {
            for (name, member) in members {
                let key = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
                collect(&key, member, found);
            }
        }
        value => found(prefix.to_owned(), value),
    }
}

fn kind(value: &Value) -> Kind {
    match value {
        Value::String(text) if text == MASK => Kind::Secret,
        Value::Bool(_) => Kind::Truth,
        Value::Number(_) => Kind::Whole,
        Value::Array(_) => Kind::List,
        Value::Object(_) => Kind::Table,
        Value::String(_) | Value::Null => Kind::Text,
    }
}

/// A configuration in which every key is set; the values do not matter. Written without `..`, so that no new key is
/// forgotten.
fn complete() -> Config {
    let text = || Some(String::new());
    let path = || Some(PathBuf::new());
    let secret = || Some(Hidden::new(""));
    let preset = Config::default();
    Config {
        listen: preset.listen,
        metrics_listen: preset.metrics_listen,
        data_dir: preset.data_dir,
        legacy_file: preset.legacy_file,
        legacy_database: preset.legacy_database,
        telemetry: preset.telemetry,
        trusted_proxies: preset.trusted_proxies,
        max_connections: preset.max_connections,
        ipv6_client_bits: preset.ipv6_client_bits,
        asn: AsnConfig {
            database: Vec::new(),
            country_database: path(),
            home_asn: Some(Asn(NonZeroU32::MIN)),
            overrides: Vec::new(),
            names: BTreeMap::new(),
        },
        // Any id that can be read would do.
        warehouse: AgentId::parse("agent").ok().map(|agent_id| WarehouseConfig {
            url: PostUrl::new("https://example.invalid"),
            agent_id,
            secret_file: PathBuf::new(),
        }),
        history: preset.history,
        outbox: preset.outbox,
        sponsor: SponsorConfig { name: text(), url: text(), city: text() },
        webhook: Some(WebhookConfig {
            url: PostUrl::new("https://example.invalid"),
            secret_file: path(),
            secret: secret(),
            plain_http_to: Vec::new(),
        }),
        support: SupportConfig {
            key_file: path(),
            key: secret(),
            session_minutes: preset.support.session_minutes,
            audit_rows: preset.support.audit_rows,
        },
        limits: preset.limits,
        log_format: preset.log_format,
    }
}
