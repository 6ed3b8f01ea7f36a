//! `warehouse backup` and `warehouse restore`.

use std::path::Path;

use comfy_table::Table;
use comfy_table::presets::NOTHING;
use intake::clock::{Clock as _, SystemClock};

use crate::backup;
use crate::config::Config;
use crate::paths::DataDir;

/// Backs the data directory up, also beside a running server.
pub(super) fn backup(config: &Config, into: &Path, json: bool) -> anyhow::Result<()> {
    let made = backup::make(&DataDir::new(&config.dir), into)?;
    if json {
        println!("{}", serde_json::to_string(&made)?);
        return Ok(());
    }
    println!("{} files, {} bytes, {} of the files as hard links", made.files, made.bytes, made.linked);
    println!("{} rows, manifest {}", made.rows, made.manifest);
    println!("It holds the agents' keys: keep it as safe as the data directory, and on another disk.");
    Ok(())
}

/// Restores a backup into the data directory, which must be empty.
pub(super) fn restore(config: &Config, from: &Path, json: bool) -> anyhow::Result<()> {
    let restored = backup::restore(from, &DataDir::new(&config.dir), SystemClock.now())?;
    if json {
        println!("{}", serde_json::to_string(&restored)?);
        return Ok(());
    }
    println!("{} files, {} bytes, every digest right", restored.files, restored.bytes);
    println!("{} rows, manifest {} of a new line: marts are made again at the start", restored.rows, restored.manifest);
    if restored.expected.is_empty() {
        return Ok(());
    }
    let mut table = Table::new();
    table.load_preset(NOTHING).set_header(["agent", "epoch", "expected_seq"]);
    for expectation in &restored.expected {
        let (epoch, seq) = (expectation.epoch.get().to_string(), expectation.expected_seq.0.to_string());
        table.add_row([expectation.agent.to_string(), epoch, seq]);
    }
    println!("\n{table}\n");
    println!(
        "An agent that has sent more is answered 409 with expected_seq, rewinds, and sends again what it still has (7 days)."
    );
    println!(
        "If it has too little, its alarm says so: `warehouse agents accept-gap` lets it go on, and counts what is missing."
    );
    println!(
        "Agents registered, bound or given keys since the backup need it again; direct tests since then are lost."
    );
    Ok(())
}
