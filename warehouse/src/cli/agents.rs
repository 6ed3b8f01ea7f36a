//! `warehouse agents …`.

use clap::Subcommand;
use comfy_table::Table;
use comfy_table::presets::NOTHING;
use intake::clock::{Clock as _, SystemClock};
use jiff::Timestamp;
use serde_json::json;
use wire::{AgentId, Asn, Epoch, Hour, Seq};

use crate::agents::{Agent, NewKey, Registry, Store};
use crate::config::Config;
use crate::paths::DataDir;

/// What can be done with agents. A running server takes every change up within a second.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Register an agent and show its secret, once.
    Add {
        /// Its id: 3 to 32 of a-z, 0-9 and -, beginning with a letter.
        #[arg(value_parser = agent_id)]
        id: AgentId,
        /// A network that it may speak for; may be given again.
        #[arg(long = "asn", value_name = "ASN", value_parser = asn)]
        asns: Vec<Asn>,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// List agents with their networks and keys.
    List {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Let an agent speak for networks too; what it said of them before counts from now on.
    Bind {
        /// The agent.
        #[arg(value_parser = agent_id)]
        id: AgentId,
        /// A network; may be given again.
        #[arg(long = "asn", value_name = "ASN", required = true, value_parser = asn)]
        asns: Vec<Asn>,
    },
    /// Give an agent a second key beside its newest and show its secret, once; or end the old one.
    Rotate {
        /// The agent.
        #[arg(value_parser = agent_id)]
        id: AgentId,
        /// End every key but the newest: the agent signs with it now.
        #[arg(long)]
        finish: bool,
        /// As JSON.
        #[arg(long, conflicts_with = "finish")]
        json: bool,
    },
    /// End an agent's keys for good. What it sent stays; see `warehouse withdraw`.
    Revoke {
        /// The agent.
        #[arg(value_parser = agent_id)]
        id: AgentId,
    },
    /// Accept that an agent's batches before a number will never come; they are counted as missing.
    AcceptGap {
        /// The agent.
        #[arg(value_parser = agent_id)]
        id: AgentId,
        /// The epoch that the agent's alarm names.
        #[arg(long, value_parser = epoch)]
        epoch: Epoch,
        /// The batch that may come next.
        #[arg(long)]
        seq: u64,
    },
}

impl Command {
    /// Does it.
    pub(super) fn run(self, config: &Config) -> anyhow::Result<()> {
        let store = Store::new(DataDir::new(&config.dir));
        let now = SystemClock.hour();
        match self {
            Self::Add { id, asns, json } => show_key(&id, &store.add(&id, &asns, now)?, json),
            Self::List { json } => list(&store.load()?, json)?,
            Self::Bind { id, asns } => store.bind(&id, &asns, now)?,
            Self::Rotate { id, finish: true, .. } => store.retire_old_keys(&id)?,
            Self::Rotate { id, finish: false, json } => show_key(&id, &store.rotate(&id)?, json),
            Self::Revoke { id } => store.revoke(&id, now)?,
            Self::AcceptGap { id, epoch, seq } => store.accept_gap(&id, epoch, Seq(seq))?,
        }
        Ok(())
    }
}

fn show_key(id: &AgentId, key: &NewKey, as_json: bool) {
    let secret = key.secret.reveal();
    if as_json {
        println!("{}", json!({"agent": id.as_str(), "key": key.id.0, "secret": secret}));
    } else {
        println!("agent   {id}\nkey     {}\nsecret  {secret}", key.id.0);
        println!("The secret is not shown again. Write it to the agent's secret file (mode 0600).");
    }
}

fn list(registry: &Registry, as_json: bool) -> anyhow::Result<()> {
    if as_json {
        println!("{}", serde_json::to_string_pretty(registry)?);
        return Ok(());
    }
    let mut table = Table::new();
    table.load_preset(NOTHING).set_header(["agent", "networks (since)", "keys", "state"]);
    for (id, agent) in &registry.agents {
        let keys: Vec<_> = agent.keys.iter().map(|key| key.0.as_str()).collect();
        table.add_row([id.to_string(), networks(agent), keys.join(" "), state(agent)]);
    }
    println!("{table}");
    Ok(())
}

fn networks(agent: &Agent) -> String {
    let named = agent.bindings.iter().map(|binding| format!("AS{} ({})", binding.asn.get(), moment(binding.bound_at)));
    named.collect::<Vec<_>>().join(", ")
}

fn state(agent: &Agent) -> String {
    agent.revoked_at.map_or_else(|| "live".to_owned(), |hour| format!("revoked {}", moment(hour)))
}

fn moment(hour: Hour) -> String {
    Timestamp::from_second(hour.unix_s()).map_or_else(|_| hour.0.to_string(), |moment| moment.to_string())
}

pub(super) fn agent_id(text: &str) -> Result<AgentId, wire::batch::BadAgentId> {
    AgentId::parse(text)
}

fn asn(text: &str) -> Result<Asn, String> {
    let digits = text.strip_prefix("AS").or_else(|| text.strip_prefix("as")).unwrap_or(text);
    let number = digits.parse().ok().and_then(Asn::new);
    number.ok_or_else(|| "an AS number is 1 to 4294967295, with or without AS before it".to_owned())
}

fn epoch(text: &str) -> Result<Epoch, String> {
    let number: u64 = text.parse().map_err(|_| "an epoch is a number".to_owned())?;
    Epoch::try_from(number).map_err(str::to_owned)
}
