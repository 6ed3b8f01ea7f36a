//! Whatever comes through the door: headers, bodies and paths of every shape.

use std::net::SocketAddr;

use anyhow::{Context as _, ensure};
use bufferlake_tests::harness::{Agent, AgentOptions, Scratch, Trials};
use bufferlake_tests::http::{self, Connection, Response};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::super::results::body;

/// Most memory that all of it may leave behind, in KiB.
const MOST_LEFT_KIB: u64 = 24 << 10;

/// A request that is well formed as HTTP, and need not be in anything else.
#[derive(Debug, Clone)]
struct Request {
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

fn method() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => Just("POST".to_owned()),
        3 => Just("GET".to_owned()),
        3 => prop::sample::select(&["PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "TRACE"][..]).prop_map(str::to_owned),
        1 => "[A-Z]{1,12}",
    ]
}

/// Paths at which something is.
const KNOWN: &[&str] = &[
    "/api/telemetry",
    "/api/health",
    "/api/health/ready",
    "/api/sponsor",
    "/api/telemetry/recent",
    "/api/telemetry/stats",
    "/api/telemetry/customer/198.51.100.1",
    "/support",
    "/",
];

fn path() -> impl Strategy<Value = String> {
    prop_oneof![
        10 => Just("/api/telemetry".to_owned()),
        6 => prop::sample::select(KNOWN).prop_map(str::to_owned),
        2 => (prop::sample::select(KNOWN), "[/?#.%a-z0-9&=;:@]{0,40}")
            .prop_map(|(path, more)| format!("{path}{more}")),
        2 => "/[!-~]{0,200}",
        1 => r"(/\.\.|/%2e%2e|/%00|//|/%ff|/%){1,8}",
    ]
}

fn header() -> impl Strategy<Value = (String, String)> {
    let name = prop_oneof![
        6 => prop::sample::select(
            &["content-type", "content-encoding", "idempotency-key", "x-forwarded-for", "forwarded", "user-agent",
              "authorization", "x-api-key", "cookie", "origin", "accept", "expect", "range", "access-control-request-method"][..],
        )
        .prop_map(str::to_owned),
        1 => "[a-z][a-z0-9-]{0,30}",
    ];
    let value = prop_oneof![
        3 => prop::sample::select(
            &["application/json", "text/plain", "gzip", "198.51.100.7", "for=198.51.100.7", "*", "", "null", "-1", "bytes=0-"][..],
        )
        .prop_map(str::to_owned),
        3 => "[ -~]{0,80}",
        1 => "[!-~]{400,900}",
    ];
    // Not those that say where a request ends: another test's affair.
    (name, value).prop_filter("framing", |(name, _)| {
        !["content-length", "transfer-encoding", "connection", "upgrade", "te", "host", "trailer"]
            .contains(&name.as_str())
    })
}

fn value() -> impl Strategy<Value = serde_json::Value> {
    use serde_json::{Value, json};
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(|number| json!(number)),
        "\\PC{0,30}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::hash_map("[a-z_]{1,12}", inner, 0..6).prop_map(|map| json!(map)),
        ]
    })
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let good = || any::<u16>().prop_map(|number| body(u32::from(number)));
    prop_oneof![
        4 => good().prop_map(String::into_bytes),
        // A good one with one member replaced by anything.
        5 => (good(), prop::sample::select(&["results", "test_type", "metrics", "grades", "overall", "baseline_latency_ms",
                "telemetry_enabled", "download_throughput_mbps"][..]), value())
            .prop_map(|(body, member, value)| {
                let (start, rest) = body.split_once(&format!("\"{member}\":")).unwrap_or((&body, "}"));
                format!("{start}\"{member}\":{value},\"was\":{rest}").into_bytes()
            }),
        // A good one with bytes changed or cut off.
        4 => (good(), any::<prop::sample::Index>(), any::<u8>(), any::<bool>()).prop_map(|(body, at, byte, cut)| {
            let mut bytes = body.into_bytes();
            let at = at.index(bytes.len());
            if cut { bytes.truncate(at) } else { bytes[at] = byte }
            bytes
        }),
        3 => value().prop_map(|value| value.to_string().into_bytes()),
        2 => prop::collection::vec(any::<u8>(), 0..600),
        1 => (1_usize..3_000).prop_map(|depth| "[".repeat(depth).into_bytes()),
        1 => (60_000_usize..80_000).prop_map(|length| vec![b' '; length]),
    ]
}

fn request() -> impl Strategy<Value = Request> {
    (method(), path(), prop::collection::vec(header(), 0..6), bytes())
        .prop_map(|(method, path, headers, body)| Request { method, path, headers, body })
}

fn send(agent: SocketAddr, request: &Request) -> anyhow::Result<Response> {
    let mut headers: Vec<(&str, &str)> = request.headers.iter().map(|(name, value)| (&**name, &**value)).collect();
    if request.method == "HEAD" {
        headers.push(("connection", "close"));
    }
    let mut connection = Connection::open(agent)?;
    connection.send(&http::request(&request.method, &request.path, &headers, &request.body))?;
    if request.method == "HEAD" {
        // Its answer has the length of a body, and none.
        let head = connection.wait_for_close(std::time::Duration::from_secs(10))?;
        let text = String::from_utf8_lossy(&head);
        let status = text.get(9..12).and_then(|status| status.parse().ok()).context("no status line")?;
        return Ok(Response { status, headers: Vec::new(), body: Vec::new() });
    }
    connection.receive()
}

