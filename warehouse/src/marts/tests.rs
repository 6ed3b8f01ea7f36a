//! The marts give the same rows however they came about, and their statements keep their contracts.

mod contracts;

mod parts;

mod statistics;

use std::collections::BTreeMap;
use std::fs;

use proptest::prelude::*;
use tempfile::TempDir;
use wire::{AgentId, Asn, Hour, Record};

use super::*;
use crate::engine::Cell;
use crate::inputs::Inputs;
use crate::lake::paths::TestDate;
use crate::lake::tests::samples::{self, TODAY, any_record, batch, record};

/// A lake in a directory of its own.
pub(crate) struct House {
    _temporary: TempDir,
    pub(crate) dir: DataDir,
    pub(crate) lake: Lake,
}

impl House {
    pub(crate) fn new() -> Self {
        let temporary = tempfile::tempdir().unwrap();
        let dir = DataDir::new(temporary.path());
        let (lake, _) = Lake::open(dir.root(), samples::NOON).unwrap();
        Self { _temporary: temporary, dir, lake }
    }

    pub(crate) fn marts(&self) -> Marts {
        let config = EngineConfig { memory_mib: 64, threads: 1, ..EngineConfig::default() };
        Marts::open(&self.dir, &config, &Inputs::built_in().unwrap()).unwrap()
    }

    pub(crate) fn seal(&self, agent: &str, seq: u64, arrived_hour: Hour, records: Vec<Record>) {
        let mut landed = batch(agent, 7, seq, records);
        landed.arrived_hour = arrived_hour;
        self.lake.seal(&[landed], samples::NOON).unwrap();
    }

    pub(crate) fn close(&self, marts: &mut Marts, through: Day) -> Closed {
        marts.close_days(self.lake.paths(), &self.lake.current(), through).unwrap()
    }
}

/// Every row of every table that somebody may read, in one order.
fn dump(marts: &Marts) -> BTreeMap<&'static str, Vec<Vec<Cell>>> {
    ["daily", "daily_exclusions", "blocks", "block_parts", "block_bins", "block_grades", "block_agents"]
        .into_iter()
        .map(|table| (table, marts.ask(&format!("SELECT * FROM {table} ORDER BY ALL")).unwrap().rows))
        .collect()
}

pub(crate) fn rights(bindings: &[(&str, u32, Hour)]) -> Rights {
    let binding =
        |&(agent, asn, since): &(&str, u32, Hour)| ((AgentId::parse(agent).unwrap(), Asn::new(asn).unwrap()), since);
    Rights { bindings: bindings.iter().map(binding).collect(), ..Rights::default() }
}

/// A record of a network that votes.
fn vote(asn: u32, day: Day, number: u32) -> Record {
    let mut fields: wire::RecordFields = record(number * 2, day.first_hour()).clone().into();
    fields.asn = Asn::new(asn);
    Record::try_from(fields).unwrap()
}

fn votes(asn: u32, day: Day, count: u32) -> Vec<Record> {
    (0..count).map(|number| vote(asn, day, number)).collect()
}

/// Aim: live counts follow the lake; blocks wait for the day's end plus 24 hours and for ten votes; a network to which
/// the agent is not bound moves nothing until it is bound, and then counts on the day of the binding.
#[test]
fn a_vote_on_its_way_into_a_block() {
    let house = House::new();
    let mut marts = house.marts();
    let day = Day(TODAY.0 - 10);
    let bound = rights(&[("provider", 64_500, Hour(0))]);
    house.seal("provider", 1, day.first_hour(), votes(64_500, day, 6));
    house.seal("provider", 2, day.plus(1).first_hour(), votes(64_500, day.plus(1), 5));
    house.seal("provider", 3, day.first_hour(), votes(64_501, day, 12));
    assert_eq!(marts.refresh(&house.lake, &bound).unwrap(), Refreshed { from_scratch: true, results: 23 });
    assert_eq!(marts.refresh(&house.lake, &bound).unwrap(), Refreshed::default());
    let excluded = "SELECT excluded_reason, sum(tests)::BIGINT AS tests FROM daily GROUP BY ALL ORDER BY ALL";
    let text = |text: &str| Cell::Text(text.to_owned());
    let bare = |number: u32| Cell::Bare(number.to_string());
    let expected = vec![vec![text("foreign_asn"), bare(12)], vec![Cell::Null, bare(11)]];
    assert_eq!(marts.ask(excluded).unwrap().rows, expected);

    assert_eq!(house.close(&mut marts, day), Closed { days: 1, blocks: 0, reopened: false });
    assert_eq!(house.close(&mut marts, day.plus(1)), Closed { days: 1, blocks: 1, reopened: false });
    let blocks = "SELECT asn, votes, last_day - first_day AS days FROM blocks ORDER BY asn";
    assert_eq!(marts.ask(blocks).unwrap().rows, vec![vec![bare(64_500), bare(11), bare(1)]]);

    // Bound four days later: the results count on that day, and nothing that was closed moves.
    let later = rights(&[("provider", 64_500, Hour(0)), ("provider", 64_501, day.plus(4).first_hour())]);
    marts.refresh(&house.lake, &later).unwrap();
    assert_eq!(house.close(&mut marts, day.plus(4)), Closed { days: 3, blocks: 1, reopened: false });
    let moved =
        format!("SELECT CAST(first_day - DATE '1970-01-01' AS INTEGER) AS day FROM blocks WHERE asn = {}", 64_501);
    assert_eq!(marts.ask(&moved).unwrap().rows, vec![vec![bare(day.plus(4).0)]]);
    marts.check().unwrap();
}

