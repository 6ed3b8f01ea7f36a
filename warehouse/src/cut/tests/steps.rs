//! Cuts that are made of what is new say what a cut says that is made of everything.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, TestError, TestRunner};

use super::*;
use crate::lake::tests::samples::{NOON, any_record};
use crate::marts::Marts;

/// What happens before a cut.
#[derive(Debug, Clone)]
struct Step {
    /// Days that pass since the cut before.
    days: u32,
    /// What arrives on the last of them: for each batch, how many days ago its tests were taken.
    batches: Vec<(u32, Vec<Record>)>,
    /// The operator takes the newest closed day back.
    withdraw: bool,
    /// The cache is lost.
    forget: bool,
    /// Old months are dropped after the cut.
    retain: bool,
}

prop_compose! {
    fn any_step()(
        days in prop_oneof![0_u32..3, 10_u32..40, 80_u32..120],
        batches in prop::collection::vec((0_u32..6, prop::collection::vec(any_record(), 1..60)), 0..6),
        withdraw in prop::bool::weighted(0.1),
        forget in prop::bool::weighted(0.1),
        retain in prop::bool::weighted(0.4),
    ) -> Step {
        Step { days, batches, withdraw, forget, retain }
    }
}

/// The record on this day, measured and most often a vote.
fn at(day: Day, record: &Record) -> Record {
    let mut fields: RecordFields = record.clone().into();
    fields.tested_hour = Hour(day.first_hour().0 + fields.tested_hour.of_day());
    match fields.test_type {
        TestType::Household => fields.grade_overall = fields.grade_overall.or(Some(wire::Grade::B)),
        TestType::Single => {
            fields.baseline = fields.baseline.or(Latency::try_from(1_500).ok());
            fields.download_increase = fields.download_increase.or(Latency::try_from(700).ok());
            fields.upload_increase = fields.upload_increase.or(Latency::try_from(0).ok());
        }
    }
    fields.vote_day = fields.tested_hour.of_day() != 5;
    fields.vote_month = fields.vote_day;
    Record::try_from(fields).unwrap()
}

fn cut_of(marts: &mut Marts, house: &House, rights: &Rights, last: Day) -> (Published, CutDocument) {
    marts.refresh(&house.lake, rights).unwrap();
    house.close(marts, last);
    marts.check().unwrap();
    // Low gates, so that all of the statements have something to say.
    let evidence = Evidence { listed_votes: 10, ranked_votes: 12, ranked_days: 1, p95_votes: 40 };
    let plan = Plan { last_day: TestDate::of(last).unwrap(), evidence, ..plan() };
    let published = publish(marts, &house.lake, &house.dir, &plan).unwrap();
    (published, read::read_manifest(&house.dir.public(), published.id).unwrap().0)
}

/// What the cuts of a test had, so that it is seen to have had everything.
#[derive(Debug, Default)]
struct Seen {
    files: BTreeMap<Span, u32>,
    retained: u32,
    corrected: u32,
    /// Months of which a release said that they had changed.
    compared: u32,
}

/// Takes the steps, makes the last cut again from scratch, and compares; then looks at every file that any cut names.
fn take(steps: &[Step]) -> Seen {
    let house = House::new();
    let mut marts = house.marts();
    let mut rights = rights(&[("provider", 1, Hour(0)), ("provider", 2, Hour(0)), ("provider", 3, Hour(0))]);
    let mut today = Day(TODAY.0 - 60);
    let (mut documents, mut seen, mut seq) = (Vec::new(), Seen::default(), 0);
    for step in steps {
        today = today.plus(step.days);
        for (ago, records) in &step.batches {
            seq += 1;
            let records = records.iter().map(|record| at(Day(today.0 - ago), record)).collect();
            house.seal("provider", seq, today.first_hour(), records);
        }
        if step.withdraw {
            rights.withdrawn.insert((AgentId::parse("provider").unwrap(), Day(today.0 - 4)));
        }
        if step.forget {
            marts.forget().unwrap();
        }
        documents.push(cut_of(&mut marts, &house, &rights, Day(today.0 - 2)).1);
        let kept_from = crate::lake::retain::kept_from(TestDate::of(today).unwrap(), 4);
        if step.retain && house.lake.current().files.first().is_some_and(|file| file.test_date() < kept_from) {
            house.lake.drop_months(&marts.resume_at(kept_from).unwrap().unwrap(), NOON).unwrap();
            documents.push(cut_of(&mut marts, &house, &rights, Day(today.0 - 2)).1);
            seen.retained += 1;
        }
    }
    marts.forget().unwrap();
    let (again, document) = cut_of(&mut marts, &house, &rights, Day(today.0 - 2));
    results::require_sums(&house, &document);
    let before = documents.last().unwrap();
    let differs: Vec<_> =
        document.files.iter().filter(|file| !before.files.contains(file)).map(|file| &file.path).collect();
    assert!(!again.is_new, "made from scratch, the last cut says something else in {differs:?}");
    for pair in documents.windows(2).filter(|pair| pair[0].id != pair[1].id) {
        seen.compared += changes::require_counts(&house, &pair[0], &pair[1]);
    }
    for document in &documents {
        seen.corrected += u32::from(document.id.edition > 1);
        for file in &document.files {
            let bytes = fs::read(file.locate(&house.dir.public())).unwrap();
            assert_eq!(crate::digest::Sha256::of(&bytes), file.sha256, "{} of {}", file.path, document.id);
            if let Some(span) = file.span {
                *seen.files.entry(span).or_default() += 1;
            }
        }
    }
    seen
}

/// Aim: whatever arrives, late or in time, and whatever is taken back between cuts of whatever days, the last cut is byte
/// for byte the one that is made from scratch, and no file that a cut names ever changes.
#[test]
fn a_cut_of_what_is_new_is_the_cut_of_everything() {
    let config = Config { cases: 6, failure_persistence: None, ..Config::default() };
    let steps = prop::collection::vec(any_step(), 1..8);
    let result = TestRunner::new(config).run(&steps, |steps| {
        take(&steps);
        Ok(())
    });
    // The records themselves would fill pages.
    if let Err(TestError::Fail(reason, steps)) = result {
        let shape = |step: &Step| (step.days, step.batches.len(), step.withdraw, step.forget, step.retain);
        panic!("{reason}: {:?}", steps.iter().map(shape).collect::<Vec<_>>());
    }
}

/// Aim: the same for a year in which everything happens once: months that end between cuts, a correction, dropped months.
#[test]
fn a_year_of_cuts_is_the_last_one_from_scratch() {
    let mut runner = TestRunner::deterministic();
    let mut records = || prop::collection::vec(any_record(), 60).new_tree(&mut runner).unwrap().current();
    let mut step = |days, withdraw, retain| Step {
        days,
        batches: (0..3).map(|ago| (ago, records())).collect(),
        withdraw,
        forget: false,
        retain,
    };
    let mut steps: Vec<Step> = (0..12).map(|number| step([25, 9, 1, 31][number % 4], false, false)).collect();
    steps.push(step(1, true, false));
    steps.push(step(90, false, true));
    steps.push(step(20, false, false));
    let seen = take(&steps);
    let Seen { files, retained, corrected, compared } = &seen;
    assert!(files.len() == 3 && *retained == 1 && *corrected >= 1 && *compared > 50, "{seen:?}");
}
