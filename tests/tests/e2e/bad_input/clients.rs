//! `POST /api/telemetry` and `POST /api/asn_lookup`: the doors that are open to everyone.

use bufferlake_tests::http;
use serde_json::{Value, json};

use super::super::lake;
use super::super::stage::Stage;
use super::Case;
use super::documented::Refusals;

const TELEMETRY: &str = "/api/telemetry";
const LOOKUP: &str = "/api/asn_lookup";

/// An address of the documentation's that stands in bad requests; no answer may repeat it.
const SENT_ADDRESS: &str = "198.51.100.77";

const JSON: (&str, &str) = ("content-type", "application/json");

/// Headers of a request.
type Headers<'a> = &'a [(&'a str, &'a str)];

/// A name, headers, a body, and what is answered: status, slug and a part of the advice.
type BadResult<'a> = (&'static str, Headers<'a>, Vec<u8>, u16, &'static str, &'static str);

/// A name, headers, a body, and what is answered: status and slug.
type BadQuestion<'a> = (&'static str, Headers<'a>, String, u16, &'static str);

/// A good result.
fn result() -> Value {
    json!({"telemetry_enabled": true, "timestamp": "2026-11-24T05:30:00Z", "results": {
        "test_type": "single",
        "grades": {"overall": "B", "download": "A", "upload": "B", "bidirectional": "C"},
        "metrics": {"baseline_latency_ms": 18, "download_latency_increase_ms": 45, "upload_latency_increase_ms": 67,
            "bidirectional_latency_increase_ms": 89, "download_throughput_mbps": 95.3, "upload_throughput_mbps": 12.7,
            "test_duration_seconds": 40},
        "client_version": "1.0.0"}})
}

/// A request by a client of its own, so that the limit of one client does not speak here.
fn by_client(number: usize, path: &str, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> Vec<u8> {
    let client = format!("203.0.113.{}", number % 250 + 1);
    let mut all = vec![("x-forwarded-for", client.as_str())];
    all.extend_from_slice(headers);
    http::request("POST", path, &all, body.as_ref())
}

/// The good result with a member of its metrics, its results or itself replaced.
fn with(pointer: &str, value: Value) -> String {
    let mut result = result();
    let (parent, member) = pointer.rsplit_once('/').expect("a pointer has a slash");
    result.pointer_mut(parent).expect("the parent is there")[member] = value;
    result.to_string()
}

fn bad_results() -> Vec<Case> {
    let good = result().to_string();
    let gzipped = {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut encoder, good.as_bytes()).expect("writing to memory");
        encoder.finish().expect("writing to memory")
    };
    let long = with("/results/note", json!("x".repeat(64 << 10)));
    let long_key = "k".repeat(256);
    let text: Headers<'_> = &[("content-type", "text/plain")];
    let gzip: Headers<'_> = &[JSON, ("content-encoding", "gzip")];
    let keyed: Headers<'_> = &[JSON, ("idempotency-key", &long_key)];
    let keyless: Headers<'_> = &[JSON, ("idempotency-key", "")];
    let bad: Vec<BadResult<'_>> = vec![
        ("empty body", &[JSON], Vec::new(), 400, "not-json", "one JSON object"),
        ("half of a body", &[JSON], good.as_bytes()[..90].to_vec(), 400, "not-json", "line 1, column 90"),
        ("not UTF-8", &[JSON], vec![b'"', 0xff, b'"'], 400, "not-json", "one JSON object"),
        ("deep nesting", &[JSON], "[".repeat(60_000).into(), 400, "not-json", "one JSON object"),
        ("compressed", gzip, gzipped.clone(), 415, "content-encoding", "without compression"),
        ("compressed in secret", &[JSON], gzipped, 400, "not-json", "one JSON object"),
        ("form body", text, good.clone().into(), 415, "content-type", "application/json"),
        ("long body", &[JSON], long.into(), 413, "body-too-large", "65536"),
        ("long key", keyed, good.clone().into(), 400, "bad-idempotency-key", "1 to 255"),
        ("empty key", keyless, good.into(), 400, "bad-idempotency-key", "1 to 255"),
        ("an array", &[JSON], "[]".into(), 422, "invalid-result", "a JSON object"),
        ("no results", &[JSON], "{}".into(), 422, "invalid-result", "`results` is missing"),
        ("results of a wrong type", &[JSON], with("/results", json!([])).into(), 422, "invalid-result", "an object"),
        (
            "unknown test",
            &[JSON],
            with("/results/test_type", json!("triple")).into(),
            422,
            "invalid-result",
            "household",
        ),
        (
            "unknown grade",
            &[JSON],
            with("/results/grades/overall", json!("E")).into(),
            422,
            "invalid-result",
            "A+, A, B",
        ),
        (
            "a negative latency",
            &[JSON],
            with("/results/metrics/baseline_latency_ms", json!(-1)).into(),
            422,
            "invalid-result",
            "between 0 and 60000",
        ),
        (
            "an absurd throughput",
            &[JSON],
            with("/results/metrics/upload_throughput_mbps", json!(1e9)).into(),
            422,
            "invalid-result",
            "between 0 and 100000",
        ),
        (
            "a latency of words",
            &[JSON],
            with("/results/metrics/baseline_latency_ms", json!(SENT_ADDRESS)).into(),
            422,
            "invalid-result",
            "a number or null",
        ),
        (
            "telemetry perhaps",
            &[JSON],
            with("/telemetry_enabled", json!("perhaps")).into(),
            422,
            "invalid-result",
            "true or false",
        ),
        ("forwarded", &[JSON], with("/client_ip", json!(SENT_ADDRESS)).into(), 422, "forwarded-result", "agent"),
        ("forwarded by name", &[JSON], with("/source_server", json!("a")).into(), 422, "forwarded-result", "agent"),
        ("forwarded from", &[JSON], with("/forwarded_from", json!("a")).into(), 422, "forwarded-result", "agent"),
    ];
    let mut cases: Vec<Case> = (0..)
        .zip(bad)
        .map(|(number, (name, headers, body, status, slug, advice))| {
            Case::new(name, by_client(number, TELEMETRY, headers, body), status, slug, advice)
        })
        .collect();
    cases.push(Case::new("a GET", http::request("GET", TELEMETRY, &[], b""), 405, "method-not-allowed", "JSON body"));
    cases
}

