//! `agent doctor`: looks at everything once, changes nothing, and says what to do.

mod account;
mod check;
mod desk;
mod place;
mod queues;
mod reach;

use std::process::ExitCode;

use clap::Args;
use intake::clock::{Clock, SystemClock};
use serde_json::{Value, json};

use self::check::{Check, Verdict};
use super::EXIT_CODES;
use super::output::{print, print_json};
use super::words::count;
use crate::config::{Grade, Loaded};

/// Looks at everything that can go wrong, changes nothing, and says what to do.
///
/// It works beside a running agent and without one. The warehouse is asked with a signed request without a batch, which it
/// refuses once it has accepted the key; your own system is only connected to, and gets no result. Exit code 1 if a check
/// fails; warnings alone are 0.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub(super) struct Doctor {
    /// Connect to nothing but this machine.
    #[arg(long)]
    offline: bool,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

/// The finding that the old system's results are there and were not imported.
const OLD_SYSTEM: &str = "legacy_database";

/// Findings of the configuration that a check of its own says better.
const SAID_BY_CHECKS: [&str; 3] = ["asn.database", "warehouse", "warehouse.secret_file"];

impl Doctor {
    pub(super) fn run(&self, loaded: &Loaded) -> anyhow::Result<ExitCode> {
        let checks = examine(loaded, self.offline, &SystemClock)?;
        if self.json {
            print_json(&as_value(&checks))?;
        } else {
            print(&in_words(&checks))?;
        }
        let failed = checks.iter().any(|check| check.verdict == Verdict::Fail);
        Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }
}

/// Looks at everything.
pub(super) fn examine(loaded: &Loaded, offline: bool, clock: &dyn Clock) -> anyhow::Result<Vec<Check>> {
    let config = &loaded.config;
    let mut checks = configuration(loaded, clock);
    checks.extend(place::checks(config));
    checks.extend(queues::checks(config, clock.now().as_second()));
    checks.push(desk::asn_database(config, clock));
    checks.push(desk::support_key(config));
    if !offline {
        checks.extend(account::checks(config, clock)?);
        checks.extend(config.webhook.as_ref().map(reach::webhook));
    }
    Ok(checks)
}

/// What `check-config` would say.
fn configuration(loaded: &Loaded, clock: &dyn Clock) -> Vec<Check> {
    let findings =
        loaded.findings(clock).into_iter().filter(|finding| !SAID_BY_CHECKS.contains(&finding.subject.as_str()));
    let mut checks: Vec<Check> = findings
        .map(|finding| {
            if finding.subject == OLD_SYSTEM {
                return Check::warn("old system", finding.says, "");
            }
            let says = format!("{} {}", finding.subject, finding.says);
            match finding.grade {
                Grade::Note => Check::ok("configuration", says),
                Grade::Warning => Check::warn("configuration", says, ""),
                Grade::Broken => Check::fail("configuration", says, ""),
            }
        })
        .collect();
    if checks.is_empty() {
        checks.push(Check::ok("configuration", "can be used; `agent check-config` shows every value"));
    }
    checks
}

fn worst(checks: &[Check]) -> Verdict {
    checks.iter().map(|check| check.verdict).max().unwrap_or(Verdict::Ok)
}

/// The checks as `--json` and `support-dump` show them.
pub(super) fn as_value(checks: &[Check]) -> Value {
    json!({ "verdict": worst(checks), "checks": checks })
}

fn in_words(checks: &[Check]) -> String {
    let mut text: String = checks.iter().map(Check::in_words).collect();
    let how_many = |verdict| checks.iter().filter(|check| check.verdict == verdict).count() as u64;
    let (failed, warned) = (how_many(Verdict::Fail), how_many(Verdict::Warn));
    text.push_str(&match (failed, warned) {
        (0, 0) => "All is well.\n".to_owned(),
        (0, warned) => format!("Works, with {}.\n", count(warned, "warning", "warnings")),
        (failed, warned) => {
            format!("{} FAILED, {}.\n", count(failed, "check", "checks"), count(warned, "warning", "warnings"))
        }
    });
    text
}
