//! What the API answers, and how.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use bufferlake_tests::harness::{AgentOptions, Scratch, until};
use intake::clock::{Clock as _, SystemClock};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Desk, result};

/// The fields that existing tools read, all of them.
pub(in crate::agent) const FIELDS: [&str; 23] = [
    "timestamp",
    "client_ip",
    "user_agent",
    "test_type",
    "download_mbps",
    "upload_mbps",
    "baseline_latency_ms",
    "download_latency_increase_ms",
    "upload_latency_increase_ms",
    "bidirectional_latency_increase_ms",
    "overall_grade",
    "download_grade",
    "upload_grade",
    "bidirectional_grade",
    "household_score",
    "alex_grade",
    "sarah_grade",
    "jake_grade",
    "computer_grade",
    "asn",
    "asn_name",
    "country_code",
    "test_server_name",
];

const SINGLE: &str = r#"{"telemetry_enabled":true,"timestamp":"2026-11-23T21:04:05.123Z",
 "server_info":{"server_id":"isp-1","server_url":"https://test.example-isp.com","server_name":"Example ISP"},
 "results":{"test_type":"single","grades":{"overall":"B","download":"A","upload":"B","bidirectional":"C"},
  "metrics":{"baseline_latency_ms":25.3,"download_latency_increase_ms":45.2,"upload_latency_increase_ms":67.8,
   "bidirectional_latency_increase_ms":89.1,"download_throughput_mbps":95.3,"upload_throughput_mbps":12.7}}}"#;

const HOUSEHOLD: &str = r#"{"telemetry_enabled":true,"timestamp":"2026-11-23T21:09:41.900Z",
 "results":{"test_type":"virtual_household","grades":{"overall":{"letter":"A+","score":80}},
  "metrics":{"baseline_latency_ms":18.04,"download_throughput_mbps":0,"upload_throughput_mbps":0},
  "household_metrics":{"alex_performance":"A","sarah_performance":"B","jake_performance":"A+","computer_performance":"C"}}}"#;

fn members(value: &Value) -> Vec<&str> {
    value.as_object().map(|object| object.keys().map(String::as_str).collect()).unwrap_or_default()
}

fn sorted(mut names: Vec<&str>) -> Vec<&str> {
    names.sort_unstable();
    names
}

// Aim: each answer has the fields that existing tools read, with the client's own numbers, and no others.
#[test]
fn answers_have_the_fields_that_tools_read() -> anyhow::Result<()> {
    let scratch = Scratch::new("support-answers")?;
    let desk = Desk::open(&scratch, |options| AgentOptions { home_asn: Some(64_500), ..options })?;
    let before = SystemClock.now().as_second();
    desk.keep("10.1.2.3", SINGLE)?;
    desk.keep("10.1.2.3", HOUSEHOLD)?;
    desk.keep("10.9.9.9", &result("F"))?;

    let recent = desk.get("/api/telemetry/recent?limit=2")?;
    ensure!(sorted(members(&recent)) == ["limit", "success", "tests", "total"], "{recent}");
    ensure!(
        (&recent["success"], &recent["total"], &recent["limit"]) == (&json!(true), &json!(3), &json!(2)),
        "{recent}"
    );
    let customer = desk.get("/api/telemetry/customer/10.1.2.3")?;
    ensure!(sorted(members(&customer)) == ["client_ip", "limit", "success", "tests", "total_tests"], "{customer}");
    ensure!(customer["total_tests"] == 2 && customer["limit"] == 20 && customer["client_ip"] == "10.1.2.3");
    let tests = [&recent["tests"][0], &recent["tests"][1], &customer["tests"][0], &customer["tests"][1]];
    for test in tests {
        ensure!(sorted(members(test)) == sorted(FIELDS.to_vec()), "{test}");
        let timestamp = test["timestamp"].as_str().context("no timestamp")?;
        ensure!(timestamp.len() == 24 && timestamp.ends_with('Z'), "{timestamp} is not RFC 3339 in UTC");
        ensure!((before..before + 60).contains(&timestamp.parse::<Timestamp>()?.as_second()), "{timestamp}");
        ensure!(test["asn"] == "AS64500", "{test}");
    }
    ensure!(recent["tests"][0]["client_ip"] == "10.9.9.9" && recent["tests"][1]["client_ip"] == "10.1.2.3");
    let expected = json!({
        "test_type": "single_user", "client_ip": "10.1.2.3", "download_mbps": 95.3, "upload_mbps": 12.7,
        "baseline_latency_ms": 25.3, "download_latency_increase_ms": 45.2, "upload_latency_increase_ms": 67.8,
        "bidirectional_latency_increase_ms": 89.1, "overall_grade": "B", "download_grade": "A", "upload_grade": "B",
        "bidirectional_grade": "C", "household_score": null, "alex_grade": null, "test_server_name": "Example ISP",
        "country_code": null,
    });
    for (field, value) in expected.as_object().context("no object")? {
        ensure!(customer["tests"][1][field] == *value, "{field}: {}", customer["tests"][1]);
    }
    let expected = json!({
        "test_type": "virtual_household", "overall_grade": "A+", "alex_grade": "A", "sarah_grade": "B",
        "jake_grade": "A+", "computer_grade": "C", "download_grade": null, "baseline_latency_ms": 18.04,
    });
    for (field, value) in expected.as_object().context("no object")? {
        ensure!(customer["tests"][0][field] == *value, "{field}: {}", customer["tests"][0]);
    }
    Ok(())
}

