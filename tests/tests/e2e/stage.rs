//! What most of these tests begin with: a running warehouse, and an agent that is registered at it.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use bufferlake_tests::harness::{Scratch, Warehouse, WarehouseOptions, until};
use bufferlake_tests::http::{self, Response};
use bufferlake_tests::sender::Sender;
use intake::clock::{Clock as _, SystemClock};
use serde_json::{Value, json};
use wire::{AgentId, Epoch, Record};

/// The network that the stage's agents speak for.
pub(super) const HOME: u32 = 64_500;

/// A network that they do not speak for.
pub(super) const FOREIGN: u32 = 64_501;

/// How long a new agent may be unknown to the running warehouse, and an accepted batch out of the lake.
const PATIENCE: Duration = Duration::from_secs(20);

/// A warehouse of a test's own, with the agent `isp-one` at it.
pub(super) struct Stage {
    // Ends before its directory goes.
    pub(super) warehouse: Warehouse,
    pub(super) sender: Sender,
    _scratch: Scratch,
}

impl Stage {
    pub(super) fn open(name: &str) -> anyhow::Result<Self> {
        Self::open_with(name, |_| {})
    }

    /// As [`Stage::open`], with other options than the usual ones.
    pub(super) fn open_with(name: &str, change: impl FnOnce(&mut WarehouseOptions)) -> anyhow::Result<Self> {
        let scratch = Scratch::new(name)?;
        let mut options = WarehouseOptions::new(scratch.join("warehouse"));
        change(&mut options);
        let warehouse = Warehouse::start(options)?;
        let sender = register(&warehouse, "isp-one")?;
        Ok(Self { warehouse, sender, _scratch: scratch })
    }

    pub(super) fn send(&self, request: &[u8]) -> anyhow::Result<Response> {
        http::fetch(self.warehouse.address(), request)
    }

    /// Seals and sends the agent's next batch; the receipt.
    pub(super) fn deliver(&mut self, records: Vec<Record>) -> anyhow::Result<Value> {
        let sealed = self.sender.seal(records)?;
        let response = self.send(&self.sender.request(&sealed, now_unix_s()))?;
        ensure!(response.status == 200, "a good batch got {}: {}", response.status, response.json()?);
        response.json()
    }

    /// What its metrics say, as Prometheus text.
    pub(super) fn metrics(&self) -> anyhow::Result<String> {
        let config = std::fs::read_to_string(self.warehouse.dir().with_extension("toml"))?;
        let config: toml::Value = toml::from_str(&config)?;
        let address = config["metrics_listen"].as_str().context("no metrics_listen")?.parse()?;
        Ok(String::from_utf8(http::get(address, "/metrics")?.body)?)
    }

    /// Fails if the program has ended or has panicked, be it in one of its threads.
    pub(super) fn assert_sound(&mut self) -> anyhow::Result<()> {
        self.warehouse.program().assert_sound()
    }
}

/// Registers an agent for [`HOME`] and waits until the running warehouse knows it.
pub(super) fn register(warehouse: &Warehouse, name: &str) -> anyhow::Result<Sender> {
    let agent = AgentId::parse(name)?;
    let secret = warehouse.add_agent(&agent, &[HOME])?;
    let sender = Sender::new(agent, secret, Epoch::from_random_bits(7));
    // An empty body is refused, but only of an agent that is known.
    until_slug(warehouse, &sender.request_of_bytes(b"", "identity", now_unix_s()), "bad-json")?;
    Ok(sender)
}

/// Sends the request until it is refused for this reason: the running warehouse reads its registry once a second.
pub(super) fn until_slug(warehouse: &Warehouse, request: &[u8], slug: &str) -> anyhow::Result<()> {
    until(&format!("the answer is {slug}"), PATIENCE, || {
        let answer = http::fetch(warehouse.address(), request).ok()?.json().ok()?;
        answer["type"].as_str()?.ends_with(slug).then_some(())
    })
}

/// The present moment, in seconds since the Unix epoch.
pub(super) fn now_unix_s() -> i64 {
    SystemClock.now().as_second()
}

/// The present hour, in hours since 1970.
pub(super) fn now_hour() -> u32 {
    SystemClock.hour().0
}

/// A record of this network and hour as JSON, so that it can be spoilt.
pub(super) fn record_json(asn: u32, hour: u32) -> Value {
    json!({"tested_hour": hour, "test_type": "single", "asn": asn, "asn_outcome": "hit", "country": "DE",
        "ip_version": 4, "vote_day": true, "vote_month": true, "baseline": 1820, "download_increase": 4520,
        "upload_increase": 6780, "bidirectional_increase": 8910, "download_rate": 9530, "upload_rate": 1270,
        "grade_overall": "B", "grade_download": "A", "grade_upload": "B", "grade_bidirectional": "C",
        "grade_gaming": null, "grade_video_call": null, "grade_streaming": null, "grade_background": null,
        "duration_s": 40, "client_version": [1, 0, 0], "asn_database_day": 20_000})
}

/// So many good records of yesterday, so that no test changes its day at midnight.
pub(super) fn records(count: usize) -> anyhow::Result<Vec<Record>> {
    let record: Record = serde_json::from_value(record_json(HOME, now_hour() - 24)).context("a good record")?;
    Ok(vec![record; count])
}
