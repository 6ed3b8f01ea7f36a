//! The commands.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, ensure};
use clap::{Parser, Subcommand};
use intake::clock::{Clock, SystemClock};
use tokio::net::TcpListener;

use crate::config::Config;
use crate::lock::DataLock;
use crate::serve::{self, Listeners};
use crate::store::{database_path, epoch, report, schema};

/// Exit code for a configuration that cannot be used (sysexits.h `EX_CONFIG`).
const EXIT_CONFIG: u8 = 78;

/// Threads that serve requests; the disk has a thread of its own.
const WORKER_THREADS: usize = 2;

/// Threads for what blocks: names of hosts, and the replacement of ASN databases.
const BLOCKING_THREADS: usize = 2;

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
            let now_s = u64::try_from(SystemClock.now().as_second()).unwrap_or(0);
            let report = intake::asn::build_mmdb(csvs, out, now_s).context("building the ASN database")?;
            println!("{}: {} ranges, {} bytes", out.display(), report.ranges, report.bytes);
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
            Command::Run => run(config)?,
            Command::CheckConfig => return check_config(&config),
            Command::NewEpoch => new_epoch(&config.data_dir)?,
            Command::Status { json } => status(&config.data_dir, json)?,
            Command::AsnBuild { .. } => {}
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn run(config: Config) -> anyhow::Result<()> {
    crate::observe::log_to_stderr();
    // On a quiet machine one thread carries as much; on one that is busy with other things two carry a quarter more.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(WORKER_THREADS)
        .max_blocking_threads(BLOCKING_THREADS)
        .enable_all()
        .build()
        .context("starting the runtime")?;
    runtime.block_on(async move {
        let bind = async |address| TcpListener::bind(address).await.with_context(|| format!("listening on {address}"));
        let public = bind(config.listen).await?;
        let metrics = bind(config.metrics_listen).await?;
        tracing::info!(listen = %public.local_addr()?, "taking results");
        serve::run(config, Listeners { public, metrics }, Arc::new(SystemClock), terminated()).await
    })
}

async fn terminated() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else { return std::future::pending().await };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}

fn check_config(config: &Config) -> anyhow::Result<ExitCode> {
    // No value here is a secret: the secret lies in a file, of which only the path is shown.
    println!("{}", serde_json::to_string_pretty(config)?);
    if let Some(warehouse) = &config.warehouse
        && let Err(error) = warehouse.secret()
    {
        eprintln!("the configuration cannot be used: {error:#}");
        return Ok(ExitCode::from(EXIT_CONFIG));
    }
    Ok(ExitCode::SUCCESS)
}

fn new_epoch(data_dir: &Path) -> anyhow::Result<()> {
    let path = database_path(data_dir);
    ensure!(path.is_file(), "there is no database {}; is data_dir the agent's?", path.display());
    let _lock = DataLock::take(data_dir)?;
    let mut connection = schema::open(&path)?;
    let begun = epoch::begin(&mut connection, SystemClock.now().as_second())?;
    println!("epoch {} begins at 1; {} unsent records were set aside", begun.epoch.get(), begun.restored);
    Ok(())
}

fn status(data_dir: &Path, json: bool) -> anyhow::Result<()> {
    let path = database_path(data_dir);
    let connection = schema::open_read_only(&path).with_context(|| format!("opening {}", path.display()))?;
    let report = report::report(&connection)?;
    if json {
        println!("{}", serde_json::to_string(&report)?);
        return Ok(());
    }
    println!("epoch     {}", report.epoch);
    println!("history   {} results", report.history_rows);
    println!("outbox    {} records wait for sealing, {} bytes in all", report.waiting_records, report.outbox_bytes);
    println!("unsettled {} batches with {} records", report.unsettled_batches, report.unsettled_records);
    println!("settled   {} batches still kept; next batch is {}", report.settled_batches, report.next_seq);
    println!("aside     {} batches with {} records", report.set_aside_batches, report.set_aside_records);
    for (reason, records) in &report.dropped {
        println!("dropped   {records} records ({reason:?}), not reported yet");
    }
    println!("alarm     {}", report.alarm.as_deref().unwrap_or("none"));
    Ok(())
}
