//! The agent as a service: what systemd, a web server in front, Prometheus, collectors of logs and test pages meet.

mod browser;
mod deployment;
mod limits;
mod logs;
mod metrics;
mod nginx;
mod pages;
mod stop;
mod supervisor;

use std::net::{Ipv4Addr, SocketAddr};

use anyhow::{Context as _, ensure};
use bufferlake_tests::harness::{Agent, AgentOptions, Scratch, free_port};
use bufferlake_tests::http;

/// A body that is a result.
const BODY: &str = r#"{"results":{"test_type":"single","metrics":{"baseline_latency_ms":20}}}"#;

/// An agent that sends nothing anywhere, with the address at which its metrics are read.
fn alone(scratch: &Scratch, adjust: impl FnOnce(AgentOptions) -> AgentOptions) -> anyhow::Result<(Agent, SocketAddr)> {
    let metrics_port = free_port()?;
    let options = AgentOptions { metrics_port: Some(metrics_port), ..AgentOptions::alone(scratch.join("agent")) };
    Ok((Agent::start(adjust(options))?, SocketAddr::from((Ipv4Addr::LOCALHOST, metrics_port))))
}

/// The value of one line of the metrics, named with its labels.
fn metric(metrics: SocketAddr, name: &str) -> anyhow::Result<f64> {
    let text = String::from_utf8(http::get(metrics, "/metrics")?.body).context("metrics are text")?;
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    value.with_context(|| format!("{name} is not in\n{text}"))?.parse().with_context(|| format!("{name} is no number"))
}

/// A program of the system that not every machine has: a test that needs it says so and is left out there, but not in CI,
/// which installs it.
fn installed(program: &str) -> bool {
    // nginx knows -v and systemd --version; either ends at once.
    let found = ["--version", "-v"].iter().any(|question| {
        std::process::Command::new(program).arg(question).output().is_ok_and(|output| output.status.success())
    });
    if !found {
        assert!(std::env::var_os("CI").is_none(), "{program} is not installed");
        println!("{program} is not installed: this test was left out");
    }
    found
}

/// Fails unless the answer has this status.
fn require(answer: &http::Response, status: u16) -> anyhow::Result<()> {
    let body = String::from_utf8_lossy(&answer.body);
    ensure!(answer.status == status, "status {} instead of {status}: {body}", answer.status);
    Ok(())
}
