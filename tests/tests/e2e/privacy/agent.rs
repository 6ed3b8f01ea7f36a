//! Addresses at an agent: its database may hold them, and nothing else, anywhere.

use std::fs;
use std::net::IpAddr;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use bufferlake_tests::harness::{Account, Agent, AgentOptions, Fault, Proxy, Scratch, free_port, until};
use bufferlake_tests::http;

use super::super::lake;
use super::super::stage::Stage;
use super::places::{Places, parquet_with};
use super::{Sentinels, result_that_says};

const JSON: (&str, &str) = ("content-type", "application/json");

/// Results of each address.
const RESULTS: u64 = 40;

/// A client's result, with its address in every place where a client or its proxy may write it.
pub(super) fn result_of(client: IpAddr, number: u64) -> Vec<u8> {
    let text = client.to_string();
    let headers = [JSON, ("x-forwarded-for", &text), ("user-agent", &text), ("referer", &text), ("x-real-ip", &text)];
    http::request("POST", "/api/telemetry", &headers, result_that_says(&format!("{number} {text}")).as_bytes())
}

/// Looks the addresses up as the support desk does, and as it should not. Good answers hold addresses and are the desk's;
/// refusals hold none.
fn look_up(agent: &Agent, sentinels: &Sentinels, places: &mut Places) -> anyhow::Result<()> {
    let key = agent.support_key()?;
    for client in sentinels.both() {
        for (path, key, status) in [
            (format!("customer/{client}"), key.as_str(), 200),
            (format!("customer/{client}%2F24?grade=B"), &key, 200),
            (format!("customer/{client}/999"), &key, 400),
            (format!("customer/{client}%25eth0"), &key, 400),
            (format!("customer/{client}?since={client}"), &key, 400),
            (format!("recent?{client}={client}"), &key, 400),
            (format!("customer/{client}?api_key={client}"), &key, 401),
            (format!("customer/{client}"), "wrong", 401),
        ] {
            let text = client.to_string();
            let headers = [("x-api-key", key), ("x-forwarded-for", &text), ("user-agent", &text)];
            let request = http::request("GET", &format!("/api/telemetry/{path}"), &headers, b"");
            let answer = http::fetch(agent.address(), &request)?;
            ensure!(answer.status == status, "{path} got {}", answer.status);
            if status != 200 {
                places
                    .add("a refusal of the desk", format!("{:?} {}", answer.headers, String::from_utf8(answer.body)?));
            }
        }
    }
    Ok(())
}

// Aim: an address that an agent was told is in the agent's database and nowhere else: in no byte that the agent sent, through
// faults and repetitions, in nothing that it logged, measured or answered to others, and nowhere at the warehouse.
#[test]
fn an_address_never_leaves_the_agents_database() -> anyhow::Result<()> {
    let scratch = Scratch::new("privacy-agent")?;
    let sentinels = Sentinels::in_directory(&scratch.join("asn"))?;
    let trace = ("RUST_LOG".to_owned(), "trace".to_owned());
    let mut stage = Stage::open_with("privacy-path", |options| options.environment.push(trace.clone()))?;
    let proxy = Proxy::start(stage.warehouse.address())?;
    let networks = [sentinels.network.asn.get()];
    let account = Account::open(&stage.warehouse, "isp-canary", &networks)?.by_way_of(proxy.address());
    let metrics_port = free_port()?;
    let mut agent = Agent::start(AgentOptions {
        asn_database: vec![sentinels.database.clone()],
        metrics_port: Some(metrics_port),
        seal_interval_s: 1,
        seal_records: 20,
        environment: vec![trace],
        ..AgentOptions::new(scratch.join("agent"), account)
    })?;
    proxy.plan([Fault::BeforeAnswer, Fault::AmidRequest, Fault::None, Fault::BeforeRequest]);

    let mut places = Places::new();
    for number in 0..RESULTS {
        for client in sentinels.both() {
            let answer = http::fetch(agent.address(), &result_of(client, number))?;
            ensure!(answer.status == 200, "a result got {}: {}", answer.status, answer.json()?);
            places.add("an answer to a client", format!("{answer:?}"));
        }
    }
    for client in sentinels.both() {
        let text = client.to_string();
        let forwarded = serde_json::json!({"client_ip": text}).to_string();
        let refused =
            http::request("POST", "/api/telemetry", &[JSON, ("x-forwarded-for", &text)], forwarded.as_bytes());
        let elsewhere = http::request("GET", &format!("/api/{text}"), &[("x-forwarded-for", &text)], b"");
        for request in [refused, elsewhere] {
            let answer = http::fetch(agent.address(), &request)?;
            ensure!((400..500).contains(&answer.status), "a bad request got {}", answer.status);
            places.add("a refusal", format!("{:?} {}", answer.headers, String::from_utf8(answer.body)?));
        }
    }
    look_up(&agent, &sentinels, &mut places)?;
    lake::await_rows(stage.warehouse.dir(), 2 * RESULTS)?;
    until("every fault meets an upload, and all is settled", Duration::from_secs(30), || {
        let settled = agent.status().ok()?["unsettled_batches"] == 0;
        (settled && proxy.plan_is_done()).then_some(())
    })?;
    places.add("the agent's metrics", http::get(([127, 0, 0, 1], metrics_port).into(), "/metrics")?.body);
    places.add("the agent's health", http::get(agent.address(), "/api/health")?.body);
    for command in [&["status"][..], &["status", "--json"], &["check-config"]] {
        places.add(command.join(" "), agent.command(command)?);
    }
    places.add("the warehouse's metrics", stage.metrics()?);
    agent.stop()?;
    stage.warehouse.program().stop()?;

    let sent = proxy.sent();
    let bodies = bufferlake_tests::canary::unpacked(&sent)?;
    let told = bodies.iter().filter(|body| body.windows(12).any(|window| window == b"tested_hour\"")).count();
    ensure!(told >= 4, "only {told} batches could be read from what the agent sent: the search would see nothing");
    places.add("what the agent sent", sent);
    let logs = [
        ("agent", agent.program().log(), "TRACE"),
        ("warehouse", stage.warehouse.program().log(), "the warehouse takes nothing more"),
    ];
    for (name, log, sign) in logs {
        let log = fs::read(log).with_context(|| format!("reading the {name}'s log"))?;
        ensure!(String::from_utf8_lossy(&log).contains(sign), "{sign} is not in the {name}'s log");
        places.add(format!("the {name}'s log"), log);
    }
    places.add_directory(stage.warehouse.dir())?;
    let mut in_database = 0;
    for entry in fs::read_dir(agent.dir())? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let bytes = fs::read(&path)?;
        if name.starts_with("agent.sqlite") {
            in_database += sentinels.canary.find(&bytes).len();
        } else {
            places.add(format!("the agent's {name}"), bytes);
        }
    }
    ensure!(in_database >= 2, "not even the agent's database has the addresses: nothing was at stake");

    places.require_clean(&sentinels.canary)?;
    for planted in sentinels.both() {
        places.require_alert(&sentinels.canary, planted)?;
        let body = zstd::bulk::compress(result_that_says(&planted.to_string()).repeat(9).as_bytes(), 3)?;
        let mut sent = Places::new();
        sent.add("a planted batch", [b"POST /api/v1/batches HTTP/1.1\r\n\r\n".as_slice(), &body].concat());
        sent.add("a planted file", parquet_with(&sentinels.canary, planted)?);
        ensure!(sent.require_clean(&sentinels.canary).is_err(), "{planted} in a compressed batch was not found");
    }
    println!("no address in {}; {in_database} spellings in the agent's database", places.describe()?);
    Ok(())
}