// Aim: an address is found in any spelling, a prefix with its slash encoded or not, and nothing beside it.
#[test]
fn addresses_are_found_in_any_spelling() -> anyhow::Result<()> {
    let scratch = Scratch::new("support-spellings")?;
    let desk = Desk::open(&scratch, |options| options)?;
    for client in ["2001:db8:1:23::5", "2001:db8:1:ff::5", "2001:db8:1:100::5", "192.0.2.7", "192.0.2.9"] {
        desk.keep(client, &result("A"))?;
    }
    for (spelling, usual, total) in [
        ("2001:db8:1:23::5", "2001:db8:1:23::5", 1),
        ("2001:DB8:1:23:0:0:0:5", "2001:db8:1:23::5", 1),
        ("2001:0db8:0001:0023:0000:0000:0000:0005", "2001:db8:1:23::5", 1),
        ("2001%3Adb8%3a1:23::5", "2001:db8:1:23::5", 1),
        ("[2001:db8:1:23::5]", "2001:db8:1:23::5", 1),
        ("%5B2001:db8:1:23::5%5D", "2001:db8:1:23::5", 1),
        ("2001:db8:1::/56", "2001:db8:1::/56", 2),
        ("2001:db8:1::%2F56", "2001:db8:1::/56", 2),
        ("2001:db8:1::%2f56", "2001:db8:1::/56", 2),
        ("2001:db8:1:23::5/56", "2001:db8:1::/56", 2),
        ("2001:db8::/32", "2001:db8::/32", 3),
        ("2001:db8:1:23::5/128", "2001:db8:1:23::5", 1),
        ("192.0.2.7", "192.0.2.7", 1),
        ("::ffff:192.0.2.7", "192.0.2.7", 1),
        ("::FFFF:c000:0207", "192.0.2.7", 1),
        ("192.0.2.0/24", "192.0.2.0/24", 2),
        ("192.0.2.8%2F31", "192.0.2.8/31", 1),
        ("::ffff:192.0.2.0/120", "192.0.2.0/24", 2),
        ("%20192.0.2.7%20", "192.0.2.7", 1),
        ("198.51.100.1", "198.51.100.1", 0),
    ] {
        let found = desk.get(&format!("/api/telemetry/customer/{spelling}"))?;
        ensure!((&found["client_ip"], &found["total_tests"]) == (&json!(usual), &json!(total)), "{spelling}: {found}");
    }
    for (spelling, word) in [
        ("fe80::1%25eth0", "zone"),
        ("localhost", "expected"),
        ("192.0.2.7/33", "0 to 32"),
        ("2001:db8::/129", "0 to 128"),
        ("192.0.2.7:443", "expected"),
        ("192.0.2.7/24/24", "expected"),
        ("%ff%fe", "expected"),
        ("..%2F..%2Fetc%2Fpasswd", "expected"),
    ] {
        let answer = desk.ask("GET", &format!("/api/telemetry/customer/{spelling}"))?;
        let problem = answer.json()?;
        let detail = problem["detail"].as_str().unwrap_or_default();
        ensure!(answer.status == 400 && detail.contains(word), "{spelling}: {} {problem}", answer.status);
        ensure!(problem["type"].as_str().is_some_and(|kind| kind.ends_with("/bad-address")), "{problem}");
    }
    Ok(())
}

