//! Addresses through the warehouse's own doors.

use std::collections::BTreeSet;
use std::fs;
use std::net::IpAddr;

use anyhow::{Context as _, ensure};
use bufferlake_tests::harness::Scratch;
use bufferlake_tests::http;
use serde_json::json;

use super::super::lake;
use super::super::stage::{Stage, now_hour, now_unix_s, record_json};
use super::places::{Places, parquet_with};
use super::{Sentinels, result_that_says};

const JSON: (&str, &str) = ("content-type", "application/json");

/// Every good request that carries an address, with the number of results that it leaves.
fn good_requests(sentinels: &Sentinels) -> Vec<(Vec<u8>, u64)> {
    let mut requests = Vec::new();
    for (index, address) in sentinels.both().into_iter().enumerate() {
        let text = address.to_string();
        let forwarded = match address {
            IpAddr::V4(v4) => format!("for={v4}"),
            IpAddr::V6(v6) => format!("for=\"[{v6}]:4711\""),
        };
        let by_proxy: [(&str, &str); 2] = [("x-forwarded-for", &text), ("forwarded", &forwarded)];
        for header in by_proxy {
            let body = result_that_says(&format!("{index} {} {text}", header.0));
            let headers = [JSON, header, ("user-agent", &text), ("referer", &text)];
            requests.push((http::request("POST", "/api/telemetry", &headers, body.as_bytes()), 1));
            // The same again is the same result.
            requests.push((http::request("POST", "/api/telemetry", &headers, body.as_bytes()), 0));
            requests.push((http::request("POST", "/api/asn_lookup", &[header], b""), 0));
        }
        let named = [JSON, ("x-forwarded-for", &text), ("idempotency-key", &text)];
        requests.push((http::request("POST", "/api/telemetry", &named, result_that_says("named").as_bytes()), 1));
        let declined = json!({"telemetry_enabled": false, "note": text}).to_string();
        requests.push((http::request("POST", "/api/telemetry", &named[..2], declined.as_bytes()), 0));
        let question = json!({"ip": text}).to_string();
        requests.push((http::request("POST", "/api/asn_lookup", &[JSON], question.as_bytes()), 0));
    }
    requests
}

/// Requests that are refused, with an address in whatever part of them.
fn bad_requests(sentinels: &Sentinels) -> Vec<Vec<u8>> {
    let mut requests = Vec::new();
    for address in sentinels.both() {
        let text = address.to_string();
        let client = [JSON, ("x-forwarded-for", text.as_str())];
        let mut post = |path: &str, body: String| requests.push(http::request("POST", path, &client, body.as_bytes()));
        post("/api/telemetry", json!({"client_ip": text}).to_string());
        post("/api/telemetry", json!({"results": {"test_type": text}}).to_string());
        post("/api/telemetry", format!("{{\"{text}\""));
        post("/api/asn_lookup", text.clone());
        post("/api/asn_lookup", json!({"ip": format!("{text}x")}).to_string());
        post("/api/asn_lookup", json!({text.as_str(): 1}).to_string());
        requests.push(http::request("GET", &format!("/api/asn_lookup?ip={text}"), &client, b""));
        requests.push(http::request("GET", &format!("/api/{text}"), &client, b""));
        requests.push(http::request("POST", "/api/v1/batches", &[("bufferlake-agent", &text)], b""));
    }
    requests
}

/// Signed batches of an agent that was made to tell an address: refused, or with the record left out.
fn telling_batches(stage: &Stage, text: &str) -> Vec<Vec<u8>> {
    let batch = json!({"schema": 1, "agent": "isp-one", "epoch": 7, "seq": 1, "dropped": {}, "records": []});
    let mut telling = record_json(64_500, now_hour());
    telling["client_ip"] = json!(text);
    let changes = [
        ("client_ip", json!(text)),
        (text, json!(1)),
        ("agent", json!(text)),
        ("epoch", json!(text)),
        ("dropped", json!({text: 1})),
        ("records", json!([telling, text, {text: text}])),
    ];
    changes
        .into_iter()
        .map(|(member, value)| {
            let mut batch = batch.clone();
            batch[member] = value;
            stage.sender.request_of_bytes(batch.to_string().as_bytes(), "identity", now_unix_s())
        })
        .collect()
}

/// Fails if the process talks to anybody but those who connect to it: it opens no connection and asks no name server.
fn require_no_calls(process: u32) -> anyhow::Result<()> {
    let mut sockets = BTreeSet::new();
    for entry in fs::read_dir(format!("/proc/{process}/fd"))? {
        let Ok(target) = fs::read_link(entry?.path()) else { continue };
        let target = target.to_string_lossy().into_owned();
        sockets.extend(target.strip_prefix("socket:[").and_then(|rest| rest.strip_suffix(']')).map(str::to_owned));
    }
    let table = |name: &str| fs::read_to_string(format!("/proc/{process}/net/{name}")).unwrap_or_default();
    let own = |name: &str| -> Vec<(String, bool)> {
        let lines = table(name);
        let fields = lines.lines().skip(1).map(|line| line.split_whitespace().collect::<Vec<_>>());
        fields
            .filter(|fields| fields.len() > 9 && sockets.contains(fields[9]))
            .map(|fields| (fields[1].rsplit(':').next().unwrap_or_default().to_owned(), fields[3] == "0A"))
            .collect()
    };
    ensure!(own("udp").is_empty() && own("udp6").is_empty(), "the warehouse has UDP sockets");
    let tcp: Vec<_> = own("tcp").into_iter().chain(own("tcp6")).collect();
    let listening: BTreeSet<&String> = tcp.iter().filter(|(_, listens)| *listens).map(|(port, _)| port).collect();
    ensure!(listening.len() == 2, "it listens on {listening:?}");
    let calls: Vec<_> = tcp.iter().filter(|(port, _)| !listening.contains(port)).collect();
    ensure!(calls.is_empty(), "it opened connections: {calls:?}");
    Ok(())
}

