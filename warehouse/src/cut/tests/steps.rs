//! Cuts that are made of what is new say what a cut says that is made of everything.

use std::cell::RefCell;
use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestError, TestRunner};

use super::*;
use crate::lake::tests::samples::any_record;
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
}

prop_compose! {
    fn any_step()(
        days in prop_oneof![0_u32..3, 10_u32..40],
        batches in prop::collection::vec((0_u32..6, prop::collection::vec(any_record(), 1..60)), 0..6),
        withdraw in prop::bool::weighted(0.1),
        forget in prop::bool::weighted(0.1),
    ) -> Step {
        Step { days, batches, withdraw, forget }
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
    let published = publish(marts, &house.dir, &plan).unwrap();
    (published, read::read_document(&house.dir, published.id).unwrap())
}

/// Aim: whatever arrives, late or in time, and whatever is taken back between cuts of whatever days, the last cut is byte
/// for byte the one that is made from scratch, and no file that a cut names ever changes.
#[test]
fn a_cut_of_what_is_new_is_the_cut_of_everything() {
    let steps = prop::collection::vec(any_step(), 1..9);
    let seen = RefCell::new(BTreeMap::<&str, u32>::new());
    let run = |steps: Vec<Step>| -> BTreeMap<&'static str, u32> {
        let house = House::new();
        let mut marts = house.marts();
        let mut rights = rights(&[("provider", 1, Hour(0)), ("provider", 2, Hour(0)), ("provider", 3, Hour(0))]);
        let mut today = Day(TODAY.0 - 60);
        let mut documents = Vec::new();
        let mut seq = 0;
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
        }
        let last = Day(today.0 - 2);
        marts.forget().unwrap();
        let (again, document) = cut_of(&mut marts, &house, &rights, last);
        let before = documents.last().unwrap();
        let differs: Vec<_> =
            document.files.iter().filter(|file| !before.files.contains(file)).map(|file| &file.path).collect();
        assert!(!again.is_new, "made from scratch, the last cut says something else in {differs:?}");
        let mut files = BTreeMap::new();
        for document in &documents {
            for file in &document.files {
                let bytes = fs::read(document.locate(&house.dir.public(), file)).unwrap();
                assert_eq!(crate::digest::Sha256::of(&bytes), file.sha256, "{} of {}", file.path, document.id);
                if let Some(part) = &file.part {
                    *files.entry(part.span).or_insert(0) += 1;
                }
            }
        }
        let count = |span| files.get(&span).copied().unwrap_or(0);
        [("months", count(Span::Month)), ("days", count(Span::Day))].into()
    };
    let config = Config { cases: 10, failure_persistence: None, ..Config::default() };
    let result = TestRunner::new(config).run(&steps, |steps| {
        for (what, count) in run(steps) {
            *seen.borrow_mut().entry(what).or_default() += count;
        }
        Ok(())
    });
    // The records themselves would fill pages.
    if let Err(TestError::Fail(reason, steps)) = result {
        let shape = |step: &Step| (step.days, step.batches.len(), step.withdraw, step.forget);
        panic!("{reason}: {:?}", steps.iter().map(shape).collect::<Vec<_>>());
    }
    let seen = seen.into_inner();
    assert!(seen["months"] > 0 && seen["days"] > 0, "the steps made no blocks: {seen:?}");
}