// Aim: filters by time, grade and kind of test leave what they say, and what is not understood is refused by name.
#[test]
fn filters_filter() -> anyhow::Result<()> {
    let scratch = Scratch::new("support-filters")?;
    let desk = Desk::open(&scratch, |options| options)?;
    for (client, grade) in [("192.0.2.1", "A+"), ("192.0.2.1", "A"), ("192.0.2.2", "F"), ("192.0.2.1", "F")] {
        desk.keep(client, &result(grade))?;
    }
    desk.keep("192.0.2.1", HOUSEHOLD)?;
    let today = SystemClock.now();
    let tomorrow = today + jiff::SignedDuration::from_hours(24);
    let (today, tomorrow) = (today.strftime("%Y-%m-%d"), tomorrow.strftime("%Y-%m-%d"));
    for (query, total) in [
        (String::new(), 5),
        ("grade=F".to_owned(), 2),
        ("grade=f".to_owned(), 2),
        ("grade=A%2B".to_owned(), 2),
        ("grade=A+".to_owned(), 2),
        ("grade=A&test_type=single".to_owned(), 1),
        ("test_type=virtual_household".to_owned(), 1),
        ("test_type=single_user&grade=F".to_owned(), 2),
        (format!("until={tomorrow}"), 5),
        (format!("since={tomorrow}T00:00:01Z"), 0),
        ("since=2026-01-01&until=2026-01-01T10:00:00%2B02:00".to_owned(), 0),
        ("since=1970-01-01T00:00:00Z&limit=2".to_owned(), 5),
    ] {
        let found = desk.get(&format!("/api/telemetry/recent?{query}"))?;
        ensure!(found["total"] == total, "{query} ({today}): {}", found["total"]);
    }
    let one = desk.get("/api/telemetry/customer/192.0.2.1?grade=F&limit=5000")?;
    ensure!((&one["total_tests"], &one["limit"]) == (&json!(1), &json!(1_000)), "{one}");
    for (path, slug) in [
        ("/api/telemetry/recent?limit=0", "bad-parameter"),
        ("/api/telemetry/recent?limit=-1", "bad-parameter"),
        ("/api/telemetry/recent?limit=many", "bad-parameter"),
        ("/api/telemetry/recent?since=yesterday", "bad-parameter"),
        ("/api/telemetry/recent?grade=E", "bad-parameter"),
        ("/api/telemetry/recent?test_type=triple", "bad-parameter"),
        ("/api/telemetry/recent?limit=1&limit=2", "bad-parameter"),
        ("/api/telemetry/recent?ip=192.0.2.1", "unknown-parameter"),
        ("/api/telemetry/customer/192.0.2.1?form=2026-01-01", "unknown-parameter"),
        ("/api/telemetry/stats?limit=1", "unknown-parameter"),
    ] {
        let answer = desk.ask("GET", path)?;
        let problem = answer.json()?;
        ensure!(answer.status == 400, "{path} got {}", answer.status);
        ensure!(problem["type"].as_str().is_some_and(|kind| kind.ends_with(slug)), "{path}: {problem}");
    }
    let problem = desk.ask("GET", "/api/telemetry/recent?ip=1")?.json()?;
    ensure!(problem["known"] == json!(["limit", "since", "until", "grade", "test_type"]), "{problem}");
    Ok(())
}

