//! `POST /api/v1/batches`.

use bufferlake_tests::http;
use bufferlake_tests::sender::Sender;
use serde_json::{Value, json};
use wire::MAX_BATCH_RECORDS;
use wire::batch::{MAX_BATCH_BODY_BYTES, MAX_BATCH_JSON_BYTES};
use wire::signature::{BATCHES_PATH, MAX_CLOCK_SKEW_S, Secret};

use super::super::lake;
use super::super::stage::{FOREIGN, HOME, Stage, now_hour, now_unix_s, record_json, records, register, until_slug};
use super::Case;
use super::documented::Refusals;

/// Batches of one agent, good and spoilt, not compressed so that they can be read.
struct Forge<'a>(&'a Sender);

impl Forge<'_> {
    fn batch(&self, seq: u64, records: Vec<Value>) -> Value {
        json!({"schema": 1, "agent": self.0.agent, "epoch": self.0.epoch, "seq": seq, "dropped": {}, "records": records})
    }

    fn good(&self, seq: u64) -> String {
        self.batch(seq, vec![record_json(HOME, now_hour())]).to_string()
    }

    /// The next batch with another value of a member.
    fn with(&self, member: &str, value: Value) -> Vec<u8> {
        let mut batch = self.batch(self.0.next.0, vec![record_json(HOME, now_hour())]);
        batch[member] = value;
        self.signed(batch.to_string())
    }

    fn signed(&self, body: impl Into<Vec<u8>>) -> Vec<u8> {
        self.0.request_of_bytes(&body.into(), "identity", now_unix_s())
    }

    fn encoded(&self, encoding: &str, body: &[u8]) -> Vec<u8> {
        self.0.request_of_bytes(body, encoding, now_unix_s())
    }

    fn at(&self, unix_s: i64) -> Vec<u8> {
        self.0.request_of_bytes(self.good(self.0.next.0).as_bytes(), "identity", unix_s)
    }

    /// The next good batch with a header changed, or left out, after it was signed.
    fn header(&self, name: &str, value: Option<&str>) -> Vec<u8> {
        self.header_of(&self.good(self.0.next.0), name, value)
    }

    fn header_of(&self, body: &str, name: &str, value: Option<&str>) -> Vec<u8> {
        let signed = self.0.headers(body.as_bytes(), "identity", now_unix_s());
        let mut headers: Vec<(&str, &str)> =
            signed.iter().filter(|(known, _)| *known != name).map(|(name, value)| (*name, value.as_str())).collect();
        headers.extend(value.map(|value| (name, value)));
        http::request("POST", BATCHES_PATH, &headers, body.as_bytes())
    }
}

/// A request whose body is sent in chunks without a length, and never ends by itself.
fn in_chunks(forge: &Forge<'_>, bytes: usize) -> Vec<u8> {
    let signed = forge.0.headers(b"", "identity", now_unix_s());
    let mut request = format!("POST {BATCHES_PATH} HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n").into_bytes();
    for (name, value) in signed {
        request.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
    }
    request.extend_from_slice(b"\r\n");
    for _ in 0..bytes.div_ceil(0x1000) {
        request.extend_from_slice(b"1000\r\n");
        request.extend_from_slice(&[b' '; 0x1000]);
        request.extend_from_slice(b"\r\n");
    }
    request
}

/// A request that promises a body and sends none.
fn promise(forge: &Forge<'_>, bytes: u64) -> Vec<u8> {
    let signed = forge.0.headers(b"", "identity", now_unix_s());
    let mut request = format!("POST {BATCHES_PATH} HTTP/1.1\r\nhost: a\r\ncontent-length: {bytes}\r\n").into_bytes();
    for (name, value) in signed {
        request.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
    }
    request.extend_from_slice(b"\r\n");
    request
}

