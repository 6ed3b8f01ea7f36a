//! The environment: the old program's variables, and one of ours for every key.

use std::ffi::{OsStr, OsString};

use serde_json::Value;

use super::fault::Refusal;
use super::origin::{Origin, Setting};
use super::shape::{Kind, Shape};
use super::toml_file;

/// Variables of ours begin with this; two underscores go one level down (`BUFFERLAKE_AGENT_WAREHOUSE__URL`).
const PREFIX: &str = "BUFFERLAKE_AGENT_";

/// The variable that names the configuration file: no key of the configuration.
pub(crate) const FILE_VARIABLE: &str = "BUFFERLAKE_AGENT_CONFIG_FILE";

/// In which role a server runs; this program has one role.
const MODE_VARIABLE: &str = "SERVER_MODE";

/// The only role of this program.
const MODE: &str = "isp";

/// Variables of the old program, and the keys that they set.
pub(super) const LEGACY_VARIABLES: [(&str, &str); 4] = [
    ("ENABLE_TELEMETRY", "telemetry"),
    ("LIBREQOS_WEBHOOK_URL", "webhook.url"),
    ("LIBREQOS_WEBHOOK_SECRET", "webhook.secret"),
    ("LIBREQOS_TELEMETRY_API_KEY", "support.key"),
];

/// Reads all variables that are ours. An empty one counts as not set.
pub(super) fn read(environment: &[(OsString, OsString)], shape: &Shape) -> (Vec<Setting>, Vec<Refusal>) {
    let mut settings = Vec::new();
    let mut refusals = Vec::new();
    for (name, value) in environment {
        let Some(name) = name.to_str().filter(|_| !value.is_empty()) else { continue };
        match one(name, value, shape) {
            Some(Ok(setting)) => settings.push(setting),
            Some(Err(refusal)) => refusals.push(refusal),
            None => {}
        }
    }
    (settings, refusals)
}

/// What one variable sets; none if it is not ours.
fn one(name: &str, value: &OsStr, shape: &Shape) -> Option<Result<Setting, Refusal>> {
    if name == MODE_VARIABLE {
        return (value != MODE).then(|| {
            Err(Refusal::new(
                name,
                None,
                "this program is a test server's agent and has no other mode than `isp`; the central server is \
                 another program, `warehouse` (see deploy/warehouse/). Unset SERVER_MODE or set it to `isp`",
            ))
        });
    }
    let (key, origin) = match LEGACY_VARIABLES.iter().find(|(legacy, _)| *legacy == name) {
        Some((name, key)) => ((*key).to_owned(), Origin::LegacyVariable { name }),
        None if name == FILE_VARIABLE => return None,
        None => {
            let key = name.strip_prefix(PREFIX)?.to_ascii_lowercase().replace("__", ".");
            (key, Origin::Variable { name: name.to_owned() })
        }
    };
    let Some(kind) = shape.kind(&key) else {
        let near = shape.nearest(&key).map(variable);
        let says = match near {
            Some(near) => format!("sets no key; did you mean {near}?"),
            None => "sets no key".to_owned(),
        };
        return Some(Err(Refusal::new(name, None, says)));
    };
    let read = value.to_str().ok_or("is not text in UTF-8").and_then(|text| typed(kind, text.trim()));
    Some(match read {
        Ok(value) => Ok(Setting { key, value, origin }),
        Err(says) => Err(Refusal::new(key, Some(origin), says)),
    })
}

/// The variable that sets a key.
pub(super) fn variable(key: &str) -> String {
    format!("{PREFIX}{}", key.replace('.', "__").to_ascii_uppercase())
}

/// A text as a value of this kind; else what it must be.
fn typed(kind: Kind, text: &str) -> Result<Value, &'static str> {
    match kind {
        Kind::Text | Kind::Secret => {
            let enclosed = |quote: char| text.len() > 1 && text.starts_with(quote) && text.ends_with(quote);
            if enclosed('"') || enclosed('\'') {
                return Err("the quotes are part of the value: leave them out");
            }
            Ok(Value::from(text))
        }
        Kind::Whole => text.parse::<u64>().map(Value::from).map_err(|_| kind.rule()),
        Kind::Truth => match text.to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" | "on" => Ok(Value::Bool(true)),
            "false" | "0" | "no" | "off" => Ok(Value::Bool(false)),
            _ => Err(kind.rule()),
        },
        Kind::List => Ok(toml_file::value(text).filter(Value::is_array).unwrap_or_else(|| listed(text))),
        Kind::Table => {
            toml_file::value(text).filter(Value::is_object).ok_or("must be a TOML table: { key = \"value\" }")
        }
    }
}

/// A list without quotes: `10.0.0.0/8, 192.0.2.1`, with or without brackets around it.
fn listed(text: &str) -> Value {
    let inner = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    inner.split(',').map(str::trim).filter(|entry| !entry.is_empty()).map(Value::from).collect()
}
