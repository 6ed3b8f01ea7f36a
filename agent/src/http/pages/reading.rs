//! What a stored result really measured. The meaning of a client's 0 is decided in one place, `intake::submission`; here
//! a stored result is put back into its form, so that page and record never differ.

use intake::submission::{RecordContext, Submission};
use wire::{Asn, AsnOutcome, Country, Grade, Hour, IpVersion, Latency, Record, TestType};

use crate::store::lookup::StoredResult;

/// From this rise of latency on, in ms, we speak of bufferbloat: grade C or worse by the policy `dslreports`.
pub(super) const BLOAT_MS: f64 = 60.0;

/// Below this rise, in ms, a line is quiet: grade A or better by the same policy.
pub(super) const QUIET_MS: f64 = 30.0;

/// A phase of the test that loads the line in one way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Load {
    Download,
    Upload,
    Both,
}

/// The rises of one test in ms; none where it was not measured.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Reading {
    pub(super) idle_ms: Option<f64>,
    pub(super) download_ms: Option<f64>,
    pub(super) upload_ms: Option<f64>,
    pub(super) both_ms: Option<f64>,
}

impl Reading {
    pub(super) fn of(result: &StoredResult) -> Self {
        Self::of_numbers(Numbers::of(result), result.test_type)
    }

    pub(super) fn of_numbers(numbers: Numbers, test_type: TestType) -> Self {
        let ms = |latency: Option<Latency>| latency.map(|latency| f64::from(latency.hundredths()) / 100.0);
        let measured = numbers.submission(test_type).measured();
        Self {
            idle_ms: ms(measured.baseline),
            download_ms: ms(measured.download),
            upload_ms: ms(measured.upload),
            both_ms: ms(measured.bidirectional),
        }
    }

    pub(super) fn rise(&self, load: Load) -> Option<f64> {
        match load {
            Load::Download => self.download_ms,
            Load::Upload => self.upload_ms,
            Load::Both => self.both_ms,
        }
    }

    /// The direction that suffers most. Both at once counts only where no single direction tells more.
    pub(super) fn worst(&self) -> Option<(Load, f64)> {
        let of = |load| self.rise(load).map(|ms| (load, ms));
        let one_way = match (of(Load::Download), of(Load::Upload)) {
            (Some(download), Some(upload)) => Some(if download.1 > upload.1 { download } else { upload }),
            (download, upload) => download.or(upload),
        };
        match (one_way, of(Load::Both)) {
            (Some(way), Some(both)) if way.1 < BLOAT_MS && both.1 >= BLOAT_MS => Some(both),
            (Some(way), _) => Some(way),
            (None, both) => both,
        }
    }
}

/// True if the support desk should see it among the bad ones.
pub(super) fn is_bad(result: &StoredResult) -> bool {
    match result.test_type {
        TestType::Single => Reading::of(result).worst().is_some_and(|(_, ms)| ms >= BLOAT_MS),
        TestType::Household => result.overall_grade.is_some_and(|grade| grade >= Grade::C),
    }
}

/// What would be sent of this result, made anew. The votes and the version of the client are not in the history: they
/// are as if there were none.
pub(super) fn record_made_anew(result: &StoredResult) -> Record {
    let asn = result.asn.and_then(Asn::new);
    submission(result).record(&RecordContext {
        tested_hour: Hour::of_unix_s(result.received_ms.div_euclid(1_000)),
        ip_version: if result.client_ip.is_ipv4() { IpVersion::V4 } else { IpVersion::V6 },
        asn,
        asn_outcome: if asn.is_some() { AsnOutcome::Hit } else { AsnOutcome::Miss },
        country: result.country_code.as_deref().and_then(|code| Country::parse(code).ok()),
        asn_database_day: None,
        vote_day: false,
        vote_month: false,
    })
}

/// The numbers of a test that decide what was measured.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Numbers {
    pub(super) baseline_ms: Option<f64>,
    pub(super) download_increase_ms: Option<f64>,
    pub(super) upload_increase_ms: Option<f64>,
    pub(super) bidirectional_increase_ms: Option<f64>,
    pub(super) download_mbps: Option<f64>,
    pub(super) upload_mbps: Option<f64>,
}

impl Numbers {
    fn of(result: &StoredResult) -> Self {
        Self {
            baseline_ms: result.baseline_ms,
            download_increase_ms: result.download_increase_ms,
            upload_increase_ms: result.upload_increase_ms,
            bidirectional_increase_ms: result.bidirectional_increase_ms,
            download_mbps: result.download_mbps,
            upload_mbps: result.upload_mbps,
        }
    }

    /// The submission that had these numbers, and no more.
    fn submission(self, test_type: TestType) -> Submission {
        Submission {
            test_type,
            baseline_ms: self.baseline_ms,
            download_increase_ms: self.download_increase_ms,
            upload_increase_ms: self.upload_increase_ms,
            bidirectional_increase_ms: self.bidirectional_increase_ms,
            download_mbps: self.download_mbps,
            upload_mbps: self.upload_mbps,
            grade_overall: None,
            grade_download: None,
            grade_upload: None,
            grade_bidirectional: None,
            grade_gaming: None,
            grade_video_call: None,
            grade_streaming: None,
            grade_background: None,
            household_score: None,
            duration_s: None,
            client_version: None,
            server_name: None,
        }
    }
}

fn submission(result: &StoredResult) -> Submission {
    Submission {
        grade_overall: result.overall_grade,
        grade_download: result.download_grade,
        grade_upload: result.upload_grade,
        grade_bidirectional: result.bidirectional_grade,
        grade_gaming: result.alex_grade,
        grade_video_call: result.sarah_grade,
        grade_streaming: result.jake_grade,
        grade_background: result.computer_grade,
        household_score: result.household_score,
        duration_s: result.test_duration_s,
        ..Numbers::of(result).submission(result.test_type)
    }
}