/// Adds what is published, and every row of every table of the marts: the engine's own file packs values as it likes.
fn add_public_side(stage: &Stage, places: &mut Places) -> anyhow::Result<()> {
    places.add("publish", stage.warehouse.command(&["publish"])?);
    for query in ["", "?mode=household", "?window=7", "?order=share", "?country=US"] {
        let answer = stage.warehouse.get(&format!("/api/v1/rankings{query}"))?;
        places.add(format!("rankings{query}"), format!("{:?} {}", answer.headers, String::from_utf8(answer.body)?));
    }
    let tables = stage.warehouse.sql("SELECT table_name FROM information_schema.tables ORDER BY ALL")?;
    ensure!(tables.len() >= 3, "only {} tables: the marts were not seen", tables.len());
    let mut rows = 0;
    for table in &tables {
        let name = table["table_name"].as_str().context("a table without a name")?;
        let found = stage.warehouse.sql(&format!("SELECT * FROM \"{name}\""))?;
        rows += found.len();
        places.add(format!("the mart {name}"), serde_json::to_vec(&found)?);
    }
    ensure!(rows > 0, "the marts are empty: nothing was at stake");
    Ok(())
}

// Aim: whatever clients, liars and agents tell the warehouse of an address, it uses it and has it nowhere afterwards: in no
// file, no page of a Parquet file, no line of its most talkative log, no figure, no answer, no command's output.
#[test]
fn the_warehouse_keeps_logs_and_sends_no_address() -> anyhow::Result<()> {
    let scratch = Scratch::new("privacy-data")?;
    let sentinels = Sentinels::in_directory(scratch.path())?;
    let mut stage = Stage::open_with("privacy", |options| {
        options.more = format!("[asn]\ndatabase = [{:?}]\n", sentinels.database.display().to_string());
        options.environment.push(("RUST_LOG".to_owned(), "trace".to_owned()));
    })?;
    let mut places = Places::new();
    let (mut kept, mut found) = (0, 0);
    for (index, (request, results)) in good_requests(&sentinels).into_iter().enumerate() {
        let answer = stage.send(&request)?;
        ensure!(answer.status == 200, "request {index} got {}: {}", answer.status, answer.json()?);
        found += u32::from(answer.json()?["asn"] == sentinels.network.asn.get());
        kept += results;
        places.add(format!("answer {index}"), format!("{answer:?}"));
    }
    ensure!(found == 6, "the addresses were found {found} times instead of 6: the look-ups never saw them");
    for (index, request) in bad_requests(&sentinels).into_iter().enumerate() {
        let answer = stage.send(&request)?;
        ensure!((400..500).contains(&answer.status), "bad request {index} got {}", answer.status);
        places.add(format!("refusal {index}"), format!("{:?} {}", answer.headers, String::from_utf8(answer.body)?));
    }
    for address in sentinels.both() {
        for (index, request) in telling_batches(&stage, &address.to_string()).into_iter().enumerate() {
            let answer = stage.send(&request)?;
            places.add(
                format!("answer to batch {index}"),
                format!("{:?} {}", answer.headers, String::from_utf8(answer.body)?),
            );
        }
    }
    let snapshot = lake::await_rows(stage.warehouse.dir(), kept)?;
    ensure!(snapshot.marks.iter().any(|mark| mark.agent.as_str() == "direct"), "nothing came in as direct");
    require_no_calls(stage.warehouse.program().id())?;
    places.add("metrics", stage.metrics()?);
    add_public_side(&stage, &mut places)?;
    for command in [&["agents", "list", "--json"][..], &["doctor", "--json"], &["check-config"]] {
        places.add(command.join(" "), stage.warehouse.command(command).unwrap_or_else(|error| format!("{error:#}")));
    }
    stage.assert_sound()?;
    stage.warehouse.program().stop()?;
    let log = fs::read(stage.warehouse.program().log()).context("reading the log")?;
    // Nothing in the program speaks below this level today; whoever begins to is heard here.
    ensure!(String::from_utf8_lossy(&log).contains("the warehouse takes nothing more"), "the log is empty");
    places.add("log", log);
    places.add_directory(stage.warehouse.dir())?;

    places.require_clean(&sentinels.canary)?;
    for planted in sentinels.both() {
        places.require_alert(&sentinels.canary, planted)?;
        let parquet = parquet_with(&sentinels.canary, planted)?;
        fs::write(stage.warehouse.dir().join("lake/results/planted.parquet"), parquet)?;
        let mut planted_places = Places::new();
        planted_places.add_directory(stage.warehouse.dir())?;
        ensure!(planted_places.require_clean(&sentinels.canary).is_err(), "{planted} in a Parquet file was not found");
    }
    println!("no address in {}", places.describe()?);
    Ok(())
}
