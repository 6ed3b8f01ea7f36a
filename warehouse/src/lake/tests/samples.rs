//! Records and batches for tests, varied by proptest or by a number.

use std::collections::BTreeMap;

use proptest::prelude::*;
use wire::signature::ContentDigest;
use wire::{
    AgentId, Asn, AsnOutcome, Country, Day, Epoch, Grade, Hour, IpVersion, Latency, Rate, Record, RecordFields, Seq,
    TestType,
};

use crate::digest::Sha256;
use crate::landing::LandedBatch;

/// The moment at which tests begin: 2026-11-24T12:00Z.
pub(crate) const NOON: jiff::Timestamp = jiff::Timestamp::constant(1_795_521_600, 0);

/// The test day of that moment.
pub(crate) const TODAY: Day = Day(20_781);

/// A batch whose content follows from its identity, so that a test can tell what must be in it.
pub(crate) fn batch(agent: &str, epoch: u64, seq: u64, records: Vec<Record>) -> LandedBatch {
    LandedBatch {
        agent: AgentId::parse(agent).expect("tests use good ids"),
        epoch: Epoch::from_random_bits(epoch),
        seq: Seq(seq),
        digest: ContentDigest(Sha256::of(format!("{agent} {epoch} {seq}").as_bytes()).0),
        arrived_hour: TODAY.first_hour(),
        dropped: BTreeMap::new(),
        quarantined: BTreeMap::new(),
        records,
    }
}

/// A record that is filled in every field, varied by a number.
pub(crate) fn record(number: u32, hour: Hour) -> Record {
    let latency = |value: u32| Latency::try_from(value % 1_000).ok();
    let grade = |value: u32| Grade::ALL.get(value as usize % 7).copied();
    let fields = RecordFields {
        tested_hour: hour,
        test_type: TestType::Single,
        asn: Asn::new(64_500 + number % 37),
        asn_outcome: AsnOutcome::Hit,
        country: Country::parse(["DE", "US", "XK"][number as usize % 3]).ok(),
        ip_version: if number.is_multiple_of(4) { IpVersion::V6 } else { IpVersion::V4 },
        vote_day: true,
        vote_month: number.is_multiple_of(2),
        baseline: latency(number * 7),
        download_increase: latency(number * 31),
        upload_increase: latency(number * 17),
        bidirectional_increase: latency(number * 13),
        download_rate: Rate::try_from(number % 900 * 100).ok(),
        upload_rate: Rate::try_from(number % 800 * 10).ok(),
        grade_overall: grade(number),
        grade_download: grade(number / 2),
        grade_upload: grade(number / 3),
        grade_bidirectional: grade(number / 5),
        grade_gaming: None,
        grade_video_call: None,
        grade_streaming: None,
        grade_background: None,
        duration_s: u16::try_from(number % 60).ok(),
        client_version: Some([1, 2, 3]),
        asn_database_day: Some(TODAY),
    };
    Record::try_from(fields).expect("the sample keeps the rules")
}

prop_compose! {
    fn measures()(
        baseline in prop::option::of(0_u32..999),
        increases in prop::array::uniform3(prop::option::of(0_u32..999)),
        rates in prop::array::uniform2(prop::option::of(0_u32..999)),
        scale in 0_u32..4,
    ) -> [Option<u32>; 6] {
        let scaled = |value: Option<u32>| value.map(|value| value * 10_u32.pow(scale));
        let [a, b, c] = increases.map(|increase| baseline.and(scaled(increase)));
        let [d, e] = rates.map(scaled);
        [scaled(baseline), a, b, c, d, e]
    }
}

prop_compose! {
    /// Any valid record of one of a few days.
    pub(crate) fn any_record()(
        (household, v6, vote_day, vote_month) in any::<(bool, bool, bool, bool)>(),
        hour in 0_u32..72,
        asn in prop::option::of(1_u32..5),
        outcome in 0_usize..2,
        country in prop::option::of(0_usize..3),
        [baseline, download, upload, both, down_rate, up_rate] in measures(),
        grades in prop::array::uniform8(prop::option::of(0_usize..6)),
        duration_s in prop::option::of(0_u16..3_600),
        client_version in prop::option::of(any::<[u16; 3]>()),
        database in prop::option::of(0_u32..100),
    ) -> Record {
        let single = |value: Option<u32>| if household { None } else { value.and_then(|v| Latency::try_from(v).ok()) };
        let rate = |value: Option<u32>| value.and_then(|v| Rate::try_from(v).ok());
        let grade = |at: usize| grades[at].map(|grade| Grade::ALL[grade]);
        let use_case = |at: usize| if household { grade(at) } else { None };
        let mut fields = RecordFields {
            tested_hour: Hour(TODAY.first_hour().0 - hour),
            test_type: if household { TestType::Household } else { TestType::Single },
            asn: asn.and_then(Asn::new),
            asn_outcome: match (asn.is_some(), outcome) {
                (true, 0) => AsnOutcome::Hit,
                (true, _) => AsnOutcome::Override,
                (false, 0) => AsnOutcome::Miss,
                (false, _) => AsnOutcome::Nat64,
            },
            country: country.and_then(|at| Country::parse(["AD", "XK", "ZW"][at]).ok()),
            ip_version: if v6 { IpVersion::V6 } else { IpVersion::V4 },
            vote_day: false,
            vote_month: false,
            baseline: single(baseline),
            download_increase: single(download),
            upload_increase: single(upload),
            bidirectional_increase: single(both),
            download_rate: rate(down_rate),
            upload_rate: rate(up_rate),
            grade_overall: grade(0),
            grade_download: grade(1),
            grade_upload: grade(2),
            grade_bidirectional: grade(3),
            grade_gaming: use_case(4),
            grade_video_call: use_case(5),
            grade_streaming: use_case(6),
            grade_background: use_case(7),
            duration_s,
            client_version,
            asn_database_day: database.map(|days| Day(TODAY.0 - days)),
        };
        fields.vote_day = vote_day && fields.has_ranked_quantity();
        fields.vote_month = vote_month && fields.vote_day;
        Record::try_from(fields).expect("the strategy keeps the rules")
    }
}
