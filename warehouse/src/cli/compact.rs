//! `warehouse compact`.

use std::time::Duration;

use intake::clock::{Clock as _, SystemClock};

use crate::config::Config;
use crate::control::{self, Request};
use crate::lake::{Due, Lake, Order};
use crate::lock::DirLock;
use crate::paths::DataDir;

/// Puts the whole lake in order: asks the running server piece by piece, or does it here if none runs.
pub(super) fn compact(config: &Config, json: bool) -> anyhow::Result<()> {
    let dir = DataDir::new(&config.dir);
    let mut all = match control::call(&dir, &Request::Compact)? {
        Some(first) => serde_json::from_value(first)?,
        None => compact_here(&dir, config)?,
    };
    while all.more
        && let Some(next) = control::call(&dir, &Request::Compact)?
    {
        all += serde_json::from_value::<Order>(next)?;
    }
    if json {
        println!("{}", serde_json::to_string(&all)?);
        return Ok(());
    }
    println!("merged   {} files into {}, {} rows", all.files_before, all.files_after, all.rows);
    println!(
        "removed  {} files ({} bytes), {} manifests",
        all.collected.files, all.collected.bytes, all.collected.manifests
    );
    println!("Replaced files stay for {} hours; a later run removes them.", config.retention.replaced_hours);
    Ok(())
}

fn compact_here(dir: &DataDir, config: &Config) -> anyhow::Result<Order> {
    let _lock = DirLock::take(dir)?;
    let now = SystemClock.now();
    let (lake, recovery) = Lake::open(dir.root(), now)?;
    if let Some(alarm) = &recovery.alarm {
        eprintln!("warning: the lake was damaged and goes on from an older manifest: {}", alarm.cause);
    }
    let mut all = Order { more: true, ..Order::default() };
    while all.more {
        all += lake.put_in_order(Due::AllClosed, Some(config.retention.replaced_hours), Duration::MAX, now)?;
    }
    Ok(all)
}
