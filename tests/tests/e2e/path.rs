//! A result's way: from a client through an agent into the lake, over connections that break on both stretches.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use bufferlake_tests::asn_data::excerpt_mmdb;
use bufferlake_tests::harness::{Account, Agent, AgentOptions, Fault, Proxy, Scratch, telemetry, until};
use bufferlake_tests::http;
use bufferlake_tests::simulator::live::Live;
use bufferlake_tests::simulator::network::world;
use intake::asn::{AsnConfig, AsnDatabase};
use intake::client::ClientAddress;
use parquet::record::Field;
use serde_json::Value;
use wire::Hour;

use super::lake;
use super::stage::{Stage, now_hour};

/// Results of simulated clients, beside the examples of real ones.
const SIMULATED: usize = 240;

/// Times that a client sends a result until it gives up: more than faults come in a row.
const CLIENT_TRIES: u32 = 6;

const CUTS: [Fault; 3] = [Fault::BeforeRequest, Fault::AmidRequest, Fault::BeforeAnswer];

/// Number of results by network and test type; 0 stands for "no network".
type Tally = BTreeMap<(u32, String), u64>;

/// A body, where it comes from, and of which type its test is.
struct Post {
    client: IpAddr,
    body: String,
    household: bool,
}

/// The bodies that real clients are known to send; none where this repository stands alone.
fn examples() -> anyhow::Result<Vec<Post>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/examples");
    let Ok(entries) = std::fs::read_dir(folder) else { return Ok(Vec::new()) };
    let mut posts = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("submission-")) {
            let body = std::fs::read_to_string(&path)?;
            let household = serde_json::from_str::<Value>(&body)?["results"]["test_type"]
                .as_str()
                .is_some_and(|test_type| test_type.contains("household"));
            posts.push(Post { client: [198, 51, 100, 7].into(), body, household });
        }
    }
    Ok(posts)
}

fn simulated() -> anyhow::Result<Vec<Post>> {
    let networks = world(11)?;
    let mut live = Live::new(networks.iter().collect(), 100_000.0, 11, 1);
    let hour = Hour(now_hour());
    (0..SIMULATED)
        .map(|index| {
            // The client's own clock, which also makes each body another one.
            let post = live.next(hour, &format!("2026-11-24T05:00:00.{index:03}Z")).context("no networks")?;
            let household = post.body.contains("household");
            Ok(Post { client: post.address, body: post.body, household })
        })
        .collect()
}

/// What the lake must hold after these posts.
fn expected(posts: &[Post], database: &Path) -> anyhow::Result<Tally> {
    let config = AsnConfig { database: vec![database.to_owned()], ..AsnConfig::default() };
    let database = AsnDatabase::open(config)?;
    let mut tally = Tally::new();
    for post in posts {
        let asn = database.lookup(ClientAddress::new(post.client)).asn.map_or(0, wire::Asn::get);
        let test_type = if post.household { "household" } else { "single" };
        *tally.entry((asn, test_type.to_owned())).or_default() += 1;
    }
    Ok(tally)
}

fn found(data_dir: &Path) -> anyhow::Result<Tally> {
    let mut tally = Tally::new();
    lake::for_each_row(data_dir, |row| {
        let asn = match lake::column(row, "asn")? {
            Field::UInt(asn) => *asn,
            Field::Null => 0,
            other => anyhow::bail!("asn is {other:?}"),
        };
        let Field::Str(test_type) = lake::column(row, "test_type")? else { anyhow::bail!("test_type is no text") };
        *tally.entry((asn, test_type.clone())).or_default() += 1;
        Ok(())
    })?;
    Ok(tally)
}

/// Posts as a browser does that sees its connection break: the same bytes again. Then, told that the result is kept, once
/// more: the answer must be the one that it was given.
fn post_and_repeat(proxy: &Proxy, agent: &Agent, post: &Post) -> anyhow::Result<u32> {
    let request = telemetry(post.client, &post.body);
    for lost in 0..CLIENT_TRIES {
        let Ok(answer) = http::fetch(proxy.address(), &request) else { continue };
        ensure!(answer.status == 200, "a result got {}: {}", answer.status, answer.json()?);
        let (first, again) = (answer.json()?, http::fetch(agent.address(), &request)?.json()?);
        ensure!(first["success"] == true && !first["test_id"].is_null(), "a strange answer: {first}");
        ensure!(first == again, "a repeated result got another answer: {first}, then {again}");
        return Ok(lost);
    }
    anyhow::bail!("{CLIENT_TRIES} requests in a row were lost")
}