/// What is wrong with the headers: who sends, when, and under which signature.
fn of_headers(forge: &Forge<'_>, strangers: &Strangers) -> Vec<Case> {
    let now = now_unix_s();
    let far = i64::try_from(MAX_CLOCK_SKEW_S).expect("five minutes") + 20;
    let next = forge.0.next.0;
    let other_key =
        Forge(&Sender { secret: Secret::from_random_bytes([9; 32]), ..forge.0.clone() }).signed(forge.good(next));
    let digest = forge.0.headers(b"something else", "identity", now).remove(4).1;
    let replayed = (now - 1).to_string();
    let missing = |name| forge.header(name, None);
    vec![
        Case::new("no agent", missing("bufferlake-agent"), 401, "missing-header", "docs/protocol.md"),
        Case::new("no timestamp", missing("bufferlake-timestamp"), 401, "missing-header", "bufferlake-timestamp"),
        Case::new("no digest", missing("content-digest"), 401, "missing-header", "content-digest"),
        Case::new("no signature", missing("bufferlake-signature"), 401, "missing-header", "bufferlake-signature"),
        Case::new(
            "agent of a wrong form",
            forge.header("bufferlake-agent", Some("ISP ONE")),
            400,
            "bad-header",
            "[a-z]",
        ),
        Case::new(
            "timestamp of words",
            forge.header("bufferlake-timestamp", Some("now")),
            400,
            "bad-header",
            "seconds",
        ),
        Case::new(
            "digest of a kind not known",
            forge.header("content-digest", Some("md5=:aaaa:")),
            400,
            "bad-header",
            "sha-256=",
        ),
        Case::new(
            "unknown agent",
            Forge(&strangers.unknown).signed(forge.good(next)),
            401,
            "unknown-agent",
            "register",
        ),
        Case::new(
            "the warehouse's own name",
            Forge(&strangers.direct).signed(forge.good(next)),
            401,
            "unknown-agent",
            "register",
        ),
        Case::new(
            "revoked agent",
            Forge(&strangers.revoked).signed(forge.good(next)),
            403,
            "revoked-agent",
            "operator",
        ),
        Case::new("clock ahead", forge.at(now + far), 401, "clock-skew", "Date"),
        Case::new("clock behind", forge.at(now - far), 401, "clock-skew", "Set the clock"),
        Case::new("another's key", other_key, 401, "bad-signature", "secret"),
        Case::new(
            "signature of garbage",
            forge.header("bufferlake-signature", Some("v1=zz")),
            401,
            "bad-signature",
            "secret",
        ),
        Case::new(
            "replayed at another time",
            forge.header("bufferlake-timestamp", Some(&replayed)),
            401,
            "bad-signature",
            "lines",
        ),
        Case::new(
            "replayed with another digest",
            forge.header("content-digest", Some(&digest)),
            400,
            "digest-mismatch",
            "Sign the bytes",
        ),
        Case::new(
            "form body",
            forge.header("content-type", Some("text/plain")),
            415,
            "content-type",
            "application/json",
        ),
        Case::new("no content type", missing("content-type"), 415, "content-type", "application/json"),
        Case::new(
            "brotli",
            forge.header("content-encoding", Some("br")),
            415,
            "content-encoding",
            "zstd, gzip or identity",
        ),
        Case::new(
            "two encodings",
            forge.header("content-encoding", Some("gzip, zstd")),
            415,
            "content-encoding",
            "zstd",
        ),
        Case::new(
            "another method",
            http::request("PUT", BATCHES_PATH, &[], b""),
            405,
            "method-not-allowed",
            "signed batch",
        ),
    ]
}

