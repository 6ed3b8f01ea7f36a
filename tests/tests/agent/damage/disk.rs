//! Disks that are full or read-only.

use std::ops::Deref;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::ensure;
use bufferlake_tests::harness::{Agent, AgentOptions, Scratch, SmallDisk, until};
use bufferlake_tests::http;

use super::{damage, kept, post, require_refusal, restart, wait_until_it_recovers};

/// Bytes of the disk.
const DISK_BYTES: u64 = 8 << 20;

/// A small disk for an agent.
struct AgentDisk {
    disk: SmallDisk,
    /// Leads to a directory on it. Configuration and log of the agent lie beside this link, on another disk.
    data_dir: PathBuf,
}

impl AgentDisk {
    fn mount(scratch: &Scratch) -> anyhow::Result<Option<Self>> {
        let Some(disk) = SmallDisk::mount(scratch.join("disk"), DISK_BYTES)? else { return Ok(None) };
        let (data, data_dir) = (disk.path().join("data"), scratch.join("agent"));
        std::fs::create_dir(&data)?;
        std::os::unix::fs::symlink(&data, &data_dir)?;
        Ok(Some(Self { disk, data_dir }))
    }

    fn agent_options(&self) -> AgentOptions {
        AgentOptions::alone(&self.data_dir).with("history.max_rows", "100000")
    }
}

impl Deref for AgentDisk {
    type Target = SmallDisk;

    fn deref(&self) -> &SmallDisk {
        &self.disk
    }
}

// Aim: while the disk is full, nothing gets 200 that is not kept, the health page says why, and when there is room again
// the running agent goes on; what it acknowledged is there after a kill.
#[test]
fn a_disk_that_fills_up_costs_nothing_that_was_acknowledged() -> anyhow::Result<()> {
    let scratch = Scratch::new("damage-full")?;
    let Some(disk) = AgentDisk::mount(&scratch)? else { return Ok(()) };
    let mut agent = Agent::start(disk.agent_options())?;
    let mut acknowledged = 0;
    for number in 0..100 {
        ensure!(post(agent.address(), number)?.status == 200, "a disk with room refuses");
        acknowledged += 1;
    }
    disk.fill()?;
    let mut refused = 0;
    for number in 100..2_000 {
        let answer = post(agent.address(), number)?;
        if answer.status == 200 {
            acknowledged += 1;
        } else {
            require_refusal(&answer)?;
            refused += 1;
            if refused >= 20 {
                break;
            }
        }
    }
    ensure!(refused >= 20, "the disk was never full");
    let health = http::get(agent.address(), "/api/health")?;
    ensure!(health.status == 503, "a full disk is called healthy");
    ensure!(health.json()?["fault"].as_str().is_some_and(|fault| fault.contains("full")), "{}", health.json()?);

    disk.make_room()?;
    wait_until_it_recovers(&agent)?;
    for number in 2_000..2_050 {
        ensure!(post(agent.address(), number)?.status == 200, "a disk with room refuses");
        acknowledged += 1;
    }
    agent.program().assert_sound()?;
    agent.kill()?;
    restart(&mut agent)?;
    ensure!(kept(&agent)? == acknowledged, "{} results of {acknowledged} are kept", kept(&agent)?);
    agent.stop()
}

// Aim: an agent starts on a full disk, with and without a database, refuses until there is room, and then takes results.
#[test]
fn an_agent_starts_on_a_full_disk() -> anyhow::Result<()> {
    let scratch = Scratch::new("damage-start-full")?;
    let Some(disk) = AgentDisk::mount(&scratch)? else { return Ok(()) };
    let mut agent = Agent::start(disk.agent_options())?;
    ensure!(post(agent.address(), 1)?.status == 200, "a disk with room refuses");
    let mut acknowledged = 1;
    for first_start in [false, true] {
        agent.stop()?;
        if first_start {
            for file in std::fs::read_dir(agent.dir())? {
                std::fs::remove_file(file?.path())?;
            }
            acknowledged = 0;
        }
        disk.fill()?;
        agent.restart_unready()?;
        // A log that an agent left behind has room for a few results more; these are kept.
        let mut answer = wait_for_an_answer(&agent)?;
        for number in 100..2_000 {
            if answer.status != 200 {
                break;
            }
            acknowledged += 1;
            answer = post(agent.address(), number)?;
        }
        require_refusal(&answer)?;
        disk.make_room()?;
        wait_until_it_recovers(&agent)?;
        ensure!(post(agent.address(), 2)?.status == 200, "a disk with room refuses");
        acknowledged += 1;
        ensure!(kept(&agent)? == acknowledged, "{} results of {acknowledged} are kept", kept(&agent)?);
    }
    agent.program().assert_sound()?;
    agent.stop()
}

// Aim: an agent starts on a disk that is read-only, refuses while it is, and goes on when it is not any more.
#[test]
fn an_agent_starts_on_a_read_only_disk() -> anyhow::Result<()> {
    let scratch = Scratch::new("damage-read-only")?;
    let Some(disk) = AgentDisk::mount(&scratch)? else { return Ok(()) };
    let mut agent = Agent::start(disk.agent_options())?;
    for number in 0..30 {
        ensure!(post(agent.address(), number)?.status == 200, "a disk that can be written refuses");
    }
    // Once with the log that a kill leaves, once without.
    for kill in [true, false] {
        if kill {
            agent.kill()?
        } else {
            agent.stop()?
        }
        disk.set_read_only(true)?;
        agent.restart_unready()?;
        require_refusal(&wait_for_an_answer(&agent)?)?;
        disk.set_read_only(false)?;
        wait_until_it_recovers(&agent)?;
    }
    ensure!(post(agent.address(), 30)?.status == 200, "a disk that can be written refuses");
    ensure!(kept(&agent)? == 31, "{} results are kept", kept(&agent)?);
    ensure!(damage(&agent, "database").is_err(), "a read-only disk is taken for damage");
    agent.program().assert_sound()?;
    agent.stop()
}

/// What a result gets from an agent that just starts.
fn wait_for_an_answer(agent: &Agent) -> anyhow::Result<http::Response> {
    until("it answers", Duration::from_secs(10), || post(agent.address(), 77).ok())
}