// Aim: the figures are those of the store, and tell of what waits.
#[test]
fn stats_tell_what_is_there() -> anyhow::Result<()> {
    let scratch = Scratch::new("support-stats")?;
    let desk = Desk::open(&scratch, |options| {
        options.with("history.max_rows", "7").with("webhook.url", "http://127.0.0.1:9/hook")
    })?;
    let empty = desk.get("/api/telemetry/stats")?;
    ensure!(
        (&empty["stored"], &empty["oldest"], &empty["newest"]) == (&json!(0), &json!(null), &json!(null)),
        "{empty}"
    );
    for number in 0..10_u8 {
        desk.keep(&format!("192.0.2.{}", number % 4), &result("A").replace("90.5", &format!("9{number}")))?;
    }
    let stats = desk.get("/api/telemetry/stats")?;
    let expected = [
        "cap",
        "database_bytes",
        "distinct_clients",
        "last_error",
        "newest",
        "oldest",
        "outbox",
        "stored",
        "success",
        "uploads",
        "webhook_queue",
    ];
    ensure!(sorted(members(&stats)) == expected, "{stats}");
    ensure!(
        (&stats["stored"], &stats["cap"], &stats["distinct_clients"]) == (&json!(7), &json!(7), &json!(4)),
        "{stats}"
    );
    // The history let go of the oldest results; of their records only the hour is known.
    ensure!(stats["outbox"]["depth"] == 10 && stats["outbox"]["age_s"].as_u64() < Some(3_700), "{stats}");
    ensure!(stats["webhook_queue"]["waiting"] == 10 && stats["database_bytes"].as_u64() > Some(4_096), "{stats}");
    ensure!(stats["oldest"].as_str() <= stats["newest"].as_str() && stats["oldest"].is_string(), "{stats}");
    ensure!(stats["last_error"].is_null() && stats["uploads"]["settled_batches"] == 0, "{stats}");
    until("the last error of the webhook is told", Duration::from_secs(20), || {
        desk.get("/api/telemetry/stats").ok()?["webhook_queue"]["last_error"].is_string().then_some(())
    })
}

// Aim: no answer is kept by a cache, tells where it was read, or can be read by a page of another origin.
#[test]
fn answers_are_private() -> anyhow::Result<()> {
    let scratch = Scratch::new("support-private")?;
    let desk = Desk::open(&scratch, |options| options)?;
    desk.keep("192.0.2.1", &result("A"))?;
    let origin = ("origin", "https://elsewhere.example");
    let preflight = ("access-control-request-method", "GET");
    let key = ("x-api-key", desk.key.as_str());
    for (method, path, headers, status) in [
        ("GET", "/api/telemetry/recent", &[key, origin][..], 200),
        ("GET", "/api/telemetry/stats", &[key, origin], 200),
        ("GET", "/api/telemetry/customer/192.0.2.1", &[key, origin], 200),
        ("GET", "/api/telemetry/customer/nobody", &[key, origin], 400),
        ("GET", "/api/telemetry/recent", &[origin], 401),
        ("DELETE", "/api/telemetry/customer/192.0.2.1", &[origin], 401),
        ("OPTIONS", "/api/telemetry/recent", &[origin, preflight], 405),
        ("OPTIONS", "/api/telemetry/customer/192.0.2.1", &[origin, preflight], 405),
        ("POST", "/api/telemetry/recent", &[key, origin], 405),
        ("DELETE", "/api/telemetry/stats", &[key, origin], 405),
        ("PUT", "/api/telemetry/customer/192.0.2.1", &[key], 405),
        ("DELETE", "/api/telemetry/customer/192.0.2.1", &[key, origin], 200),
    ] {
        let answer = desk.send(method, path, headers)?;
        ensure!(answer.status == status, "{method} {path} got {}: {:?}", answer.status, answer.json());
        for (name, value) in [
            ("cache-control", "no-store"),
            ("referrer-policy", "no-referrer"),
            ("x-content-type-options", "nosniff"),
            ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
        ] {
            ensure!(answer.header(name) == Some(value), "{method} {path}: {name} is {:?}", answer.header(name));
        }
        let cors = answer.headers.iter().find(|(name, _)| name.starts_with("access-control-"));
        ensure!(cors.is_none(), "{method} {path} has {cors:?}");
        let kind = if status == 200 { "application/json" } else { "application/problem+json" };
        ensure!(answer.header("content-type") == Some(kind), "{method} {path}: {:?}", answer.header("content-type"));
    }
    Ok(())
}
