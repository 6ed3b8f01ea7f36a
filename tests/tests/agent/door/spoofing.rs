//! Who a client is cannot be forged: the table of `intake/src/client/tests.rs`, as the running agent sees it.

use std::net::{IpAddr, Ipv6Addr};

use anyhow::ensure;
use bufferlake_tests::harness::{Agent, AgentOptions, Scratch};
use bufferlake_tests::http;

use super::super::results::body;

/// Header lines of a request that comes from loopback, and the client that must stand in the history. 10.0.0.0/8 is trusted.
const CASES: &[(&[(&str, &str)], &str)] = &[
    (&[], "127.0.0.1"),
    (&[("x-forwarded-for", "198.51.100.1")], "198.51.100.1"),
    (&[("X-FORWARDED-FOR", "198.51.100.2")], "198.51.100.2"),
    (&[("x-forwarded-for", "6.6.6.6, 198.51.100.3")], "198.51.100.3"),
    (&[("x-forwarded-for", "127.0.0.1, 198.51.100.4")], "198.51.100.4"),
    (&[("x-forwarded-for", "10.0.0.9, 198.51.100.5, 10.0.0.2")], "198.51.100.5"),
    (&[("x-forwarded-for", "6.6.6.6"), ("x-forwarded-for", "198.51.100.6")], "198.51.100.6"),
    (&[("x-forwarded-for", "198.51.100.7"), ("x-forwarded-for", "10.0.0.1")], "198.51.100.7"),
    (&[("x-forwarded-for", "6.6.6.6,198.51.100.8"), ("x-forwarded-for", "10.0.0.1, 10.0.0.2")], "198.51.100.8"),
    (&[("x-forwarded-for", "198.51.100.9:4711")], "198.51.100.9"),
    (&[("x-forwarded-for", "[2001:db8::9]:443")], "2001:db8::9"),
    (&[("x-forwarded-for", "2001:DB8::A")], "2001:db8::a"),
    (&[("x-forwarded-for", "::ffff:198.51.100.10")], "198.51.100.10"),
    (&[("x-forwarded-for", "\"198.51.100.11\"")], "198.51.100.11"),
    (&[("x-forwarded-for", " \t 198.51.100.12 \t ")], "198.51.100.12"),
    (&[("x-forwarded-for", "unknown")], "127.0.0.1"),
    (&[("x-forwarded-for", "")], "127.0.0.1"),
    (&[("x-forwarded-for", "198.51.100.13,")], "127.0.0.1"),
    (&[("x-forwarded-for", "garbage, 198.51.100.14")], "198.51.100.14"),
    (&[("x-forwarded-for", "198.51.100.15, garbage")], "127.0.0.1"),
    (&[("x-forwarded-for", "6.6.6.6, unknown, 10.0.0.7")], "10.0.0.7"),
    (&[("x-forwarded-for", "0x7f000001")], "127.0.0.1"),
    (&[("x-forwarded-for", "3325256705")], "127.0.0.1"),
    (&[("x-forwarded-for", "198.051.100.1")], "127.0.0.1"),
    (&[("x-forwarded-for", "fe80::1%eth0")], "127.0.0.1"),
    (&[("x-forwarded-for", "6.6.6.6; 198.51.100.16")], "127.0.0.1"),
    (&[("x-forwarded-for", "6.6.6.6 198.51.100.17")], "127.0.0.1"),
    (&[("x-forwarded-for", "<script>alert(1)</script>")], "127.0.0.1"),
    (&[("x-forwarded-for", "' OR 1=1 --")], "127.0.0.1"),
    (&[("x-forwarded-for", "${jndi:ldap://6.6.6.6/a}")], "127.0.0.1"),
    (&[("forwarded", "for=198.51.100.18")], "198.51.100.18"),
    (&[("forwarded", "for=6.6.6.6, for=198.51.100.19;proto=https")], "198.51.100.19"),
    (&[("forwarded", "for=\"[2001:db8::13]:80\"")], "2001:db8::13"),
    (&[("forwarded", "for=198.51.100.20, for=10.0.0.1")], "198.51.100.20"),
    (&[("forwarded", "for=_hidden")], "127.0.0.1"),
    (&[("forwarded", "for=\"6.6.6.6, 198.51.100.21\"")], "127.0.0.1"),
    (&[("x-forwarded-for", "198.51.100.22"), ("forwarded", "for=6.6.6.6")], "198.51.100.22"),
    // What other programs believe, and nobody here.
    (&[("x-real-ip", "6.6.6.6")], "127.0.0.1"),
    (&[("client-ip", "6.6.6.6"), ("x-client-ip", "6.6.6.6")], "127.0.0.1"),
    (&[("true-client-ip", "6.6.6.6"), ("cf-connecting-ip", "6.6.6.6")], "127.0.0.1"),
    (&[("x-forwarded", "for=6.6.6.6"), ("x-cluster-client-ip", "6.6.6.6")], "127.0.0.1"),
    (&[("x_forwarded_for", "6.6.6.6")], "127.0.0.1"),
    (&[("x-real-ip", "6.6.6.6"), ("x-forwarded-for", "198.51.100.23")], "198.51.100.23"),
    (&[("host", "6.6.6.6"), ("referer", "http://6.6.6.6/"), ("origin", "http://6.6.6.6")], "127.0.0.1"),
];

// Aim: for each way of forging an address, the client in the history is the one that a trusted proxy vouches for.
#[test]
fn the_history_shows_who_it_was() -> anyhow::Result<()> {
    let scratch = Scratch::new("door-spoofing")?;
    let options =
        AgentOptions { trusted_proxies: vec!["10.0.0.0/8".into()], ..AgentOptions::alone(scratch.join("agent")) };
    let mut agent = Agent::start(options.with("limits.results_per_minute", "1000"))?;
    assert!(CASES.len() >= 40);
    for (number, (lines, _)) in (0..).zip(CASES) {
        let headers = [&[("content-type", "application/json")], *lines].concat();
        let answer =
            http::fetch(agent.address(), &http::request("POST", "/api/telemetry", &headers, body(number).as_bytes()))?;
        ensure!(answer.status == 200, "{lines:?} got {}: {}", answer.status, answer.json()?);
    }
    agent.stop()?;
    let database = rusqlite::Connection::open(agent.dir().join("agent.sqlite"))?;
    let mut statement = database.prepare("SELECT client_ip FROM history ORDER BY local_id")?;
    let clients = statement.query_map([], |row| row.get::<_, [u8; 16]>(0))?.collect::<Result<Vec<_>, _>>()?;
    ensure!(clients.len() == CASES.len(), "{} results of {} are kept", clients.len(), CASES.len());
    for ((lines, expected), bytes) in CASES.iter().zip(clients) {
        let client = IpAddr::from(Ipv6Addr::from(bytes)).to_canonical();
        ensure!(client == expected.parse::<IpAddr>()?, "{lines:?}: the history shows {client}");
    }
    Ok(())
}
