//! What the agent writes to its log.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use anyhow::{Context as _, ensure};
use bufferlake_tests::canary::Canary;
use bufferlake_tests::harness::{Account, Agent, AgentOptions, Proxy, Scratch, Warehouse, WarehouseOptions, until};
use bufferlake_tests::http;
use serde_json::Value;

use super::BODY;

/// Clients whose addresses must not turn up: two that a proxy names, and one that is itself the peer.
const CLIENTS: [&str; 3] = ["198.51.100.213", "2001:db8:77:88::99", "127.77.66.55"];

/// Sends one request from this address of loopback and waits for the end of the answer.
fn send_from(source: Ipv4Addr, agent: SocketAddr, request: &[u8]) -> anyhow::Result<()> {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let socket = tokio::net::TcpSocket::new_v4()?;
        socket.bind((source, 0).into())?;
        let mut stream = socket.connect(agent).await?;
        stream.write_all(request).await?;
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).await?;
        ensure!(answer.starts_with(b"HTTP/1.1 "), "{answer:?}");
        Ok(())
    })
}

/// Everything that a client can do, in the name of each of the clients.
fn meet(agent: SocketAddr) -> anyhow::Result<()> {
    for client in CLIENTS {
        let forwarded = ("x-forwarded-for", client);
        let json = ("content-type", "application/json");
        let good = http::request("POST", "/api/telemetry", &[json, forwarded, ("user-agent", client)], BODY.as_bytes());
        let bad = http::request("POST", "/api/telemetry", &[json, forwarded], format!("{{\"{client}\":").as_bytes());
        let lost = http::request("GET", &format!("/{client}"), &[forwarded, ("referer", client)], b"");
        let desk = http::request("GET", &format!("/api/telemetry/customer/{client}"), &[forwarded], b"");
        // One more than the limit.
        for request in [&good, &good, &bad, &lost, &desk, &good] {
            http::fetch(agent, request)?;
        }
        http::fetch(agent, format!("GET / HTTP/1.1\r\nbad header {client}\r\n\r\n").as_bytes())?;
    }
    let peer: IpAddr = CLIENTS[2].parse()?;
    if let IpAddr::V4(peer) = peer {
        send_from(peer, agent, &http::request("POST", "/api/telemetry", &[], BODY.as_bytes()))?;
    }
    Ok(())
}

/// True if this word is written like an IPv4 address.
fn is_dotted_quad(word: &str) -> bool {
    word.split('.').count() == 4 && word.parse::<Ipv4Addr>().is_ok()
}

// Aim: at the loudest level and in both forms no line has an address, be it a client's or any other, while clients do
// all that they can and batches are sent, lost and sent again.
#[test]
fn no_line_has_an_address() -> anyhow::Result<()> {
    let scratch = Scratch::new("agent-logs")?;
    let warehouse = Warehouse::start(WarehouseOptions::new(scratch.join("warehouse")))?;
    let canary = Canary::of(&CLIENTS.map(|client| client.parse().expect("an address")))?;
    for format in ["text", "json"] {
        let proxy = Proxy::start(warehouse.address())?;
        let account = Account::open(&warehouse, &format!("isp-{format}"), &[64_500])?.by_way_of(proxy.address());
        let options = AgentOptions { seal_interval_s: 1, ..AgentOptions::new(scratch.join(format), account) }
            .with("log_format", format)
            .with("limits.results_per_minute", "3");
        let trace = ("RUST_LOG".to_owned(), "trace".to_owned());
        let mut agent =
            Agent::start(AgentOptions { environment: [options.environment.clone(), vec![trace]].concat(), ..options })?;
        proxy.plan([bufferlake_tests::harness::Fault::BeforeAnswer]);
        meet(agent.address())?;
        until("a batch is settled", std::time::Duration::from_secs(30), || {
            (agent.health().ok()?["upload"]["settled_batches"].as_u64()? > 0).then_some(())
        })?;
        agent.stop()?;

        let log = std::fs::read_to_string(agent.program().log())?;
        ensure!(log.contains("TRACE") && log.contains("shutting down"), "the log is not the loudest:\n{log}");
        let found = canary.find(log.as_bytes());
        ensure!(found.is_empty(), "{found:?} in the log:\n{log}");
        let words = log.split(|c: char| !c.is_ascii_digit() && c != '.');
        let addresses: Vec<&str> =
            words.map(|word| word.trim_matches('.')).filter(|word| is_dotted_quad(word)).collect();
        ensure!(addresses.is_empty(), "{addresses:?} in the log:\n{log}");
        ensure!(!log.contains("::1]"), "{log}");
        if format == "json" {
            for line in log.lines() {
                let object: Value = serde_json::from_str(line).with_context(|| format!("no JSON: {line}"))?;
                ensure!(object["level"].is_string() && object["message"].is_string(), "{line}");
            }
        } else {
            ensure!(!log.contains('\u{1b}'), "colours in a file");
        }
    }
    // The search would see one.
    ensure!(is_dotted_quad("127.0.0.1") && !is_dotted_quad("0.1.0"));
    ensure!(!canary.find(b"peer 198.51.100.213:4711").is_empty());
    Ok(())
}
