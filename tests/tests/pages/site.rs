//! A warehouse with a release whose networks have all kinds of names, and what the scripts must know of it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, ensure};
use bufferlake_tests::asn_data::renamed_mmdb;
use bufferlake_tests::browser::PAYLOADS;
use bufferlake_tests::harness::{Scratch, Warehouse, WarehouseOptions, free_port};
use bufferlake_tests::past::{self, Past};
use bufferlake_tests::simulator::network::world;
use intake::clock::{Clock as _, SystemClock};
use serde_json::{Value, json};

/// Seed of the world, which is the same in every run.
const SEED: u64 = 11;

/// The network, in the order of size, that the operator's list calls a hosting network.
const HOSTING: usize = 12;

/// A running warehouse.
pub(super) struct Site {
    // Ends before its directory goes.
    warehouse: Warehouse,
    /// What the scripts read.
    pub(super) facts: Value,
    _scratch: Scratch,
}

impl Site {
    /// A warehouse that has published what it knows of 12 days. Its largest networks have the names of [`PAYLOADS`].
    pub(super) fn open(name: &str) -> anyhow::Result<Self> {
        let scratch = Scratch::new(name)?;
        let networks = world(SEED)?;
        let mut planted = BTreeMap::new();
        for (network, payload) in networks.iter().zip(PAYLOADS) {
            planted.insert(network.asn.get(), payload);
        }
        let rename =
            |network: &_| -> Option<String> { planted.get(&number(network)).map(|payload| (*payload).to_owned()) };
        let database = renamed_mmdb(&scratch.join("asn"), rename)?;
        let dir = scratch.join("warehouse");
        let past = Past { asn_database: vec![database.clone()], ..Past::small(dir, SEED) };
        past::happen(&past, SystemClock.hour(), |_| {})?;
        let mut options = WarehouseOptions::new(past.dir);
        let port = free_port()?;
        options.port = Some(port);
        options.more = format!(
            "[pages]\nurl = \"http://127.0.0.1:{port}\"\n[asn]\ndatabase = [{database:?}]\n\
             [api]\nper_client_per_minute = 1000000\n[data]\nper_client_per_minute = 1000000\n{}",
            lists(scratch.path(), &networks.iter().map(number).collect::<Vec<_>>())?,
        );
        let warehouse = Warehouse::start(options)?;
        warehouse.command(&["publish"])?;
        let facts = facts(&warehouse, &planted, number(&networks[HOSTING]))?;
        Ok(Self { warehouse, facts, _scratch: scratch })
    }

    /// Ends it; fails if it has panicked.
    pub(super) fn close(&mut self) -> anyhow::Result<()> {
        self.warehouse.program().stop()
    }
}

fn number(network: &bufferlake_tests::simulator::network::Network) -> u32 {
    network.asn.get()
}

/// The operator's lists: one hosting network, and organisations with names of their own choice.
fn lists(dir: &Path, asns: &[u32]) -> anyhow::Result<String> {
    let kinds = dir.join("kinds.csv");
    fs::write(&kinds, format!("asn,kind\n{},hosting\n", asns[HOSTING]))?;
    let mut text = "asn,organisation\n".to_owned();
    for (asn, payload) in asns.iter().zip(PAYLOADS) {
        writeln!(text, "{asn},\"{}\"", payload.replace('"', "\"\""))?;
    }
    let organisations = dir.join("organisations.csv");
    fs::write(&organisations, text)?;
    Ok(format!("[inputs]\nasn_kinds = {kinds:?}\nasn_organisations = {organisations:?}\n"))
}

/// What the API says of the release, as far as scripts need it.
fn facts(warehouse: &Warehouse, planted: &BTreeMap<u32, &str>, hosting: u32) -> anyhow::Result<Value> {
    let answer = warehouse.get("/api/v1/rankings?limit=1000")?.json()?;
    let rows = answer["data"].as_array().context("no ranking")?;
    let named: Vec<Value> = rows
        .iter()
        .filter_map(|row| {
            let payload = planted.get(&u32::try_from(row["asn"].as_u64()?).ok()?)?;
            Some(json!({ "asn": row["asn"], "payload": payload, "name": row["name"] }))
        })
        .collect();
    ensure!(named.len() == PAYLOADS.len(), "a planted network is not listed: {named:?}");
    let plain = |row: &&Value| {
        row["name"].as_str().is_some_and(|name| name.chars().all(|c| c.is_ascii_alphanumeric() || c == ' '))
    };
    let ranked: Vec<&Value> = rows.iter().filter(|row| !row["rank"].is_null()).collect();
    ensure!(ranked.len() > 20, "only {} networks are ranked", ranked.len());
    let known = ranked.iter().copied().filter(plain).take(4).cloned().collect::<Vec<_>>();
    let below =
        rows.iter().find(|row| row["unranked_reason"] == "votes_below_gate").context("all have enough votes")?;
    let pictures = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("pictures").join("pages");
    fs::create_dir_all(&pictures)?;
    Ok(json!({
        "origin": format!("http://{}", warehouse.address()),
        "release": answer["meta"]["cut"],
        "lastDay": answer["meta"]["last_day"],
        "ranked": ranked.len(),
        "known": known,
        "planted": named,
        "below": below["asn"],
        "hosting": hosting,
        "pictures": pictures,
    }))
}
