//! Results that can be told apart wherever they turn up, each carrying its number in its two throughputs; and the scene
//! in which they travel.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use bufferlake_tests::harness::{
    Account, Agent, AgentOptions, Proxy, Scratch, Warehouse, WarehouseOptions, telemetry, until,
};
use bufferlake_tests::http::{Connection, Response};
use warehouse::landing::{LandedBatch, frame};
use wire::Record;

/// How long a client goes on sending a result again.
const CLIENT_PATIENCE: Duration = Duration::from_secs(60);

/// Throughputs have three digits, so each carries one of 900 numbers.
const DIGITS: u32 = 900;

/// The body of result `number`, which must be below 810,000.
pub(super) fn body(number: u32) -> String {
    let (download, upload) = (100 + number / DIGITS, 100 + number % DIGITS);
    format!(
        r#"{{"telemetry_enabled":true,"results":{{"test_type":"single","grades":{{"overall":"B"}},"metrics":{{"baseline_latency_ms":20,"download_latency_increase_ms":10,"upload_latency_increase_ms":30,"bidirectional_latency_increase_ms":40,"download_throughput_mbps":{download},"upload_throughput_mbps":{upload}}}}}}}"#
    )
}

/// The client of result `number`.
pub(super) fn client(number: u32) -> IpAddr {
    Ipv4Addr::from(0x4900_0000 + number * 7).into()
}

/// The number that a record carries.
pub(super) fn number(record: &Record) -> anyhow::Result<u32> {
    let part = |rate: Option<wire::Rate>| Some(u32::from(rate?) / 100 - 100);
    let parts = part(record.download_rate).zip(part(record.upload_rate));
    let (download, upload) = parts.context("a record without throughputs")?;
    Ok(download * DIGITS + upload)
}

/// A client's side of the door: one connection after the other, each for as long as it lasts.
struct Client {
    agent: SocketAddr,
    connection: Option<Connection>,
}

impl Client {
    /// Posts a result as a browser does: the same bytes again until it is told that they are kept.
    fn post_until_kept(&mut self, number: u32) -> anyhow::Result<()> {
        let request = telemetry(client(number), &body(number));
        let deadline = Instant::now() + CLIENT_PATIENCE;
        loop {
            match self.post(&request) {
                Ok(answer) if answer.status == 200 => return Ok(()),
                Ok(answer) => {
                    ensure!(answer.status == 503, "result {number} got {}: {:?}", answer.status, answer.json())
                }
                Err(_) => {
                    // The agent is just down.
                    self.connection = None;
                    std::thread::sleep(Duration::from_millis(20));
                }
            }
            ensure!(Instant::now() < deadline, "result {number} was not kept within {CLIENT_PATIENCE:?}");
        }
    }

    fn post(&mut self, request: &[u8]) -> anyhow::Result<Response> {
        if self.connection.is_none() {
            self.connection = Some(Connection::open(self.agent)?);
        }
        let connection = self.connection.as_mut().context("no connection")?;
        connection.send(request)?;
        connection.receive()
    }
}

/// Posts these results over several connections at once; returns when all were acknowledged.
pub(super) fn post_all(agent: SocketAddr, numbers: std::ops::Range<u32>) -> anyhow::Result<()> {
    const CLIENTS: u32 = 16;
    std::thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|index| {
                let mut mine = numbers.clone().filter(move |number| number % CLIENTS == index);
                let mut client = Client { agent, connection: None };
                scope.spawn(move || mine.try_for_each(|number| client.post_until_kept(number)))
            })
            .collect();
        clients.into_iter().try_for_each(|client| client.join().expect("a client's thread"))
    })
}

