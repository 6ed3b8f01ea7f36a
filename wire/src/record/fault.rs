//! The rules that hold between the fields of a record.

use super::{AsnOutcome, MAX_DURATION_S, RecordFields, TestType};

/// Why fields do not make a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecordFault {
    /// `vote_month` implies `vote_day`.
    #[error("vote_month is true but vote_day is false: the first test in 30 days is also the first of its day")]
    MonthWithoutDay,
    /// Only a test with the ranked quantity can be a vote.
    #[error("the record is a vote but lacks the ranked quantity (single: both increases; household: grade_overall)")]
    VoteWithoutQuantity,
    /// The household test measures no latency under load.
    #[error("a household test measures no latency: baseline and increases must be null")]
    HouseholdLatency,
    /// Use-case grades belong to the household test.
    #[error("a single test has no use-case grades: gaming, video_call, streaming and background must be null")]
    SingleUseCase,
    /// An increase is a difference to the baseline.
    #[error("baseline is null, so the increases must be null too")]
    IncreaseWithoutBaseline,
    /// `asn` and `asn_outcome` contradict each other.
    #[error("asn and asn_outcome disagree: hit and override have an asn, miss and private have none")]
    OutcomeDisagrees,
    /// Longer than any test runs.
    #[error("duration_s is over {MAX_DURATION_S}")]
    DurationTooLong,
}

pub(super) fn check(fields: &RecordFields) -> Result<(), RecordFault> {
    let increases = [fields.download_increase, fields.upload_increase, fields.bidirectional_increase];
    let any_increase = increases.iter().any(Option::is_some);
    let any_use_case = [fields.grade_gaming, fields.grade_video_call, fields.grade_streaming, fields.grade_background]
        .iter()
        .any(Option::is_some);

    if fields.vote_month && !fields.vote_day {
        return Err(RecordFault::MonthWithoutDay);
    }
    if fields.vote_day && !fields.has_ranked_quantity() {
        return Err(RecordFault::VoteWithoutQuantity);
    }
    match fields.test_type {
        TestType::Household if any_increase || fields.baseline.is_some() => return Err(RecordFault::HouseholdLatency),
        TestType::Single if any_use_case => return Err(RecordFault::SingleUseCase),
        _ => {}
    }
    if fields.baseline.is_none() && any_increase {
        return Err(RecordFault::IncreaseWithoutBaseline);
    }
    let agrees = match fields.asn_outcome {
        AsnOutcome::Hit | AsnOutcome::Override => fields.asn.is_some(),
        AsnOutcome::Miss | AsnOutcome::Private => fields.asn.is_none(),
        AsnOutcome::Nat64 => true,
    };
    if !agrees {
        return Err(RecordFault::OutcomeDisagrees);
    }
    if fields.duration_s.is_some_and(|seconds| seconds > MAX_DURATION_S) {
        return Err(RecordFault::DurationTooLong);
    }
    Ok(())
}
