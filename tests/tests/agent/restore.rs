//! A database that comes back from a backup.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use bufferlake_tests::harness::{AgentOptions, Scratch, until};
use wire::DropReason;

use super::results::{Scene, post_all};

/// Records at which a batch is sealed here; nothing is sealed by time.
const SEAL_RECORDS: u32 = 20;

fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(to)?;
    for file in std::fs::read_dir(from)? {
        let file = file?;
        std::fs::copy(file.path(), to.join(file.file_name()))?;
    }
    Ok(())
}

// Aim: an agent whose database was restored from an older copy stops with an alarm before anything is counted twice,
// still takes results, and goes on after `agent new-epoch`, which reports what was given up.
#[test]
fn a_restored_database_stops_until_a_new_epoch() -> anyhow::Result<()> {
    let scratch = Scratch::new("agent-restored")?;
    let mut scene = Scene::start(&scratch, |options| AgentOptions {
        seal_records: SEAL_RECORDS,
        seal_interval_s: 3_600,
        ..options
    })?;
    let address = scene.agent.address();
    post_all(address, 0..60)?;
    scene.require_exactly(0..60)?;
    scene.wait_until_all_is_sent()?;

    // The copy holds a sealed batch and five records that were not sent when it was made.
    scene.proxy.set_black_hole(true);
    post_all(address, 60..85)?;
    until("the batch is on its way", Duration::from_secs(10), || (scene.proxy.swallowed() > 0).then_some(()))?;
    scene.agent.kill()?;
    let backup = scratch.join("backup");
    copy(scene.agent.dir(), &backup)?;
    scene.proxy.set_black_hole(false);
    scene.agent.restart()?;
    post_all(address, 85..120)?;
    scene.require_exactly(0..120)?;
    scene.wait_until_all_is_sent()?;
    let epoch = scene.landed()?.last().context("nothing has landed")?.epoch;

    scene.agent.stop()?;
    std::fs::remove_dir_all(scene.agent.dir())?;
    copy(&backup, scene.agent.dir())?;
    scene.agent.restart()?;
    let alarm = until("the alarm", Duration::from_secs(20), || {
        scene.agent.health().ok()?["upload"]["alarm"].as_str().map(str::to_owned)
    })?;
    ensure!(alarm.contains("restored or cloned") && alarm.contains("agent new-epoch"), "the alarm says: {alarm}");
    post_all(address, 120..125)?;
    ensure!(scene.agent.command(&["new-epoch"]).is_err(), "a new epoch was begun under a running agent");
    scene.require_exactly(0..120)?;

    // A restart alone changes nothing.
    scene.agent.stop()?;
    ensure!(scene.agent.status()?["alarm"].as_str() == Some(&alarm), "the alarm is not kept");
    let said = scene.agent.command(&["new-epoch"])?;
    ensure!(said.contains("30 unsent records"), "new-epoch says: {said}");
    scene.agent.restart()?;
    post_all(address, 130..150)?;
    scene.require_exactly((0..120).chain(130..150))?;
    scene.wait_until_all_is_sent()?;
    let last = scene.landed()?.pop().context("nothing has landed")?;
    ensure!(last.epoch != epoch && last.seq.0 == 1, "the new epoch begins at {} of {:?}", last.seq.0, last.epoch);
    let dropped: Vec<_> = last.dropped.into_iter().collect();
    ensure!(dropped == [(DropReason::Restored, 30)], "reported as dropped: {dropped:?}");
    ensure!(scene.agent.health()?["upload"]["alarm"].is_null(), "the alarm outlives the new epoch");
    scene.agent.stop()
}
