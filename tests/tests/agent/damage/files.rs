//! Files that are not what they were.

use std::fs;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use bufferlake_tests::harness::{Agent, AgentOptions, Scratch, until};

use super::super::results::{Scene, counts, post_all};
use super::{damage, kept, post, require_refusal, restart, wait_until_it_recovers};

const MAIN: &str = "agent.sqlite";
const LOG: &str = "agent.sqlite-wal";

fn length(path: &Path) -> anyhow::Result<u64> {
    Ok(fs::metadata(path).with_context(|| format!("looking at {}", path.display()))?.len())
}

fn flip(path: &Path, at: u64, bit: u8) -> anyhow::Result<()> {
    let file = fs::File::options().read(true).write(true).open(path)?;
    let mut byte = [0];
    file.read_exact_at(&mut byte, at)?;
    file.write_all_at(&[byte[0] ^ (1 << bit)], at)?;
    Ok(())
}

// Aim: bits flip in the database, in its log and in its header; pages go, files end early, are garbage or gone; and after
// each the agent starts by itself, nothing arrives twice, no alarm waits for a human, and results are taken.
#[test]
fn whatever_befalls_the_files_it_goes_on() -> anyhow::Result<()> {
    type Harm = fn(&Path) -> anyhow::Result<()>;
    let harms: [(&str, Harm); 9] = [
        ("a bit of the header", |dir| flip(&dir.join(MAIN), 18, 3)),
        ("a bit in the middle of the database", |dir| flip(&dir.join(MAIN), length(&dir.join(MAIN))? / 2, 6)),
        ("a bit in the middle of the log", |dir| flip(&dir.join(LOG), length(&dir.join(LOG))? / 2, 2)),
        ("a page of the database", |dir| {
            let file = fs::File::options().write(true).open(dir.join(MAIN))?;
            Ok(file.write_all_at(&[0; 4_096], length(&dir.join(MAIN))? / 8_192 * 4_096)?)
        }),
        ("half of the log", |dir| {
            Ok(fs::File::options().write(true).open(dir.join(LOG))?.set_len(length(&dir.join(LOG))? / 2)?)
        }),
        ("the log", |dir| Ok(fs::remove_file(dir.join(LOG))?)),
        ("half of the database", |dir| {
            Ok(fs::File::options().write(true).open(dir.join(MAIN))?.set_len(length(&dir.join(MAIN))? / 2)?)
        }),
        ("all of the database", |dir| Ok(fs::write(dir.join(MAIN), b"")?)),
        ("what makes it a database", |dir| Ok(fs::write(dir.join(MAIN), vec![0x5a; 50_000])?)),
    ];
    let scratch = Scratch::new("damage-files")?;
    let mut scene = Scene::start(&scratch, |options| {
        AgentOptions { seal_records: 20, seal_interval_s: 1, ..options }.with("history.max_rows", "100000")
    })?;
    let mut next = 0;
    for (name, harm) in harms {
        // Half of what is there has been sent when it happens.
        post_all(scene.agent.address(), next..next + 50)?;
        scene.wait_until_all_is_sent()?;
        post_all(scene.agent.address(), next + 50..next + 100)?;
        scene.agent.kill()?;
        harm(scene.agent.dir()).with_context(|| format!("taking {name}"))?;
        let took = restart(&mut scene.agent).with_context(|| format!("after the loss of {name}"))?;
        next += 100;
        println!("{name}: started in {took:?}, damage {}", scene.agent.health()?["damage"]);
    }
    scene.wait_until_all_is_sent()?;
    let landed = scene.landed()?;
    let counts = counts(&landed)?;
    let doubled: Vec<_> = counts.iter().filter(|(_, count)| **count > 1).collect();
    ensure!(doubled.is_empty(), "landed more than once: {doubled:?}");
    ensure!(counts.keys().all(|number| *number < next), "landed and never sent");
    ensure!(counts.len() >= 450, "only {} of {next} landed", counts.len());
    ensure!(scene.agent.health()?["upload"]["alarm"].is_null(), "an alarm waits: {}", scene.agent.health()?);
    let aside = fs::read_dir(scene.agent.dir())?.flatten();
    let aside = aside.filter(|file| file.file_name().to_string_lossy().contains(".damaged-")).count();
    ensure!((1..=4).contains(&aside), "{aside} files were set aside");
    scene.agent.program().assert_sound()?;
    scene.agent.stop()
}

