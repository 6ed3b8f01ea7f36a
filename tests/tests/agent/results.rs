//! Results that can be told apart wherever they turn up: each carries its number in its two throughputs.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use bufferlake_tests::harness::{Agent, until};
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

/// Posts a result as a browser does: the same bytes again until it is told that they are kept.
pub(super) fn post_until_kept(agent: std::net::SocketAddr, number: u32) -> anyhow::Result<()> {
    let request = bufferlake_tests::harness::telemetry(client(number), &body(number));
    let deadline = Instant::now() + CLIENT_PATIENCE;
    loop {
        match bufferlake_tests::http::fetch(agent, &request) {
            Ok(answer) if answer.status == 200 => return Ok(()),
            Ok(answer) => ensure!(answer.status == 503, "result {number} got {}: {:?}", answer.status, answer.json()),
            // The agent is just down.
            Err(_) => std::thread::sleep(Duration::from_millis(20)),
        }
        ensure!(Instant::now() < deadline, "result {number} was not kept within {CLIENT_PATIENCE:?}");
    }
}

/// Posts these results over several connections at once; returns when all were acknowledged.
pub(super) fn post_all(agent: std::net::SocketAddr, numbers: std::ops::Range<u32>) -> anyhow::Result<()> {
    const CLIENTS: u32 = 8;
    std::thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|client| {
                let mut mine = numbers.clone().filter(move |number| number % CLIENTS == client);
                scope.spawn(move || mine.try_for_each(|number| post_until_kept(agent, number)))
            })
            .collect();
        clients.into_iter().try_for_each(|client| client.join().expect("a client's thread"))
    })
}

/// Every batch that has landed at a warehouse that does not seal, oldest first.
pub(super) fn landed(warehouse: &Path) -> anyhow::Result<Vec<LandedBatch>> {
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
pub(super) fn require_exactly(warehouse: &Path, agent: &Agent, numbers: std::ops::Range<u32>) -> anyhow::Result<()> {
    let counts = until("all that was acknowledged has landed", Duration::from_secs(60), || {
        let counts = counts(&landed(warehouse).ok()?).ok()?;
        (counts.len() >= numbers.len()).then_some(counts)
    })
    .with_context(|| format!("the agent says: {:?}", agent.health()))?;
    let doubled: Vec<_> = counts.iter().filter(|(_, count)| **count > 1).collect();
    ensure!(doubled.is_empty(), "landed more than once: {doubled:?}");
    let strange: Vec<_> = counts.keys().filter(|number| !numbers.contains(number)).collect();
    ensure!(strange.is_empty() && counts.len() == numbers.len(), "landed and never sent: {strange:?}");
    Ok(())
}
