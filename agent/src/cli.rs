//! The commands: one file each.

mod asn_build;
mod check_config;
mod database;
mod import_legacy;
mod new_epoch;
mod output;
mod queue;
mod run;
mod show_upload;
mod status;
mod words;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::Config;

/// Exit code for a configuration that cannot be used (sysexits.h `EX_CONFIG`).
const EXIT_CONFIG: u8 = 78;

/// Stands below the help of every command.
const EXIT_CODES: &str =
    "Exit codes: 0 fine; 1 a finding or a failure; 2 wrong usage; 78 the configuration cannot be used.";

/// The Bufferlake agent: keeps a provider's test results at home and uploads what names nobody.
#[derive(Debug, Parser)]
#[command(name = "agent", version, after_help = EXIT_CODES)]
pub struct Cli {
    /// The configuration file.
    #[arg(long, global = true, env = "BUFFERLAKE_AGENT_CONFIG_FILE", default_value = "/etc/bufferlake/agent.toml")]
    config: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Takes results and uploads batches.
    Run,
    /// Prints the effective configuration; exit code 0, or 78 if it cannot be used.
    CheckConfig,
    Status(status::Status),
    Queue(queue::Queue),
    ShowUpload(show_upload::ShowUpload),
    NewEpoch(new_epoch::NewEpoch),
    ImportLegacy(import_legacy::ImportLegacy),
    AsnBuild(asn_build::AsnBuild),
}

impl Cli {
    /// Does what was asked.
    ///
    /// # Errors
    /// If it could not be done.
    pub fn execute(self) -> anyhow::Result<ExitCode> {
        if let Command::AsnBuild(build) = &self.command {
            return build.run();
        }
        let config = match Config::load(&self.config) {
            Ok(config) => config,
            Err(error) => {
                eprintln!("the configuration cannot be used: {error:#}");
                return Ok(ExitCode::from(EXIT_CONFIG));
            }
        };
        match self.command {
            Command::Run => run::run(config)?,
            Command::CheckConfig => return check_config::check_config(&config),
            Command::Status(status) => return status.run(&config),
            Command::Queue(queue) => return queue.run(&config),
            Command::ShowUpload(show) => return show.run(&config),
            Command::NewEpoch(new_epoch) => return new_epoch.run(&config),
            Command::ImportLegacy(import) => return import.run(&config),
            Command::AsnBuild(_) => {}
        }
        Ok(ExitCode::SUCCESS)
    }
}