// Aim: damage that shows while the agent runs is found, the database is replaced by what can be read of it, and results
// are taken again, all without a restart.
#[test]
fn a_running_agent_replaces_a_damaged_database() -> anyhow::Result<()> {
    let scratch = Scratch::new("damage-running")?;
    let mut agent = Agent::start(AgentOptions::alone(scratch.join("agent")).with("history.max_rows", "100000"))?;
    post_all(agent.address(), 0..2_000)?;
    // Everything is in the main file after a restart, and little of it in memory.
    agent.stop()?;
    restart(&mut agent)?;
    let path = agent.dir().join(MAIN);
    let file = fs::File::options().write(true).open(&path)?;
    let pages = length(&path)? / 4_096;
    for page in (pages / 4..pages).step_by(3) {
        file.write_all_at(&[0xa5; 4_096], page * 4_096)?;
    }
    let mut number = 2_000;
    until("the damage is found and results are taken", Duration::from_secs(30), || {
        number += 1;
        let answer = post(agent.address(), number).ok()?;
        if answer.status != 200 {
            require_refusal(&answer).ok()?;
        }
        (answer.status == 200 && damage(&agent, "database").is_ok()).then_some(())
    })?;
    let lost = damage(&agent, "history")?["lost"].as_u64().context("no count")?;
    let kept = kept(&agent)?;
    println!("{kept} of 2,000 results were read, {lost} are counted as lost");
    ensure!(lost > 0 && kept > 200 && kept < 2_100, "{kept} are kept, {lost} lost");
    agent.program().assert_sound()?;
    agent.stop()
}

// Aim: a database that somebody moves away is not written to any more: what gets 200 is in the one that lies there then.
#[test]
fn a_database_that_is_moved_away_takes_nothing_along() -> anyhow::Result<()> {
    let scratch = Scratch::new("damage-moved")?;
    let mut agent = Agent::start(AgentOptions::alone(scratch.join("agent")))?;
    post_all(agent.address(), 0..10)?;
    fs::rename(agent.dir().join(MAIN), scratch.join("moved.sqlite"))?;
    require_refusal(&post(agent.address(), 10)?)?;
    wait_until_it_recovers(&agent)?;
    post_all(agent.address(), 10..15)?;
    agent.kill()?;
    restart(&mut agent)?;
    ensure!(kept(&agent)? == 5, "{} of 5 results are kept", kept(&agent)?);
    agent.stop()
}

// Aim: a flipped bit of the local key is put back; a key that is gone is replaced, votes are made anew from the history, and
// nobody in it votes twice.
#[test]
fn a_damaged_local_key_doubles_no_vote() -> anyhow::Result<()> {
    let scratch = Scratch::new("damage-key")?;
    let mut agent = Agent::start(AgentOptions::alone(scratch.join("agent")))?;
    post_all(agent.address(), 0..20)?;
    agent.stop()?;
    let path = agent.dir().join("local.key");
    let key = fs::read(&path)?;
    flip(&path, 11, 5)?;
    restart(&mut agent)?;
    ensure!(fs::read(&path)? == key, "the key is not what it was");
    ensure!(damage(&agent, "local_key").is_err(), "a mended key is counted as lost");

    agent.stop()?;
    fs::remove_file(&path)?;
    restart(&mut agent)?;
    ensure!(fs::read(&path)? != key, "a key that was removed is there");
    ensure!(damage(&agent, "local_key")?["times"] == 1, "the lost key is not counted");
    // The same clients test again, with other numbers.
    for number in 0..20 {
        let request = bufferlake_tests::harness::telemetry(
            super::super::results::client(number),
            &super::super::results::body(number + 1_000),
        );
        ensure!(bufferlake_tests::http::fetch(agent.address(), &request)?.status == 200, "refused");
    }
    agent.stop()?;
    let connection = rusqlite::Connection::open(agent.dir().join(MAIN))?;
    let (records, votes): (u64, u64) = connection.query_row(
        "SELECT count(*), sum(json_extract(CAST(record AS TEXT), '$.vote_month')) FROM outbox",
        [],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    ensure!((records, votes) == (40, 20), "{records} records with {votes} votes");
    Ok(())
}
