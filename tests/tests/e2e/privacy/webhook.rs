//! The one place to which an address may go: the body of a delivery to the provider's own system, and nothing beside it.

use std::fs;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use bufferlake_tests::harness::{Agent, AgentOptions, Conduct, Receiver, Scratch, free_port, until};
use bufferlake_tests::http;

use super::Sentinels;
use super::agent::result_of;
use super::places::Places;

/// Results of each address.
const RESULTS: u64 = 12;

// Aim: with a webhook an address is in bodies that its receiver gets, and in the agent's database until they are delivered; in
// no header, URL, log line, metric or answer, through refusals, redirects, lost answers and a restart.
#[test]
fn an_address_goes_to_the_webhook_and_nowhere_else() -> anyhow::Result<()> {
    let scratch = Scratch::new("privacy-webhook")?;
    let sentinels = Sentinels::in_directory(&scratch.join("asn"))?;
    let (receiver, elsewhere) = (Receiver::start()?, Receiver::start()?);
    receiver.plan([Conduct::Close, Conduct::Status(400), Conduct::Redirect(elsewhere.url()), Conduct::Status(500)]);
    let metrics_port = free_port()?;
    let mut agent = Agent::start(
        AgentOptions {
            asn_database: vec![sentinels.database.clone()],
            metrics_port: Some(metrics_port),
            environment: vec![("RUST_LOG".to_owned(), "trace".to_owned())],
            ..AgentOptions::alone(scratch.join("agent"))
        }
        .with("webhook.url", &receiver.url())
        .with("webhook.secret", "a secret"),
    )?;
    let mut places = Places::new();
    for number in 0..RESULTS {
        for client in sentinels.both() {
            let answer = http::fetch(agent.address(), &result_of(client, number))?;
            ensure!(answer.status == 200, "a result got {}: {}", answer.status, answer.json()?);
            places.add("an answer to a client", format!("{answer:?}"));
        }
    }
    receiver.wait_until("every planned fault meets a delivery", |received| received.len() > 4)?;
    for round in ["before", "after"] {
        let metrics = http::get(([127, 0, 0, 1], metrics_port).into(), "/metrics")?.body;
        ensure!(String::from_utf8_lossy(&metrics).contains("agent_webhook_failed_total"), "no metrics of the webhook");
        places.add(format!("the agent's metrics {round} a restart"), metrics);
        places.add("the agent's health", http::get(agent.address(), "/api/health")?.body);
        for command in [&["status"][..], &["status", "--json"], &["check-config"]] {
            places.add(command.join(" "), agent.command(command)?);
        }
        if round == "before" {
            agent.stop()?;
            agent.restart()?;
        }
    }
    until("everything is delivered", Duration::from_secs(60), || {
        (agent.status().ok()?["webhook"]["waiting"] == 0).then_some(())
    })?;
    agent.stop()?;

    let received = receiver.received();
    let mut bodies = Places::new();
    for request in &received {
        places.add("the head of a delivery", request.head.clone());
        bodies.add("the body of a delivery", request.body.clone());
    }
    for client in sentinels.both() {
        let mine = received.iter().filter(|request| request.json()["client_ip"] == client.to_string()).count();
        ensure!(mine as u64 >= RESULTS, "only {mine} deliveries are of {client}: nothing was at stake");
    }
    ensure!(bodies.require_clean(&sentinels.canary).is_err(), "the search finds nothing in bodies");
    ensure!(elsewhere.received().is_empty(), "an address followed a redirect");
    let log = fs::read(agent.program().log()).context("reading the agent's log")?;
    let text = String::from_utf8_lossy(&log);
    ensure!(text.contains("TRACE") && text.contains("did not take a delivery"), "the log tells nothing: {text}");
    places.add("the agent's log", log);
    for entry in fs::read_dir(agent.dir())? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if !name.starts_with("agent.sqlite") {
            places.add(format!("the agent's {name}"), fs::read(&path)?);
        }
    }
    places.require_clean(&sentinels.canary)?;
    for planted in sentinels.both() {
        places.require_alert(&sentinels.canary, planted)?;
    }
    println!("no address in {}, and both in {} deliveries", places.describe()?, received.len());
    Ok(())
}
