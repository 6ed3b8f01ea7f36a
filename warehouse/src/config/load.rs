//! Where values come from: defaults, then the file, then the environment; each remembers its origin.

use std::path::{Path, PathBuf};

use figment::Figment;
use figment::providers::{Env, Format as _, Serialized, Toml};
use figment::value::{Dict, Value};

use super::Config;

/// Prefix of environment variables that override the file; `__` stands for a dot (`BUFFERLAKE_WAREHOUSE_SEAL__INTERVAL_MS`).
pub const ENV_PREFIX: &str = "BUFFERLAKE_WAREHOUSE_";

/// Fewer full months would cut into the longest window: 90 days of it, after 92 in which dropped results could still count.
const LEAST_MONTHS: u32 = 7;

/// The analytics file names the lake's files, and those that are replaced stay a day: half of it is left for a failure.
const MOST_MINUTES: u32 = 720;

/// What this installation is. The old system's programs chose their role by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServerMode {
    /// The central warehouse: the only role that this program has.
    Central,
}

/// The configuration cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigFault {
    /// The file named on the command line is not there.
    #[error("there is no configuration file {}", .0.display())]
    Missing(PathBuf),
    /// A value is unknown or of the wrong type.
    #[error("the configuration cannot be used")]
    Invalid(#[source] Box<figment::Error>),
    /// A value is out of its range.
    #[error("{field} = {value}: {rule}")]
    OutOfRange {
        /// Dotted name of the field.
        field: &'static str,
        /// What was set.
        value: String,
        /// What is allowed.
        rule: &'static str,
    },
    /// `SERVER_MODE` asks for a role that this program does not have.
    #[error(
        "SERVER_MODE={0}: this program is the central warehouse; a test server at a provider runs `bufferlake-agent` \
         (see deploy/agent/). Unset SERVER_MODE or set it to `central`"
    )]
    OtherMode(String),
}

/// One effective value and where it was set.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct EffectiveValue {
    /// Dotted name of the field.
    pub field: String,
    /// Its value as JSON.
    pub value: serde_json::Value,
    /// `default`, the file's path, or the environment.
    pub origin: String,
}

/// A configuration and the origin of each value.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The configuration.
    pub config: Config,
    /// Every value with its origin, in the order of their names.
    pub values: Vec<EffectiveValue>,
}

/// Loads the configuration from defaults, the file (if one is named) and the environment, and checks every range.
///
/// # Errors
/// [`ConfigFault`] that names the field, its value and the rule.
pub fn load(file: Option<&Path>) -> Result<Loaded, ConfigFault> {
    let mut figment = Figment::from(Serialized::defaults(Config::default()));
    if let Some(file) = file {
        if !file.is_file() {
            return Err(ConfigFault::Missing(file.to_owned()));
        }
        figment = figment.merge(Toml::file_exact(file));
    }
    figment = figment.merge(Env::prefixed(ENV_PREFIX).split("__"));
    let config: Config = figment.extract().map_err(|fault| ConfigFault::Invalid(Box::new(fault)))?;
    config.check()?;
    let mut values = Vec::new();
    collect(&figment, "", &figment.extract::<Dict>().unwrap_or_default(), &mut values);
    Ok(Loaded { config, values })
}

impl ServerMode {
    /// Reads `SERVER_MODE` as the environment gives it.
    ///
    /// # Errors
    /// [`ConfigFault::OtherMode`] for any other role than `central`.
    pub fn parse(value: Option<&str>) -> Result<Self, ConfigFault> {
        match value {
            None | Some("" | "central") => Ok(Self::Central),
            Some(other) => Err(ConfigFault::OtherMode(other.to_owned())),
        }
    }
}

impl Config {
    /// Checks every range.
    ///
    /// # Errors
    /// [`ConfigFault::OutOfRange`] for the first value outside of its range.
    pub fn check(&self) -> Result<(), ConfigFault> {
        let fault = |field, value: String, rule| Err(ConfigFault::OutOfRange { field, value, rule });
        if self.seal.interval_ms < 50 || self.seal.interval_ms > 60_000 {
            return fault("seal.interval_ms", self.seal.interval_ms.to_string(), "50 to 60000");
        }
        if self.seal.max_bytes < 1 << 20 {
            return fault("seal.max_bytes", self.seal.max_bytes.to_string(), "at least 1048576");
        }
        if self.ingest.max_waiting_batches == 0 || self.ingest.max_waiting_batches > 4_096 {
            return fault("ingest.max_waiting_batches", self.ingest.max_waiting_batches.to_string(), "1 to 4096");
        }
        if self.ingest.max_connections == 0 {
            return fault("ingest.max_connections", "0".to_owned(), "at least 1");
        }
        if self.ingest.max_landing_bytes < 8 << 20 {
            return fault("ingest.max_landing_bytes", self.ingest.max_landing_bytes.to_string(), "at least 8388608");
        }
        if self.data.max_downloads == 0 || self.data.max_downloads > 8_192 {
            return fault("data.max_downloads", self.data.max_downloads.to_string(), "1 to 8192");
        }
        if self.data.max_downloads_per_client == 0 {
            return fault("data.max_downloads_per_client", "0".to_owned(), "at least 1");
        }
        let bucket = &self.bucket;
        if bucket.is_set() && !["https://", "http://"].iter().any(|scheme| bucket.endpoint.starts_with(scheme)) {
            return fault("bucket.endpoint", bucket.endpoint.clone(), "a URL that begins with https:// or http://");
        }
        if bucket.is_set() && bucket.name.is_empty() {
            return fault("bucket.name", String::new(), "the name of the bucket");
        }
        if bucket.access_key_id.is_some() != bucket.secret_file.is_some() {
            return fault("bucket.secret_file", String::new(), "set together with bucket.access_key_id, or neither");
        }
        if self.engine.memory_mib < 64 {
            return fault("engine.memory_mib", self.engine.memory_mib.to_string(), "at least 64");
        }
        if self.engine.threads == 0 {
            return fault("engine.threads", "0".to_owned(), "at least 1");
        }
        if self.cut.hour_utc > 23 {
            return fault("cut.hour_utc", self.cut.hour_utc.to_string(), "0 to 23");
        }
        if self.engine.refresh_interval_ms < 100 || self.engine.refresh_interval_ms > 60_000 {
            return fault("engine.refresh_interval_ms", self.engine.refresh_interval_ms.to_string(), "100 to 60000");
        }
        if self.analytics.every_minutes > MOST_MINUTES {
            return fault("analytics.every_minutes", self.analytics.every_minutes.to_string(), "0 to 720");
        }
        if self.retention.months < LEAST_MONTHS {
            return fault("retention.months", self.retention.months.to_string(), "at least 7");
        }
        Ok(())
    }
}

/// Flattens nested tables into dotted names with their origins.
fn collect(figment: &Figment, prefix: &str, dict: &Dict, values: &mut Vec<EffectiveValue>) {
    for (key, value) in dict {
        let field = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
        if let Value::Dict(_, inner) = value {
            collect(figment, &field, inner, values);
            continue;
        }
        let origin = figment.find_metadata(&field).map_or_else(|| "default".to_owned(), origin_name);
        let value = serde_json::to_value(value).unwrap_or(serde_json::Value::Null);
        values.push(EffectiveValue { field, value, origin });
    }
}

fn origin_name(metadata: &figment::Metadata) -> String {
    match &metadata.source {
        Some(figment::Source::File(path)) => path.display().to_string(),
        _ if metadata.name.contains("environment") => format!("environment ({ENV_PREFIX}…)"),
        _ => "default".to_owned(),
    }
}

#[cfg(test)]
mod tests;