/// Every batch that has landed at a warehouse that does not seal, oldest first.
fn landed(warehouse: &Path) -> anyhow::Result<Vec<LandedBatch>> {
    let mut files: Vec<_> = std::fs::read_dir(warehouse.join("landing"))?.collect::<Result<_, _>>()?;
    files.retain(|file| file.path().extension().is_some_and(|suffix| suffix == "landed"));
    files.sort_by_key(std::fs::DirEntry::path);
    let mut batches = Vec::new();
    for file in files {
        batches.extend(frame::decode_all(&std::fs::read(file.path())?)?);
    }
    Ok(batches)
}

/// How often each result has landed.
pub(super) fn counts(batches: &[LandedBatch]) -> anyhow::Result<BTreeMap<u32, u32>> {
    let mut counts = BTreeMap::new();
    for record in batches.iter().flat_map(|batch| &batch.records) {
        *counts.entry(number(record)?).or_default() += 1;
    }
    Ok(counts)
}

/// Waits until all these results have landed, and fails if one has landed twice, or one that is not among them.
fn require_exactly(warehouse: &Path, agent: &Agent, numbers: impl IntoIterator<Item = u32>) -> anyhow::Result<()> {
    let wanted: BTreeSet<u32> = numbers.into_iter().collect();
    let counts = until("all that was acknowledged has landed", Duration::from_secs(60), || {
        let counts = counts(&landed(warehouse).ok()?).ok()?;
        (counts.len() >= wanted.len()).then_some(counts)
    })
    .with_context(|| format!("the agent says: {:?}", agent.health()))?;
    let doubled: Vec<_> = counts.iter().filter(|(_, count)| **count > 1).collect();
    ensure!(doubled.is_empty(), "landed more than once: {doubled:?}");
    let strange: Vec<_> = counts.keys().filter(|number| !wanted.contains(number)).collect();
    ensure!(strange.is_empty() && counts.len() == wanted.len(), "landed and never sent: {strange:?}");
    Ok(())
}

/// The longest that a warehouse can be told to wait before it seals, counted from its start.
const LONGEST_SEAL_INTERVAL_MS: u64 = 60_000;

/// A warehouse with a proxy before it and an agent that sends through the proxy. For its first minute the warehouse
/// keeps everything in its landing zone, where each batch can be read back as it came.
pub(super) struct Scene {
    pub(super) warehouse: Warehouse,
    pub(super) proxy: Proxy,
    pub(super) agent: Agent,
}

impl Scene {
    /// Starts all three; `adjust` changes how the agent is started.
    pub(super) fn start(scratch: &Scratch, adjust: impl FnOnce(AgentOptions) -> AgentOptions) -> anyhow::Result<Self> {
        let options = WarehouseOptions::new(scratch.join("warehouse"));
        let options = WarehouseOptions { seal_interval_ms: LONGEST_SEAL_INTERVAL_MS, ..options };
        let warehouse = Warehouse::start(options)?;
        let proxy = Proxy::start(warehouse.address())?;
        let account = Account::open(&warehouse, "isp-one", &[64_500])?.by_way_of(proxy.address());
        let agent = Agent::start(adjust(AgentOptions::new(scratch.join("agent"), account)))?;
        Ok(Self { warehouse, proxy, agent })
    }

    /// What has landed, oldest first.
    pub(super) fn landed(&self) -> anyhow::Result<Vec<LandedBatch>> {
        landed(self.warehouse.dir())
    }

    /// As [`require_exactly`].
    pub(super) fn require_exactly(&self, numbers: impl IntoIterator<Item = u32>) -> anyhow::Result<()> {
        require_exactly(self.warehouse.dir(), &self.agent, numbers)
    }

    /// Waits until the agent has nothing left to send.
    pub(super) fn wait_until_all_is_sent(&self) -> anyhow::Result<()> {
        until("the agent has sent everything", Duration::from_secs(60), || {
            let status = self.agent.status().ok()?;
            let none = |key: &str| status[key].as_u64() == Some(0);
            (none("waiting_records") && none("unsettled_batches") && status["dropped"] == serde_json::json!({}))
                .then_some(())
        })
    }
}
