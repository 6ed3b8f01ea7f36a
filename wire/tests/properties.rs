//! Aim: no value that keeps the rules is lost on the wire, and none that breaks them gets through.

use proptest::prelude::*;
use serde_json::{Value, json};
use wire::signature::{ContentDigest, Secret};
use wire::{AgentId, Batch, BatchFault, Country, Grade, Latency, MAX_BATCH_RECORDS, Rate, Record};

fn grade() -> impl Strategy<Value = Option<Grade>> {
    prop::option::of(prop::sample::select(Grade::ALL.to_vec()))
}

fn latency() -> impl Strategy<Value = Option<Latency>> {
    prop::option::of((0.0..60_000.0_f64).prop_map(|ms| Latency::coarsen(ms).expect("in range")))
}

prop_compose! {
    /// Any valid record, as the JSON that would travel.
    fn record()(
        household: bool, asn in prop::option::of(1_u32..), override_: bool, v6: bool, day: bool, month: bool,
        baseline in latency(), increases in [latency(), latency(), latency()],
        rate in prop::option::of(0.0..100_000.0_f64), grades in [grade(), grade(), grade(), grade()],
        uses in [grade(), grade(), grade(), grade()], duration in prop::option::of(0_u16..=3_600),
        version in prop::option::of(any::<[u16; 3]>()), hour in 400_000_u32..600_000,
        country in prop::option::of(prop::sample::select(vec!["DE", "US", "XK", "AD", "ZW"])),
    ) -> Value {
        let measured = !household && baseline.is_some();
        let increases = increases.map(|increase| increase.filter(|_| measured));
        let ranked = if household { grades[0].is_some() } else { increases[0].is_some() && increases[1].is_some() };
        let outcome = match (asn, override_) {
            (Some(_), true) => "override",
            (Some(_), false) => "hit",
            (None, true) => "private",
            (None, false) => "miss",
        };
        let uses = uses.map(|grade| grade.filter(|_| household));
        json!({
            "tested_hour": hour, "test_type": if household { "household" } else { "single" }, "asn": asn,
            "asn_outcome": outcome, "country": country, "ip_version": if v6 { 6 } else { 4 },
            "vote_day": ranked && day, "vote_month": ranked && day && month,
            "baseline": baseline.filter(|_| measured), "download_increase": increases[0],
            "upload_increase": increases[1], "bidirectional_increase": increases[2],
            "download_rate": rate.and_then(Rate::coarsen), "upload_rate": null,
            "grade_overall": grades[0], "grade_download": grades[1], "grade_upload": grades[2],
            "grade_bidirectional": grades[3], "grade_gaming": uses[0], "grade_video_call": uses[1],
            "grade_streaming": uses[2], "grade_background": uses[3], "duration_s": duration,
            "client_version": version, "asn_database_day": hour / 24,
        })
    }
}

fn batch(records: &[Value]) -> Vec<u8> {
    let batch = json!({"schema": 1, "agent": "example", "epoch": 7, "seq": 1, "dropped": {}, "records": records});
    batch.to_string().into_bytes()
}

/// What is wrong with a record, one thing at a time.
fn spoil(record: &Value, how: usize) -> Value {
    let mut bad = record.clone();
    match how {
        0 => bad["client_ip"] = json!("192.0.2.1"),
        1 => bad["baseline"] = json!(12_345),
        2 => bad["country"] = json!("ZZ"),
        3 => bad["ip_version"] = json!(5),
        4 => bad["asn"] = json!(0),
        5 => bad["grade_overall"] = json!("192.0.2.1"),
        6 => bad["duration_s"] = json!(3_601),
        7 => bad["client_version"] = json!("1.0.0"),
        8 => bad = json!("not a record"),
        _ => bad = json!({"nested": [record]}),
    }
    bad
}

