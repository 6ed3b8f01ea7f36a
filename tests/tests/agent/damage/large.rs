//! A start with much to look through.

use std::fs;
use std::os::unix::fs::FileExt as _;

use anyhow::ensure;
use bufferlake_tests::harness::{AgentOptions, Scratch};

use super::super::results::{Scene, post_all};
use super::{damage, kept, restart};

/// Results in the history, and records that wait.
const RESULTS: u32 = 100_000;

// Aim: with 100,000 results in the history and 100,000 records that wait the agent starts within ten seconds after a kill, also
// if the database must be replaced, and counts what it could not read.
#[test]
fn a_large_database_opens_in_time() -> anyhow::Result<()> {
    let scratch = Scratch::new("damage-large")?;
    let mut scene = Scene::start(&scratch, |options| {
        AgentOptions { seal_interval_s: 3_600, ..options }.with("history.max_rows", "200000")
    })?;
    // The warehouse takes nothing: everything waits.
    scene.proxy.set_black_hole(true);
    post_all(scene.agent.address(), 0..RESULTS)?;
    scene.agent.kill()?;
    let sound = restart(&mut scene.agent)?;
    ensure!(kept(&scene.agent)? == u64::from(RESULTS), "{} results are kept", kept(&scene.agent)?);

    scene.agent.kill()?;
    let path = scene.agent.dir().join("agent.sqlite");
    let file = fs::File::options().write(true).open(&path)?;
    let pages = file.metadata()?.len() / 4_096;
    for part in 1..4 {
        file.write_all_at(&[0xa5; 4_096], pages * part / 4 * 4_096)?;
    }
    let damaged = restart(&mut scene.agent)?;
    println!(
        "{} MB: a start after a kill took {sound:?}, one with a database that had to be replaced {damaged:?}; damage {}",
        pages * 4_096 / 1_000_000,
        scene.agent.health()?["damage"]
    );
    ensure!(damage(&scene.agent, "database")?["times"] == 1, "the damage is not told");
    ensure!(kept(&scene.agent)? > u64::from(RESULTS) * 9 / 10, "only {} results are kept", kept(&scene.agent)?);
    scene.agent.stop()
}