/// Aim: what was withdrawn leaves the live counts at once and the blocks at the next closing.
#[test]
fn a_withdrawal_reopens_the_blocks() {
    let house = House::new();
    let mut marts = house.marts();
    let day = Day(TODAY.0 - 10);
    let mut rights = rights(&[("honest", 64_500, Hour(0)), ("forger", 64_500, Hour(0))]);
    house.seal("honest", 1, day.first_hour(), votes(64_500, day, 10));
    house.seal("forger", 1, day.first_hour(), votes(64_500, day, 30));
    marts.refresh(&house.lake, &rights).unwrap();
    house.close(&mut marts, day);
    let sum =
        |marts: &Marts| marts.total("SELECT CAST(coalesce(sum(votes), 0) AS BIGINT) AS total FROM blocks").unwrap();
    assert_eq!(sum(&marts), 40);

    rights.withdrawn.insert((AgentId::parse("forger").unwrap(), day));
    marts.refresh(&house.lake, &rights).unwrap();
    // The wish outlives a restart.
    drop(marts);
    let mut marts = house.marts();
    assert!(house.close(&mut marts, day).reopened);
    assert_eq!(sum(&marts), 10);
}

/// Aim: another line of the lake, a damaged cache and a deleted one all end in the same rows.
#[test]
fn a_cache_that_cannot_be_used_is_made_again() {
    let house = House::new();
    let day = Day(TODAY.0 - 10);
    let bound = rights(&[("provider", 64_500, Hour(0))]);
    house.seal("provider", 1, day.first_hour(), votes(64_500, day, 25));
    let fill = |house: &House| {
        let mut marts = house.marts();
        let refreshed = marts.refresh(&house.lake, &bound).unwrap();
        house.close(&mut marts, day);
        (refreshed, dump(&marts))
    };
    let (first, rows) = fill(&house);
    assert!(first.from_scratch && !rows["blocks"].is_empty());
    assert_eq!(fill(&house), (Refreshed::default(), rows.clone()), "an intact cache is kept");

    fs::write(house.dir.marts(), b"no database").unwrap();
    assert_eq!(fill(&house), (first, rows.clone()), "a damaged cache");
    fs::remove_file(house.dir.marts()).unwrap();
    assert_eq!(fill(&house), (first, rows.clone()), "a deleted cache");

    let other = House::new();
    other.seal("provider", 1, day.first_hour(), votes(64_500, day, 11));
    fs::copy(house.dir.marts(), {
        fs::create_dir_all(other.dir.cache()).unwrap();
        other.dir.marts()
    })
    .unwrap();
    let (refreshed, other_rows) = fill(&other);
    assert!(refreshed.from_scratch && refreshed.results == 11, "a cache of another lake: {refreshed:?}");
    assert_ne!(other_rows, rows);
}

