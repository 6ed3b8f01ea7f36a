//! Where values come from, and which one holds.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use intake::clock::Clock;
use serde_json::{Map, Value};

use super::fault::{Refusal, Refused};
use super::finding::{Finding, Grade};
use super::origin::{EffectiveValue, Origin, Setting};
use super::shape::{self, Shape};
use super::{Config, findings, legacy_file, rules, toml_file, variables};

/// The configuration file if none is named; it need not be there.
pub const USUAL_FILE: &str = "/etc/bufferlake/agent.toml";

/// Largest configuration file that is read, in bytes.
const MAX_FILE_BYTES: u64 = 1 << 20;

/// The section that is given up if it comes from the old program alone and has no URL.
const WEBHOOK: &str = "webhook.";

/// Keys of which only one can hold: a secret, and the file that holds it.
const EITHER: [(&str, &str); 2] = [("webhook.secret", "webhook.secret_file"), ("support.key", "support.key_file")];

/// Where a configuration is looked for.
#[derive(Debug, Clone)]
pub struct Sources {
    /// The file that was named: by `--config`, or by its variable. It must be there.
    pub named: Option<PathBuf>,
    /// The file that is used if none was named and this one is there.
    pub usual: PathBuf,
    /// Names and values of all variables.
    pub environment: Vec<(OsString, OsString)>,
}

impl Sources {
    /// Those of this process.
    #[must_use]
    pub fn of_process(named: Option<PathBuf>) -> Self {
        Self { named, usual: PathBuf::from(USUAL_FILE), environment: std::env::vars_os().collect() }
    }
}

/// A configuration, and how it came about.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The configuration.
    pub config: Config,
    /// Every key in the order of their names, with its value and where that was set.
    pub values: Vec<EffectiveValue>,
    /// The `agent.toml` that was read; none if there is none.
    pub file: Option<PathBuf>,
    /// What was noticed on the way.
    pub(super) noticed: Vec<Finding>,
}

/// Loads the configuration and checks every value.
///
/// # Errors
/// All that must be changed, each with its key and its place.
pub fn load(sources: &Sources) -> Result<Loaded, Refused> {
    let shape = Shape::new();
    let file = match &sources.named {
        Some(named) => Some((named, text_of(named)?.ok_or_else(|| missing(named))?)),
        None => text_of(&sources.usual)?.map(|text| (&sources.usual, text)),
    };
    let toml = file.as_ref().map(|(path, text)| toml_file::read(path, text, &shape)).unwrap_or_default();
    let (mut settings, mut refusals) = variables::read(&sources.environment, &shape);
    settings.extend(toml.settings);
    refusals.extend(toml.refusals);

    // The old program's file is named by the others, and weaker than they are.
    let legacy = legacy(&settings)?;
    settings.extend(legacy.settings);
    refusals.extend(legacy.refusals);
    if !refusals.is_empty() {
        return Err(Refused(refusals));
    }

    let mut noticed = legacy.notes;
    let mut merged = merge(settings);
    settle_either(&mut merged, &mut noticed);
    settle_webhook(&mut merged, &mut noticed);
    let config = typed(&merged)?;
    let refusals: Vec<_> = rules::broken(&config)
        .into_iter()
        .map(|(key, says)| Refusal::new(key, origin_below(&merged, key), says))
        .collect();
    if !refusals.is_empty() {
        return Err(Refused(refusals));
    }
    Ok(Loaded {
        values: effective(&config, &merged, &shape),
        config,
        file: file.map(|(path, _)| path.clone()),
        noticed,
    })
}

impl Loaded {
    /// Where a key was set.
    #[must_use]
    pub fn origin(&self, key: &str) -> &Origin {
        self.values.iter().find(|value| value.key == key).map_or(&Origin::Default, |value| &value.origin)
    }

    /// What is worth a line in the log of a start.
    #[must_use]
    pub fn startup_findings(&self) -> Vec<Finding> {
        let mut found = self.noticed.clone();
        // That the old file holds what belongs to other programs is no news at each start.
        found.retain(|finding| finding.grade > Grade::Note);
        found.extend(findings::quick(self));
        found
    }

    /// What an operator should know: what was noticed while loading, and what files, databases and keys look like now.
    #[must_use]
    pub fn findings(&self, clock: &dyn Clock) -> Vec<Finding> {
        let mut found = self.noticed.clone();
        found.extend(findings::all(self, clock));
        found.sort_by_key(|finding| std::cmp::Reverse(finding.grade));
        found
    }
}

/// The text of a file; none if there is no such file.
fn text_of(path: &Path) -> Result<Option<String>, Refusal> {
    let fault = |says: String| Refusal::new(path.display().to_string(), None, says);
    let file = match std::fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(fault(format!("is there and cannot be opened: {error}"))),
    };
    let mut text = String::new();
    file.take(MAX_FILE_BYTES + 1)
        .read_to_string(&mut text)
        .map_err(|error| fault(format!("cannot be read: {error}")))?;
    if text.len() as u64 > MAX_FILE_BYTES {
        return Err(fault(format!("is larger than {MAX_FILE_BYTES} bytes")));
    }
    Ok(Some(text))
}

