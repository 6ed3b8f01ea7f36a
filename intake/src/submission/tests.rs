//! Aim: whatever a client sends, it becomes the right record or a clear error, and never a panic.

use proptest::prelude::*;
use serde_json::{Value, json};
use wire::{Asn, AsnOutcome, Grade, Hour, IpVersion, TestType};

use super::{Parsed, RecordContext, Submission, SubmissionFault, parse};

const CONTEXT: RecordContext = RecordContext {
    tested_hour: Hour(490_000),
    ip_version: IpVersion::V4,
    asn: None,
    asn_outcome: AsnOutcome::Miss,
    country: None,
    asn_database_day: None,
    vote_day: true,
    vote_month: true,
};

fn single() -> Value {
    json!({"telemetry_enabled": true, "timestamp": "2026-11-23T21:04:05.123Z",
        "server_info": {"server_id": "isp-1", "server_url": "https://test.example.net", "server_name": "Example"},
        "results": {"test_type": "single",
            "grades": {"overall": "B", "download": "A", "upload": "B", "bidirectional": "C"},
            "metrics": {"baseline_latency_ms": 25.3, "download_latency_increase_ms": 45.2,
                "upload_latency_increase_ms": 67.8, "bidirectional_latency_increase_ms": 89.1,
                "download_throughput_mbps": 95.3, "upload_throughput_mbps": 12.7}}})
}

fn kept(body: &Value) -> Submission {
    match parse(body.to_string().as_bytes()).expect("a good body") {
        Parsed::Kept(submission) => *submission,
        Parsed::OptedOut => panic!("opted out"),
    }
}

fn with(path: &str, value: Value) -> Value {
    let mut body = single();
    *body.pointer_mut(path).expect("a member of the example") = value;
    body
}

#[test]
fn a_single_test_becomes_its_record() {
    let submission = kept(&single());
    assert_eq!(submission.server_name.as_deref(), Some("Example"));
    let record = submission.record(&CONTEXT);
    assert_eq!(record.baseline.map(u32::from), Some(2_530));
    assert_eq!(record.working_increase(), Some(5_650));
    assert_eq!(record.download_rate.map(u32::from), Some(9_530));
    assert_eq!(record.grade_bidirectional, Some(Grade::C));
    assert!(record.vote_month);
}

#[test]
fn dialects_mean_the_same() {
    for name in ["household", "virtual_household"] {
        let body = json!({"results": {"test_type": name,
            "grades": {"overall": {"letter": "B", "score": 80}, "download": {"grade": "A"}, "upload": null},
            "metrics": {"baseline_latency_ms": 18.04, "download_latency_increase_ms": 0, "upload_latency_increase_ms": 12.5,
                "download_throughput_mbps": 0, "test_duration_seconds": 40},
            "household_metrics": {"alex_performance": "A", "sarah_performance": "B", "jake_performance": "A+",
                "computer_performance": "C"},
            "server_info": {"name": "Example"}, "client_version": "1.0.0"}});
        let submission = kept(&body);
        assert_eq!(submission.server_name.as_deref(), Some("Example"));
        assert_eq!(submission.upload_increase_ms, Some(12.5), "history keeps what came");
        let record = submission.record(&CONTEXT);
        assert_eq!(record.test_type, TestType::Household);
        assert_eq!((record.baseline, record.upload_increase), (None, None), "a household test measures no latency");
        assert_eq!((record.grade_overall, record.grade_download), (Some(Grade::B), Some(Grade::A)));
        assert_eq!((record.grade_gaming, record.grade_background), (Some(Grade::A), Some(Grade::C)));
        assert_eq!((record.client_version, record.duration_s), (Some([1, 0, 0]), Some(40)));
        assert_eq!(record.download_rate, None);
    }
    assert_eq!(kept(&with("/results/test_type", json!("single_user"))).test_type, TestType::Single);
}

#[test]
fn a_zero_is_a_zero_only_where_it_was_measured() {
    let increase = "/results/metrics/download_latency_increase_ms";
    let measured = kept(&with(increase, json!(0))).record(&CONTEXT);
    assert_eq!(measured.download_increase.map(u32::from), Some(0), "throughput shows that it was measured");

    let mut body = with(increase, json!(0));
    body["results"]["metrics"]["download_throughput_mbps"] = json!(0);
    let unmeasured = kept(&body).record(&CONTEXT);
    assert_eq!((unmeasured.download_increase, unmeasured.download_rate), (None, None));
    assert!(!unmeasured.vote_month && !unmeasured.vote_day, "without both directions it is no vote");

    body["results"]["metrics"]["bidirectional_latency_increase_ms"] = json!(0);
    assert_eq!(kept(&body).record(&CONTEXT).bidirectional_increase, None);

    let no_baseline = kept(&with("/results/metrics/baseline_latency_ms", json!(0))).record(&CONTEXT);
    assert_eq!((no_baseline.baseline, no_baseline.upload_increase), (None, None));
}

