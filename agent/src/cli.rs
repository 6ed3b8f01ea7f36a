//! The commands: one file each.

mod asn_build;
mod check_config;
mod database;
mod doctor;
mod history;
mod import_legacy;
mod new_epoch;
mod output;
mod queue;
mod rotate_key;
mod run;
mod show_upload;
mod status;
mod support_dump;
mod words;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::{self, Sources};

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
    ///
    /// The variable BUFFERLAKE_AGENT_CONFIG_FILE names it, too. It must be there if it is named. Without it /etc/bufferlake/agent.toml is read if it is there; if it is not, the
    /// old program's /etc/lqos_test.conf, variables and defaults do.
    #[arg(long, global = true, env = config::FILE_VARIABLE, hide_env = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Takes results and uploads batches.
    ///
    /// Ends within five seconds of SIGTERM or SIGINT. RUST_LOG sets what is logged (`warn`, or
    /// `info,agent::upload=debug`).
    #[command(after_help = EXIT_CODES)]
    Run,
    CheckConfig(check_config::CheckConfig),
    Status(status::Status),
    Doctor(doctor::Doctor),
    History(history::History),
    Queue(queue::Queue),
    ShowUpload(show_upload::ShowUpload),
    SupportDump(support_dump::SupportDump),
    NewEpoch(new_epoch::NewEpoch),
    RotateKey(rotate_key::RotateKey),
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
        // An empty variable names no file.
        let sources = Sources::of_process(self.config.filter(|file| !file.as_os_str().is_empty()));
        if let Command::CheckConfig(check) = &self.command {
            return check.run(&sources);
        }
        let loaded = match config::load(&sources) {
            Ok(loaded) => loaded,
            Err(refused) => {
                eprintln!("{refused}");
                return Ok(ExitCode::from(EXIT_CONFIG));
            }
        };
        let config = &loaded.config;
        match self.command {
            Command::Run => run::run(loaded).map(|()| ExitCode::SUCCESS),
            Command::Status(status) => status.run(config),
            Command::Doctor(doctor) => doctor.run(&loaded),
            Command::History(history) => history.run(config),
            Command::Queue(queue) => queue.run(config),
            Command::ShowUpload(show) => show.run(config),
            Command::SupportDump(dump) => dump.run(&loaded),
            Command::NewEpoch(new_epoch) => new_epoch.run(config),
            Command::RotateKey(rotate) => rotate.run(config),
            Command::ImportLegacy(import) => import.run(config),
            Command::CheckConfig(_) | Command::AsnBuild(_) => Ok(ExitCode::SUCCESS),
        }
    }
}

#[cfg(test)]
mod tests;
