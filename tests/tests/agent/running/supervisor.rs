//! What systemd hears of the agent.

use std::os::unix::net::UnixDatagram;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use bufferlake_tests::harness::{Agent, AgentOptions, Scratch, until};
use bufferlake_tests::http;
use rusqlite::{Connection, TransactionBehavior};

use super::{BODY, alone, metric};

/// How soon systemd would kill an agent that says nothing.
const WATCHDOG: Duration = Duration::from_secs(2);

/// Longest wait for a message.
const PATIENCE: Duration = Duration::from_secs(20);

/// The next message, or none within `patience`.
fn next(socket: &UnixDatagram, patience: Duration) -> anyhow::Result<Option<String>> {
    socket.set_read_timeout(Some(patience))?;
    let mut bytes = [0; 4_096];
    Ok(socket.recv(&mut bytes).ok().map(|length| String::from_utf8_lossy(&bytes[..length]).into_owned()))
}

/// Reads messages until one begins like this.
fn await_message(socket: &UnixDatagram, beginning: &str) -> anyhow::Result<String> {
    let deadline = Instant::now() + PATIENCE;
    let mut others = Vec::new();
    while Instant::now() < deadline {
        match next(socket, PATIENCE)? {
            Some(message) if message.starts_with(beginning) => return Ok(message),
            Some(message) => others.push(message),
            None => break,
        }
    }
    bail!("{beginning} was not said, but {others:?}")
}

// Aim: systemd hears that the agent is ready, what it does, that it is alive while its database's writer goes round and
// only then, and that it stops. The writer is held up by a lock on its database, as a hung disk would do it.
#[test]
fn systemd_hears_of_readiness_progress_and_the_end() -> anyhow::Result<()> {
    let scratch = Scratch::new("agent-notify")?;
    let path = scratch.join("notify");
    let socket = UnixDatagram::bind(&path)?;
    let environment = vec![
        ("NOTIFY_SOCKET".to_owned(), path.to_str().context("a path that is text")?.to_owned()),
        ("WATCHDOG_USEC".to_owned(), WATCHDOG.as_micros().to_string()),
    ];
    let (mut agent, metrics) = alone(&scratch, |options| AgentOptions { environment, ..options })?;
    await_message(&socket, "READY=1")?;
    ensure!(await_message(&socket, "STATUS=")? == "STATUS=Taking results");
    for _ in 0..2 {
        await_message(&socket, "WATCHDOG=1")?;
    }

    let mut connection = Connection::open(agent.dir().join("agent.sqlite"))?;
    let lock = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let posted = post_in_the_background(&agent);
    until("the writer stands still", PATIENCE, || {
        (metric(metrics, "agent_writer_pulse_age_seconds").ok()? > WATCHDOG.as_secs_f64() * 0.6).then_some(())
    })?;
    socket.set_nonblocking(true)?;
    while socket.recv(&mut [0; 4_096]).is_ok() {}
    socket.set_nonblocking(false)?;
    let said = next(&socket, WATCHDOG * 3 / 4)?;
    ensure!(said.is_none(), "while the writer stands still, the agent says {said:?}");
    lock.rollback()?;
    await_message(&socket, "WATCHDOG=1")?;
    let status = posted.join().map_err(|_| anyhow::anyhow!("the client panicked"))??;
    ensure!(status == 200 || status == 503, "the client got {status}");

    agent.stop()?;
    await_message(&socket, "STOPPING=1")?;
    Ok(())
}

fn post_in_the_background(agent: &Agent) -> std::thread::JoinHandle<anyhow::Result<u16>> {
    let address = agent.address();
    std::thread::spawn(move || {
        let request = http::request("POST", "/api/telemetry", &[("x-forwarded-for", "192.0.2.1")], BODY.as_bytes());
        Ok(http::fetch(address, &request)?.status)
    })
}