/// Every refusal of a request that HTTP itself allows says what was wrong.
fn require_sense(request: &Request, answer: &Response) -> anyhow::Result<()> {
    ensure!(answer.status < 500, "status {}: {}", answer.status, String::from_utf8_lossy(&answer.body));
    // What is no request line is answered below our router, without words.
    let of_http = matches!(answer.status, 400 | 414 | 431) && answer.body.is_empty();
    if answer.status >= 400 && request.method != "HEAD" && !of_http {
        let kind = answer.header("content-type").unwrap_or_default();
        if kind.starts_with("text/html") {
            ensure!(request.path.starts_with("/support"), "a page answers {}", request.path);
        } else {
            ensure!(kind.starts_with("application/problem+json"), "a {} is {kind:?}", answer.status);
            let problem = answer.json()?;
            ensure!(problem["status"] == answer.status && problem["title"].is_string(), "{problem}");
        }
    }
    Ok(())
}

fn memory_kib(agent: &mut Agent) -> anyhow::Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", agent.program().id()))?;
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).context("no RssAnon")?;
    line.split_ascii_whitespace().next().context("no number")?.parse().context("no number")
}

// Aim: no well-formed request, whatever its method, path, headers and body, gets a 500 or an answer that says nothing; the
// agent neither panics nor ends nor grows.
#[test]
fn no_request_is_too_strange() -> anyhow::Result<()> {
    let scratch = Scratch::new("door-fuzz")?;
    let mut agent =
        Agent::start(AgentOptions::alone(scratch.join("agent")).with("limits.results_per_minute", "1000000"))?;
    let address = agent.address();
    let cases = u32::try_from(Trials::few_or_all(2_000, 50_000).each().len())?;
    let before = memory_kib(&mut agent)?;
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let outcome = runner.run(&request(), |request| {
        let answer = send(address, &request).map_err(|error| TestCaseError::fail(format!("no answer: {error:#}")))?;
        require_sense(&request, &answer).map_err(|error| TestCaseError::fail(format!("{error:#}")))
    });
    outcome.map_err(|error| anyhow::anyhow!("{error}"))?;
    agent.program().assert_sound()?;
    let after = memory_kib(&mut agent)?;
    println!("{cases} requests; {before} KiB of memory before, {after} after");
    ensure!(after < before + MOST_LEFT_KIB, "the agent grew from {before} to {after} KiB");
    agent.stop()
}

// Aim: bytes that are no request end in a refusal or a closed connection, and hurt nobody else.
#[test]
fn no_bytes_are_too_strange() -> anyhow::Result<()> {
    let scratch = Scratch::new("door-bytes")?;
    let mut agent = Agent::start(AgentOptions::alone(scratch.join("agent")))?;
    let address = agent.address();
    let framing = prop::sample::select(
        &[
            "content-length: 5\r\ncontent-length: 6",
            "content-length: -1",
            "content-length: 99999999999999999999",
            "transfer-encoding: chunked\r\ncontent-length: 3",
            "transfer-encoding: gzip",
            "transfer-encoding: chunked",
            "expect: 100-continue",
            "connection: upgrade\r\nupgrade: h2c",
            "host: a\r\nhost: b",
            "x: \u{1}",
            ": x",
            "x",
        ][..],
    );
    let strategy = prop_oneof![
        3 => prop::collection::vec(any::<u8>(), 1..2_000),
        3 => (framing, prop::collection::vec(any::<u8>(), 0..200)).prop_map(|(header, body)| {
            [format!("POST /api/telemetry HTTP/1.1\r\nhost: x\r\n{header}\r\n\r\n").into_bytes(), body].concat()
        }),
        1 => (17_000_usize..40_000).prop_map(|length| {
            format!("GET /{} HTTP/1.1\r\nhost: x\r\n\r\n", "a".repeat(length)).into_bytes()
        }),
        1 => (1_usize..400).prop_map(|count| {
            format!("GET / HTTP/1.1\r\nhost: x\r\n{}\r\n", "a: b\r\n".repeat(count)).into_bytes()
        }),
    ];
    let cases = u32::try_from(Trials::few_or_all(300, 5_000).each().len())?;
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let outcome = runner.run(&strategy, |bytes| {
        let talk = || -> anyhow::Result<()> {
            let mut connection = Connection::open(address)?;
            // It may be closed while bytes still come.
            let _ = connection.send(&bytes);
            connection.end_sending();
            let answer = connection.wait_for_close(std::time::Duration::from_secs(15))?;
            let status = String::from_utf8_lossy(&answer);
            ensure!(!status.starts_with("HTTP/1.1 5"), "answered {status}");
            Ok(())
        };
        talk().map_err(|error| TestCaseError::fail(format!("{error:#}")))
    });
    outcome.map_err(|error| anyhow::anyhow!("{error}"))?;
    agent.program().assert_sound()?;
    ensure!(agent.health()?["status"] == "ready", "the agent calls itself unwell");
    agent.stop()
}