proptest! {
    #[test]
    fn a_record_comes_back_as_it_went(json in record()) {
        let read: Record = serde_json::from_value(json.clone()).expect("a valid record");
        prop_assert_eq!(serde_json::to_value(&read).expect("JSON"), json);
    }

    #[test]
    fn bad_records_are_counted_and_the_good_beside_them_kept(
        good in prop::collection::vec(record(), 0..8), bad in prop::collection::vec((any::<prop::sample::Index>(), 0_usize..10, record()), 1..6),
    ) {
        let mut mixed = good.clone();
        for (at, how, record) in &bad {
            mixed.insert(at.index(mixed.len() + 1), spoil(record, *how));
        }
        let parsed = Batch::from_json(&batch(&mixed)).expect("a batch");
        prop_assert_eq!(parsed.malformed, bad.len() as u64);
        let kept: Vec<_> = parsed.batch.records.iter().map(|record| serde_json::to_value(record).expect("JSON")).collect();
        prop_assert_eq!(kept, good);
    }

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), at in any::<prop::sample::Index>(), byte: u8) {
        let _ = Batch::from_json(&bytes);
        let mut near = batch(&[]);
        let at = at.index(near.len());
        near[at] = byte;
        let _ = Batch::from_json(&near);
    }

    #[test]
    fn coarsening_keeps_three_digits_and_half_a_percent(ms in 0.0..60_000.0_f64) {
        let coarse = Latency::coarsen(ms).expect("in range").hundredths();
        prop_assert_eq!(Latency::try_from(coarse).map(u32::from), Ok(coarse), "what was coarsened is accepted");
        prop_assert_eq!(Latency::coarsen(f64::from(coarse) / 100.0).map(u32::from), Some(coarse), "twice is once");
        let digits = coarse.to_string();
        prop_assert!(digits.trim_end_matches('0').len() <= 3, "{}", digits);
        // Half a hundredth from the first rounding, half a percent at most from the second.
        prop_assert!((f64::from(coarse) - ms * 100.0).abs() <= 0.5 + 0.005_001 * ms * 100.0);
    }

    #[test]
    fn an_agent_id_is_what_the_protocol_says(text in "[a-zA-Z0-9_.-]{0,34}") {
        let mut letters = text.chars();
        let good = (3..=32).contains(&text.len())
            && letters.next().is_some_and(|first| first.is_ascii_lowercase())
            && letters.all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-');
        prop_assert_eq!(AgentId::parse(&text).is_ok(), good);
    }

    #[test]
    fn a_signature_verifies_itself_and_nothing_else(
        key: [u8; 32], body in prop::collection::vec(any::<u8>(), 1..100), time in 0_i64..4_000_000_000, bit in 0_usize..256, at in any::<prop::sample::Index>(),
    ) {
        let (agent, other) = (AgentId::parse("agent-a").expect("an id"), AgentId::parse("agent-b").expect("an id"));
        let (secret, digest) = (Secret::from_random_bytes(key), ContentDigest::of(&body));
        let signature = secret.sign(&agent, time, &digest);
        prop_assert!(secret.verifies(&signature, &agent, time, &digest));

        let mut altered = body.clone();
        altered[at.index(body.len())] ^= 1 << (bit % 8);
        let mut wrong_key = key;
        wrong_key[bit / 8] ^= 1 << (bit % 8);
        let mut wrong_signature = signature.clone().into_bytes();
        let place = 3 + bit / 4;
        wrong_signature[place] = if wrong_signature[place] == b'0' { b'1' } else { b'0' };
        let wrong_signature = String::from_utf8(wrong_signature).expect("ASCII");
        prop_assert!(!secret.verifies(&signature, &other, time, &digest));
        prop_assert!(!secret.verifies(&signature, &agent, time + 1, &digest));
        prop_assert!(!secret.verifies(&signature, &agent, time, &ContentDigest::of(&altered)));
        prop_assert!(!Secret::from_random_bytes(wrong_key).verifies(&signature, &agent, time, &digest));
        prop_assert!(!secret.verifies(&wrong_signature, &agent, time, &digest));
        prop_assert!(!secret.verifies(&signature[..66], &agent, time, &digest));
    }
}

#[test]
fn coarsening_at_its_edges() {
    let cases = [
        (0.0, Some(0)),
        (-0.004, Some(0)),
        (0.004, Some(0)),
        (0.006, Some(1)),
        (9.994, Some(999)),
        (9.996, Some(1_000)),
        (99.94, Some(9_990)),
        (99.95, Some(10_000)),
        (999.4, Some(99_900)),
        (999.5, Some(100_000)),
        (60_000.0, Some(6_000_000)),
        (60_000.1, None),
        (-1.0, None),
        (f64::NAN, None),
        (f64::INFINITY, None),
    ];
    for (ms, hundredths) in cases {
        assert_eq!(Latency::coarsen(ms).map(u32::from), hundredths, "{ms}");
    }
    assert!(Latency::try_from(1_001).is_err() && Latency::try_from(6_010_000).is_err());
}

#[test]
fn the_envelope_is_held_to_its_rules() {
    let with = |name: &str, value: Value| {
        let mut batch: Value = serde_json::from_slice(&batch(&[])).expect("JSON");
        batch[name] = value;
        Batch::from_json(batch.to_string().as_bytes())
    };
    assert!(with("seq", json!(1)).is_ok());
    assert!(matches!(with("schema", json!(2)), Err(BatchFault::UnknownSchema(2))));
    assert!(matches!(with("seq", json!(0)), Err(BatchFault::SeqZero)));
    assert!(matches!(with("records", json!(vec![0; MAX_BATCH_RECORDS + 1])), Err(BatchFault::TooManyRecords(501))));
    let bad = [
        ("client_ip", json!("192.0.2.1")),
        ("agent", json!("A")),
        ("epoch", json!(1_u64 << 53)),
        ("dropped", json!({"192.0.2.1": 1})),
    ];
    for (name, value) in bad {
        assert!(matches!(with(name, value), Err(BatchFault::Envelope(_))), "{name}");
    }
}

#[test]
fn a_country_is_an_assigned_code() {
    let codes = (b'A'..=b'Z').flat_map(|first| (b'A'..=b'Z').map(move |second| [first, second]));
    let known = codes.filter(|code| std::str::from_utf8(code).is_ok_and(|code| Country::parse(code).is_ok())).count();
    assert_eq!(known, 250, "249 of ISO 3166-1, and XK");
    for wrong in ["", "D", "de", "DEU", "ZZ", "EU", "UK", "É"] {
        assert!(Country::parse(wrong).is_err(), "{wrong}");
    }
}
