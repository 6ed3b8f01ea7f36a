//! Upload through faults: what a client was told is kept arrives once, whatever dies in between.

use std::time::{Duration, Instant};

use anyhow::ensure;
use bufferlake_tests::harness::{
    Account, Agent, AgentOptions, Fault, Proxy, Scratch, Trials, Warehouse, WarehouseOptions, until,
};
use intake::clock::{Clock as _, SystemClock};
use warehouse::lake::Lake;

use super::results::{landed, post_all, require_exactly};

/// Records at which a batch is sealed in these tests: small, so that uploads are many.
const SEAL_RECORDS: u32 = 20;

/// Results of one trial: several batches, so that some wait behind the one that meets the fault.
const RESULTS: u32 = 50;

/// The longest that a warehouse can be told to wait before it seals, counted from its start.
const LONGEST_SEAL_INTERVAL_MS: u64 = 60_000;

/// A warehouse of this age is killed and started again, so that it never comes to sealing.
const OLDEST_WAREHOUSE: Duration = Duration::from_secs(25);

/// How the agent meets its end.
const ENDS: [Fault; 4] = [Fault::HoldRequest, Fault::HoldAmidRequest, Fault::HoldAnswer, Fault::None];

/// A warehouse that keeps everything in its landing zone, where each batch can be read back as it came.
fn warehouse_that_does_not_seal(scratch: &Scratch) -> anyhow::Result<Warehouse> {
    Warehouse::start(WarehouseOptions {
        seal_interval_ms: LONGEST_SEAL_INTERVAL_MS,
        ..WarehouseOptions::new(scratch.join("warehouse"))
    })
}

// Aim: an agent killed with its upload at any point loses and doubles nothing. Each trial plans one fault, proves that
// it met a request, and kills the agent while it waits.
#[test]
fn a_killed_agent_loses_and_doubles_nothing() -> anyhow::Result<()> {
    let trials = Trials::few_or_all(8, 200);
    let scratch = Scratch::new("agent-killed")?;
    let mut warehouse = warehouse_that_does_not_seal(&scratch)?;
    let proxy = Proxy::start(warehouse.address())?;
    let account = Account::open(&warehouse, "isp-killed", &[64_500])?.by_way_of(proxy.address());
    let options = AgentOptions {
        seal_records: SEAL_RECORDS,
        seal_interval_s: 1,
        ..AgentOptions::new(scratch.join("agent"), account)
    };
    let mut agent = Agent::start(options)?;
    let mut unsettled_at_death = 0;
    let mut warehouse_began = Instant::now();
    for trial in trials.each() {
        if warehouse_began.elapsed() > OLDEST_WAREHOUSE {
            warehouse.program().kill()?;
            warehouse.restart()?;
            warehouse_began = Instant::now();
        }
        let fault = ENDS[trial as usize % ENDS.len()];
        let (before, answers) = (proxy.fired(fault), proxy.answers());
        proxy.plan([fault]);
        let address = agent.address();
        let numbers = trial * RESULTS..(trial + 1) * RESULTS;
        let clients = std::thread::spawn(move || post_all(address, numbers));
        until(&format!("{fault:?} meets an upload"), Duration::from_secs(30), || match fault {
            Fault::None => (proxy.answers() > answers).then_some(()),
            fault => (proxy.fired(fault) > before).then_some(()),
        })?;
        agent.kill()?;
        let waits = agent.status()?["unsettled_batches"].as_u64().unwrap_or_default();
        ensure!(fault == Fault::None || waits > 0, "trial {trial}: the answer was processed in spite of {fault:?}");
        unsettled_at_death += u32::from(waits > 0);
        agent.restart()?;
        clients.join().expect("the clients' thread")?;
        require_exactly(warehouse.dir(), &agent, 0..(trial + 1) * RESULTS)?;
    }
    println!("in {unsettled_at_death} trials a batch was on its way when the agent died");
    trials.passed("the agent is killed during upload: nothing lost, nothing doubled");

    // The same count in the lake itself.
    agent.stop()?;
    let batches = landed(warehouse.dir())?.len() as u64;
    warehouse.program().kill()?;
    warehouse.options_mut().seal_interval_ms = 100;
    warehouse.restart()?;
    warehouse.program().stop()?;
    let (lake, _) = Lake::open(warehouse.dir(), SystemClock.now())?;
    let manifest = lake.current();
    let records: u64 = manifest.marks.iter().map(|mark| mark.accounts.records).sum();
    let settled: u64 = manifest.marks.iter().map(|mark| mark.accounts.batches).sum();
    let acknowledged = trials.each().len() as u64 * u64::from(RESULTS);
    ensure!(records == acknowledged, "{acknowledged} results were acknowledged, {records} are in the lake");
    ensure!(manifest.rows() == acknowledged && settled == batches, "the manifest contradicts itself");
    Ok(())
}

// Aim: a connection that is lost before, amid or after the request costs a repetition and nothing else.
#[test]
fn lost_connections_lose_and_double_nothing() -> anyhow::Result<()> {
    let scratch = Scratch::new("agent-cut-off")?;
    let warehouse = warehouse_that_does_not_seal(&scratch)?;
    let proxy = Proxy::start(warehouse.address())?;
    let account = Account::open(&warehouse, "isp-cut-off", &[64_500])?.by_way_of(proxy.address());
    let options = AgentOptions {
        seal_records: SEAL_RECORDS,
        seal_interval_s: 1,
        ..AgentOptions::new(scratch.join("agent"), account)
    };
    let agent = Agent::start(options)?;
    let cuts = [Fault::BeforeRequest, Fault::AmidRequest, Fault::BeforeAnswer];
    proxy.plan(cuts.into_iter().flat_map(|cut| [cut, Fault::None, cut]));
    post_all(agent.address(), 0..200)?;
    require_exactly(warehouse.dir(), &agent, 0..200)?;
    ensure!(proxy.plan_is_done(), "fewer uploads than planned faults");
    for cut in cuts {
        ensure!(proxy.fired(cut) == 2, "{cut:?} fired {} times", proxy.fired(cut));
    }
    let status = agent.status()?;
    ensure!(status["dropped"] == serde_json::json!({}), "the agent dropped something: {status}");
    Ok(())
}