// Aim: every result that a client was told is kept is in the lake once, under its network and test type, although
// connections break before, amid and after requests between client and agent and between agent and warehouse, and although
// each client sends its result again.
#[test]
fn every_result_arrives_once_over_broken_connections() -> anyhow::Result<()> {
    let scratch = Scratch::new("path-agent")?;
    let mut stage = Stage::open("path")?;
    let database = excerpt_mmdb(&scratch.join("asn"))?;
    let networks: Vec<u32> = world(11)?.iter().map(|network| network.asn.get()).collect();
    let upload = Proxy::start(stage.warehouse.address())?;
    let account = Account::open(&stage.warehouse, "isp-path", &networks)?.by_way_of(upload.address());
    let mut agent = Agent::start(AgentOptions {
        asn_database: vec![database.clone()],
        seal_interval_s: 1,
        seal_records: 20,
        ..AgentOptions::new(scratch.join("agent"), account)
    })?;
    let door = Proxy::start(agent.address())?;
    upload.plan(CUTS.into_iter().flat_map(|cut| [cut, Fault::None, cut]));
    door.plan(CUTS.into_iter().cycle().take(30).flat_map(|cut| [cut, Fault::None, Fault::None]));

    let mut posts = examples()?;
    if posts.is_empty() {
        println!("the examples of real clients are not here: simulated clients only");
    }
    posts.extend(simulated()?);
    let mut lost = 0;
    for post in &posts {
        lost += post_and_repeat(&door, &agent, post)?;
    }
    let rows = posts.len() as u64;
    lake::await_rows(stage.warehouse.dir(), rows)?;
    until("every planned fault has met a request", Duration::from_secs(30), || {
        let settled = agent.status().ok()?["unsettled_batches"] == 0;
        (settled && door.plan_is_done() && upload.plan_is_done()).then_some(())
    })?;
    for cut in CUTS {
        ensure!(
            door.fired(cut) == 10 && upload.fired(cut) == 2,
            "{cut:?}: {} and {}",
            door.fired(cut),
            upload.fired(cut)
        );
    }
    ensure!(lost == 30, "{lost} requests of clients were lost instead of 30");
    agent.stop()?;
    stage.warehouse.program().stop()?;
    assert_eq!(found(stage.warehouse.dir())?, expected(&posts, &database)?);
    let snapshot = lake::manifest(stage.warehouse.dir())?;
    assert_eq!(snapshot.rows(), rows, "rows that came later were counted twice");
    assert!(snapshot.marks.iter().all(|mark| mark.accounts.missing == 0 && mark.accounts.quarantined.is_empty()));
    println!("{rows} results, {lost} lost requests and 6 lost uploads: all in the lake, each once");
    Ok(())
}

// Aim: at the warehouse's own door, too, the same bytes or the same key from the same client are one result with one answer,
// and other bytes, another key or another client are another.
#[test]
fn a_direct_result_counts_once_however_often_it_is_sent() -> anyhow::Result<()> {
    let mut stage = Stage::open("path-direct")?;
    let clients: [IpAddr; 2] = [[198, 51, 100, 7].into(), [198, 51, 100, 8].into()];
    let bodies: Vec<String> = simulated()?.into_iter().take(2).map(|post| post.body).collect();
    let send = |client: IpAddr, key: Option<&str>, body: &str| -> anyhow::Result<Value> {
        let client = client.to_string();
        let mut headers = vec![("content-type", "application/json"), ("x-forwarded-for", client.as_str())];
        headers.extend(key.map(|key| ("idempotency-key", key)));
        let answer = stage.send(&http::request("POST", "/api/telemetry", &headers, body.as_bytes()))?;
        ensure!(answer.status == 200, "a direct result got {}", answer.status);
        Ok(answer.json()?["test_id"].clone())
    };
    let mut ids = Vec::new();
    for client in clients {
        for body in &bodies {
            let first = send(client, None, body)?;
            ensure!(first == send(client, None, body)?, "the same bytes got another answer");
            ids.push(first);
        }
        let first = send(client, Some("a"), &bodies[0])?;
        ensure!(first == send(client, Some("a"), &bodies[1])?, "the same key got another answer");
        ids.push(first);
        ids.push(send(client, Some("b"), &bodies[0])?);
    }
    let count = ids.len();
    ids.sort_by_key(Value::to_string);
    ids.dedup();
    ensure!(ids.len() == count, "different results got one answer");
    lake::await_rows(stage.warehouse.dir(), count as u64)?;
    stage.assert_sound()?;
    stage.warehouse.program().stop()?;
    assert_eq!(lake::manifest(stage.warehouse.dir())?.rows(), count as u64);
    Ok(())
}