#[test]
fn opting_out_is_heard_before_anything_else() {
    let parsed = parse(br#"{"telemetry_enabled": false, "results": "nonsense"}"#).expect("opted out");
    assert_eq!(parsed, Parsed::OptedOut);
}

#[test]
fn what_is_wrong_is_named() {
    let cases = [
        (json!([1]), "(body)"),
        (json!({}), "results"),
        (json!({"results": []}), "results"),
        (json!({"telemetry_enabled": "no"}), "telemetry_enabled"),
        (json!({"results": {}}), "results.test_type"),
        (with("/results/test_type", json!("triple")), "results.test_type"),
        (with("/results/test_type", json!(1)), "results.test_type"),
        (with("/results/grades/overall", json!("E")), "results.grades.overall"),
        (with("/results/grades/overall", json!(5)), "results.grades.overall"),
        (with("/results/grades", json!("A")), "results.grades"),
        (with("/results/metrics/baseline_latency_ms", json!(-1)), "results.metrics.baseline_latency_ms"),
        (with("/results/metrics/baseline_latency_ms", json!("25")), "results.metrics.baseline_latency_ms"),
        (with("/results/metrics/baseline_latency_ms", json!(60_000.1)), "results.metrics.baseline_latency_ms"),
        (with("/results/metrics/upload_throughput_mbps", json!(1e9)), "results.metrics.upload_throughput_mbps"),
        (json!({"source_server": "x", "results": {}}), "source_server"),
        (json!({"forwarded_from": null, "results": {}}), "forwarded_from"),
        (json!({"client_ip": "192.0.2.1", "results": {}}), "client_ip"),
    ];
    for (body, field) in cases {
        let fault = parse(body.to_string().as_bytes()).expect_err("a bad body");
        assert_eq!(fault.field(), Some(field), "{body}");
    }
    assert!(matches!(parse(b"{"), Err(SubmissionFault::NotJson(_))));
    assert!(matches!(parse(b"{\"a\":1e999}"), Err(SubmissionFault::NotJson(_))));
    assert!(matches!(parse(&[0xff, 0xfe]), Err(SubmissionFault::NotJson(_))));
    assert!(matches!(parse(&vec![b' '; 65_537]), Err(SubmissionFault::TooLarge)));
    assert!(matches!(parse("[".repeat(60_000).as_bytes()), Err(SubmissionFault::NotJson(_))));
}

#[test]
fn the_examples_of_real_clients_are_read() {
    let examples = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/examples");
    // The examples lie outside the project: where they are missing there is nothing to read.
    let Ok(files) = std::fs::read_dir(examples) else { return };
    for file in files.map(|file| file.expect("a directory entry").path()) {
        if file.file_name().is_some_and(|name| name.to_string_lossy().starts_with("submission-")) {
            let body = std::fs::read(&file).expect("an example");
            assert!(matches!(parse(&body), Ok(Parsed::Kept(_))), "{}", file.display());
        }
    }
}

fn any_number() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        Just(json!(0)),
        (0.0..60_000.0_f64).prop_map(|ms| json!(ms)),
        (0_u32..60_000).prop_map(|ms| json!(ms)),
        Just(json!(-0.0)),
        Just(json!(0.004)),
    ]
}

proptest! {
    #[test]
    fn every_submission_within_bounds_makes_a_record(
        numbers in prop::collection::vec(any_number(), 6),
        household: bool, letter in 0_usize..7, vote_day: bool, vote_month: bool, duration in 0.0..3_600.0_f64,
    ) {
        let letters = ["A+", "A", "B", "C", "D", "F", "N/A"];
        let body = json!({"results": {
            "test_type": if household { "household" } else { "single" },
            "grades": {"overall": letters[letter]},
            "household_metrics": {"alex_performance": letters[letter]},
            "metrics": {"baseline_latency_ms": numbers[0], "download_latency_increase_ms": numbers[1],
                "upload_latency_increase_ms": numbers[2], "bidirectional_latency_increase_ms": numbers[3],
                "download_throughput_mbps": numbers[4], "upload_throughput_mbps": numbers[5],
                "test_duration_seconds": duration}}});
        let context = RecordContext { vote_day, vote_month, asn: Asn::new(64_500), asn_outcome: AsnOutcome::Hit, ..CONTEXT };
        let submission = kept(&body);
        let record = submission.record(&context);
        prop_assert_eq!(record.has_ranked_quantity(), submission.can_vote());
    }

    #[test]
    fn no_bytes_make_it_panic(body in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = parse(&body);
    }

    #[test]
    fn no_change_of_a_good_body_makes_it_panic(at in 0_usize..400, byte: u8) {
        let mut body = single().to_string().into_bytes();
        let at = at % body.len();
        body[at] = byte;
        if let Ok(Parsed::Kept(submission)) = parse(&body) {
            let _ = submission.record(&CONTEXT);
        }
    }
}
