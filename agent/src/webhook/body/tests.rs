//! Aim: receivers that read the old system's deliveries read ours: names, order and forms of numbers are those of the
//! golden files, which were written by hand after a delivery of the old system.

use std::path::Path;

use intake::asn::AsnFinding;
use intake::client::ClientAddress;
use intake::submission::{Parsed, parse};
use wire::AsnOutcome;

use super::*;

fn golden(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn written(client: &str, user_agent: Option<&str>, finding: AsnFinding, results: &str) -> String {
    let text = format!(r#"{{"results":{results}}}"#);
    let Ok(Parsed::Kept(submission)) = parse(text.as_bytes()) else { panic!("a good body is refused") };
    let incoming = Incoming {
        client: ClientAddress::new(client.parse().expect("an address")),
        client_tag: [0; 16],
        vote_key: [0; 16],
        retry_key: [0; 16],
        submission,
        finding,
        user_agent: user_agent.map(str::to_owned),
    };
    let accepted = Accepted { local_id: 7_890, received_s: 1_704_112_496 };
    String::from_utf8(body(&incoming, accepted).expect("a body")).expect("text")
}

fn found() -> AsnFinding {
    AsnFinding {
        asn: Asn::new(12_345),
        outcome: AsnOutcome::Hit,
        name: Some("Example ISP LLC".into()),
        country: Country::parse("US").ok(),
        database_day: None,
    }
}

fn unknown() -> AsnFinding {
    AsnFinding { asn: None, outcome: AsnOutcome::Miss, name: None, country: None, database_day: None }
}

#[test]
fn a_single_test_is_written_as_the_old_system_did() {
    let results = r#"{"test_type":"single","grades":{"overall":"B","download":"A"},"metrics":{"baseline_latency_ms":25.3,
        "download_latency_increase_ms":45.2,"upload_latency_increase_ms":67.8,"bidirectional_latency_increase_ms":89.1,
        "download_throughput_mbps":95.3,"upload_throughput_mbps":12.7}}"#;
    let written = written("192.168.1.100", Some("Mozilla/5.0..."), found(), results);
    assert_eq!(written, golden("webhook-single.json"));
}

#[test]
fn a_household_test_has_its_grades_and_keeps_the_clients_zeros() {
    let results = r#"{"test_type":"virtual_household","grades":{"overall":{"letter":"B","score":80}},
        "metrics":{"baseline_latency_ms":18.04,"download_latency_increase_ms":0,"upload_latency_increase_ms":12.50,
        "bidirectional_latency_increase_ms":0.0,"download_throughput_mbps":310,"upload_throughput_mbps":0},
        "household_metrics":{"alex_performance":"A","sarah_performance":"B","jake_performance":"A+"}}"#;
    let written = written("2001:db8:1::c0de", Some("a \"browser\" of Zürich\t"), found(), results);
    assert_eq!(written, golden("webhook-household.json"));
}

#[test]
fn what_is_not_known_keeps_its_place() {
    let written = written("::ffff:198.51.100.7", None, unknown(), r#"{"test_type":"household"}"#);
    assert_eq!(written, golden("webhook-nothing-known.json"));
}