/// Aim: when months are dropped, the blocks that stay are those that were there, also when everything is made again from
/// what is left, with late results and late bindings across the edge.
#[test]
fn dropped_months_leave_the_same_blocks() {
    let house = House::new();
    let mut marts = house.marts();
    let first = Day(TODAY.0 - 480);
    let rights = rights(&[("provider", 64_500, Hour(0)), ("provider", 64_501, first.plus(200).first_hour())]);
    let mut seq = 0;
    let mut seal = |arrived: Day, records: Vec<Record>| {
        seq += 1;
        house.seal("provider", seq, arrived.first_hour(), records);
    };
    for days in (0..470).step_by(5) {
        let day = first.plus(days);
        seal(day, votes(64_500, day, 4));
        if days % 20 == 0 {
            seal(day.plus(60), votes(64_500, day, 3));
            seal(day, votes(64_501, day, 3));
        }
    }
    marts.refresh(&house.lake, &rights).unwrap();
    house.close(&mut marts, TODAY);
    let blocks = |marts: &Marts| marts.total("SELECT count(*) AS total FROM blocks").unwrap();
    let before = dump(&marts);
    let all = blocks(&marts);

    let kept_from = crate::lake::retain::kept_from(TestDate::of(TODAY).unwrap(), 7);
    let resume = marts.resume_at(kept_from).unwrap().unwrap();
    assert_eq!(resume.networks.len(), 2);
    house.lake.drop_months(&resume, samples::NOON).unwrap();
    marts.refresh(&house.lake, &rights).unwrap();
    let kept = blocks(&marts);
    assert!(0 < kept && kept < all, "{kept} of {all} blocks are left");
    let after = dump(&marts);
    assert!(after["blocks"].iter().all(|block| before["blocks"].contains(block)), "a block that stays has changed");

    marts.forget().unwrap();
    marts.refresh(&house.lake, &rights).unwrap();
    house.close(&mut marts, TODAY);
    assert_eq!(dump(&marts), after, "made again from what is left");
}

/// Aim: `ask` reads and does nothing else.
#[test]
fn asking_changes_nothing() {
    let house = House::new();
    let marts = house.marts();
    for statement in ["DELETE FROM blocks", "DROP TABLE blocks", "CREATE TABLE x (i INT)", "COMMIT; DROP TABLE blocks"]
    {
        assert!(marts.ask(statement).is_err(), "{statement}");
    }
    assert_eq!(marts.ask("SELECT count(*) AS n FROM blocks").unwrap().rows, vec![vec![Cell::Bare("0".into())]]);
}

prop_compose! {
    /// What arrives in one step: records of a few networks and days, so many days after the beginning.
    fn any_arrival()(
        direct in prop::bool::weighted(0.2),
        later_days in 0_u32..2,
        records in prop::collection::vec(any_record(), 1..40),
        withdraw in prop::bool::weighted(0.1),
        bind in prop::option::weighted(0.4, 1_u32..5),
        close in any::<bool>(),
    ) -> Arrival {
        Arrival { direct, later_days, records, withdraw, bind, close }
    }
}

#[derive(Debug, Clone)]
struct Arrival {
    direct: bool,
    later_days: u32,
    records: Vec<Record>,
    withdraw: bool,
    bind: Option<u32>,
    close: bool,
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    /// Aim: closing days as they come, with late results, late bindings and withdrawals in between, gives the rows of
    /// making everything at once in the end.
    #[test]
    fn step_by_step_is_the_same_as_at_once(arrivals in prop::collection::vec(any_arrival(), 1..10)) {
        let house = House::new();
        let mut marts = house.marts();
        let mut rights = rights(&[("provider", 1, Hour(0))]);
        let provider = AgentId::parse("provider").unwrap();
        let mut today = TODAY;
        for (at, arrival) in arrivals.iter().enumerate() {
            today = today.plus(arrival.later_days);
            if let Some(asn) = arrival.bind {
                rights.bindings.entry((provider.clone(), Asn::new(asn).unwrap())).or_insert(today.first_hour());
            }
            if arrival.withdraw {
                rights.withdrawn.insert((provider.clone(), Day(today.0 - 1)));
            }
            let agent = if arrival.direct { AgentId::DIRECT } else { "provider" };
            house.seal(agent, at as u64 + 1, today.first_hour(), arrival.records.clone());
            marts.refresh(&house.lake, &rights).unwrap();
            if arrival.close {
                house.close(&mut marts, Day(today.0 - 2));
            }
        }
        let last = today.plus(1);
        house.close(&mut marts, last);
        marts.check().unwrap();
        let stepwise = dump(&marts);
        marts.forget().unwrap();
        marts.refresh(&house.lake, &rights).unwrap();
        house.close(&mut marts, last);
        prop_assert_eq!(stepwise, dump(&marts));
    }
}
