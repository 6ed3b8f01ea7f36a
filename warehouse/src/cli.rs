//! The command line: what each command is called and takes. What they do is in the modules that they name.

mod agents;

mod asn;

mod backup;

mod compact;

mod import;

mod inspect;

mod keep;

mod server;

mod sql;

mod upload;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::{self, ConfigFault, Loaded, ServerMode};

/// Exit code of an unusable configuration (`EX_CONFIG` of sysexits.h).
const EXIT_CONFIG: u8 = 78;

/// The central warehouse: takes signed batches and direct tests, keeps them, and publishes the ranking.
#[derive(Debug, Parser)]
#[command(name = "warehouse", version, max_term_width = 100)]
pub struct Cli {
    /// Configuration file; without it, defaults and the environment (BUFFERLAKE_WAREHOUSE_…) hold.
    #[arg(short, long, global = true, value_name = "FILE", env = "BUFFERLAKE_WAREHOUSE_CONFIG")]
    config: Option<PathBuf>,
    /// Data directory; overrides the configuration.
    #[arg(short, long, global = true, value_name = "DIR")]
    dir: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the warehouse until SIGTERM or Ctrl-C.
    Serve,
    /// Print every value in force and where it was set; exit 0 if all are usable, 78 if not.
    CheckConfig {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Look at the installation from outside: directory, lock, registry, keys, landing zone, lake; exit 1 on a fault.
    Doctor {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Merge the lake's small files and remove replaced ones, in a running server or without one.
    Compact {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Copy the data directory, also beside a running server, into a new directory; see `restore`.
    Backup {
        /// The backup's directory; it must be empty or not exist.
        into: PathBuf,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Restore a backup into an empty data directory, after checking every byte.
    Restore {
        /// The backup's directory.
        from: PathBuf,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Turn range CSVs of @ip-location-db into one .mmdb, which is mapped instead of held in memory.
    AsnBuild {
        /// The CSVs, IPv4 and IPv6.
        #[arg(required = true)]
        csvs: Vec<PathBuf>,
        /// The database to write.
        #[arg(long)]
        out: PathBuf,
    },
    /// Register agents, bind them to networks, and manage their keys.
    #[command(subcommand)]
    Agents(agents::Command),
    /// Close the days that can be closed and make the public cut now.
    Publish,
    /// The night's work, for a timer: `publish`, drop the months that retention does not keep, `upload` if there is a bucket.
    Nightly {
        /// Only this step of it.
        #[arg(long, value_enum)]
        step: Option<keep::Step>,
    },
    /// Bring the bucket up to what is published here. Run again, it goes on where it ended; beside a running server, too.
    Upload {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Make marts, blocks and the cut again from the lake; a new cut comes of it only if it says something else.
    Rebuild,
    /// Take an agent's results of some days back: they leave the marts now and the public with the next cut.
    Withdraw(keep::Range),
    /// Bring results of others in: Parquet or CSV files in the record's schema. Run again, it goes on where it ended.
    Import(import::Tables),
    /// Bring the old central system's database in. Run again, it takes what has come since.
    ImportLegacy(import::Legacy),
    /// Publish analytics.duckdb now: the file that analysts open with DuckDB while the warehouse goes on.
    Analytics,
    /// Answer a SELECT over analytics.duckdb, brought up to date first; without a statement, a shell that reads statements.
    Sql(sql::Ask),
}

impl Cli {
    /// Does what the command line says.
    #[must_use]
    pub fn run(self) -> ExitCode {
        let mode = std::env::var("SERVER_MODE").ok();
        let loaded = ServerMode::parse(mode.as_deref())
            .and_then(|_| config::load(self.config.as_deref()))
            .map(|loaded| self.with_dir(loaded));
        let loaded = match loaded {
            Ok(loaded) => loaded,
            Err(fault) => return complain_of_config(&fault),
        };
        let done = match self.command {
            Command::Serve => server::serve(loaded.config),
            Command::CheckConfig { json } => inspect::check_config(&loaded, json),
            Command::Doctor { json } => return inspect::doctor(&loaded.config, json),
            Command::Compact { json } => compact::compact(&loaded.config, json),
            Command::Backup { into, json } => backup::backup(&loaded.config, &into, json),
            Command::Restore { from, json } => backup::restore(&loaded.config, &from, json),
            Command::AsnBuild { csvs, out } => asn::build(&csvs, &out),
            Command::Agents(command) => command.run(&loaded.config),
            Command::Publish => keep::publish(loaded.config),
            Command::Nightly { step } => keep::nightly(loaded.config, step),
            Command::Upload { json } => upload::upload(&loaded.config, json),
            Command::Rebuild => keep::rebuild(loaded.config),
            Command::Withdraw(range) => keep::withdraw(loaded.config, range),
            Command::Import(files) => import::tables(&loaded.config, &files),
            Command::ImportLegacy(database) => import::legacy(&loaded.config, &database),
            Command::Analytics => keep::analytics(loaded.config),
            Command::Sql(ask) => sql::run(loaded.config, ask),
        };
        match done {
            Ok(()) => ExitCode::SUCCESS,
            Err(fault) => {
                eprintln!("error: {fault:#}");
                ExitCode::FAILURE
            }
        }
    }

    fn with_dir(&self, mut loaded: Loaded) -> Loaded {
        if let Some(dir) = &self.dir {
            loaded.config.dir.clone_from(dir);
            for value in loaded.values.iter_mut().filter(|value| value.field == "dir") {
                value.value = dir.display().to_string().into();
                value.origin = "command line".to_owned();
            }
        }
        loaded
    }
}

fn complain_of_config(fault: &ConfigFault) -> ExitCode {
    eprintln!("error: {fault}");
    let mut source = std::error::Error::source(fault);
    while let Some(cause) = source {
        eprintln!("  because: {cause}");
        source = cause.source();
    }
    ExitCode::from(EXIT_CONFIG)
}
