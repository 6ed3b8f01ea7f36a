//! An agent alone in a network namespace: all that it sends to anybody goes over wires that are written down.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::net::IpAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, ensure};
use bufferlake_tests::harness::{Scratch, binary, free_port, python, run};
use serde_json::{Value, json};

use super::Sentinels;

/// The name of the webhook, which must be looked up.
const HOOK: &str = "hook.example";

/// Results of each client.
const RESULTS: u32 = 20;

/// True if namespaces and interfaces can be made here; under `CI=true` they must.
fn can_be_alone() -> anyhow::Result<bool> {
    let made = Command::new("unshare")
        .args(["--net", "--mount", "sh", "-c", "ip link add outside type veth peer name nobody"])
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    let must = std::env::var("CI").is_ok_and(|ci| ci == "true");
    ensure!(made || !must, "no network namespace can be made: root, util-linux and iproute2 are needed");
    if !made {
        println!("skipped: needs root, util-linux and iproute2");
    }
    Ok(made)
}

struct Scene {
    scratch: Scratch,
    facts: Value,
}

impl Scene {
    /// Writes the configurations of both programs and registers the agent.
    fn new(name: &str, clients: &[IpAddr], database: &Path, network: u32) -> anyhow::Result<Self> {
        let scratch = Scratch::new(name)?;
        let [warehouse_port, agent_port, metrics_port] = [free_port()?, free_port()?, free_port()?];
        let warehouse_config = scratch.join("warehouse.toml");
        let metrics = free_port()?;
        fs::write(
            &warehouse_config,
            format!(
                "dir = {:?}\nlisten = \"127.0.0.1:{warehouse_port}\"\nmetrics_listen = \"127.0.0.1:{metrics}\"\n",
                scratch.join("warehouse")
            ),
        )?;
        let config = warehouse_config.to_str().context("a path of text")?;
        let added = run(
            "warehouse",
            &["--config", config, "agents", "add", "isp-one", "--asn", &network.to_string(), "--json"],
        )?;
        let added: Value = serde_json::from_str(&added)?;
        let secret = scratch.join("agent.secret");
        fs::write(&secret, added["secret"].as_str().context("a secret")?)?;
        fs::set_permissions(&secret, fs::Permissions::from_mode(0o600))?;
        let mut agent = String::new();
        writeln!(agent, "listen = \"127.0.0.1:{agent_port}\"\nmetrics_listen = \"127.0.0.1:{metrics_port}\"")?;
        writeln!(agent, "data_dir = {:?}\n[asn]\ndatabase = [{database:?}]", scratch.join("agent"))?;
        writeln!(agent, "[outbox]\nseal_records = 10\nseal_interval_s = 1")?;
        writeln!(agent, "[warehouse]\nurl = \"http://127.0.0.1:{warehouse_port}\"\nagent_id = \"isp-one\"")?;
        writeln!(agent, "secret_file = {secret:?}")?;
        writeln!(agent, "[webhook]\nurl = \"http://{HOOK}:9099/take\"\nplain_http_to = [\"198.51.100.0/24\"]")?;
        let agent_config = scratch.join("agent.toml");
        fs::write(&agent_config, agent)?;
        let texts: Vec<String> = clients.iter().map(IpAddr::to_string).collect();
        let facts = json!({
            "agent": binary("agent")?, "warehouse": binary("warehouse")?,
            "agent_config": agent_config, "warehouse_config": warehouse_config,
            "agent_log": scratch.join("agent.log"), "warehouse_log": scratch.join("warehouse.log"),
            "agent_port": agent_port, "agent_metrics_port": metrics_port, "warehouse_port": warehouse_port,
            "resolv_conf": scratch.join("resolv.conf"),
            "clients": texts, "texts": texts, "results": RESULTS,
        });
        Ok(Self { scratch, facts })
    }

    /// Runs it in a namespace of its own and gives what was written down.
    fn record(&self) -> anyhow::Result<Value> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("network/alone.py");
        let mut child = Command::new("unshare")
            .args(["--net", "--mount", "--kill-child"])
            .arg("--fork")
            .arg(python()?)
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("starting unshare")?;
        child.stdin.take().context("no standard input")?.write_all(self.facts.to_string().as_bytes())?;
        let output = child.wait_with_output().context("waiting for the namespace")?;
        ensure!(output.status.success(), "the namespace ended with {}", output.status);
        serde_json::from_slice(&output.stdout).context("the recorder wrote no JSON")
    }
}

fn names_of(recorded: &Value, what: &str) -> Vec<String> {
    recorded[what].as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect()
}

// Aim: of all frames that an agent causes, none but those of its clients tell an address; it speaks to its warehouse and to
// its resolver, asks for the webhook's name alone, and nothing else leaves.
#[test]
fn nothing_but_what_is_meant_leaves_the_machine() -> anyhow::Result<()> {
    if !can_be_alone()? {
        return Ok(());
    }
    let directory = Scratch::new("network-database")?;
    let sentinels = Sentinels::in_directory(&directory.join(""))?;
    let scene = Scene::new("network", &sentinels.both(), &sentinels.database, sentinels.network.asn.get())?;
    let recorded = scene.record()?;

    ensure!(names_of(&recorded, "names") == [HOOK], "names were asked for: {}", recorded["names"]);
    ensure!(recorded["telling"] == json!([]), "addresses in frames: {}", recorded["telling"]);
    let port = |name: &str| scene.facts[name].as_u64().unwrap_or_default();
    let mut flows = names_of(&recorded, "flows");
    flows.sort();
    let mut meant = vec![
        format!("lo tcp 127.0.0.1:{}", port("agent_port")),
        format!("lo tcp 127.0.0.1:{}", port("warehouse_port")),
        "outside udp 192.0.2.53:53".to_owned(),
    ];
    meant.sort();
    ensure!(flows == meant, "flows: {flows:?}, meant: {meant:?}; {}", scene.scratch.join("").display());
    Ok(())
}

// Aim: a datagram with an address to anybody else is seen.
#[test]
fn a_planted_datagram_is_seen() -> anyhow::Result<()> {
    if !can_be_alone()? {
        return Ok(());
    }
    let directory = Scratch::new("network-database")?;
    let sentinels = Sentinels::in_directory(&directory.join(""))?;
    let mut scene = Scene::new("network-planted", &sentinels.both(), &sentinels.database, sentinels.network.asn.get())?;
    scene.facts["plant"] = true.into();
    let recorded = scene.record()?;
    ensure!(recorded["telling"].as_array().is_some_and(|frames| frames.len() == 1), "{recorded}");
    ensure!(names_of(&recorded, "flows").contains(&"outside udp 198.51.100.77:4242".to_owned()), "{recorded}");
    Ok(())
}
