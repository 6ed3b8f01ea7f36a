//! The agent is killed, or its webhook is taken from its configuration, while deliveries wait or are on their way.

use anyhow::ensure;
use bufferlake_tests::harness::{Agent, Conduct, Receiver, Scratch, Trials, free_port};

use super::super::results::post_all;
use super::{by_id, depth, options, wait_until_empty};

/// Results of one trial.
const RESULTS: u32 = 20;

/// What the receiver does when the agent is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moment {
    /// Nobody listens yet: everything is queued, and nothing was sent.
    Queued,
    /// Deliveries arrived, and no answer was given.
    OnTheirWay,
    /// Answers are given: some are noted, some are not.
    Answered,
}

// Aim: whenever the agent is killed, each result that was acknowledged is delivered at least once, and what comes twice
// comes under the same id with the same bytes.
#[test]
fn a_killed_agent_delivers_after_its_start() -> anyhow::Result<()> {
    let trials = Trials::few_or_all(6, 90);
    let mut twice = 0;
    for trial in trials.each() {
        let moment = [Moment::Queued, Moment::OnTheirWay, Moment::Answered][trial as usize % 3];
        let scratch = Scratch::new("webhook-killed")?;
        let port = free_port()?;
        let url = format!("http://127.0.0.1:{port}/hook");
        let before = if moment == Moment::Queued { None } else { Some(Receiver::start_at(port)?) };
        if let (Some(receiver), Moment::OnTheirWay) = (&before, moment) {
            receiver.otherwise(Conduct::Hold);
        }
        let mut agent = Agent::start(options(&scratch, &url))?;
        post_all(agent.address(), 0..RESULTS)?;
        if let Some(receiver) = &before {
            receiver.wait_until("some deliveries arrive", |received| received.len() > 2)?;
        }
        agent.kill()?;
        let (waiting, aside) = depth(&agent)?;
        ensure!(
            aside == 0 && (moment == Moment::Answered || waiting == u64::from(RESULTS)),
            "{moment:?}: {waiting} wait"
        );
        let receiver = match before {
            Some(receiver) => receiver,
            None => Receiver::start_at(port)?,
        };
        receiver.otherwise(Conduct::Status(200));
        agent.restart()?;
        wait_until_empty(&agent)?;
        let received = receiver.received();
        let bodies = by_id(&received);
        ensure!(bodies.len() == RESULTS as usize, "{moment:?}: {} of {RESULTS} arrived", bodies.len());
        for (id, bodies) in bodies {
            ensure!(bodies.iter().all(|body| *body == bodies[0]), "{moment:?}: {id} came with other bytes");
            twice += usize::from(bodies.len() > 1);
        }
    }
    println!("{twice} deliveries came twice, each under its id");
    ensure!(twice > 0, "the agent was never killed with a delivery on its way");
    trials.passed("the agent is killed while it delivers: everything arrives");
    Ok(())
}

// Aim: without a webhook in the configuration what waits stays, new results are not queued, and with it deliveries go on.
#[test]
fn what_waits_outlives_the_configuration() -> anyhow::Result<()> {
    let scratch = Scratch::new("webhook-removed")?;
    let port = free_port()?;
    let with = options(&scratch, &format!("http://127.0.0.1:{port}/hook"));
    let mut agent = Agent::start(with.clone())?;
    post_all(agent.address(), 0..3)?;
    agent.stop()?;
    agent.options_mut().environment.clear();
    agent.restart()?;
    post_all(agent.address(), 3..5)?;
    ensure!(depth(&agent)? == (3, 0), "{:?} wait", depth(&agent)?);
    agent.stop()?;
    agent.options_mut().environment = with.environment;
    let receiver = Receiver::start_at(port)?;
    agent.restart()?;
    post_all(agent.address(), 5..6)?;
    wait_until_empty(&agent)?;
    ensure!(by_id(&receiver.received()).len() == 4, "{} arrived", receiver.received().len());
    Ok(())
}
