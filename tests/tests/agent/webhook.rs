//! The webhook as a provider's own system sees it: the real agent, and a receiver that keeps every byte.

mod faults;
mod interruptions;
mod signatures;

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Context as _;
use bufferlake_tests::harness::{Agent, AgentOptions, Received, Scratch, until};

/// A secret as providers have it in their old configuration: plain text.
const SECRET: &str = "your-webhook-secret-key";

/// An agent that sends nothing but deliveries to this URL.
fn options(scratch: &Scratch, url: &str) -> AgentOptions {
    AgentOptions::alone(scratch.join("agent")).with("webhook.url", url).with("webhook.secret", SECRET)
}

/// How many deliveries wait, and how many were set aside.
fn depth(agent: &Agent) -> anyhow::Result<(u64, u64)> {
    let status = agent.status()?;
    let count = |name: &str| status["webhook"][name].as_u64().with_context(|| format!("no webhook.{name}: {status}"));
    Ok((count("waiting")?, count("set_aside")?))
}

/// Waits until nothing waits any more.
fn wait_until_empty(agent: &Agent) -> anyhow::Result<()> {
    until("the queue of deliveries is empty", Duration::from_secs(60), || (depth(agent).ok()?.0 == 0).then_some(()))
}

/// The bodies that came under each id.
fn by_id(received: &[Received]) -> BTreeMap<String, Vec<&[u8]>> {
    let mut bodies: BTreeMap<String, Vec<&[u8]>> = BTreeMap::new();
    for request in received {
        bodies.entry(request.id()).or_default().push(&request.body);
    }
    bodies
}
