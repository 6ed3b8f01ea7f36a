//! The commands: one file each.

mod asn_build;
mod check_config;
mod new_epoch;
mod run;
mod status;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::Config;

/// Exit code for a configuration that cannot be used (sysexits.h `EX_CONFIG`).
const EXIT_CONFIG: u8 = 78;

/// The Bufferlake agent: keeps a provider's test results at home and uploads what names nobody.
#[derive(Debug, Parser)]
#[command(name = "agent", version)]
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
    /// Gives the outbox up after the database was restored or cloned, and begins at 1; the agent must be stopped.
    NewEpoch,
    /// Prints what waits, what was sent, and why uploading stopped.
    Status {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Turns range CSVs of @ip-location-db into one .mmdb, which is mapped instead of held in memory.
    AsnBuild {
        /// The CSVs, IPv4 and IPv6.
        #[arg(required = true)]
        csvs: Vec<PathBuf>,
        /// The database to write.
        #[arg(long)]
        out: PathBuf,
    },
}

impl Cli {
    /// Does what was asked.
    ///
    /// # Errors
    /// If it could not be done.
    pub fn execute(self) -> anyhow::Result<ExitCode> {
        if let Command::AsnBuild { csvs, out } = &self.command {
            asn_build::asn_build(csvs, out)?;
            return Ok(ExitCode::SUCCESS);
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
            Command::NewEpoch => new_epoch::new_epoch(&config.data_dir)?,
            Command::Status { json } => status::status(&config.data_dir, json)?,
            Command::AsnBuild { .. } => {}
        }
        Ok(ExitCode::SUCCESS)
    }
}
