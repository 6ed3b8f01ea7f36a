//! Results for the tests of these pages.

use wire::{Grade, TestType};

use crate::store::lookup::StoredResult;

/// The moment at which the tests stand: 2026-11-25 14:02 UTC.
pub(super) const NOW_MS: i64 = 1_795_615_320_000;

/// A test of one user `hours` ago with these rises while downloading and uploading; none: the client sent 0 for all.
pub(super) fn single(hours: i64, download: Option<f64>, upload: Option<f64>) -> StoredResult {
    let rate = |rise: Option<f64>| Some(if rise.is_some() { 95.3 } else { 0.0 });
    StoredResult {
        local_id: 1_000 - hours,
        test_id: format!("isp_{hours}"),
        received_ms: NOW_MS - hours * 3_600_000,
        client_ip: [192, 0, 2, 7].into(),
        user_agent: None,
        test_type: TestType::Single,
        download_mbps: rate(download),
        upload_mbps: rate(upload),
        baseline_ms: Some(18.0),
        download_increase_ms: download.or(Some(0.0)),
        upload_increase_ms: upload.or(Some(0.0)),
        bidirectional_increase_ms: None,
        overall_grade: Some(Grade::B),
        download_grade: None,
        upload_grade: None,
        bidirectional_grade: None,
        household_score: None,
        alex_grade: None,
        sarah_grade: None,
        jake_grade: None,
        computer_grade: None,
        test_duration_s: Some(40.0),
        asn: Some(64_500),
        asn_name: Some("Example Fibre".to_owned()),
        country_code: Some("DE".to_owned()),
        test_server_name: None,
    }
}

/// A household test `hours` ago with this overall grade and this grade of the video call.
pub(super) fn household(hours: i64, overall: Option<Grade>, video_call: Grade) -> StoredResult {
    StoredResult {
        test_type: TestType::Household,
        overall_grade: overall,
        alex_grade: Some(Grade::A),
        sarah_grade: Some(video_call),
        ..single(hours, None, None)
    }
}