/// What is wrong with the body, under a good signature.
fn of_bodies(forge: &Forge<'_>) -> Vec<Case> {
    let next = forge.0.next.0;
    let good = forge.good(next);
    let zstd = zstd::bulk::compress(good.as_bytes(), 3).expect("zstd compresses");
    let too_many = vec![record_json(HOME, now_hour()); MAX_BATCH_RECORDS + 1];
    let long_inside = zstd::bulk::compress(&vec![b' '; MAX_BATCH_JSON_BYTES + 1], 3).expect("zstd compresses");
    let without_records = format!(r#"{{"schema":1,"agent":"isp-one","epoch":7,"seq":{next},"dropped":{{}}}}"#);
    vec![
        Case::new("not zstd", forge.encoded("zstd", good.as_bytes()), 400, "bad-compression", "zstd"),
        Case::new("zstd cut off", forge.encoded("zstd", &zstd[..zstd.len() / 2]), 400, "bad-compression", "whole"),
        Case::new("not gzip", forge.encoded("gzip", good.as_bytes()), 400, "bad-compression", "gzip"),
        Case::new("zstd as identity", forge.encoded("identity", &zstd), 400, "bad-json", "JSON"),
        Case::new("long body", forge.signed(vec![b' '; MAX_BATCH_BODY_BYTES + 1]), 413, "body-too-large", "262144"),
        Case::new("long body in chunks", in_chunks(forge, 2 * MAX_BATCH_BODY_BYTES), 413, "body-too-large", "262144"),
        Case::new("the promise of a long body", promise(forge, 10 << 30), 413, "body-too-large", "262144"),
        Case::new(
            "long once decompressed",
            forge.encoded("zstd", &long_inside),
            413,
            "body-too-large",
            "fewer records",
        ),
        Case::new("empty body", forge.signed(""), 400, "bad-json", "JSON"),
        Case::new("half of a body", forge.signed(&good[..good.len() / 2]), 400, "bad-json", "JSON"),
        Case::new("not UTF-8", forge.signed(vec![b'{', b'"', 0xff, b'"', b':', b'1', b'}']), 400, "bad-json", "JSON"),
        Case::new("deep nesting", forge.signed("[".repeat(100_000)), 422, "bad-batch", "Set the batch aside"),
        Case::new("an array", forge.signed("[]"), 422, "bad-batch", "Set the batch aside"),
        Case::new("no records", forge.signed(without_records), 422, "bad-batch", "records"),
        Case::new("a member of its own", forge.with("client_ip", json!("x")), 422, "bad-batch", "Set the batch aside"),
        Case::new(
            "records of a wrong type",
            forge.with("records", json!("none")),
            422,
            "bad-batch",
            "Set the batch aside",
        ),
        Case::new(
            "an unknown drop reason",
            forge.with("dropped", json!({"tired": 1})),
            422,
            "bad-batch",
            "`outbox_full`",
        ),
        Case::new("a negative count", forge.with("dropped", json!({"poison": -1})), 422, "bad-batch", "expected u64"),
        Case::new("an epoch of 2^53", forge.with("epoch", json!(1_u64 << 53)), 422, "bad-batch", "2^53"),
        Case::new("seq 0", forge.with("seq", json!(0)), 422, "bad-batch", "seq"),
        Case::new("501 records", forge.with("records", json!(too_many)), 422, "bad-batch", "500"),
        Case::new("unknown schema", forge.with("schema", json!(2)), 422, "unknown-schema", "Hold the batch"),
        Case::new("another agent inside", forge.with("agent", json!("isp-two")), 422, "agent-mismatch", "isp-two"),
        Case::new("a gap", forge.signed(forge.good(next + 1)), 409, "sequence-conflict", "accept the gap"),
    ]
}

/// Who may not send.
struct Strangers {
    unknown: Sender,
    direct: Sender,
    revoked: Sender,
}

impl Strangers {
    fn of(stage: &Stage) -> anyhow::Result<Self> {
        let named = |name| anyhow::Ok(Sender { agent: wire::AgentId::parse(name)?, ..stage.sender.clone() });
        let revoked = register(&stage.warehouse, "isp-gone")?;
        stage.warehouse.command(&["agents", "revoke", "isp-gone"])?;
        until_slug(&stage.warehouse, &revoked.request_of_bytes(b"", "identity", now_unix_s()), "revoked-agent")?;
        Ok(Self { unknown: named("isp-two")?, direct: named("direct")?, revoked })
    }
}

// Aim: every way in which a batch can be wrong has the status and the words that docs/protocol.md promises, keeps nothing,
// and leaves the way free for the next good batch; and the document promises nothing that was not seen.
#[test]
fn a_bad_batch_is_refused_with_its_reason_and_the_next_good_one_is_taken() -> anyhow::Result<()> {
    let mut stage = Stage::open("bad-batches")?;
    let strangers = Strangers::of(&stage)?;
    let refusals = Refusals::of_batches()?;
    stage.deliver(records(1)?)?;
    let mut cases = of_headers(&Forge(&stage.sender), &strangers);
    cases.extend(of_bodies(&Forge(&stage.sender)));
    let mut seen = Vec::new();
    for case in &cases {
        case.check(&stage)?;
        seen.push((case.status, case.slug));
    }
    refusals.assert_seen(&seen);
    let receipt = stage.deliver(records(3)?)?;
    assert_eq!(receipt, json!({"outcome": "accepted", "accepted": 3, "quarantined": {}, "next_seq": 3}));
    lake::await_rows(stage.warehouse.dir(), 4)?;
    println!("{} bad batches were refused, none of them was kept", cases.len());
    stage.assert_sound()
}

// Aim: a batch's number is taken once: neither altered bytes nor a later number pass as a duplicate or are taken.
#[test]
fn an_altered_batch_is_a_conflict_and_never_a_duplicate() -> anyhow::Result<()> {
    let mut stage = Stage::open("altered-batch")?;
    stage.deliver(records(2)?)?;
    let forge = Forge(&stage.sender);
    let altered = [
        ("other records under the same seq", forge.good(1)),
        ("a report of drops under the same seq", forge.batch(1, vec![]).to_string().replace("{}", r#"{"poison":1}"#)),
        ("a later seq", forge.good(3)),
        ("a far later seq", forge.good(1 << 40)),
    ];
    for (name, body) in altered {
        let case = Case::new(name, forge.signed(body), 409, "sequence-conflict", "Only seq 2");
        assert_eq!(case.check(&stage)?.json()?["expected_seq"], 2, "{name}");
    }
    let receipt = stage.deliver(records(2)?)?;
    assert_eq!((&receipt["outcome"], &receipt["next_seq"]), (&json!("accepted"), &json!(3)));
    lake::await_rows(stage.warehouse.dir(), 4)?;
    stage.assert_sound()
}

// Aim: an agent whose clock is off can set it by the answer alone.
#[test]
fn a_skewed_agent_learns_the_offset_from_date() -> anyhow::Result<()> {
    let mut stage = Stage::open("clock-skew")?;
    let skewed = now_unix_s() - 7_200;
    let body = Forge(&stage.sender).good(1);
    let refused = stage.send(&stage.sender.request_of_bytes(body.as_bytes(), "identity", skewed))?;
    assert_eq!(refused.status, 401);
    let date = refused.header("date").expect("a 401 clock_skew has a Date");
    let date = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(date)?.as_second();
    assert!((date - now_unix_s()).abs() <= 5, "Date is {} s off", date - now_unix_s());
    let off_by_s = refused.json()?["off_by_s"].as_i64().expect("off_by_s is a number");
    assert!((off_by_s + 7_200).abs() <= 5, "off_by_s is {off_by_s}");
    let corrected = skewed + (date - skewed);
    let taken = stage.send(&stage.sender.request_of_bytes(body.as_bytes(), "identity", corrected))?;
    assert_eq!(taken.status, 200, "{}", taken.json()?);
    stage.assert_sound()
}

// Aim: bad records cost only themselves: those beside them are kept, each kind is counted in receipt and metrics, and
// what an agent says of a network that is not its own is kept and counted as such.
#[test]
fn good_records_beside_bad_ones_are_kept() -> anyhow::Result<()> {
    let mut stage = Stage::open("bad-records")?;
    let hour = now_hour();
    let spoilt = |member: &str, value: Value| {
        let mut record = record_json(HOME, hour);
        record[member] = value;
        record
    };
    let records = vec![
        record_json(HOME, hour),
        record_json(HOME, hour - 90 * 24 + 2),
        record_json(FOREIGN, hour),
        record_json(HOME, hour + 3),
        record_json(HOME, hour - 90 * 24 - 2),
        spoilt("baseline", json!(-1)),
        spoilt("baseline", json!(6_000_001)),
        spoilt("baseline", json!(12_345)),
        spoilt("baseline", json!("1820")),
        spoilt("download_rate", json!(1e300)),
        spoilt("asn", json!(0)),
        spoilt("country", json!("Germany")),
        spoilt("ip_version", json!(5)),
        spoilt("grade_overall", json!("E")),
        spoilt("duration_s", json!(3_601)),
        spoilt("vote_day", json!(false)),
        spoilt("client_ip", json!("x")),
        json!("free text"),
        json!(null),
    ];
    let forge = Forge(&stage.sender);
    let response = stage.send(&forge.signed(forge.batch(1, records).to_string()))?;
    let quarantined = json!({"malformed": 14, "future_hour": 1, "old_hour": 1, "foreign_asn": 1});
    let expected = json!({"outcome": "accepted", "accepted": 2, "quarantined": quarantined, "next_seq": 2});
    assert_eq!((response.status, response.json()?), (200, expected));

    let snapshot = lake::await_rows(stage.warehouse.dir(), 3)?;
    assert_eq!(snapshot.marks.len(), 1);
    let accounts = serde_json::to_value(&snapshot.marks[0].accounts)?;
    assert_eq!((&accounts["records"], &accounts["quarantined"]["malformed"]), (&json!(3), &json!(14)));
    let metrics = stage.metrics()?;
    for line in [
        "warehouse_records_total 3",
        "warehouse_records_foreign_asn_total 1",
        r#"warehouse_records_quarantined_total{reason="malformed"} 14"#,
        r#"warehouse_records_quarantined_total{reason="future_hour"} 1"#,
        r#"warehouse_records_quarantined_total{reason="old_hour"} 1"#,
    ] {
        assert!(metrics.lines().any(|found| found == line), "{line} is not in\n{metrics}");
    }
    stage.assert_sound()
}
