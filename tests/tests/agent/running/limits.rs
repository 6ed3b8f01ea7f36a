//! How often one client may post.

use std::net::IpAddr;

use anyhow::{Context as _, ensure};
use bufferlake_tests::harness::{Agent, Scratch, telemetry};
use bufferlake_tests::http::{self, Response};

use super::{BODY, alone, metric, require};

/// Results that a client may post in a minute here.
const LIMIT: u32 = 3;

fn post_as(agent: &Agent, client: &str) -> anyhow::Result<Response> {
    let client: IpAddr = client.parse().context("an address")?;
    http::fetch(agent.address(), &telemetry(client, BODY))
}

/// Posts as often as is allowed and once more; the last answer.
fn exhaust(agent: &Agent, client: &str) -> anyhow::Result<Response> {
    for left in (0..LIMIT).rev() {
        let answer = post_as(agent, client)?;
        require(&answer, 200)?;
        let state = answer.header("ratelimit").context("no RateLimit")?.to_owned();
        ensure!(state.starts_with(&format!("\"results\";r={left};t=")), "RateLimit says {state}, {left} are left");
        ensure!(answer.header("ratelimit-policy") == Some("\"results\";q=3;w=60"), "{:?}", answer.headers);
        ensure!(answer.header("retry-after").is_none(), "an answer that is no refusal says when to come again");
    }
    post_as(agent, client)
}

// Aim: a client has its allowance and no more, each answer says what is left and a refusal when to come again; an IPv6
// client is its /64, and nobody gets a new allowance by claiming another address or takes one from somebody else.
#[test]
fn a_client_has_its_allowance() -> anyhow::Result<()> {
    let scratch = Scratch::new("agent-limits")?;
    let (mut agent, metrics) =
        alone(&scratch, |options| options.with("limits.results_per_minute", &LIMIT.to_string()))?;
    for client in ["192.0.2.1", "2001:db8:1:1::1"] {
        let refused = exhaust(&agent, client)?;
        require(&refused, 429)?;
        let wait: u64 = refused.header("retry-after").context("no Retry-After")?.parse()?;
        ensure!((1..=20).contains(&wait), "Retry-After is {wait} s at {LIMIT} a minute");
        ensure!(refused.json()?["type"].as_str().is_some_and(|kind| kind.ends_with("/too-many-requests")));
        ensure!(refused.header("ratelimit").is_some_and(|state| state.contains("r=0")), "{:?}", refused.headers);
        // A page of another origin may read both.
        ensure!(refused.header("access-control-allow-origin") == Some("*"), "{:?}", refused.headers);
        let exposed = refused.header("access-control-expose-headers").unwrap_or_default();
        ensure!(
            ["retry-after", "ratelimit", "ratelimit-policy"].iter().all(|name| exposed.contains(name)),
            "{exposed}"
        );
    }
    require(&post_as(&agent, "2001:db8:1:1:ffff::9")?, 429).context("another address of the same /64")?;
    require(&post_as(&agent, "2001:db8:1:2::1")?, 200).context("the next /64")?;
    require(&post_as(&agent, "192.0.2.2")?, 200).context("the next IPv4 address")?;

    // What a client writes left of the proxy's entry, or in the other header, is its own claim.
    for claim in [("x-forwarded-for", "198.51.100.1, 192.0.2.1"), ("forwarded", "for=198.51.100.1")] {
        let headers = [claim, ("x-forwarded-for", "192.0.2.1")];
        let headers = if claim.0 == "forwarded" { &headers[..] } else { &headers[..1] };
        let forged = http::request("POST", "/api/telemetry", headers, BODY.as_bytes());
        require(&http::fetch(agent.address(), &forged)?, 429).with_context(|| format!("{headers:?}"))?;
    }

    // Without a forwarded client it is the peer: this machine, one client like others. The agent says that this is odd.
    let nameless = http::request("POST", "/api/telemetry", &[], BODY.as_bytes());
    for _ in 0..LIMIT {
        require(&http::fetch(agent.address(), &nameless)?, 200)?;
    }
    require(&http::fetch(agent.address(), &nameless)?, 429)?;
    ensure!(metric(metrics, "agent_submissions_from_loopback_total")? == f64::from(LIMIT + 1));
    ensure!(metric(metrics, "agent_submissions_refused_total{reason=\"too-many-requests\"}")? == 6.0);
    agent.stop()?;
    let log = std::fs::read_to_string(agent.program().log())?;
    ensure!(log.matches("X-Forwarded-For").count() == 1, "it is not said exactly once:\n{log}");
    Ok(())
}

// Aim: what cannot be used is refused with a reason and counts against the allowance, so that nobody may send rubbish
// without end.
#[test]
fn refused_bodies_count_too() -> anyhow::Result<()> {
    let scratch = Scratch::new("agent-limits-refused")?;
    let (mut agent, _) = alone(&scratch, |options| options.with("limits.results_per_minute", "2"))?;
    let client = "192.0.2.1".parse()?;
    for status in [422, 422, 429] {
        let answer = agent.post(client, r#"{"results":{"test_type":"sideways"}}"#)?;
        require(&answer, status)?;
        ensure!(answer.header("ratelimit").is_some(), "{:?}", answer.headers);
    }
    agent.stop()
}