fn missing(path: &Path) -> Refusal {
    Refusal::new(path.display().to_string(), None, "there is no such configuration file")
}

/// Reads the old program's file if it is there.
fn legacy(settings: &[Setting]) -> Result<legacy_file::Legacy, Refusal> {
    let named =
        settings.iter().filter(|setting| setting.key == "legacy_file").max_by_key(|setting| setting.origin.rank());
    let path = match named.and_then(|setting| setting.value.as_str()) {
        Some(path) => PathBuf::from(path),
        None => Config::default().legacy_file,
    };
    if path.as_os_str().is_empty() {
        return Ok(legacy_file::Legacy::default());
    }
    let text = text_of(&path).map_err(|mut refusal| {
        refusal.says.push_str("; let the agent's user read it, or set legacy_file = \"\" to do without it");
        refusal
    })?;
    Ok(text.map(|text| legacy_file::read(&path, &text)).unwrap_or_default())
}

/// The strongest setting of each key; of two equally strong ones the last.
fn merge(mut settings: Vec<Setting>) -> BTreeMap<String, Setting> {
    settings.sort_by_key(|setting| setting.origin.rank());
    settings.into_iter().map(|setting| (setting.key.clone(), setting)).collect()
}

/// Of a secret and the file that holds it, leaves the stronger one; of two equally strong ones the file.
fn settle_either(merged: &mut BTreeMap<String, Setting>, noticed: &mut Vec<Finding>) {
    for (text, file) in EITHER {
        let set = |key: &str| merged.get(key).filter(|setting| !setting.value.is_null());
        let (Some(by_text), Some(by_file)) = (set(text), set(file)) else { continue };
        let (used, unused) =
            if by_text.origin.rank() > by_file.origin.rank() { (by_text, by_file) } else { (by_file, by_text) };
        noticed.push(Finding::warning(
            unused.key.as_str(),
            format!("is set ({}) and not used, because {} is set too ({})", unused.origin, used.key, used.origin),
        ));
        let unused = unused.key.clone();
        merged.remove(&unused);
    }
}

/// Without a URL there is no webhook. The old program's file may hold a secret all the same, and an empty URL in
/// `agent.toml` says that there is to be none; otherwise a missing URL is a mistake, and is refused as such.
fn settle_webhook(merged: &mut BTreeMap<String, Setting>, noticed: &mut Vec<Finding>) {
    let emptied = match merged.get("webhook.url") {
        Some(setting) if !setting.value.is_null() => return,
        url => url.is_some(),
    };
    let mut others = merged.values().filter(|setting| setting.key.starts_with(WEBHOOK) && !setting.value.is_null());
    if !emptied && !others.clone().all(|setting| setting.origin.is_legacy()) {
        return;
    }
    if let Some(other) = others.next() {
        let says =
            format!("is set ({}) and not used, because webhook.url is not set: there is no webhook", other.origin);
        noticed.push(Finding::note(other.key.as_str(), says));
    }
    merged.retain(|key, _| !key.starts_with(WEBHOOK));
}

/// Makes the configuration of what is set; the rest are defaults.
fn typed(merged: &BTreeMap<String, Setting>) -> Result<Config, Refusal> {
    let mut tree = Value::Object(Map::new());
    for setting in merged.values().filter(|setting| !setting.value.is_null()) {
        let mut place = &mut tree;
        for part in setting.key.split('.') {
            // Indexing makes what is not there.
            place = &mut place[part];
        }
        *place = setting.value.clone();
    }
    serde_path_to_error::deserialize(tree).map_err(|error| {
        let path = error.path().to_string();
        Refusal::new(path.as_str(), origin_below(merged, &path), error.inner().to_string())
    })
}

/// Where a key was set, or the section or the list that the path leads into.
fn origin_below(merged: &BTreeMap<String, Setting>, path: &str) -> Option<Origin> {
    let within = |longer: &str, shorter: &str| {
        longer.strip_prefix(shorter).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    };
    merged.values().find(|setting| within(path, &setting.key) || within(&setting.key, path)).map(|s| s.origin.clone())
}

fn effective(config: &Config, merged: &BTreeMap<String, Setting>, shape: &Shape) -> Vec<EffectiveValue> {
    let tree = shape::serialised(config);
    let value = |key: &str| shape::value_at(&tree, key).cloned().unwrap_or_default();
    let origin = |key: &str| merged.get(key).map_or(Origin::Default, |setting| setting.origin.clone());
    shape.keys().map(|key| EffectiveValue { key: key.to_owned(), value: value(key), origin: origin(key) }).collect()
}
