//! Every way in which a batch can be wrong, each with its status and its problem type; and what a right one brings.

use std::io::Write as _;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use intake::clock::{Clock as _, ManualClock};
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt as _;
use wire::signature::{ContentDigest, Secret};
use wire::{AgentId, Asn};

use super::Ingest;
use crate::admission::Gate;
use crate::agents::{Directory, Store};
use crate::config::IngestConfig;
use crate::landing::Landing;
use crate::paths::DataDir;

const NOW: &str = "2026-11-24T05:30:00Z";

struct House {
    _temporary: TempDir,
    store: Store,
    directory: Arc<Directory>,
    landing: Landing,
    router: Router,
    clock: Arc<ManualClock>,
    secret: Secret,
}

impl House {
    fn new() -> Self {
        Self::with(&IngestConfig::default())
    }

    fn with(config: &IngestConfig) -> Self {
        let temporary = tempfile::tempdir().unwrap();
        let dir = DataDir::new(temporary.path());
        let store = Store::new(dir.clone());
        let clock = Arc::new(ManualClock::at(NOW.parse().unwrap()));
        let asn = Asn::new(64500).unwrap();
        let secret = store.add(&agent("isp-one"), &[asn], clock.hour()).unwrap().secret;
        store.add(&agent("isp-gone"), &[asn], clock.hour()).unwrap();
        store.revoke(&agent("isp-gone"), clock.hour()).unwrap();
        let directory = Arc::new(Directory::open(&dir).unwrap());
        let landing = Landing::open(&dir.landing()).unwrap();
        let ingest =
            Ingest::new(config, Arc::clone(&directory), Gate::default(), landing.clone(), Arc::clone(&clock) as _);
        Self { _temporary: temporary, store, directory, landing, router: ingest.router(), clock, secret }
    }

    async fn send(&self, sent: Sent) -> (StatusCode, Value) {
        let timestamp = self.clock.now().as_second() + sent.clock_off_s;
        let digest = ContentDigest::of(sent.signed_body.as_deref().unwrap_or(&sent.body));
        let signing = sent.secret.as_ref().unwrap_or(&self.secret);
        let signature = signing.sign(&agent(sent.agent), timestamp, &digest);
        let mut request = Request::post("/api/v1/batches")
            .header("content-type", "application/json")
            .header("bufferlake-agent", sent.agent)
            .header("bufferlake-timestamp", timestamp.to_string())
            .header("content-digest", digest.to_string())
            .header("bufferlake-signature", signature)
            .body(Body::from(sent.body))
            .unwrap();
        for (name, value) in sent.headers {
            match value {
                Some(value) => drop(request.headers_mut().insert(name, value.parse().unwrap())),
                None => drop(request.headers_mut().remove(name)),
            }
        }
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let kind = response.headers().get("content-type").cloned();
        let expected = if status.is_success() { "application/json" } else { "application/problem+json" };
        assert_eq!(kind.unwrap(), expected);
        let body = to_bytes(response.into_body(), 1 << 20).await.unwrap();
        (status, serde_json::from_slice(&body).unwrap())
    }

    fn landed(&self) -> Vec<crate::landing::LandedBatch> {
        let files = self.landing.files().unwrap();
        files.iter().flat_map(|file| self.landing.read(file).unwrap()).collect()
    }
}

struct Sent {
    agent: &'static str,
    body: Vec<u8>,
    signed_body: Option<Vec<u8>>,
    secret: Option<Secret>,
    clock_off_s: i64,
    headers: Vec<(&'static str, Option<&'static str>)>,
}

fn agent(id: &str) -> AgentId {
    AgentId::parse(id).unwrap()
}

fn sent(body: impl Into<Vec<u8>>) -> Sent {
    let headers = Vec::new();
    Sent { agent: "isp-one", body: body.into(), signed_body: None, secret: None, clock_off_s: 0, headers }
}

fn sent_with(body: impl Into<Vec<u8>>, name: &'static str, value: Option<&'static str>) -> Sent {
    Sent { headers: vec![(name, value)], ..sent(body) }
}

/// Hours since 1970 of [`NOW`].
fn now_hour() -> u32 {
    let moment: jiff::Timestamp = NOW.parse().unwrap();
    wire::Hour::of_unix_s(moment.as_second()).0
}

