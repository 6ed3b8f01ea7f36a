//! Upload through faults: what a client was told is kept arrives once, whatever dies in between.

use std::time::{Duration, Instant};

use anyhow::ensure;
use bufferlake_tests::harness::{AgentOptions, Fault, Scratch, Trials, until};
use intake::clock::{Clock as _, SystemClock};
use warehouse::lake::Lake;

use super::results::{Scene, post_all};

/// Records at which a batch is sealed in these tests: small, so that uploads are many.
const SEAL_RECORDS: u32 = 20;

/// Results of one trial: several batches, so that some wait behind the one that meets the fault.
const RESULTS: u32 = 50;

/// A warehouse of this age is killed and started again, so that it never comes to sealing.
const OLDEST_WAREHOUSE: Duration = Duration::from_secs(25);

/// How the agent meets its end.
const ENDS: [Fault; 4] = [Fault::HoldRequest, Fault::HoldAmidRequest, Fault::HoldAnswer, Fault::None];

fn small_batches(options: AgentOptions) -> AgentOptions {
    AgentOptions { seal_records: SEAL_RECORDS, seal_interval_s: 1, ..options }
}

// Aim: an agent killed with its upload at any point loses and doubles nothing. Each trial plans one fault, proves that
// it met a request, and kills the agent while it waits.
#[test]
fn a_killed_agent_loses_and_doubles_nothing() -> anyhow::Result<()> {
    let trials = Trials::few_or_all(8, 200);
    let scratch = Scratch::new("agent-killed")?;
    let mut scene = Scene::start(&scratch, small_batches)?;
    let mut unsettled_at_death = 0;
    let mut warehouse_began = Instant::now();
    for trial in trials.each() {
        if warehouse_began.elapsed() > OLDEST_WAREHOUSE {
            scene.warehouse.program().kill()?;
            scene.warehouse.restart()?;
            warehouse_began = Instant::now();
        }
        let fault = ENDS[trial as usize % ENDS.len()];
        let (before, answers) = (scene.proxy.fired(fault), scene.proxy.answers());
        scene.proxy.plan([fault]);
        let address = scene.agent.address();
        let numbers = trial * RESULTS..(trial + 1) * RESULTS;
        let clients = std::thread::spawn(move || post_all(address, numbers));
        until(&format!("{fault:?} meets an upload"), Duration::from_secs(30), || match fault {
            Fault::None => (scene.proxy.answers() > answers).then_some(()),
            fault => (scene.proxy.fired(fault) > before).then_some(()),
        })?;
        scene.agent.kill()?;
        let waits = scene.agent.status()?["unsettled_batches"].as_u64().unwrap_or_default();
        ensure!(fault == Fault::None || waits > 0, "trial {trial}: the answer was processed in spite of {fault:?}");
        unsettled_at_death += u32::from(waits > 0);
        scene.agent.restart()?;
        clients.join().expect("the clients' thread")?;
        scene.require_exactly(0..(trial + 1) * RESULTS)?;
    }
    println!("in {unsettled_at_death} trials a batch was on its way when the agent died");
    trials.passed("the agent is killed during upload: nothing lost, nothing doubled");

    // The same count in the lake itself.
    scene.agent.stop()?;
    let batches = scene.landed()?.len() as u64;
    scene.warehouse.program().kill()?;
    scene.warehouse.options_mut().seal_interval_ms = 100;
    scene.warehouse.restart()?;
    scene.warehouse.program().stop()?;
    let (lake, _) = Lake::open(scene.warehouse.dir(), SystemClock.now())?;
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
    let scene = Scene::start(&scratch, small_batches)?;
    let cuts = [Fault::BeforeRequest, Fault::AmidRequest, Fault::BeforeAnswer];
    scene.proxy.plan(cuts.into_iter().flat_map(|cut| [cut, Fault::None, cut]));
    post_all(scene.agent.address(), 0..200)?;
    scene.require_exactly(0..200)?;
    ensure!(scene.proxy.plan_is_done(), "fewer uploads than planned faults");
    for cut in cuts {
        ensure!(scene.proxy.fired(cut) == 2, "{cut:?} fired {} times", scene.proxy.fired(cut));
    }
    let status = scene.agent.status()?;
    ensure!(status["dropped"] == serde_json::json!({}), "the agent dropped something: {status}");
    Ok(())
}
