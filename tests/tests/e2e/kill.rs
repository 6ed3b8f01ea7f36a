//! The warehouse killed with SIGKILL while it lands, seals, switches the manifest and clears up, and while it publishes.
//!
//! inotify tells the moment; what lies on the disk after the kill tells whether the moment was met. Whatever was met, the
//! same must hold: what was acknowledged is in the lake once, what was not is taken when it comes again, once.

mod crowd;
mod cut;
mod evidence;
mod moment;

use std::collections::BTreeMap;

use anyhow::{Context as _, ensure};
use bufferlake_tests::harness::Trials;
use serde_json::json;

use self::crowd::Crowd;
use self::evidence::Evidence;
use self::moment::{ALL, Moment, Watch};
use super::lake;
use super::stage::{Stage, register};

/// Trials of all moments: by default, and for `BUFFERLAKE_TRIALS=all`.
const FEW: u32 = 12;
const MANY: u32 = 300;

/// Kills that a trial may take until one of them meets its moment.
const MAX_KILLS: u32 = 12;

const AGENTS: usize = 4;

/// Kills the warehouse at this moment, starts it again and checks what it knows. True if the moment was met.
fn kill_once(stage: &mut Stage, crowd: &mut Crowd, moment: Moment, events: u32) -> anyhow::Result<bool> {
    let watch = Watch::for_moment(moment, stage.warehouse.dir())?;
    let address = stage.warehouse.address();
    let unanswered = std::thread::scope(|scope| -> anyhow::Result<usize> {
        let running = crowd.start(scope, address);
        watch.wait(events)?;
        stage.warehouse.program().kill()?;
        running.join()
    })?;
    ensure!(unanswered > 0, "no request was unanswered at the kill: nothing was at stake");
    let evidence = Evidence::gather(stage.warehouse.dir())?;
    let met = evidence.shows(moment, crowd);
    stage.warehouse.restart()?;
    crowd.resend(address, &evidence)?;
    Ok(met)
}

// Aim: however and whenever the warehouse is killed, every acknowledged batch is in the lake exactly once, a batch that was
// not acknowledged is taken exactly once when it comes again, and the answer to it tells which of the two it was.
#[test]
fn a_killed_warehouse_loses_nothing_and_doubles_nothing() -> anyhow::Result<()> {
    let mut stage = Stage::open_with("kill", |options| options.seal_interval_ms = 50)?;
    let mut senders = vec![stage.sender.clone()];
    for index in 1..AGENTS {
        senders.push(register(&stage.warehouse, &format!("isp-{index}"))?);
    }
    let mut crowd = Crowd::of(senders)?;
    // So that the day's directory is there to be watched.
    crowd.warm_up(stage.warehouse.address())?;
    lake::await_rows(stage.warehouse.dir(), crowd.rows())?;

    let trials = Trials::few_or_all(FEW, MANY);
    let mut kills: BTreeMap<Moment, u32> = BTreeMap::new();
    for (trial, moment) in trials.each().zip(ALL.into_iter().cycle()) {
        let before = kills.get(&moment).copied().unwrap_or(0);
        let mut met = false;
        while !met {
            let count = kills.entry(moment).or_default();
            *count += 1;
            ensure!(*count - before <= MAX_KILLS, "{MAX_KILLS} kills did not meet {moment:?}");
            met = kill_once(&mut stage, &mut crowd, moment, *count % 5 + 1)
                .with_context(|| format!("trial {trial}, {moment:?}"))?;
        }
    }

    stage.warehouse.program().stop()?;
    let found = lake::rows_by_batch(stage.warehouse.dir())?;
    assert_eq!(crowd.difference(&found), Vec::<String>::new(), "the lake differs from what was acknowledged");
    for mark in &lake::manifest(stage.warehouse.dir())?.marks {
        let accounts = serde_json::to_value(&mark.accounts)?;
        assert_eq!((&accounts["batches"], &accounts["missing"]), (&json!(mark.seq.0), &json!(0)), "{}", mark.agent);
    }
    stage.warehouse.program().assert_no_panic()?;
    println!("kills until each moment was met as often as it should: {kills:?}; {} batches", found.len());
    trials
        .passed("the warehouse is killed while it lands, seals, switches or clears up: nothing lost, nothing doubled");
    Ok(())
}
