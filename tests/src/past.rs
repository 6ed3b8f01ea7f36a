//! A warehouse with a past: the days before now arrive at it, each day's results in the night after it: the real server runs in this
//! process on a clock that is set from night to night, so that the hours of arrival are those of a warehouse that was
//! there all the time.

use std::net::SocketAddr;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use intake::clock::{Clock as _, ManualClock};
use jiff::Timestamp;
use warehouse::agents::Store;
use warehouse::config::Config;
use warehouse::paths::DataDir;
use warehouse::serve::{self, Listeners};
use wire::{Day, Epoch, Hour, MAX_BATCH_RECORDS, Record};

use crate::harness::until;
use crate::http::Connection;
use crate::sender::Sender;
use crate::simulator::history::{Month, ProviderHistory, providers};
use crate::simulator::network::world;

/// Senders at work at once: while one waits for the disk, another simulates.
const SENDERS: usize = 6;

/// How long the last results may take from the landing zone into the lake.
const PATIENCE: Duration = Duration::from_secs(60);

/// A provider's history and the agent that sends it.
struct Source {
    history: ProviderHistory,
    sender: Sender,
    connection: Option<Connection>,
    /// The days whose nights bring nothing from it.
    cut_off: Range<Day>,
    /// What it could not send yet.
    waiting: Vec<Record>,
}

/// What a warehouse looks back on.
#[derive(Debug, Clone)]
pub struct Past {
    /// The warehouse's data directory, empty.
    pub dir: PathBuf,
    /// Days before now.
    pub days: u32,
    /// Results in them, on average over seeds.
    pub results: u32,
    /// Providers among whom the world's networks are divided.
    pub providers: u8,
    /// Another seed is another world.
    pub seed: u64,
    /// Where the networks' names are found, if anywhere.
    pub asn_database: Vec<PathBuf>,
    /// For so many days, in the middle of the past, the first provider's agent cannot reach the warehouse: then its results
    /// come late.
    pub cut_off_days: u32,
}

impl Past {
    /// A small one that ranks some networks: 30,000 results of 12 days by four providers, whose networks have no names.
    #[must_use]
    pub fn small(dir: PathBuf, seed: u64) -> Self {
        Self { dir, days: 12, results: 30_000, providers: 4, seed, asn_database: Vec::new(), cut_off_days: 0 }
    }
}

/// Lets this past happen until this hour, and shuts its warehouse down in order. `progress` hears how many results came.
/// Gives their number.
///
/// # Errors
/// If the warehouse does not take something.
pub fn happen(past: &Past, now: Hour, progress: impl Fn(u64) + Sync) -> anyhow::Result<u64> {
    let month = Month { first: Hour(now.0 - past.days * 24).day(), now, results: past.results };
    let clock = Arc::new(ManualClock::at(moment(month.first.first_hour())?));
    let mut sources = register(past, month)?;

    let config = config(past);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let listeners = runtime.block_on(Listeners::bind(&config))?;
    let address = listeners.public.local_addr().context("the history's warehouse has no address")?;
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let running = runtime.spawn(serve::run(config, listeners, Arc::clone(&clock) as _, async {
        let _ = stopped.await;
    }));

    let mut sent = 0;
    for day in month.days() {
        // The results of a day arrive half an hour after its end; those of today have just arrived.
        let night = moment(day.plus(1).first_hour())?.checked_add(jiff::SignedDuration::from_mins(30))?;
        clock.set(night.min(moment(now)?));
        let share = sources.len().div_ceil(SENDERS).max(1);
        let counts = std::thread::scope(|scope| -> anyhow::Result<u64> {
            let one_day = |sources: &mut [Source]| -> anyhow::Result<u64> {
                let mut sent = 0;
                for source in sources {
                    let made = source.history.day(day)?;
                    source.waiting.extend(made);
                    if source.cut_off.contains(&day) {
                        continue;
                    }
                    let records = std::mem::take(&mut source.waiting);
                    sent += records.len() as u64;
                    source.send(address, &records, clock.now().as_second())?;
                    progress(records.len() as u64);
                }
                Ok(sent)
            };
            let handles: Vec<_> =
                sources.chunks_mut(share).map(|sources| scope.spawn(move || one_day(sources))).collect();
            let mut sent = 0;
            for handle in handles {
                sent += handle.join().map_err(|_| anyhow::anyhow!("a sender of the history panicked"))??;
            }
            Ok(sent)
        });
        sent += counts?;
    }

    until("the landing zone is empty", PATIENCE, || {
        let health = crate::http::get(address, "/api/health").ok()?.json().ok()?;
        (health.get("landing_bytes")?.as_u64()? == 0).then_some(())
    })?;
    drop(sources);
    let _ = stop.send(());
    runtime.block_on(running).context("the history's warehouse panicked")??;
    ensure!(sent > 0, "nothing happened: ask for more results");
    Ok(sent)
}

/// Registers every provider's agent as of the first day.
fn register(past: &Past, month: Month) -> anyhow::Result<Vec<Source>> {
    let store = Store::new(DataDir::new(&past.dir));
    let mut sources = Vec::new();
    for (index, provider) in providers(world(past.seed)?, usize::from(past.providers))?.into_iter().enumerate() {
        let asns: Vec<_> = provider.networks.iter().map(|network| network.asn).collect();
        let key = store.add(&provider.agent, &asns, month.first.first_hour())?;
        let begins = month.first.plus(past.days / 2);
        let cut_off = begins..begins.plus(if index == 0 { past.cut_off_days } else { 0 });
        let epoch = Epoch::from_random_bits(past.seed.wrapping_mul(1_000).wrapping_add(index as u64 + 1));
        let sender = Sender::new(provider.agent.clone(), key.secret, epoch);
        let history = ProviderHistory::new(provider, month, past.seed);
        sources.push(Source { history, sender, connection: None, cut_off, waiting: Vec::new() });
    }
    Ok(sources)
}

impl Source {
    /// Delivers records as full batches, and the rest as a smaller one; each is acknowledged before the next.
    fn send(&mut self, address: SocketAddr, records: &[Record], unix_s: i64) -> anyhow::Result<()> {
        for chunk in records.chunks(MAX_BATCH_RECORDS) {
            let sealed = self.sender.seal(chunk.to_vec())?;
            let request = self.sender.request(&sealed, unix_s);
            let connection = match &mut self.connection {
                Some(open) => open,
                closed => closed.insert(Connection::open(address)?),
            };
            connection.send(&request)?;
            let response = connection.receive()?;
            let text = String::from_utf8_lossy(&response.body);
            ensure!(response.status == 200, "{} was answered with {}: {text}", self.sender.agent, response.status);
        }
        Ok(())
    }
}

fn config(past: &Past) -> Config {
    let mut config = Config { dir: past.dir.clone(), ..Config::default() };
    config.listen.set_port(0);
    config.metrics_listen.set_port(0);
    config.seal.interval_ms = 1_000;
    config.engine.refresh_interval_ms = 60_000;
    config.cut.automatic = false;
    config.asn.database.clone_from(&past.asn_database);
    config
}

fn moment(hour: Hour) -> anyhow::Result<Timestamp> {
    Timestamp::from_second(hour.unix_s()).context("an hour beyond the calendar")
}