fn record(asn: u32, hour: u32) -> Value {
    json!({"tested_hour": hour, "test_type": "single", "asn": asn, "asn_outcome": "hit", "country": "DE",
        "ip_version": 4, "vote_day": true, "vote_month": true, "baseline": 1820, "download_increase": 4520,
        "upload_increase": 6780, "bidirectional_increase": 8910, "download_rate": 9530, "upload_rate": 1270,
        "grade_overall": "B", "grade_download": "A", "grade_upload": "B", "grade_bidirectional": "C",
        "grade_gaming": null, "grade_video_call": null, "grade_streaming": null, "grade_background": null,
        "duration_s": 40, "client_version": [1, 0, 0], "asn_database_day": 20000})
}

fn batch(seq: u64, records: Vec<Value>) -> Value {
    json!({"schema": 1, "agent": "isp-one", "epoch": 7, "seq": seq, "dropped": {}, "records": records})
}

fn good(seq: u64) -> String {
    batch(seq, vec![record(64500, now_hour())]).to_string()
}

fn changed(member: &str, value: Value) -> String {
    let mut batch = batch(1, vec![record(64500, now_hour())]);
    batch[member] = value;
    batch.to_string()
}

fn zstd_of(bytes: &[u8]) -> Vec<u8> {
    zstd::bulk::compress(bytes, 3).unwrap()
}

