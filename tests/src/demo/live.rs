//! Clients that test now: a thread for each agent posts their results at a steady pace.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use intake::clock::{Clock as _, SystemClock};
use wire::Hour;

use super::{Options, Provider};
use crate::harness::{telemetry, until};
use crate::http::Connection;
use crate::simulator::live;
use crate::simulator::network::Network;

/// The clients' threads.
pub(super) struct Live {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<anyhow::Result<()>>>,
}

/// What one thread needs.
struct Clients {
    agent: SocketAddr,
    networks: Vec<Network>,
    options: Options,
    stream: u64,
    stop: Arc<AtomicBool>,
}

impl Live {
    /// Starts posting.
    pub(super) fn start(agents: &[Provider], options: &Options) -> anyhow::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let mut threads = Vec::new();
        for (index, (agent, networks)) in agents.iter().enumerate() {
            let clients = Clients {
                agent: agent.address(),
                networks: networks.clone(),
                options: options.clone(),
                stream: index as u64,
                stop: Arc::clone(&stop),
            };
            let thread = std::thread::Builder::new().name(format!("clients-{index}"));
            threads.push(thread.spawn(move || clients.post_until_stopped()).context("starting simulated clients")?);
        }
        Ok(Self { stop, threads })
    }

    /// Stops posting.
    pub(super) fn stop(self) -> anyhow::Result<()> {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads {
            thread.join().map_err(|_| anyhow::anyhow!("the simulated clients panicked"))??;
        }
        Ok(())
    }
}

impl Clients {
    fn stops_soon(&self) -> bool {
        let stops = || self.stop.load(Ordering::Relaxed).then_some(());
        until("the word to stop comes", Duration::from_secs(3), stops).is_ok()
    }

    fn post_until_stopped(self) -> anyhow::Result<()> {
        let mut live = live::Live::new(
            self.networks.iter().collect(),
            f64::from(self.options.results),
            self.options.seed,
            self.stream,
        );
        let mut connection = Connection::open(self.agent)?;
        let pause = Duration::from_secs(1) / self.options.live_per_second.max(1);
        let mut due = Instant::now();
        while !self.stop.load(Ordering::Relaxed) {
            let now = SystemClock.now();
            let Some(post) = live.next(Hour::of_unix_s(now.as_second()), &now.to_string()) else { return Ok(()) };
            let answered = connection.send(&telemetry(post.address, &post.body)).and_then(|()| connection.receive());
            let response = match answered {
                // Ctrl-C reaches the agents too, a moment before the word to stop comes here.
                Err(_) if self.stops_soon() => return Ok(()),
                answered => answered?,
            };
            let said = String::from_utf8_lossy(&response.body);
            ensure!(response.status == 200, "an agent answered {} to {}: {said}", response.status, post.body);
            due += pause;
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
        }
        Ok(())
    }
}
