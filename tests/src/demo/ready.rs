//! Tells people and programs where everything is.

use std::fs;
use std::path::Path;

use anyhow::Context as _;
use serde_json::{Value, json};

use super::Provider;
use crate::harness::{Agent, Warehouse};

/// Written into the demo's directory once everything answers.
pub(super) const FILE: &str = "demo.json";

/// Writes where warehouse and agents are, for programs.
pub(super) fn write<'a>(
    dir: &Path,
    warehouse: &Warehouse,
    agents: impl Iterator<Item = &'a Agent>,
) -> anyhow::Result<()> {
    let agents: Vec<Value> = agents
        .map(|agent| {
            let id = agent.dir().file_name().map(|name| name.to_string_lossy());
            Ok(json!({"id": id, "url": agent.url(), "dir": agent.dir(), "support_key": agent.support_key()?}))
        })
        .collect::<anyhow::Result<_>>()?;
    let url = format!("http://{}", warehouse.address());
    let ready = json!({"ready": true, "warehouse": {"url": url, "dir": warehouse.dir()}, "agents": agents});
    let path = dir.join(FILE);
    // A reader who waits for the file finds it whole.
    let temporary = path.with_extension("tmp");
    fs::write(&temporary, serde_json::to_vec_pretty(&ready)?).with_context(|| format!("writing {}", path.display()))?;
    fs::rename(&temporary, &path).with_context(|| format!("naming {}", path.display()))
}

/// Says where warehouse and agents are, for people.
pub(super) fn tell(dir: &Path, warehouse: &Warehouse, agents: &[Provider]) {
    let url = format!("http://{}", warehouse.address());
    println!("\nWarehouse  {url}/api/v1/rankings   {url}/api/health");
    for (agent, networks) in agents {
        println!(
            "Agent      {}/api/telemetry   {}/api/health   ({} networks)",
            agent.url(),
            agent.url(),
            networks.len()
        );
    }
    println!("Files      {}", dir.display());
    println!(
        "           lake/results/… in warehouse/: every result; public/releases/…: what is public; *.log: what programs say"
    );
    println!("Look into the marts:");
    println!("           warehouse --config {}.toml sql \"SELECT * FROM daily LIMIT 5\"", warehouse.dir().display());
    println!("Look customers up as a support desk does (the keys are in {FILE}, too):");
    for (agent, _) in agents {
        let key = agent.dir().join("support.key");
        println!(
            "           curl -H \"X-API-Key: $(cat {})\" \"{}/api/telemetry/recent?limit=5\"",
            key.display(),
            agent.url()
        );
    }
    println!("Results keep coming until Ctrl-C.");
}
