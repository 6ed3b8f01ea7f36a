//! What a client's numbers mean, and the record that says only that.
//!
//! The browser client sends 0 for what it did not measure, with grade A+ beside it. A baseline of 0 cannot be; an
//! increase of 0 is a true 0 only if the direction was measured, which a throughput above 0 shows.

use wire::{Latency, Rate, Record, RecordFields, TestType};

use super::{RecordContext, Submission};

/// The latencies that were really measured.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Measured {
    /// Round-trip time of the idle line.
    pub baseline: Option<Latency>,
    /// Rise while downloading.
    pub download: Option<Latency>,
    /// Rise while uploading.
    pub upload: Option<Latency>,
    /// Rise while doing both.
    pub bidirectional: Option<Latency>,
}

impl Submission {
    /// True if the test has the quantity by which its type is ranked, so that it can be a vote.
    #[must_use]
    pub fn can_vote(&self) -> bool {
        match self.test_type {
            TestType::Single => {
                let measured = self.measured();
                measured.download.is_some() && measured.upload.is_some()
            }
            TestType::Household => self.grade_overall.is_some(),
        }
    }

    /// The record of this test. A vote that the context gives to a test that cannot vote is left out.
    #[must_use]
    pub fn record(&self, context: &RecordContext) -> Record {
        let measured = self.measured();
        let votes = self.can_vote();
        let household = self.test_type == TestType::Household;
        let use_case = |grade| if household { grade } else { None };
        let fields = RecordFields {
            tested_hour: context.tested_hour,
            test_type: self.test_type,
            asn: context.asn,
            asn_outcome: context.asn_outcome,
            country: context.country,
            ip_version: context.ip_version,
            vote_day: votes && (context.vote_day || context.vote_month),
            vote_month: votes && context.vote_month,
            baseline: measured.baseline,
            download_increase: measured.download,
            upload_increase: measured.upload,
            bidirectional_increase: measured.bidirectional,
            download_rate: self.download_mbps.and_then(rate),
            upload_rate: self.upload_mbps.and_then(rate),
            grade_overall: self.grade_overall,
            grade_download: self.grade_download,
            grade_upload: self.grade_upload,
            grade_bidirectional: self.grade_bidirectional,
            grade_gaming: use_case(self.grade_gaming),
            grade_video_call: use_case(self.grade_video_call),
            grade_streaming: use_case(self.grade_streaming),
            grade_background: use_case(self.grade_background),
            duration_s: self.duration_s.and_then(whole_seconds),
            client_version: self.client_version,
            asn_database_day: context.asn_database_day,
        };
        #[expect(
            clippy::expect_used,
            reason = "each rule of wire holds by the lines above; a property test tries them"
        )]
        Record::try_from(fields).expect("a submission within bounds makes a valid record")
    }

    /// What of the client's numbers is a measurement, coarsened as in the record.
    #[must_use]
    pub fn measured(&self) -> Measured {
        let baseline = self.baseline_ms.filter(|ms| *ms > 0.0).and_then(Latency::coarsen);
        if self.test_type == TestType::Household || baseline.is_none() {
            return Measured::default();
        }
        let download = increase(self.download_increase_ms, is_positive(self.download_mbps));
        let upload = increase(self.upload_increase_ms, is_positive(self.upload_mbps));
        let both = download.is_some() && upload.is_some();
        Measured { baseline, download, upload, bidirectional: increase(self.bidirectional_increase_ms, both) }
    }
}

fn is_positive(value: Option<f64>) -> bool {
    value.is_some_and(|value| value > 0.0)
}

/// An increase; 0 counts only where `zero_is_measured`.
fn increase(ms: Option<f64>, zero_is_measured: bool) -> Option<Latency> {
    ms.filter(|ms| *ms > 0.0 || zero_is_measured).and_then(Latency::coarsen)
}

/// A throughput; 0 is what clients send for "not measured".
fn rate(mbps: f64) -> Option<Rate> {
    Rate::coarsen(mbps).filter(|rate| rate.hundredths() > 0)
}

fn whole_seconds(seconds: f64) -> Option<u16> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "parsing bounds it to 0 to 3,600")]
    let whole = seconds.round() as u16;
    (whole > 0).then_some(whole)
}
