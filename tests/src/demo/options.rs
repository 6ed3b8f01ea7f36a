//! What can be chosen on the command line, and the checks before anything starts.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;

use anyhow::{Context as _, ensure};
use clap::Parser;

/// Shows the whole of Bufferlake on this machine: a month of simulated results from sixty providers, two agents that take
/// in results now, the warehouse, and the public ranking.
#[derive(Debug, Clone, Parser)]
#[command(name = "demo")]
pub struct Options {
    /// End after the tables instead of staying up until Ctrl-C.
    #[arg(long)]
    pub once: bool,
    /// Port of the warehouse on 127.0.0.1.
    #[arg(long, default_value_t = 8080)]
    pub warehouse_port: u16,
    /// Ports of the two agents on 127.0.0.1.
    #[arg(long, num_args = 2, default_values_t = [8081, 8082])]
    pub agent_ports: Vec<u16>,
    /// Directory of everything that the demo writes; what an earlier demo left there is replaced.
    #[arg(long, default_value = "target/demo")]
    pub dir: PathBuf,
    /// Results in the history.
    #[arg(long, default_value_t = 1_000_000)]
    pub results: u32,
    /// Providers whose agents sent the history.
    #[arg(long, default_value_t = 60)]
    pub providers: u8,
    /// Results a second that the simulator sends to each of the two agents.
    #[arg(long, default_value_t = 25)]
    pub live_per_second: u32,
    /// Another seed is another world.
    #[arg(long, default_value_t = 2026)]
    pub seed: u64,
}

impl Options {
    /// Where the warehouse listens.
    #[must_use]
    pub fn warehouse(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.warehouse_port))
    }

    /// Where the two agents listen.
    #[must_use]
    pub fn agents(&self) -> Vec<SocketAddr> {
        self.agent_ports.iter().map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, *port))).collect()
    }

    /// Fails if a port is taken, and says which and what to do.
    ///
    /// # Errors
    /// If somebody listens on a port that the demo needs, or two of them are the same.
    pub fn check_ports(&self) -> anyhow::Result<()> {
        let mut needed = vec![(self.warehouse_port, "--warehouse-port PORT")];
        needed.extend(self.agent_ports.iter().map(|port| (*port, "--agent-ports PORT PORT")));
        for (index, (port, option)) in needed.iter().enumerate() {
            ensure!(
                needed[..index].iter().all(|(other, _)| other != port),
                "port {port} is given twice: choose with {option}"
            );
            TcpListener::bind((Ipv4Addr::LOCALHOST, *port))
                .with_context(|| format!("port {port} is taken: free it, or choose another with {option}"))?;
        }
        Ok(())
    }
}
