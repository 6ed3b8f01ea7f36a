//! The support desk's API as a provider's tools meet it: the real agent, over HTTP.

pub(super) mod answers;
mod documented;
mod door;
mod erase;
mod junk;

use std::net::IpAddr;

use anyhow::{Context as _, ensure};
use bufferlake_tests::harness::{Agent, AgentOptions, Scratch};
use bufferlake_tests::http::{self, Response};
use rusqlite::{Connection, OpenFlags};
use serde_json::Value;

/// A line of the audit log.
#[derive(Debug)]
struct Audited {
    action: String,
    via: String,
    client_ip: Option<Vec<u8>>,
    rows: Option<u64>,
}

/// An agent and the key of its support desk.
struct Desk {
    agent: Agent,
    key: String,
}

impl Desk {
    /// An agent that has made its own key.
    fn open(scratch: &Scratch, adjust: impl FnOnce(AgentOptions) -> AgentOptions) -> anyhow::Result<Self> {
        let agent = Agent::start(adjust(AgentOptions::alone(scratch.join("agent"))))?;
        let key = agent.support_key()?;
        Ok(Self { agent, key })
    }

    /// Sends a request with these headers and no others.
    fn send(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> anyhow::Result<Response> {
        http::fetch(self.agent.address(), &http::request(method, path, headers, b""))
    }

    /// Sends a request with the key.
    fn ask(&self, method: &str, path: &str) -> anyhow::Result<Response> {
        self.send(method, path, &[("x-api-key", &self.key)])
    }

    /// What is there, with the key.
    fn get(&self, path: &str) -> anyhow::Result<Value> {
        let answer = self.ask("GET", path)?;
        ensure!(answer.status == 200, "GET {path} got {}: {:?}", answer.status, answer.json());
        answer.json()
    }

    /// Keeps this body as a result of this client.
    fn keep(&self, client: &str, body: &str) -> anyhow::Result<()> {
        let client: IpAddr = client.parse().with_context(|| format!("{client} is no address"))?;
        let answer = self.agent.post(client, body)?;
        ensure!(answer.status == 200, "a result got {}: {:?}", answer.status, answer.json());
        Ok(())
    }

    /// The audit log, oldest first.
    fn audit(&self) -> anyhow::Result<Vec<Audited>> {
        let path = self.agent.dir().join("agent.sqlite");
        let database = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let mut statement = database.prepare("SELECT action, via, client_ip, rows FROM audit ORDER BY id")?;
        let rows = statement.query_map([], |row| {
            Ok(Audited { action: row.get(0)?, via: row.get(1)?, client_ip: row.get(2)?, rows: row.get(3)? })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

/// A good result with this overall grade.
fn result(grade: &str) -> String {
    format!(
        r#"{{"results":{{"test_type":"single","grades":{{"overall":"{grade}"}},"metrics":{{"baseline_latency_ms":20,
            "download_latency_increase_ms":10,"upload_latency_increase_ms":30,"bidirectional_latency_increase_ms":40,
            "download_throughput_mbps":90.5,"upload_throughput_mbps":10}}}}}}"#
    )
}
