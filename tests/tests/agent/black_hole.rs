//! A warehouse that takes connections and never answers.

use anyhow::ensure;
use bufferlake_tests::harness::{AgentOptions, Scratch};
use wire::DropReason;

use super::results::{Scene, counts, post_all};

/// The smallest cap that an operator can set, in bytes.
const CAP_BYTES: u64 = 1 << 20;

/// More results than fit under it.
const RESULTS: u32 = 30_000;

// Aim: behind a warehouse that swallows everything the agent goes on taking results, its outbox stays under its cap, and
// what it gives up is counted to the last record once the warehouse answers again.
#[test]
fn a_silent_warehouse_costs_the_oldest_and_they_are_counted() -> anyhow::Result<()> {
    let scratch = Scratch::new("agent-black-hole")?;
    let mut scene = Scene::start(&scratch, |options| {
        AgentOptions { seal_records: 25, seal_interval_s: 1, ..options }
            .with("outbox.max_bytes", &CAP_BYTES.to_string())
    })?;
    scene.proxy.set_black_hole(true);
    post_all(scene.agent.address(), 0..RESULTS - 1)?;
    // Alone, so that it is the newest.
    post_all(scene.agent.address(), RESULTS - 1..RESULTS)?;
    let status = scene.agent.status()?;
    let bytes = status["outbox_bytes"].as_u64().unwrap_or(u64::MAX);
    ensure!(bytes <= CAP_BYTES, "the outbox holds {bytes} bytes: {status}");
    ensure!(scene.proxy.swallowed() > 0 && scene.landed()?.is_empty(), "the black hole leaks");
    ensure!(scene.agent.health()?["status"] == "ready", "the agent calls itself unwell");

    scene.proxy.set_black_hole(false);
    scene.wait_until_all_is_sent()?;
    let landed = scene.landed()?;
    let kept = counts(&landed)?;
    ensure!(kept.values().all(|count| *count == 1), "some landed more than once");
    let mut dropped = 0;
    for (reason, count) in landed.iter().flat_map(|batch| &batch.dropped) {
        ensure!(*reason == DropReason::OutboxFull, "dropped for another reason: {reason:?}");
        dropped += count;
    }
    println!("{} of {RESULTS} results landed, {dropped} were given up and reported", kept.len());
    ensure!(dropped > 0, "the cap was never reached");
    ensure!(kept.len() as u64 + dropped == u64::from(RESULTS), "{} are unaccounted for", u64::from(RESULTS) - dropped);
    // The newest survive.
    ensure!(kept.contains_key(&(RESULTS - 1)), "the newest result was given up");
    scene.agent.stop()
}
