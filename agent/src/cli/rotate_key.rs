//! `agent rotate-key`.

use std::process::ExitCode;

use clap::Args;
use intake::clock::{Clock as _, SystemClock};
use serde_json::json;

use super::output::{print, print_json};
use super::{EXIT_CODES, database};
use crate::config::Config;
use crate::store::audit::{self, Action, Entry, Via};
use crate::support_key::SupportKey;

/// Makes a new key for the support desk; a running agent takes it up at once, and the old one is worth nothing any more.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub(super) struct RotateKey {
    /// Prints the key itself, too.
    #[arg(long)]
    show: bool,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

impl RotateKey {
    pub(super) fn run(&self, config: &Config) -> anyhow::Result<ExitCode> {
        let key = SupportKey::of(&config.support, &config.data_dir);
        let (path, key) = key.rotate()?;
        note(config);
        if self.json {
            let mut said = json!({ "key_file": path });
            if self.show {
                said["key"] = key.reveal().into();
            }
            print_json(&said)?;
        } else {
            print(&format!("the new key lies in {}; the old one is worth nothing any more\n", path.display()))?;
            if self.show {
                print(&format!("{}\n", key.reveal()))?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// The key is new whether or not there is a database yet in which to say so.
fn note(config: &Config) {
    let entry = Entry {
        at_ms: SystemClock.now().as_millisecond(),
        action: Action::RotateKey,
        via: Via::Command,
        caller: None,
        subject: None,
        rows: None,
    };
    if let Ok(connection) = database::write(&config.data_dir)
        && let Err(error) = audit::note(&connection, &entry, config.support.audit_rows)
    {
        eprintln!("the audit log does not take the entry: {error}");
    }
}
