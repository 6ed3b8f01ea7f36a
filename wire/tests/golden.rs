//! Aim: what version 1 wrote is read by every later version, and version 1 still writes the same bytes.
//!
//! The files were made by another program in another language (the signature too), not by the code under test. They are
//! never edited: a new schema gets a folder of its own.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::path::Path;

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use wire::receipt::Conflict;
use wire::signature::{ContentDigest, Secret};
use wire::{
    AgentId, Asn, AsnOutcome, Batch, Country, Day, DropReason, Epoch, Grade, Hour, IpVersion, Latency, Outcome,
    QuarantineReason, Rate, Receipt, Record, RecordFields, SCHEMA, Seq, TestType,
};

fn golden(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/v1").join(name);
    let bytes = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    bytes.trim_ascii_end().to_vec()
}

#[track_caller]
fn both_ways<T: Serialize + DeserializeOwned + PartialEq + Debug>(name: &str, value: &T) {
    let bytes = golden(name);
    assert_eq!(&serde_json::from_slice::<T>(&bytes).expect("golden bytes are read"), value);
    assert_eq!(serde_json::to_string(value).expect("JSON").as_bytes(), bytes, "{name} is written as before");
}

fn latency(hundredths: u32) -> Option<Latency> {
    Some(Latency::try_from(hundredths).expect("three digits"))
}

fn rate(hundredths: u32) -> Option<Rate> {
    Some(Rate::try_from(hundredths).expect("three digits"))
}

fn single() -> Record {
    let fields = RecordFields {
        tested_hour: Hour(498_741),
        test_type: TestType::Single,
        asn: Asn::new(64_500),
        asn_outcome: AsnOutcome::Hit,
        country: Country::parse("DE").ok(),
        ip_version: IpVersion::V6,
        vote_day: true,
        vote_month: true,
        baseline: latency(2_530),
        download_increase: latency(4_520),
        upload_increase: latency(6_780),
        bidirectional_increase: latency(8_910),
        download_rate: rate(9_530),
        upload_rate: rate(1_270),
        grade_overall: Some(Grade::B),
        grade_download: Some(Grade::A),
        grade_upload: Some(Grade::B),
        grade_bidirectional: Some(Grade::C),
        grade_gaming: None,
        grade_video_call: None,
        grade_streaming: None,
        grade_background: None,
        duration_s: None,
        client_version: None,
        asn_database_day: Some(Day(20_777)),
    };
    Record::try_from(fields).expect("a valid record")
}

fn household() -> Record {
    let fields = RecordFields {
        tested_hour: Hour(498_741),
        test_type: TestType::Household,
        asn: None,
        asn_outcome: AsnOutcome::Private,
        country: None,
        ip_version: IpVersion::V4,
        vote_day: true,
        vote_month: false,
        baseline: None,
        download_increase: None,
        upload_increase: None,
        bidirectional_increase: None,
        download_rate: rate(1_840),
        upload_rate: None,
        grade_overall: Some(Grade::APlus),
        grade_download: None,
        grade_upload: None,
        grade_bidirectional: None,
        grade_gaming: Some(Grade::A),
        grade_video_call: Some(Grade::B),
        grade_streaming: Some(Grade::APlus),
        grade_background: Some(Grade::F),
        duration_s: Some(40),
        client_version: Some([1, 0, 0]),
        asn_database_day: None,
    };
    Record::try_from(fields).expect("a valid record")
}

#[test]
fn records() {
    both_ways("record-single.json", &single());
    both_ways("record-household.json", &household());
}

#[test]
fn a_batch_and_the_order_in_which_it_is_sealed() {
    let batch = |records| Batch {
        schema: SCHEMA,
        agent: AgentId::parse("example-isp").expect("an agent id"),
        epoch: Epoch::try_from(9_007_199_254_740_991).expect("the largest epoch"),
        seq: Seq(42),
        dropped: BTreeMap::from([(DropReason::OutboxFull, 3), (DropReason::Poison, 1)]),
        records,
    };
    // Sealing sorts by bytes, in whatever order the tests came.
    let sealed = batch(vec![household(), single()]);
    for records in [vec![single(), household()], vec![household(), single()]] {
        assert_eq!(batch(records).to_sealed_json().expect("JSON"), golden("batch.json"));
    }
    let parsed = Batch::from_json(&golden("batch.json")).expect("a batch");
    let (mut read, mut expected) = (parsed.batch.records.clone(), sealed.records.clone());
    let key = |record: &Record| serde_json::to_string(record).expect("JSON");
    read.sort_by_key(key);
    expected.sort_by_key(key);
    assert_eq!((read, parsed.malformed), (expected, 0));
    assert_eq!(Batch { records: Vec::new(), ..parsed.batch }, Batch { records: Vec::new(), ..sealed });
}

#[test]
fn answers() {
    let receipt = Receipt {
        outcome: Outcome::Accepted,
        accepted: 499,
        quarantined: BTreeMap::from([(QuarantineReason::Malformed, 1), (QuarantineReason::ForeignAsn, 2)]),
        next_seq: Seq(43),
    };
    both_ways("receipt.json", &receipt);
    both_ways("conflict.json", &Conflict { expected_seq: Seq(41) });
}

#[test]
fn a_signature_made_by_another_implementation() {
    #[derive(Deserialize)]
    struct Signed {
        secret: String,
        agent: AgentId,
        timestamp: i64,
        body_file: String,
        content_digest: String,
        signature: String,
    }
    let signed: Signed = serde_json::from_slice(&golden("signature.json")).expect("a signature");
    let digest = ContentDigest::of(&golden(&signed.body_file));
    assert_eq!(digest.to_string(), signed.content_digest);
    assert_eq!(ContentDigest::parse(&signed.content_digest), Some(digest));
    let secret = Secret::parse(&signed.secret).expect("64 hexadecimal digits");
    assert_eq!(secret.sign(&signed.agent, signed.timestamp, &digest), signed.signature);
    assert!(secret.verifies(&signed.signature, &signed.agent, signed.timestamp, &digest));
}