fn gzip_of(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

// Aim: each kind of bad input gets its own status and problem type with a detail, and nothing of it lands.
#[tokio::test]
async fn bad_input_is_refused_with_its_reason() {
    let bomb = vec![b' '; 64 << 20];
    let (zstd_bomb, gzip_bomb) = (zstd_of(&bomb), gzip_of(&bomb));
    let too_many = batch(1, vec![record(64500, now_hour()); 501]).to_string();
    let with_extra = |name, value| Sent { headers: vec![("content-encoding", Some(name))], ..sent(value) };
    let cases: Vec<(&str, Sent, u16, &str)> = vec![
        ("no agent", sent_with(good(1), "bufferlake-agent", None), 401, "missing-header"),
        ("no timestamp", sent_with(good(1), "bufferlake-timestamp", None), 401, "missing-header"),
        ("no digest", sent_with(good(1), "content-digest", None), 401, "missing-header"),
        ("no signature", sent_with(good(1), "bufferlake-signature", None), 401, "missing-header"),
        ("agent of a wrong form", sent_with(good(1), "bufferlake-agent", Some("ISP ONE")), 400, "bad-header"),
        ("timestamp of words", sent_with(good(1), "bufferlake-timestamp", Some("now")), 400, "bad-header"),
        ("digest of another kind", sent_with(good(1), "content-digest", Some("md5=:aaaa:")), 400, "bad-header"),
        ("unknown agent", Sent { agent: "isp-two", ..sent(good(1)) }, 401, "unknown-agent"),
        ("the warehouse's own name", Sent { agent: "direct", ..sent(good(1)) }, 401, "unknown-agent"),
        ("revoked agent", Sent { agent: "isp-gone", ..sent(good(1)) }, 403, "revoked-agent"),
        ("clock ahead", Sent { clock_off_s: 301, ..sent(good(1)) }, 401, "clock-skew"),
        ("clock behind", Sent { clock_off_s: -301, ..sent(good(1)) }, 401, "clock-skew"),
        ("absurd clock", sent_with(good(1), "bufferlake-timestamp", Some("-9223372036854775808")), 401, "clock-skew"),
        (
            "altered body",
            Sent { body: good(2).into(), signed_body: Some(good(1).into()), ..sent("") },
            400,
            "digest-mismatch",
        ),
        ("other key", Sent { secret: Some(Secret::from_random_bytes([9; 32])), ..sent(good(1)) }, 401, "bad-signature"),
        ("signature of garbage", sent_with(good(1), "bufferlake-signature", Some("v1=zz")), 401, "bad-signature"),
        (
            "replay with another time",
            sent_with(good(1), "bufferlake-timestamp", Some("1795498201")),
            401,
            "bad-signature",
        ),
        ("form body", sent_with(good(1), "content-type", Some("text/plain")), 415, "content-type"),
        ("no content type", sent_with(good(1), "content-type", None), 415, "content-type"),
        ("brotli", with_extra("br", good(1).into()), 415, "content-encoding"),
        ("two encodings", with_extra("gzip, zstd", good(1).into()), 415, "content-encoding"),
        ("no zstd", with_extra("zstd", good(1).into()), 400, "bad-compression"),
        ("zstd cut off", with_extra("zstd", zstd_of(good(1).as_bytes())[..20].to_vec()), 400, "bad-compression"),
        ("no gzip", with_extra("gzip", good(1).into()), 400, "bad-compression"),
        ("gzip cut off", with_extra("gzip", gzip_of(good(1).as_bytes())[..20].to_vec()), 400, "bad-compression"),
        ("zstd bomb", with_extra("zstd", zstd_bomb), 413, "body-too-large"),
        ("gzip bomb", with_extra("gzip", gzip_bomb), 413, "body-too-large"),
        ("long body", sent(vec![b' '; 300 << 10]), 413, "body-too-large"),
        // The probe of docs/protocol.md: refused for its body only once the key is accepted.
        ("empty body", sent(""), 400, "bad-json"),
        (
            "empty body and another key",
            Sent { secret: Some(Secret::from_random_bytes([9; 32])), ..sent("") },
            401,
            "bad-signature",
        ),
        ("no JSON", sent("{"), 400, "bad-json"),
        ("no UTF-8", sent(vec![b'{', b'"', 0xff, b'"', b':', b'1', b'}']), 400, "bad-json"),
        ("deep nesting", sent("[".repeat(100_000)), 422, "bad-batch"),
        ("an array", sent("[]"), 422, "bad-batch"),
        ("no records", sent(r#"{"schema":1,"agent":"isp-one","epoch":7,"seq":1,"dropped":{}}"#), 422, "bad-batch"),
        ("unknown member", sent(changed("client_ip", json!("x"))), 422, "bad-batch"),
        ("unknown drop reason", sent(changed("dropped", json!({"tired": 1}))), 422, "bad-batch"),
        ("negative drop count", sent(changed("dropped", json!({"poison": -1}))), 422, "bad-batch"),
        ("epoch of 2^53", sent(changed("epoch", json!(1_u64 << 53))), 422, "bad-batch"),
        ("seq 0", sent(changed("seq", json!(0))), 422, "bad-batch"),
        ("seq of words", sent(changed("seq", json!("one"))), 422, "bad-batch"),
        ("501 records", sent(too_many.clone()), 422, "bad-batch"),
        ("501 records, compressed", with_extra("zstd", zstd_of(too_many.as_bytes())), 422, "bad-batch"),
        ("unknown schema", sent(changed("schema", json!(2))), 422, "unknown-schema"),
        ("other agent inside", sent(changed("agent", json!("isp-two"))), 422, "agent-mismatch"),
        ("a gap at the start", sent(good(2)), 409, "sequence-conflict"),
    ];
    let house = House::new();
    for (name, case, status, slug) in cases {
        let (got, problem) = house.send(case).await;
        let kind = problem["type"].as_str().unwrap_or_default().rsplit('/').next().unwrap_or_default().to_owned();
        println!("{name}: {got} {kind}: {}", problem["detail"]);
        assert_eq!((got.as_u16(), kind.as_str()), (status, slug), "{name}: {problem}");
        assert!(problem["detail"].as_str().is_some_and(|detail| detail.len() > 10), "{name}: {problem}");
    }
    assert_eq!(house.landed(), []);
}

// Aim: a wrong batch never harms the next: after every refusal above the right one still comes in, in all encodings.
#[tokio::test]
async fn every_encoding_lands_and_is_acknowledged_once() {
    let house = House::new();
    type Compress = fn(&[u8]) -> Vec<u8>;
    let encodings: [(Option<&str>, Compress); 4] =
        [(None, <[u8]>::to_vec), (Some("identity"), <[u8]>::to_vec), (Some("gzip"), gzip_of), (Some("zstd"), zstd_of)];
    for (seq, (encoding, compress)) in (1..).zip(encodings) {
        for outcome in ["accepted", "duplicate"] {
            let case = sent_with(compress(good(seq).as_bytes()), "content-encoding", encoding);
            let (status, receipt) = house.send(case).await;
            let expected = json!({"outcome": outcome, "accepted": 1, "quarantined": {}, "next_seq": seq + 1});
            assert_eq!((status, receipt), (StatusCode::OK, expected));
        }
    }
    assert_eq!(house.landed().iter().map(|batch| batch.seq.0).collect::<Vec<_>>(), [1, 2, 3, 4]);
}

// Aim: nothing of a good record is lost beside bad ones, each bad one is counted by its reason, foreign ones are kept.
#[tokio::test]
async fn bad_records_are_counted_and_good_ones_kept() {
    let house = House::new();
    let hour = now_hour();
    let mut negative = record(64500, hour);
    negative["baseline"] = json!(-1);
    let mut with_address = record(64500, hour);
    with_address["client_ip"] = json!("192.0.2.1");
    let records = vec![
        record(64500, hour),
        record(64500, hour + 1),
        record(64500, hour + 2),
        record(64500, hour - 90 * 24),
        record(64500, hour - 90 * 24 - 1),
        record(64501, hour),
        negative,
        with_address,
        json!("free text"),
    ];
    let (status, receipt) = house.send(sent(batch(1, records).to_string())).await;
    let quarantined = json!({"malformed": 3, "future_hour": 1, "old_hour": 1, "foreign_asn": 1});
    let expected = json!({"outcome": "accepted", "accepted": 3, "quarantined": quarantined, "next_seq": 2});
    assert_eq!((status, receipt), (StatusCode::OK, expected));
    let landed = house.landed();
    assert_eq!(landed.len(), 1);
    assert_eq!(landed[0].records.len(), 4);
    assert_eq!(landed[0].arrived_hour.0, hour);
}

// Aim: a number is taken once: an altered batch of the same number and a later one are conflicts with the right number,
// and an accepted gap lets exactly its batch through.
#[tokio::test]
async fn altered_and_skipped_batches_are_conflicts_until_a_gap_is_accepted() {
    let house = House::new();
    assert_eq!(house.send(sent(good(1))).await.0, StatusCode::OK);
    for case in [changed("dropped", json!({"poison": 1})), good(5), good(6)] {
        let (status, problem) = house.send(sent(case)).await;
        assert_eq!((status, &problem["expected_seq"]), (StatusCode::CONFLICT, &json!(2)));
    }
    house.store.accept_gap(&agent("isp-one"), 7.try_into().unwrap(), wire::Seq(5)).unwrap();
    assert!(house.directory.reload_if_changed().unwrap());
    assert_eq!(house.send(sent(good(6))).await.0, StatusCode::CONFLICT);
    assert_eq!(house.send(sent(good(5))).await.0, StatusCode::OK);
    assert_eq!(house.send(sent(good(6))).await.0, StatusCode::OK);
    assert_eq!(house.send(sent(good(4))).await.0, StatusCode::CONFLICT);
}

// Aim: while keys are exchanged both are good; afterwards only the new one; a running server follows the files.
#[tokio::test]
async fn two_keys_are_live_during_a_rotation() {
    let house = House::new();
    let new = house.store.rotate(&agent("isp-one")).unwrap().secret;
    assert!(house.directory.reload_if_changed().unwrap());
    assert_eq!(house.send(sent(good(1))).await.0, StatusCode::OK);
    assert_eq!(house.send(Sent { secret: Some(new.clone()), ..sent(good(2)) }).await.0, StatusCode::OK);
    house.store.retire_old_keys(&agent("isp-one")).unwrap();
    assert!(house.directory.reload_if_changed().unwrap());
    assert_eq!(house.send(sent(good(3))).await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(house.send(Sent { secret: Some(new), ..sent(good(3)) }).await.0, StatusCode::OK);
}

// Aim: when the landing zone holds as much as it may, agents are told to wait, and nothing is lost or doubled by it.
#[tokio::test]
async fn a_full_landing_zone_sends_agents_away_for_a_while() {
    let config = IngestConfig { max_landing_bytes: 100, landing_patience_ms: 0, ..IngestConfig::default() };
    let house = House::with(&config);
    assert_eq!(house.send(sent(good(1))).await.0, StatusCode::OK);
    let (status, problem) = house.send(sent(good(2))).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(problem["type"].as_str().unwrap().ends_with("warehouse-full"));
    house.landing.remove(&house.landing.files().unwrap()).unwrap();
    assert_eq!(house.send(sent(good(2))).await.0, StatusCode::OK);
}

// Aim: a skewed agent can set its clock by the answer.
#[tokio::test]
async fn clock_skew_comes_with_the_warehouses_date() {
    let house = House::new();
    let request = Request::post("/api/v1/batches")
        .header("bufferlake-agent", "isp-one")
        .header("bufferlake-timestamp", "1000")
        .header("content-digest", ContentDigest::of(b"").to_string())
        .header("bufferlake-signature", "v1=00")
        .body(Body::empty())
        .unwrap();
    let response = house.router.clone().oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(response.headers()["date"], "Tue, 24 Nov 2026 05:30:00 GMT");
}
