//! `agent check-config`.

use std::fmt::Write as _;
use std::process::ExitCode;

use clap::Args;
use intake::clock::{Clock, SystemClock};
use serde::Serialize;
use serde_json::Value;

use super::output::print;
use super::{EXIT_CODES, EXIT_CONFIG};
use crate::config::{self, EffectiveValue, Finding, Grade, Loaded, Refusal, Refused, Sources};

/// Widest value in the table; longer ones push their own row's origin aside.
const MAX_VALUE_WIDTH: usize = 44;

/// Prints every value in force, where it was set, and what looks wrong.
///
/// Nothing is changed, and secrets are not shown. Values come from, the strongest last: defaults; the old program's
/// file (/etc/lqos_test.conf, or `legacy_file`); agent.toml; the old program's variables (ENABLE_TELEMETRY,
/// LIBREQOS_WEBHOOK_URL, LIBREQOS_WEBHOOK_SECRET, LIBREQOS_TELEMETRY_API_KEY); BUFFERLAKE_AGENT_ and the key in
/// capitals, with two underscores between section and key. docs/agent.md says more.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub(super) struct CheckConfig {
    /// As JSON.
    #[arg(long)]
    json: bool,
}

/// What `--json` prints.
#[derive(Serialize)]
struct Report<'a> {
    usable: bool,
    values: &'a [EffectiveValue],
    findings: Vec<Finding>,
    refusals: &'a [Refusal],
}

impl CheckConfig {
    pub(super) fn run(&self, sources: &Sources) -> anyhow::Result<ExitCode> {
        let loaded = config::load(sources);
        let (text, usable) = report(&loaded, self.json, &SystemClock)?;
        if loaded.is_err() && !self.json {
            eprintln!("{text}");
        } else {
            print(&(text + "\n"))?;
        }
        Ok(if usable { ExitCode::SUCCESS } else { ExitCode::from(EXIT_CONFIG) })
    }
}

/// What is printed, and whether the configuration is usable.
fn report(loaded: &Result<Loaded, Refused>, json: bool, clock: &dyn Clock) -> anyhow::Result<(String, bool)> {
    let findings = loaded.as_ref().map(|loaded| loaded.findings(clock)).unwrap_or_default();
    let usable = loaded.is_ok() && !findings.iter().any(|finding| finding.grade == Grade::Broken);
    let text = match loaded {
        _ if json => {
            let (values, refusals) = match loaded {
                Ok(loaded) => (loaded.values.as_slice(), &[][..]),
                Err(refused) => (&[][..], refused.0.as_slice()),
            };
            serde_json::to_string_pretty(&Report { usable, values, findings, refusals })?
        }
        Ok(loaded) => table(loaded, &findings, usable)?,
        Err(refused) => refused.to_string(),
    };
    Ok((text, usable))
}

fn table(loaded: &Loaded, findings: &[Finding], usable: bool) -> Result<String, std::fmt::Error> {
    let rows: Vec<_> = loaded.values.iter().map(|value| (value, shown(&value.value))).collect();
    let width = |lengths: &mut dyn Iterator<Item = usize>| lengths.max().unwrap_or_default();
    let keys = width(&mut rows.iter().map(|(value, _)| value.key.len()));
    let values = width(&mut rows.iter().map(|(_, text)| text.chars().count())).min(MAX_VALUE_WIDTH);
    let mut text = String::new();
    for (value, shown) in &rows {
        writeln!(text, "{:keys$}  {shown:values$}  {}", value.key, value.origin)?;
    }
    writeln!(text)?;
    for finding in findings {
        writeln!(text, "{finding}")?;
    }
    let warnings = findings.iter().filter(|finding| finding.grade == Grade::Warning).count();
    match (usable, warnings) {
        (false, _) => write!(text, "The configuration cannot be used.")?,
        (true, 0) => write!(text, "The configuration can be used.")?,
        (true, 1) => write!(text, "The configuration can be used, with a warning.")?,
        (true, warnings) => write!(text, "The configuration can be used, with {warnings} warnings.")?,
    }
    Ok(text)
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        value => value.to_string(),
    }
}

#[cfg(test)]
mod tests;