fn bad_questions() -> Vec<Case> {
    let in_url = format!("{LOOKUP}?ip={SENT_ADDRESS}");
    let of = |ip: Value| json!({"ip": ip}).to_string();
    let text: Headers<'_> = &[("content-type", "text/plain")];
    let gzip: Headers<'_> = &[JSON, ("content-encoding", "gzip")];
    let bad: Vec<BadQuestion<'_>> = vec![
        ("form fields", &[JSON], format!("ip={SENT_ADDRESS}"), 400, "not-json"),
        ("half a question", &[JSON], format!(r#"{{"ip": "{SENT_ADDRESS}"#), 400, "not-json"),
        ("no address", &[JSON], of(json!("example.org")), 422, "bad-address"),
        ("an address with a port", &[JSON], of(json!(format!("{SENT_ADDRESS}:80"))), 422, "bad-address"),
        ("a prefix", &[JSON], of(json!(format!("{SENT_ADDRESS}/24"))), 422, "bad-address"),
        ("an impossible address", &[JSON], of(json!("300.1.1.1")), 422, "bad-address"),
        ("an address with a zone", &[JSON], of(json!("fe80::1%eth0")), 422, "bad-address"),
        ("a number", &[JSON], of(json!(3_325_256_781_u32)), 422, "bad-address"),
        ("another member", &[JSON], json!({"address": SENT_ADDRESS}).to_string(), 422, "bad-address"),
        ("an array", &[JSON], json!([SENT_ADDRESS]).to_string(), 422, "bad-address"),
        ("form body", text, of(json!(SENT_ADDRESS)), 415, "content-type"),
        ("compressed", gzip, of(json!(SENT_ADDRESS)), 415, "content-encoding"),
        ("long body", &[JSON], of(json!("1".repeat(1 << 10))), 413, "body-too-large"),
    ];
    let mut cases: Vec<Case> = (100..)
        .zip(bad)
        .map(|(number, (name, headers, body, status, slug))| {
            Case::new(name, by_client(number, LOOKUP, headers, body), status, slug, "")
        })
        .collect();
    let get = http::request("GET", &in_url, &[], b"");
    cases.push(Case::new("the address in the URL", get, 405, "method-not-allowed", "a URL would be logged"));
    let nowhere = http::request("GET", &format!("/{SENT_ADDRESS}"), &[], b"");
    cases.push(Case::new("an unknown path", nowhere, 404, "not-found", "/api/telemetry"));
    cases
}

// Aim: every way in which a client's body can be wrong has the status that docs/protocol.md promises and a problem that
// says what to do without repeating what was sent; nothing of it is kept, and good requests are served afterwards.
#[test]
fn a_bad_result_or_question_is_refused_and_the_next_good_one_is_served() -> anyhow::Result<()> {
    let mut stage = Stage::open("bad-clients")?;
    let mut seen = Vec::new();
    for case in bad_results().into_iter().chain(bad_questions()) {
        let response = case.check(&stage)?;
        let text = String::from_utf8(response.body.clone())?;
        assert!(!text.contains(SENT_ADDRESS), "{} repeats the address: {text}", case.name);
        if case.status == 405 {
            assert_eq!(response.header("allow"), Some("POST"), "{}", case.name);
        }
        seen.push((case.status, case.slug));
    }
    Refusals::of_clients()?.assert_seen(&seen);

    let kept = stage.send(&by_client(201, TELEMETRY, &[JSON], result().to_string()))?;
    assert_eq!((kept.status, &kept.json()?["success"]), (200, &json!(true)));
    let declined = stage.send(&by_client(202, TELEMETRY, &[JSON], with("/telemetry_enabled", json!(false))))?;
    assert_eq!((declined.status, &declined.json()?["test_id"]), (200, &json!(null)));
    let found = stage.send(&by_client(203, LOOKUP, &[JSON], json!({"ip": SENT_ADDRESS}).to_string()))?;
    assert_eq!((found.status, &found.json()?["outcome"]), (200, &json!("miss")));
    let own = stage.send(&by_client(204, LOOKUP, &[], ""))?;
    assert_eq!(own.status, 200);
    lake::await_rows(stage.warehouse.dir(), 1)?;
    println!("{} bad requests were refused, none of them was kept", seen.len());
    stage.assert_sound()
}

// Aim: one client cannot take the door for itself: beyond its allowance it is told when to come again, and others pass.
#[test]
fn a_client_that_asks_too_often_is_told_when_to_come_again() -> anyhow::Result<()> {
    let mut stage = Stage::open_with("too-often", |options| {
        options.more = "[ingest]\ndirect_per_client_per_minute = 3\nlookups_per_client_per_minute = 3\n".to_owned();
    })?;
    for (path, body) in [(TELEMETRY, result().to_string()), (LOOKUP, String::new())] {
        for _ in 0..3 {
            assert_eq!(stage.send(&by_client(1, path, &[JSON], &body))?.status, 200, "{path}");
        }
        let request = by_client(1, path, &[JSON], &body);
        let refused = Case::new(path, request, 429, "too-many-requests", "").check(&stage)?;
        let wait: u64 = refused.header("retry-after").expect("a 429 says when").parse()?;
        assert!((1..=60).contains(&wait), "{path}: {wait} s");
        assert_eq!(stage.send(&by_client(2, path, &[JSON], &body))?.status, 200, "{path}");
    }
    stage.assert_sound()
}

// Aim: what cannot be written is not acknowledged, be it a batch or a client's result; sent again later, it counts once.
#[test]
fn nothing_is_acknowledged_that_cannot_be_written() -> anyhow::Result<()> {
    let mut stage = Stage::open("unwritable")?;
    let (landing, away) = (stage.warehouse.dir().join("landing"), stage.warehouse.dir().join("away"));
    let sealed = stage.sender.seal(super::super::stage::records(5)?)?;
    let batch = stage.sender.request(&sealed, super::super::stage::now_unix_s());
    let result = by_client(1, TELEMETRY, &[JSON], result().to_string());

    std::fs::rename(&landing, &away)?;
    for (name, request) in [("a batch", &batch), ("a result", &result)] {
        let refused = Case::new(name, request.clone(), 503, "not-durable", "again").check(&stage)?;
        assert_eq!(refused.header("retry-after"), Some("2"), "{name}");
    }
    std::fs::rename(&away, &landing)?;
    for request in [&batch, &result] {
        assert_eq!(stage.send(request)?.status, 200);
    }
    assert_eq!(stage.send(&batch)?.json()?["outcome"], "duplicate");
    lake::await_rows(stage.warehouse.dir(), 6)?;
    stage.assert_sound()
}
