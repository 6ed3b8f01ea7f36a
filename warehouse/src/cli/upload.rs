//! `warehouse upload`: a copy of the releases into the bucket. It reads the public directory and needs no server.

use anyhow::{Context as _, ensure};

use crate::bucket;
use crate::config::Config;
use crate::paths::DataDir;
use crate::shelf::Shelf;

/// Does it and prints what came of it.
pub(super) fn upload(config: &Config, json: bool) -> anyhow::Result<()> {
    ensure!(config.bucket.is_set(), "no bucket is configured: set bucket.endpoint and bucket.name");
    let dir = DataDir::new(&config.dir);
    let shelf = Shelf::load(&dir.public(), &Shelf::default())?;
    for fault in shelf.faults() {
        eprintln!("damaged: {fault}");
    }
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().context("cannot start a runtime")?;
    let done = runtime.block_on(bucket::upload(&config.bucket, &dir, &shelf))?;
    if json {
        println!("{}", serde_json::to_string(&done)?);
    } else {
        println!("The bucket's newest release is {}.", done.release);
        println!(
            "Files sent: {} ({} bytes); there already: {}; removed: {}.",
            done.sent, done.bytes, done.kept, done.removed
        );
    }
    Ok(())
}
