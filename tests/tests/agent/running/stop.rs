//! The end of the agent, asked for at the worst moment.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use bufferlake_tests::harness::{AgentOptions, Scratch, telemetry, until};
use bufferlake_tests::http::Connection;
use rustix::process::Signal;

use super::super::results::{Scene, body, client};

/// Longest time from the signal to the end.
const LIMIT: Duration = Duration::from_secs(5);

/// Clients that post while the agent is told to end.
const CLIENTS: u32 = 8;

/// Results that are kept before it is.
const RESULTS: u64 = 400;

/// Numbers that one client may use.
const EACH: u32 = 10_000;

/// Posts results until the agent is gone; gives the numbers of those that were acknowledged.
fn post_until_gone(agent: SocketAddr, first: u32, begun: Arc<AtomicBool>) -> JoinHandle<Vec<u32>> {
    std::thread::spawn(move || {
        let mut acknowledged = Vec::new();
        let Ok(mut connection) = Connection::open(agent) else { return acknowledged };
        for number in first..first + EACH {
            let sent = connection.send(&telemetry(client(number), &body(number)));
            match sent.and_then(|()| connection.receive()) {
                Ok(answer) if answer.status == 200 => acknowledged.push(number),
                Ok(_) => {}
                // It was asked to end, and closes between two requests.
                Err(_) if begun.load(Ordering::SeqCst) => match Connection::open(agent) {
                    Ok(again) => connection = again,
                    Err(_) => return acknowledged,
                },
                Err(_) => return acknowledged,
            }
        }
        acknowledged
    })
}

// Aim: with clients that dribble, stop and do not read, and an upload that falls into a black hole, the agent ends within
// five seconds of being asked, and every result that it acknowledged arrives after its next start, once.
#[test]
fn the_end_is_quick_and_loses_nothing() -> anyhow::Result<()> {
    let scratch = Scratch::new("agent-stop")?;
    let mut scene = Scene::start(&scratch, |options| AgentOptions { seal_records: 50, seal_interval_s: 1, ..options })?;
    let address = scene.agent.address();
    scene.proxy.set_black_hole(true);
    let begun = Arc::new(AtomicBool::new(false));
    let clients: Vec<_> =
        (0..CLIENTS).map(|index| post_until_gone(address, index * EACH, Arc::clone(&begun))).collect();
    until("results come in and an upload is on its way", Duration::from_secs(30), || {
        let kept = scene.agent.health().ok()?["history"]["rows"].as_u64()?;
        (kept >= RESULTS && scene.proxy.swallowed() > 0).then_some(())
    })?;

    let whole = telemetry(client(CLIENTS * EACH), &body(CLIENTS * EACH));
    let mut slow = Vec::new();
    for cut in [0, 10, whole.len() - 5] {
        let mut connection = Connection::open(address)?;
        connection.send(&whole[..cut])?;
        slow.push(connection);
    }
    // More answers than the system holds for a client that does not read.
    let mut deaf = Connection::open(address)?;
    let questions = bufferlake_tests::http::request("GET", "/telemetry.js", &[], b"").repeat(500);
    deaf.send(&questions)?;

    let began = Instant::now();
    begun.store(true, Ordering::SeqCst);
    scene.agent.program().signal(Signal::TERM)?;
    let status = until("the agent ends", LIMIT * 4, || scene.agent.program().ended())?;
    let took = began.elapsed();
    let log = std::fs::read_to_string(scene.agent.program().log())?;
    ensure!(status.success(), "it ended with {status}:\n{log}");
    ensure!(took <= LIMIT, "it took {took:?} to end:\n{log}");
    drop((slow, deaf));
    let mut acknowledged = Vec::new();
    for client in clients {
        acknowledged.extend(client.join().map_err(|_| anyhow::anyhow!("a client panicked"))?);
    }
    println!("ended after {took:?}; {} results were acknowledged", acknowledged.len());
    ensure!(
        acknowledged.len() as u64 + u64::from(CLIENTS) >= RESULTS,
        "only {} results were acknowledged: nothing was at stake",
        acknowledged.len()
    );

    scene.proxy.set_black_hole(false);
    scene.agent.restart()?;
    scene.wait_until_all_is_sent()?;
    let counts = super::super::results::counts(&scene.landed()?)?;
    let doubled: Vec<_> = counts.iter().filter(|(_, count)| **count != 1).collect();
    ensure!(doubled.is_empty(), "landed more than once: {doubled:?}");
    for number in &acknowledged {
        counts.get(number).with_context(|| format!("result {number} was acknowledged and is lost"))?;
    }
    // One may have been kept whose answer was cut off, for each client; no more.
    ensure!(counts.len() <= acknowledged.len() + CLIENTS as usize * 2, "{} landed", counts.len());
    scene.agent.stop()
}
