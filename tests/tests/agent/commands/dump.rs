//! The file for a bug report holds no address, no secret, and all that helps.

use std::net::IpAddr;
use std::os::unix::fs::MetadataExt as _;

use anyhow::{Context as _, ensure};
use bufferlake_tests::canary::Canary;
use bufferlake_tests::harness::{Agent, AgentOptions, Scratch, until};
use serde_json::Value;

use super::super::results::body;
use super::stand_in::{Answer, StandIn};
use super::{json, say};

/// Clients, proxies, hosts and callers: each stands somewhere where the dump looks.
const PLANTED: [&str; 6] =
    ["203.0.113.77", "2001:db8:7a11:42::c0de", "198.51.100.23", "100.71.13.9", "192.0.2.201", "2001:db8:beef:7::1"];

/// Lines that no version of ours writes; a dump must not trust that.
fn log_lines() -> String {
    let mut lines = String::from("2026-11-25T10:00:02.123456Z  INFO agent::upload: settled batch.seq=12\n");
    for address in PLANTED {
        lines.push_str(&format!(
            "WARN from {address}, {address}:4711 [{address}]:443 \"{address}\" ip={address}; {address}\n"
        ));
        if let Ok(IpAddr::V4(v4)) = address.parse() {
            let [a, b, c, d] = v4.octets();
            lines.push_str(&format!(
                "{a}-{b}-{c}-{d}.dsl.example {a}_{b}_{c}_{d} ::ffff:{address} {d}.{c}.{b}.{a}.in-addr.arpa\n"
            ));
            lines.push_str(&format!(
                "{a:02x}{b:02x}{c:02x}{d:02x} {} [{a}, {b}, {c}, {d}] {a:02x}:{b:02x}:{c:02x}:{d:02x}\n",
                u32::from(v4)
            ));
        }
        if let Ok(IpAddr::V6(v6)) = address.parse() {
            lines.push_str(&format!("{} {}\n", address.replace(':', "-"), address.replace(':', "%3a")));
            lines.push_str(&format!(
                "{:032x} {:?}\n",
                u128::from(v6),
                v6.segments().map(|group| format!("{group:04x}")).join(":")
            ));
        }
    }
    lines
}

#[test]
fn a_dump_holds_no_address_and_no_secret() -> anyhow::Result<()> {
    let scratch = Scratch::new("agent-dump")?;
    let warehouse = StandIn::start(Answer::Problem(401, "unknown-agent"))?;
    let secrets = ["hook-secret-of-the-provider-77", "desk-key-of-the-provider-42", "token-in-a-path-99"];
    let account = warehouse.account()?;
    let secret = account.secret.reveal();
    let options = AgentOptions {
        trusted_proxies: vec!["198.51.100.23".into(), "2001:db8:beef::/48".into()],
        ..AgentOptions::new(scratch.join("agent"), account)
    }
    .with("webhook.url", "https://192.0.2.201/hooks/token-in-a-path-99?k=token-in-a-path-99")
    .with("webhook.secret", secrets[0])
    .with("support.key", secrets[1]);
    let mut agent = Agent::start(AgentOptions { seal_records: 2, ..options })?;
    for client in PLANTED {
        ensure!(agent.post(client.parse()?, &body(1))?.status == 200, "not taken");
    }
    until("uploading stops", std::time::Duration::from_secs(30), || agent.status().ok()?["alarm"].as_str().map(drop))?;
    // A look-up leaves the address in the audit log.
    json(&agent, &["history", "--client", PLANTED[0]], 0)?;
    let old = rusqlite::Connection::open(scratch.join("192.0.2.201.db"))?;
    old.execute_batch("CREATE TABLE test_results (timestamp, client_ip); INSERT INTO test_results VALUES ('2026-06-01T12:00:00', '100.71.13.9')")?;
    json(&agent, &["import-legacy", scratch.join("192.0.2.201.db").to_str().context("text")?, "--timezone", "UTC"], 0)?;
    let log = scratch.join("agent-lines.log");
    std::fs::write(&log, log_lines() + secrets[0] + " " + &secret)?;

    let out = scratch.join("dump.json");
    let arguments =
        ["support-dump", "--offline", "--out", out.to_str().context("text")?, "--log", log.to_str().context("text")?];
    let said = say(&agent, &arguments)?;
    ensure!(said.code == Some(0) && said.out.contains("read it before you send it"), "{said:?}");
    ensure!(std::fs::metadata(&out)?.mode() & 0o777 == 0o600, "others may read it");
    let bytes = std::fs::read(&out)?;

    let planted: Vec<IpAddr> = PLANTED.iter().map(|text| text.parse()).collect::<Result<_, _>>()?;
    let canary = Canary::of(&planted)?;
    let found = canary.find_deep(&bytes)?;
    ensure!(found.is_empty(), "addresses in the dump: {found:?}\n{}", String::from_utf8_lossy(&bytes));
    // The search finds what it looks for: the same lines, not redacted.
    ensure!(canary.find_deep(log_lines().as_bytes())?.len() > 20, "the search is blind");
    let text = String::from_utf8(bytes)?;
    for secret in secrets.iter().copied().chain([secret.as_str()]) {
        ensure!(!text.contains(secret), "{secret} is in the dump");
    }

    let dump: Value = serde_json::from_str(&text)?;
    for part in [
        "about",
        "version",
        "system",
        "configuration",
        "status",
        "checks",
        "tables",
        "imports",
        "set_aside",
        "deliveries",
        "log",
        "log_from",
        "made_at",
    ] {
        ensure!(!dump[part].is_null(), "{part} is missing");
    }
    ensure!(dump["status"]["history_rows"] == 7 && dump["tables"]["audit"].as_u64() >= Some(1), "{dump}");
    ensure!(
        dump["status"]["alarm"].as_str().is_some_and(|alarm| alarm.contains("unknown-agent")),
        "{}",
        dump["status"]
    );
    ensure!(dump["checks"]["verdict"] == "fail" && dump["imports"][0]["taken"] == 1, "{}", dump["checks"]);
    ensure!(
        text.contains("agent::upload: settled batch.seq=12") && text.contains("https://[IPv4 address]/[hidden]"),
        "{text}"
    );
    ensure!(text.contains("127.0.0.1"), "loopback is no secret");

    let again = say(&agent, &arguments)?;
    ensure!(again.code == Some(1) && again.err.contains("not overwritten"), "{again:?}");
    agent.stop()
}

// Aim: a dump is made also where there is nothing to read, and says what is missing.
#[test]
fn a_dump_of_a_broken_installation_says_why() -> anyhow::Result<()> {
    let scratch = Scratch::new("agent-dump-broken")?;
    let mut agent = Agent::start(AgentOptions::alone(scratch.join("agent")))?;
    agent.stop()?;
    std::fs::remove_dir_all(agent.dir())?;
    let out = scratch.join("dump.json");
    let said = json(&agent, &["support-dump", "--offline", "--out", out.to_str().context("text")?], 0)?;
    ensure!(said["path"].as_str() == out.to_str(), "{said}");
    let dump: Value = serde_json::from_slice(&std::fs::read(&out)?)?;
    ensure!(dump["status"].as_str().is_some_and(|why| why.contains("there is no database")), "{}", dump["status"]);
    ensure!(dump["checks"]["verdict"] == "warn", "{}", dump["checks"]);
    Ok(())
}
