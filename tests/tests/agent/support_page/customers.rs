//! Customers of every kind, and the agent that has heard of them.

use std::net::IpAddr;

use anyhow::{Context as _, ensure};
use bufferlake_tests::browser::PAYLOADS;
use bufferlake_tests::harness::{Agent, AgentOptions, Scratch};
use bufferlake_tests::http;
use serde_json::{Value, json};

/// The support desk's key.
pub(super) const KEY: &str = "the key of this test's desk";

/// The home network, in which all these customers are.
const HOME_ASN: u32 = 64_500;

/// Milliseconds in an hour.
const HOUR_MS: i64 = 3_600_000;

/// A result on its way to the agent.
struct Posted {
    client: IpAddr,
    body: Value,
    user_agent: String,
    /// How long ago it was, in hours.
    hours_ago: i64,
}

/// What is posted, and what the scripts are told of it.
pub(super) struct Customers {
    posted: Vec<Posted>,
    facts: Value,
}

fn address(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

/// A test of one user: idle 18 ms, rises and throughputs as given (download, upload).
fn single(rises: [f64; 2], mbps: [f64; 2], grade: &str) -> Value {
    json!({"telemetry_enabled": true,
        "server_info": {"server_name": "Example ISP"},
        "results": {"test_type": "single",
            "grades": {"overall": grade, "download": "A", "upload": grade, "bidirectional": grade},
            "metrics": {"baseline_latency_ms": 18, "download_latency_increase_ms": rises[0],
                "upload_latency_increase_ms": rises[1],
                "bidirectional_latency_increase_ms": (rises[0] + rises[1]) * 0.9,
                "download_throughput_mbps": mbps[0], "upload_throughput_mbps": mbps[1], "test_duration_seconds": 40}}})
}

fn household(overall: &str, video_call: &str) -> Value {
    json!({"telemetry_enabled": true,
        "results": {"test_type": "household", "grades": {"overall": overall},
            "household_metrics": {"alex_performance": "B", "sarah_performance": video_call,
                "jake_performance": "A", "computer_performance": "C"},
            "metrics": {"baseline_latency_ms": 18, "download_latency_increase_ms": 0, "upload_latency_increase_ms": 0,
                "bidirectional_latency_increase_ms": 0, "download_throughput_mbps": 88, "upload_throughput_mbps": 11}}})
}

impl Customers {
    fn none() -> Self {
        Self { posted: Vec::new(), facts: json!({ "origin": "", "key": KEY }) }
    }

    fn post(&mut self, client: &str, hours_ago: i64, mut body: Value) {
        const BROWSER: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
        let user_agent = BROWSER.to_owned();
        // The same bytes twice would be one result.
        body["timestamp"] = json!(self.posted.len());
        self.posted.push(Posted { client: address(client), body, user_agent, hours_ago });
    }

    /// One of each kind, and a network of quiet ones around them.
    pub(super) fn all() -> Self {
        let mut all = Self::none();
        let (slow, quiet, unmeasured, household_of) = ("10.0.0.7", "fd00:1:2:3400::7", "10.0.0.9", "10.0.0.11");
        let uploads = [35.0, 290.0, 41.0, 22.0, 180.0, 205.0, 260.0, 295.0, 310.0];
        for (index, upload) in (0..).zip(uploads) {
            let grade = if upload >= 200.0 { "D" } else { "B" };
            let hours_ago = 11 * (8 - index);
            all.post(slow, hours_ago, single([12.0 + f64::from(index as i32), upload], [95.3, 12.7], grade));
        }
        for hours_ago in [70, 40, 6, 2] {
            all.post(quiet, hours_ago, single([8.0, 12.0], [240.0, 41.0], "A"));
        }
        all.post("fd00:1:2:34ff::1", 30, single([9.0, 14.0], [220.0, 39.0], "A"));
        all.post(unmeasured, 3, single([0.0, 0.0], [0.0, 0.0], "A+"));
        all.post(household_of, 1, household("D", "F"));
        for index in 0..39 {
            let client = format!("10.1.0.{}", index + 1);
            all.post(&client, 20, single([10.0, 4.0 + f64::from(index)], [95.0, 12.0], "A"));
        }
        for index in 0..12 {
            all.post(&format!("10.2.0.{}", index + 1), 25, household("B", "B"));
        }
        all.facts["slowTests"] = json!(uploads.len());
        all.facts["customers"] = json!({
            "slow": slow, "quiet": quiet, "unmeasured": unmeasured, "household": household_of,
            "home": "fd00:1:2:3400::/56", "prefix": "10.0.0.0/24",
        });
        all
    }

    /// One customer for each payload, which stands in every string that a client may send.
    pub(super) fn with_payloads() -> Self {
        let mut all = Self::none();
        let mut told = Vec::new();
        for (index, payload) in PAYLOADS.into_iter().enumerate() {
            let client = format!("10.0.1.{}", index + 1);
            for upload in [90.0, 100.0] {
                let mut body = single([70.0, upload], [95.0, 12.0], "C");
                body["server_info"] = json!({ "server_name": payload, "server_id": payload, "server_url": payload });
                body["timestamp"] = json!(payload);
                body["results"]["client_version"] = json!(payload);
                body["results"]["server_info"] = json!({ "name": payload });
                body[payload] = json!(payload);
                all.posted.push(Posted {
                    client: address(&client),
                    body,
                    user_agent: payload.to_owned(),
                    hours_ago: 1,
                });
            }
            told.push(json!([client, payload]));
        }
        all.facts["payloads"] = told.into();
        all
    }
}

/// An agent that has taken all these results, when they were, and what the scripts must know of it.
pub(super) fn agent_with(scratch: &Scratch, customers: &Customers) -> anyhow::Result<(Agent, Value)> {
    let options = AgentOptions { home_asn: Some(HOME_ASN), ..AgentOptions::alone(scratch.join("agent")) };
    let options = options.with("support.key", KEY).with("asn.names", &format!("{{{HOME_ASN}=\"Example Fibre\"}}"));
    let mut agent = Agent::start(options)?;
    for posted in &customers.posted {
        let client = posted.client.to_string();
        let headers = [
            ("content-type", "application/json"),
            ("x-forwarded-for", client.as_str()),
            ("user-agent", posted.user_agent.as_str()),
        ];
        let request = http::request("POST", "/api/telemetry", &headers, posted.body.to_string().as_bytes());
        let answer = http::fetch(agent.address(), &request)?;
        ensure!(answer.status == 200, "a result got {}: {:?}", answer.status, answer.json());
    }
    agent.stop()?;
    let database = rusqlite::Connection::open(agent.dir().join("agent.sqlite")).context("opening the history")?;
    for (local_id, posted) in (1..).zip(&customers.posted) {
        let (id, back): (i64, i64) = (local_id, posted.hours_ago * HOUR_MS);
        let changed =
            database.execute("UPDATE history SET received_ms = received_ms - ?2 WHERE local_id = ?1", [id, back])?;
        ensure!(changed == 1, "result {id} is not in the history");
    }
    drop(database);
    agent.restart()?;
    let mut facts = customers.facts.clone();
    facts["origin"] = agent.url().into();
    Ok((agent, facts))
}
