//! `warehouse import` and `import-legacy`: handed to the server that runs here batch by batch, or done alone if none does.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use intake::clock::{Clock as _, SystemClock};
use wire::{AgentId, Epoch, MAX_BATCH_RECORDS};

use crate::admission::Gate;
use crate::config::Config;
use crate::control::{self, Request};
use crate::import::{Imported, LegacySource, Piece, Receiver, Rules, Source, TableSource, agent_of};
use crate::lake::Lake;
use crate::landing::Landing;
use crate::lock::DirLock;
use crate::paths::DataDir;
use crate::sealer::Sealer;
use crate::serve::recovery;

/// Files in the record's schema.
#[derive(Debug, Args)]
pub(super) struct Tables {
    /// Parquet or CSV files whose columns are those of the record (docs/protocol.md).
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Who made them: 1 to 24 of a-z, 0-9 and -; the tests stay marked as those of the agent `import-<source>`.
    #[arg(long)]
    source: String,
    /// Take the votes as they stand: only for a source that counted one vote a client itself.
    #[arg(long)]
    keep_votes: bool,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

/// The old central system's database.
#[derive(Debug, Args)]
pub(super) struct Legacy {
    /// The SQLite file; it is only read, and may be in use.
    #[arg(default_value = "/var/lib/libreqos_test/telemetry.db")]
    database: PathBuf,
    /// Who made it; the tests stay marked as those of the agent `import-<source>`.
    #[arg(long, default_value = "libreqos")]
    source: String,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

/// Imports files one after the other.
pub(super) fn tables(config: &Config, tables: &Tables) -> anyhow::Result<()> {
    let agent = agent_of(&tables.source)?;
    let door = Door::find(config)?;
    for file in &tables.files {
        let source = TableSource::open(file, &DataDir::new(&config.dir).cache(), config.engine.memory_mib)?;
        import(config, &door, &agent, &source, file, tables.keep_votes, tables.json)?;
    }
    door.settle()
}

/// Imports what the old system's database holds beyond what an earlier run took.
pub(super) fn legacy(config: &Config, legacy: &Legacy) -> anyhow::Result<()> {
    let agent = agent_of(&legacy.source)?;
    let source = LegacySource::open(&legacy.database)?;
    let door = Door::find(config)?;
    import(config, &door, &agent, &source, &legacy.database, false, legacy.json)?;
    door.settle()
}

fn import(
    config: &Config,
    door: &Door,
    agent: &AgentId,
    source: &dyn Source,
    file: &Path,
    keeps_votes: bool,
    json: bool,
) -> anyhow::Result<()> {
    let rules = Rules::new(SystemClock.hour(), config.retention.months, keeps_votes);
    let epoch = source.epoch();
    let mut last = door.last_row(agent, epoch)?;
    let mut imported = Imported { already: last, ..Imported::default() };
    let bar =
        ProgressBar::new(source.rows()).with_style(ProgressStyle::with_template("{wide_bar} {pos}/{len} rows {eta}")?);
    bar.set_position(last);
    loop {
        let page = source.page(last, MAX_BATCH_RECORDS)?;
        if page.is_empty() {
            break;
        }
        let piece = rules.piece(agent, epoch, page, &mut imported);
        last = piece.seq.0;
        imported.taken += piece.records.len() as u64;
        for (reason, rows) in &piece.quarantined {
            *imported.refused.entry(*reason).or_default() += rows;
        }
        door.hand_over(piece)?;
        bar.set_position(last);
    }
    bar.finish_and_clear();
    if json {
        let mut value = serde_json::to_value(&imported)?;
        value["file"] = file.display().to_string().into();
        value["agent"] = agent.as_str().into();
        println!("{value}");
        return Ok(());
    }
    println!("{}: {} results taken as {agent}", file.display(), imported.taken);
    if imported.already > 0 {
        println!("  up to row {} it had been imported before", imported.already);
    }
    for (reason, rows) in &imported.refused {
        println!("  {rows} rows were not taken ({})", serde_json::to_value(reason)?.as_str().unwrap_or_default());
    }
    if let Some(example) = &imported.example {
        println!("  the first of them: {example}");
    }
    Ok(())
}

/// The way into the landing zone.
enum Door {
    Server(DataDir),
    Alone(Box<Alone>),
}

struct Alone {
    receiver: Receiver,
    sealer: Sealer,
    most_waiting_bytes: u64,
    _lock: DirLock,
}

impl Door {
    fn find(config: &Config) -> anyhow::Result<Self> {
        let dir = DataDir::new(&config.dir);
        if control::call(&dir, &Request::Status)?.is_some() {
            return Ok(Self::Server(dir));
        }
        let lock = DirLock::take(&dir)?;
        let clock = Arc::new(SystemClock);
        let (lake, _) = Lake::open(dir.root(), clock.now())?;
        let landing = Landing::open(&dir.landing())?;
        let gate = Gate::new(recovery::recover(&landing, &lake.current())?);
        let receiver = Receiver::new(gate, landing.clone(), clock.clone());
        let sealer = Sealer::new(config.seal.clone(), Arc::new(lake), landing, clock);
        let most_waiting_bytes = config.ingest.max_landing_bytes;
        Ok(Self::Alone(Box::new(Alone { receiver, sealer, most_waiting_bytes, _lock: lock })))
    }

    fn last_row(&self, agent: &AgentId, epoch: Epoch) -> anyhow::Result<u64> {
        match self {
            Self::Server(dir) => {
                let answer = ask(dir, &Request::ImportedThrough { agent: agent.clone(), epoch })?;
                answer.as_u64().context("the server's answer is no row number")
            }
            Self::Alone(alone) => Ok(alone.receiver.last_row(agent, epoch)),
        }
    }

    fn hand_over(&self, piece: Piece) -> anyhow::Result<()> {
        match self {
            Self::Server(dir) => ask(dir, &Request::Import(Box::new(piece))).map(drop),
            Self::Alone(alone) => {
                while alone.receiver.waiting_bytes() > alone.most_waiting_bytes && alone.sealer.seal_once()? {}
                Ok(alone.receiver.take(piece)?)
            }
        }
    }

    /// Nothing is left in the landing zone of a warehouse that does not run.
    fn settle(self) -> anyhow::Result<()> {
        match self {
            Self::Server(_) => Ok(()),
            Self::Alone(alone) => alone.sealer.drain(),
        }
    }
}

fn ask(dir: &DataDir, request: &Request) -> anyhow::Result<serde_json::Value> {
    control::call(dir, request)?.context("the server ended; start the import again, it goes on where it stopped")
}
