//! `agent new-epoch`.

use std::process::ExitCode;

use anyhow::ensure;
use clap::Args;
use intake::clock::{Clock as _, SystemClock};
use serde_json::json;

use super::output::{print, print_json};
use super::{EXIT_CODES, database};
use crate::config::Config;
use crate::lock::DataLock;
use crate::store::{database_path, epoch, schema};

/// Gives the outbox up after the database was restored or cloned, and begins at 1; the agent must be stopped.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub(super) struct NewEpoch {
    /// As JSON.
    #[arg(long)]
    json: bool,
}

impl NewEpoch {
    pub(super) fn run(&self, config: &Config) -> anyhow::Result<ExitCode> {
        let path = database_path(&config.data_dir);
        ensure!(path.is_file(), "there is no database {}; is data_dir the agent's?", path.display());
        let _lock = DataLock::take(&config.data_dir)?;
        let explain = |fault| database::explain(&path, fault);
        let mut connection = schema::open(&path).map_err(explain)?;
        let begun = epoch::begin(&mut connection, SystemClock.now().as_second()).map_err(explain)?;
        if self.json {
            print_json(&json!({ "epoch": begun.epoch, "set_aside_records": begun.restored }))?;
        } else {
            let (epoch, restored) = (begun.epoch.get(), begun.restored);
            print(&format!("epoch {epoch} begins at 1; {restored} unsent records were set aside\n"))?;
        }
        Ok(ExitCode::SUCCESS)
    }
}
