//! A cut ranks what was planted, says the same however the results came, and is made anew only to say something else.

mod changes;

mod clock;

mod recompute;

mod results;

mod retention;

mod steps;

use std::collections::BTreeSet;
use std::fs;
use std::time::Duration;

use wire::{AgentId, Asn, Day, Hour, Latency, Record, RecordFields, TestType};

use super::*;
use crate::catalog;
use crate::export::Sheet;
use crate::inputs::Inputs;
use crate::lake::tests::samples::{TODAY, record};
use crate::marts::Rights;
use crate::marts::tests::{House, rights};
use crate::paths::DataDir;

/// The last closed day of the tests.
pub(crate) const LAST: Day = Day(TODAY.0 - 2);

/// So many votes of a network on each of three days, all with this latency increase in hundredths of a ms.
fn votes(asn: u32, a_day: u32, increase: u32) -> Vec<Record> {
    let days = (0..3).map(|back| Day(LAST.0 - back).first_hour());
    days.flat_map(|hour| (0..a_day).map(move |number| vote(asn, number, hour, increase))).collect()
}

fn vote(asn: u32, number: u32, hour: Hour, increase: u32) -> Record {
    let mut fields: RecordFields = record(number * 2, hour).into();
    fields.asn = Asn::new(asn);
    fields.baseline = Latency::try_from(1_000).ok();
    fields.download_increase = Latency::try_from(increase).ok();
    fields.upload_increase = Latency::try_from(increase).ok();
    Record::try_from(fields).unwrap()
}

pub(crate) fn household(asn: u32, a_day: u32) -> Vec<Record> {
    let make = |number: u32, back: u32| {
        let mut fields: RecordFields = vote(asn, number, Day(LAST.0 - back).first_hour(), 500).into();
        fields.test_type = TestType::Household;
        (fields.baseline, fields.download_increase, fields.upload_increase) = (None, None, None);
        fields.bidirectional_increase = None;
        fields.grade_overall = Some(if number.is_multiple_of(4) { wire::Grade::C } else { wire::Grade::A });
        Record::try_from(fields).unwrap()
    };
    (0..3).flat_map(|back| (0..a_day).map(move |number| make(number, back))).collect()
}

pub(crate) fn plan() -> Plan {
    Plan {
        last_day: TestDate::of(LAST).unwrap(),
        evidence: Evidence { listed_votes: 30, ranked_votes: 100, ranked_days: 3, p95_votes: 300 },
        names: [(Asn::new(64_500).unwrap(), "Example, \"Quoted\" Net".to_owned())].into(),
        inputs: Inputs::built_in().unwrap(),
        agents: Vec::new(),
        hour: TODAY.first_hour(),
        withdrawals: Vec::new(),
        public_url: None,
        judge: Judge { program: None, patience: Duration::ZERO, aside: PathBuf::new() },
    }
}

pub(crate) fn bound() -> Rights {
    rights(&[("provider", 64_500, Hour(0)), ("provider", 64_501, Hour(0)), ("provider", 64_502, Hour(0))])
}

/// A lake with three networks: good, bad and small.
pub(crate) fn house() -> House {
    let house = House::new();
    let mut records = votes(64_500, 40, 300);
    records.extend(votes(64_501, 40, 25_000));
    records.extend(votes(64_502, 15, 100));
    records.extend(household(64_501, 40));
    // In time for the oldest of the three days.
    house.seal("provider", 1, Day(LAST.0 - 1).first_hour(), records);
    house
}

/// Publishes what the house holds.
pub(crate) fn published(house: &House, rights: &Rights) -> (Published, Cut) {
    published_as(house, rights, &plan())
}

/// The same by a plan of one's own.
fn published_as(house: &House, rights: &Rights, plan: &Plan) -> (Published, Cut) {
    let mut marts = house.marts();
    marts.refresh(&house.lake, rights).unwrap();
    house.close(&mut marts, LAST);
    marts.check().unwrap();
    let published = publish(&mut marts, &house.lake, &house.dir, plan).unwrap();
    (published, Cut::current(marts.engine(), &house.dir, None).unwrap().unwrap())
}

/// The sample, in which the best network has this name.
pub(crate) fn named(name: &str) -> Cut {
    let names = [(Asn::new(64_500).unwrap(), name.to_owned())].into();
    published_as(&house(), &bound(), &Plan { names, ..plan() }).1
}

/// The sample, in which the second network is one of servers.
pub(crate) fn with_hosting() -> Cut {
    let mut plan = plan();
    plan.inputs.kinds.insert(Asn::new(64_501).unwrap(), "hosting".to_owned());
    published_as(&house(), &bound(), &plan).1
}

fn ranking(cut: &Cut, test_type: &str, window: u32) -> Sheet {
    cut.rankings.part(&format!("{test_type}/{window}/all"))
}

/// The cut of the house, for tests of those who read cuts.
pub(crate) fn sample() -> Cut {
    published(&house(), &bound()).1
}

