//! The whole of Bufferlake on this machine: a month of results from sixty providers arrives at a warehouse, two real
//! agents take in results now, and the public ranking stands beside what came in today.

mod live;

mod options;

mod progress;

mod ready;

mod tables;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use intake::clock::{Clock as _, SystemClock};

pub use options::Options;

use crate::asn_data;
use crate::harness::{Account, Agent, AgentOptions, Warehouse, WarehouseOptions, until};
use crate::past::{self, Past};
use crate::simulator::network::{Network, world};
use progress::Step;

/// Marks a directory as the demo's own.
const MARKER: &str = ".bufferlake-demo";

/// Days of history.
const DAYS: u32 = 30;

/// How long the live results may take from a client to the marts.
const LIVE_PATIENCE: Duration = Duration::from_secs(30);

/// Live results that the tables wait for.
const LIVE_RESULTS: u64 = 100;

/// Runs the demo until it is told to stop, or until the tables stand if it was asked for them once. `is_up` becomes true
/// when it begins to listen to `stop`.
///
/// # Errors
/// If a port or the directory is taken, or a program does not do its part.
pub fn run(options: &Options, stop: &Receiver<()>, is_up: &AtomicBool) -> anyhow::Result<()> {
    let began = Instant::now();
    options.check_ports()?;
    let dir = prepare(&options.dir)?;
    let mut networks = world(options.seed)?;

    let step = Step::begin("Building the ASN database", 0);
    let cache = options.dir.with_extension("cache");
    let database = match asn_data::fetched() {
        Some(_) => asn_data::real_mmdb(&cache)?,
        None => asn_data::excerpt_mmdb(&cache)?,
    };
    step.finish();

    let now = SystemClock.hour();
    let warehouse_dir = dir.join("warehouse");
    let step = Mutex::new(Step::begin("A month of results from the agents", u64::from(options.results)));
    let past = Past {
        dir: warehouse_dir.clone(),
        days: DAYS,
        results: options.results,
        providers: options.providers,
        seed: options.seed,
        asn_database: vec![database.clone()],
        cut_off_days: 0,
    };
    past::happen(&past, now, |results| step.lock().unwrap_or_else(PoisonError::into_inner).advance(results))?;
    step.into_inner().unwrap_or_else(PoisonError::into_inner).finish();

    let step = Step::begin("Starting the warehouse and two agents", 0);
    let mut warehouse = Warehouse::start(WarehouseOptions {
        port: Some(options.warehouse_port),
        seal_interval_ms: 1_000,
        more: format!("[asn]\ndatabase = [{:?}]\n[engine]\nrefresh_interval_ms = 2000\n", database),
        ..WarehouseOptions::new(&warehouse_dir)
    })?;
    // The largest networks have the most clients: each of the two agents speaks for every other of them.
    networks.sort_by(|a, b| b.share.total_cmp(&a.share));
    let mut agents = Vec::new();
    for (index, port) in options.agent_ports.iter().enumerate() {
        let own: Vec<Network> = networks.iter().skip(index).step_by(2).cloned().collect();
        agents.push(start_agent(&dir, &warehouse, index, *port, own, &database)?);
    }
    step.finish();

    let step = Step::begin("Closing days and publishing the cut", 0);
    let said = warehouse.command(&["publish"])?;
    step.finish();
    eprint!("{said}");

    let live = live::Live::start(&agents, options)?;
    let step = Step::begin("Live results on their way into the marts", 0);
    until("live results reach the marts", LIVE_PATIENCE, || {
        (tables::live_results(&warehouse).ok()? >= LIVE_RESULTS).then_some(())
    })?;
    step.finish();

    tables::print(&warehouse)?;
    ready::write(&dir, &warehouse, agents.iter().map(|(agent, _)| agent))?;
    eprintln!("Ready after {:.0} s.", began.elapsed().as_secs_f64());
    if !options.once {
        ready::tell(&dir, &warehouse, &agents);
        is_up.store(true, Ordering::Relaxed);
        stay_up(stop, &mut warehouse, &mut agents)?;
        eprintln!("Ending.");
    }
    live.stop()?;
    for (agent, _) in &mut agents {
        agent.stop()?;
    }
    warehouse.program().stop()
}

/// An agent and the networks for which it speaks.
type Provider = (Agent, Vec<Network>);

fn start_agent(
    dir: &Path,
    warehouse: &Warehouse,
    index: usize,
    port: u16,
    networks: Vec<Network>,
    database: &Path,
) -> anyhow::Result<Provider> {
    let name = format!("demo-live-{}", index + 1);
    let asns: Vec<u32> = networks.iter().map(|network| network.asn.get()).collect();
    let account = Account::open(warehouse, &name, &asns)?;
    let options = AgentOptions {
        port: Some(port),
        asn_database: vec![database.to_owned()],
        ..AgentOptions::new(dir.join(&name), account)
    };
    Ok((Agent::start(options)?, networks))
}

/// The demo's directory, empty. What an earlier demo left there goes; anything else is left alone.
fn prepare(dir: &Path) -> anyhow::Result<PathBuf> {
    if dir.exists() {
        let is_ours = dir.join(ready::FILE).exists() || dir.join(MARKER).exists();
        let is_empty = fs::read_dir(dir).with_context(|| format!("listing {}", dir.display()))?.next().is_none();
        ensure!(is_ours || is_empty, "{} holds something that no demo wrote: choose another with --dir", dir.display());
        fs::remove_dir_all(dir).with_context(|| format!("removing {}", dir.display()))?;
    }
    fs::create_dir_all(dir).with_context(|| format!("making {}", dir.display()))?;
    fs::write(dir.join(MARKER), "").context("marking the demo's directory")?;
    dir.canonicalize().with_context(|| format!("finding {}", dir.display()))
}

/// Waits for the word to stop, and for a program that ends without it.
fn stay_up(stop: &Receiver<()>, warehouse: &mut Warehouse, agents: &mut [Provider]) -> anyhow::Result<()> {
    loop {
        match stop.recv_timeout(Duration::from_secs(1)) {
            Ok(()) | Err(RecvTimeoutError::Disconnected) => return Ok(()),
            Err(RecvTimeoutError::Timeout) => {}
        }
        let programs = std::iter::once(warehouse.program()).chain(agents.iter_mut().map(|(agent, _)| agent.program()));
        for program in programs {
            if let Some(status) = program.ended() {
                // Ctrl-C reaches the programs too, and may reach them first.
                if stop.recv_timeout(Duration::from_secs(1)).is_ok() {
                    return Ok(());
                }
                bail!("a program of the demo ended with {status}; its log lies beside its directory");
            }
        }
    }
}
