//! Receivers that fail, send elsewhere, or are dead.

use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use bufferlake_tests::harness::{Agent, AgentOptions, Conduct, Receiver, Scratch, free_port, until};
use bufferlake_tests::http;

use super::super::results::{body, client, post_all};
use super::{by_id, depth, options, wait_until_empty};

/// Results that are posted while the receiver is dead.
const RESULTS: u32 = 2_000;

/// A client may wait for the disk, and never for the receiver, whose time-out is five times this.
const LONGEST_POST: Duration = Duration::from_secs(2);

/// How long the agent may take to end.
const STOP_WITHIN: Duration = Duration::from_secs(5);

// Aim: a delivery that failed comes again with the same id and the same bytes, signed for its new time, until it is taken;
// then it is gone.
#[test]
fn a_failed_delivery_comes_again_under_its_id() -> anyhow::Result<()> {
    let scratch = Scratch::new("webhook-retry")?;
    let receiver = Receiver::start()?;
    receiver.plan([Conduct::Status(500), Conduct::Status(404)]);
    let agent = Agent::start(options(&scratch, &receiver.url()))?;
    post_all(agent.address(), 0..1)?;
    let received = receiver.wait_until("three attempts", |received| received.len() == 3)?;
    wait_until_empty(&agent)?;
    let bodies = by_id(&received);
    ensure!(bodies.len() == 1, "one delivery came under {} ids", bodies.len());
    ensure!(received.iter().all(|request| request.body == received[0].body), "the bytes changed");
    let times: Vec<u64> =
        received.iter().filter_map(|request| request.header("webhook-timestamp")?.parse().ok()).collect();
    ensure!(times.len() == 3 && times.is_sorted(), "times of the attempts: {times:?}");
    ensure!(depth(&agent)? == (0, 0), "something is left");

    post_all(agent.address(), 1..2)?;
    let received = receiver.wait_until("the next delivery", |received| received.len() > 3)?;
    ensure!(received.len() == 4 && by_id(&received).len() == 2, "what was taken came again");
    Ok(())
}

// Aim: an answer that sends elsewhere is not followed, and a proxy of the environment is not asked: addresses go to the
// configured receiver and to nobody else.
#[test]
fn nothing_goes_elsewhere() -> anyhow::Result<()> {
    let scratch = Scratch::new("webhook-redirect")?;
    let (receiver, elsewhere) = (Receiver::start()?, Receiver::start()?);
    receiver.plan([Conduct::Redirect(elsewhere.url())]);
    let mut options = options(&scratch, &receiver.url());
    for name in ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"] {
        options.environment.push((name.to_owned(), format!("http://{}", elsewhere.address())));
    }
    let agent = Agent::start(options)?;
    post_all(agent.address(), 0..2)?;
    wait_until_empty(&agent)?;
    ensure!(by_id(&receiver.received()).len() == 2, "not all arrived");
    ensure!(receiver.received().len() == 3, "the redirect met no delivery");
    ensure!(elsewhere.received().is_empty(), "a delivery went elsewhere: {}", elsewhere.received()[0].head);
    Ok(())
}

// Aim: while the receiver takes connections and never answers, clients notice nothing; the deliveries on their way are few,
// the others wait and can be seen; the agent ends in time all the same, and afterwards every result arrives.
#[test]
fn a_dead_receiver_delays_no_client() -> anyhow::Result<()> {
    let scratch = Scratch::new("webhook-dead")?;
    let receiver = Receiver::start()?;
    receiver.otherwise(Conduct::Hold);
    let metrics_port = free_port()?;
    let mut agent =
        Agent::start(AgentOptions { metrics_port: Some(metrics_port), ..options(&scratch, &receiver.url()) })?;
    post_all(agent.address(), 0..8)?;
    receiver.wait_until("the receiver holds deliveries", |received| received.len() == 8)?;

    let mut slowest = Duration::ZERO;
    let began = Instant::now();
    post_all(agent.address(), 8..RESULTS - 50)?;
    let all = began.elapsed();
    for number in RESULTS - 50..RESULTS {
        let began = Instant::now();
        ensure!(agent.post(client(number), &body(number))?.status == 200, "result {number} was not taken");
        slowest = slowest.max(began.elapsed());
    }
    println!("{} results in {all:?}, the slowest of 50 single ones in {slowest:?}", RESULTS - 58);
    ensure!(slowest < LONGEST_POST, "a client waited {slowest:?}");
    ensure!(receiver.received().len() <= 8, "{} deliveries were on their way", receiver.received().len());
    ensure!(depth(&agent)? == (u64::from(RESULTS), 0), "{:?} wait", depth(&agent)?);
    let metrics = String::from_utf8(http::get(([127, 0, 0, 1], metrics_port).into(), "/metrics")?.body)?;
    let line = format!("agent_webhook_waiting {RESULTS}");
    ensure!(metrics.lines().any(|found| found == line), "{line} is not in the metrics");

    let began = Instant::now();
    agent.stop()?;
    ensure!(began.elapsed() < STOP_WITHIN, "it took {:?} to end", began.elapsed());
    receiver.otherwise(Conduct::Status(200));
    agent.restart()?;
    wait_until_empty(&agent)?;
    let received = receiver.received();
    let bodies = by_id(&received);
    ensure!(bodies.len() == RESULTS as usize, "{} of {RESULTS} results arrived", bodies.len());
    ensure!(bodies.values().all(|bodies| bodies.iter().all(|body| body == &bodies[0])), "an id has two bodies");
    Ok(())
}

// Aim: a receiver that answers 410 is left in peace, and whoever looks can see it.
#[test]
fn a_receiver_that_is_gone_is_left_in_peace() -> anyhow::Result<()> {
    let scratch = Scratch::new("webhook-gone")?;
    let receiver = Receiver::start()?;
    receiver.otherwise(Conduct::Status(410));
    let metrics_port = free_port()?;
    let agent = Agent::start(AgentOptions { metrics_port: Some(metrics_port), ..options(&scratch, &receiver.url()) })?;
    post_all(agent.address(), 0..1)?;
    until("the metrics tell of it", Duration::from_secs(30), || {
        let metrics = http::get(([127, 0, 0, 1], metrics_port).into(), "/metrics").ok()?.body;
        String::from_utf8_lossy(&metrics).lines().any(|line| line == "agent_webhook_gone 1").then_some(())
    })?;
    post_all(agent.address(), 1..20)?;
    ensure!(receiver.received().len() == 1, "it was asked {} times", receiver.received().len());
    ensure!(depth(&agent)? == (20, 0), "{:?} wait", depth(&agent)?);
    Ok(())
}

// Aim: plain http is refused at the start, with words that help, unless the operator lists where it may go.
#[test]
fn plain_http_needs_the_operators_word() -> anyhow::Result<()> {
    let scratch = Scratch::new("webhook-plain")?;
    let start = |options: AgentOptions| Agent::start(options).err().map(|error| format!("{error:#}"));
    let outside = || options(&scratch, "http://192.0.2.7:9/hook");
    let error = start(outside()).context("addresses would go through the internet in the clear")?;
    ensure!(error.contains("plain http") && error.contains("plain_http_to"), "{error}");
    let error = start(outside().with("webhook.plain_http_to", "[\"192.0.2.0/29\"]"));
    ensure!(error.is_none(), "a listed prefix is refused: {error:?}");
    Ok(())
}