/// Aim: networks are ranked by their planted latency, the small one is listed without a rank, names come along.
#[test]
fn planted_networks_are_ranked() {
    let cut = sample();
    let single = ranking(&cut, "single", 30);
    let int = |name: &str, row| single.column(name).int(row);
    let text = |name: &str, row| single.column(name).text(row).map(str::to_owned);
    let ranks: Vec<_> = (0..single.rows())
        .map(|row| (int("asn", row), int("rank", row), int("votes", row), int("vote_days", row), text("grade", row)))
        .collect();
    let expected = [
        (Some(64_500), Some(1), Some(120), Some(3), Some("A+".to_owned())),
        (Some(64_501), Some(2), Some(120), Some(3), Some("D".to_owned())),
        (Some(64_502), None, Some(45), Some(3), Some("A+".to_owned())),
    ];
    assert_eq!(ranks, expected);
    let reasons: Vec<_> = (0..3).map(|row| text("unranked_reason", row)).collect();
    assert_eq!(reasons, [None, None, Some("votes_below_gate".to_owned())]);
    // All votes lie in one bin: the median is its middle, and its interval the bin.
    let ms = |name: &str| single.column(name).float(0).unwrap();
    let (p50, low, high) = (ms("p50_ms"), ms("p50_low_ms"), ms("p50_high_ms"));
    assert!(low <= 3.0 && 3.0 <= high && (low..=high).contains(&p50) && high - low < 0.1, "{low} {p50} {high}");
    let household = ranking(&cut, "household", 7);
    let int = |name: &str| household.column(name).int(0);
    assert_eq!([int("asn"), int("rank"), int("rank_low"), int("ties")], [Some(64_501), Some(1), Some(1), Some(0)]);
    let float = |name: &str| household.column(name).float(0);
    // One network alone is not shrunk.
    assert_eq!([float("p50_ms"), float("share_a_or_better"), float("score_share")], [None, Some(0.75), Some(0.75)]);
    assert_eq!(household.column("grade").text(0), Some("A"));
    let files = |relation| cut.document.files_of(relation).count();
    assert_eq!((files("blocks"), files("rankings"), files("asn_sources"), files("nothing")), (3, 1, 1, 0));
    assert_eq!(text("name", 0).as_deref(), Some("Example, \"Quoted\" Net"));
}

/// Aim: another order and another packing of the same results make the same bytes.
#[test]
fn arrival_does_not_show() {
    let first = house();
    let one = published(&first, &bound()).1;
    let other = House::new();
    let mut seq = 0;
    let mut seal = |records: Vec<Record>| {
        for some in records.chunks(50) {
            seq += 1;
            other.seal("provider", seq, Hour(LAST.first_hour().0 - 1), some.to_vec());
        }
    };
    seal(household(64_501, 40));
    seal(votes(64_502, 15, 100));
    seal(votes(64_501, 40, 25_000).into_iter().rev().collect());
    seal(votes(64_500, 40, 300));
    let two = published(&other, &bound()).1;
    assert_eq!(one.document, two.document);
    let manifest = |house: &House| fs::read(read::path_of(&house.dir.public(), one.document.id).join("manifest.json"));
    assert_eq!(manifest(&first).unwrap(), manifest(&other).unwrap());
}

/// Aim: the same again is no new cut; a withdrawal makes a correction with a number; the old cut stays as it was.
#[test]
fn a_correction_is_a_new_cut() {
    let house = house();
    let (first, before) = published(&house, &bound());
    assert!(first.is_new);
    assert_eq!(published(&house, &bound()).0, Published { is_new: false, ..first });
    // A crash between the naming of a cut and the switch to it leaves a cut that is only to be switched to.
    fs::remove_file(house.dir.public().join("latest.json")).unwrap();
    assert_eq!(published(&house, &bound()).0, first);

    let withdrawn = BTreeSet::from([(AgentId::parse("provider").unwrap(), LAST)]);
    let (second, after) = published(&house, &Rights { withdrawn, ..bound() });
    assert_eq!(second, Published { id: CutId { edition: 2, ..first.id }, is_new: true });
    assert_ne!(before.document.content, after.document.content);
    let (old, _) = read::read_manifest(&house.dir.public(), first.id).unwrap();
    assert_eq!(old, before.document);
    assert_eq!(after.document.previous, Some(first.id));
    let index = Index::read(&house.dir.public());
    assert_eq!(index.releases.iter().map(|entry| entry.release).collect::<Vec<_>>(), [second.id, first.id]);
}

/// Aim: a cut of which one byte changed is not served.
#[test]
fn a_damaged_cut_is_found_out() {
    let house = house();
    let (published, _) = published(&house, &bound());
    let marts = house.marts();
    let root = read::path_of(&house.dir.public(), published.id);
    let path = root.join("rankings/rankings.parquet");
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&path, bytes).unwrap();
    let found = Cut::current(marts.engine(), &house.dir, None);
    assert!(matches!(found, Err(CutFault::Damaged(at)) if at == path));
    let nobody = DataDir::new(house.dir.root().join("empty"));
    assert!(Cut::current(marts.engine(), &nobody, None).unwrap().is_none());
}

/// Aim: what an older program left in the public directory is no release, and is in nobody's way.
#[test]
fn what_an_older_program_left_is_no_release() {
    let house = house();
    let public = house.dir.public();
    fs::create_dir_all(public.join("cuts/2026-11-20")).unwrap();
    fs::write(public.join("cuts/2026-11-20/cut.json"), b"{\"format\":2}").unwrap();
    fs::write(public.join("CURRENT"), b"2026-11-20\n").unwrap();
    let marts = house.marts();
    assert!(Cut::current(marts.engine(), &house.dir, None).unwrap().is_none());
    drop(marts);
    assert!(published(&house, &bound()).0.is_new);
}
