//! What an agent costs the machine of a test server while it works: processor time at one test a second, memory at a hundred
//! with 100,000 records that wait. Beside it Debian's `prometheus-node-exporter`, a daemon that every operator knows.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};

use super::Settings;
use super::bodies::Bodies;
use super::load::{Source, drive};
use super::report::{Goal, Row};
use super::sample::{cpu_time, memory};
use crate::asn_data;
use crate::harness::{Account, Agent, AgentOptions, Proxy, Scratch, Warehouse, WarehouseOptions, free_port, until};
use crate::http::{self, Connection};
use crate::simulator::network::world;

/// Records that wait.
const BACKLOG: u64 = 100_000;
/// Connections over which they come.
const CONNECTIONS: u64 = 16;
/// Patience with them; they come in a few seconds.
const PATIENCE: Duration = Duration::from_secs(120);
/// Tests a second while memory is looked at.
const BUSY_PER_SECOND: u32 = 100;
/// Most anonymous memory then, in MB.
const MEMORY_GOAL_MB: f64 = 20.0;
/// Largest share of one processor at one test a second, in percent.
const CPU_GOAL_PERCENT: f64 = 0.5;
/// How often Prometheus looks at an exporter.
const SCRAPE_EVERY: Duration = Duration::from_secs(15);
/// The peer, as Debian names it.
const EXPORTER: &str = "prometheus-node-exporter";

/// Measures it.
pub(super) fn measure(settings: &Settings) -> anyhow::Result<Vec<Row>> {
    let scratch = Scratch::new("bench-agent-busy")?;
    let database = asn_data::real_mmdb(Path::new("target/asn"))?;
    let warehouse = Warehouse::start(WarehouseOptions::new(scratch.join("warehouse")))?;
    let start = |name: &str, way: SocketAddr| -> anyhow::Result<Agent> {
        let account = Account::open(&warehouse, name, &[7922])?.by_way_of(way);
        Agent::start(AgentOptions {
            asn_database: vec![database.clone()],
            seal_interval_s: 900,
            ..AgentOptions::new(scratch.join(name), account)
        })
    };

    let hole = Proxy::start(warehouse.address())?;
    hole.set_black_hole(true);
    let mut agent = start("backlog", hole.address())?;
    let world = world(settings.seed)?;
    let sources =
        (0..CONNECTIONS).map(|stream| Limited(Bodies::new(&world, settings.seed, stream), BACKLOG / CONNECTIONS));
    drive(agent.address(), sources.collect(), PATIENCE)?.require_all_ok().context("making a backlog")?;
    let status = agent.status()?;
    let waits = status["waiting_records"].as_u64().zip(status["unsettled_records"].as_u64());
    ensure!(waits.is_some_and(|(waiting, sealed)| waiting + sealed >= BACKLOG), "not all of it waits: {status}");
    eprintln!("agent_busy: {BUSY_PER_SECOND} tests a second for {:?}", settings.agent_time);
    let mut more = Bodies::new(&world, settings.seed, CONNECTIONS);
    let (id, mut most) = (agent.program().id(), 0_f64);
    pace(&agent, &mut more, BUSY_PER_SECOND, settings.agent_time, || {
        most = most.max(memory(id)?.anonymous_mb);
        Ok(())
    })?;
    agent.kill()?;

    eprintln!("agent_busy: one test a second for {:?}", settings.agent_time);
    let mut agent = start("quiet", warehouse.address())?;
    let mut more = Bodies::new(&world, settings.seed, CONNECTIONS + 1);
    // The first one maps the database and reads the page of it.
    pace(&agent, &mut more, 1, Duration::from_secs(1), || Ok(()))?;
    let (before, began) = (cpu_time(agent.program().id())?, Instant::now());
    pace(&agent, &mut more, 1, settings.agent_time, || Ok(()))?;
    let used = cpu_time(agent.program().id())?.saturating_sub(before);
    let percent = 100.0 * used.as_secs_f64() / began.elapsed().as_secs_f64();
    let quiet = memory(agent.program().id())?.anonymous_mb;
    agent.stop()?;

    let mut rows = vec![
        Row::new("agent_busy.memory", most, "MB anonymous at 100 tests/s before 100,000 records")
            .with_goal(Goal::AtMost(MEMORY_GOAL_MB)),
        Row::new("agent_busy.cpu", percent, "% of a processor at 1 test/s").with_goal(Goal::AtMost(CPU_GOAL_PERCENT)),
        Row::new("agent_busy.memory_quiet", quiet, "MB anonymous at 1 test/s"),
    ];
    if let Some(exporter) = exporter(settings.agent_time)? {
        let [busy, cpu, quiet] = &mut rows[..] else { return Ok(rows) };
        for (row, figure) in [(busy, exporter.memory_mb), (cpu, exporter.cpu_percent), (quiet, exporter.memory_mb)] {
            *row = row.clone().with_peer("prometheus-node-exporter, asked every 15 s", figure);
        }
    }
    Ok(rows)
}

/// So many requests of a source, and no more.
struct Limited(Bodies, u64);

impl Source for Limited {
    fn next(&mut self) -> Option<&[u8]> {
        self.1 = self.1.checked_sub(1)?;
        self.0.next()
    }
}

/// Posts at a steady pace; `each_second` is called between.
fn pace(
    agent: &Agent,
    bodies: &mut Bodies,
    per_second: u32,
    time: Duration,
    mut each_second: impl FnMut() -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut connection = Connection::open(agent.address())?;
    let (began, step) = (Instant::now(), Duration::from_secs(1) / per_second);
    for number in 0_u32.. {
        let due = step * number;
        if due >= time {
            break;
        }
        // A pace is what is measured: there is nothing else to wait for.
        std::thread::sleep(due.saturating_sub(began.elapsed()));
        connection.send(bodies.next().context("no more bodies")?)?;
        let answer = connection.receive()?;
        ensure!(answer.status == 200, "a result got {}: {}", answer.status, answer.json()?);
        // A connection that rests longer than the agent's patience is closed by it.
        if per_second == 1 {
            connection = Connection::open(agent.address())?;
        }
        if number % per_second == 0 {
            each_second()?;
        }
    }
    Ok(())
}

/// What the exporter costs.
struct Exporter {
    memory_mb: f64,
    cpu_percent: f64,
}

/// A process that ends when it is dropped.
struct Ending(Child);

impl Drop for Ending {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Runs the exporter and asks it as Prometheus does; none if it is not installed.
fn exporter(time: Duration) -> anyhow::Result<Option<Exporter>> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()?));
    let started = Command::new(EXPORTER)
        .arg(format!("--web.listen-address={address}"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let Ok(child) = started else {
        eprintln!("agent_busy: {EXPORTER} is not installed");
        return Ok(None);
    };
    let exporter = Ending(child);
    let id = exporter.0.id();
    let ask = || http::get(address, "/metrics");
    until("the exporter answers", Duration::from_secs(10), || ask().ok())?;
    eprintln!("agent_busy: {EXPORTER} for {time:?}");
    let (before, began) = (cpu_time(id)?, Instant::now());
    let mut memory_mb = 0_f64;
    while began.elapsed() < time {
        ask()?;
        memory_mb = memory_mb.max(memory(id)?.anonymous_mb);
        std::thread::sleep(SCRAPE_EVERY.min(time.saturating_sub(began.elapsed())));
    }
    let used = cpu_time(id)?.saturating_sub(before);
    Ok(Some(Exporter { memory_mb, cpu_percent: 100.0 * used.as_secs_f64() / began.elapsed().as_secs_f64() }))
}
