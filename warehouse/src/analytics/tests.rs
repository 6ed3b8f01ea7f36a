//! The file says what the marts, the release and the lake say, explains every column, and is replaced whole or not at all.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::sync::Arc;

use wire::Day;

use super::*;
use crate::cut::{Cut, tests as cuts};
use crate::durable::disk::{Disk, Observer, Step};
use crate::engine::{Cell, Engine, Settings};
use crate::lake::tests::samples::TODAY;
use crate::marts::Marts;
use crate::marts::tests::House;

fn place(house: &House) -> Place {
    let engine = EngineConfig { memory_mib: 64, threads: 1, ..EngineConfig::default() };
    Place { path: house.dir.analytics(), dir: house.dir.clone(), engine }
}

/// A house with a release.
fn house() -> (House, Marts, Cut) {
    let house = cuts::house();
    let (_, cut) = cuts::published(&house, &cuts::bound());
    let mut marts = house.marts();
    marts.refresh(&house.lake, &cuts::bound()).unwrap();
    (house, marts, cut)
}

fn publish_on(disk: &Disk, house: &House, marts: &Marts, cut: Option<&Cut>) -> Result<Published, AnalyticsFault> {
    let source = Source { marts, cut: cut.map(|cut| &cut.document), hour: TODAY.first_hour() };
    publish(disk, &place(house), &source)
}

/// The file, open as an analyst opens it.
fn reader(house: &House) -> Engine {
    let settings = Settings {
        memory_mib: 64,
        threads: 1,
        directories: vec![house.dir.lake(), house.dir.public()],
        spill_dir: house.dir.cache().join("reader"),
    };
    Engine::open_to_read(&house.dir.analytics(), &settings).unwrap()
}

fn rows(engine: &Engine, sql: &str) -> Vec<Vec<Cell>> {
    engine.table("test", sql).unwrap().rows
}

fn count(engine: &Engine, relation: &str) -> i64 {
    engine.query("test", &format!("SELECT count(*) AS n FROM {relation}"), &[], |row| row.int("n")).unwrap()[0]
}

/// Aim: with a release and without one, the file has exactly the relations of the list, each with exactly the columns of its
/// contract, in their types, and every relation and column says what its contract says.
#[test]
fn every_column_is_explained() {
    let (house, marts, cut) = house();
    for cut in [None, Some(&cut)] {
        publish_on(&Disk::default(), &house, &marts, cut).unwrap();
        let engine = reader(&house);
        let tables = "SELECT table_name AS name, comment, false AS is_view FROM duckdb_tables() WHERE NOT internal
            UNION ALL SELECT view_name AS name, comment, true AS is_view FROM duckdb_views() WHERE NOT internal";
        let read = |row: &crate::engine::Row<'_>| Ok((row.text("name")?, (row.text("comment")?, row.bool("is_view")?)));
        let found: BTreeMap<_, _> = engine.query("test", tables, &[], read).unwrap().into_iter().collect();
        let expected: BTreeMap<_, _> = RELATIONS
            .iter()
            .map(|(query, origin)| (query.relation().to_owned(), (query.contract().unwrap().about, origin.is_view())))
            .collect();
        assert_eq!(found, expected);
        for (query, _) in RELATIONS {
            let columns = format!(
                "SELECT column_name, data_type, comment FROM duckdb_columns() WHERE NOT internal AND table_name = '{}'
                 ORDER BY column_index",
                query.relation()
            );
            let read = |row: &crate::engine::Row<'_>| {
                Ok((row.text("column_name")?, row.text("data_type")?, row.text("comment")?))
            };
            let found = engine.query("test", &columns, &[], read).unwrap();
            let contract = query.contract().unwrap();
            let columns = contract.columns.iter();
            let promised: Vec<_> = columns
                .map(|column| {
                    let comment = format!("{} ({})", column.meaning, column.unit);
                    (column.name.clone(), column.r#type.clone(), comment)
                })
                .collect();
            assert_eq!(found, promised, "{}", query.name);
        }
    }
}

/// Aim: what is copied and what is a view say what the marts, the lake and the release say.
#[test]
fn the_file_says_what_its_sources_say() {
    let (house, marts, cut) = house();
    publish_on(&Disk::default(), &house, &marts, Some(&cut)).unwrap();
    let engine = reader(&house);
    for table in ["daily", "daily_exclusions", "accounts", "block_agents", "bins", "policies", "country_offsets"] {
        let sql = format!("SELECT * FROM {table} ORDER BY ALL");
        let found = rows(&engine, &sql);
        assert!(!found.is_empty(), "{table}");
        assert_eq!(found, marts.ask(&sql).unwrap().rows, "{table}");
    }
    let of_release = cut.document.files.iter().filter_map(|file| Some((file.table.clone()?, file.rows?)));
    let mut expected: BTreeMap<String, i64> = BTreeMap::new();
    for (table, rows) in of_release {
        *expected.entry(table).or_default() += i64::try_from(rows).unwrap();
    }
    let kept = |origin: &Origin| matches!(origin, Origin::Cut | Origin::Input | Origin::CutFiles);
    for (query, _) in RELATIONS.iter().filter(|(_, origin)| kept(origin)) {
        let relation = query.relation();
        assert_eq!(Some(&count(&engine, relation)), expected.get(relation).or(Some(&0)), "{relation}");
    }
    assert!(count(&engine, "block_bins") > 0 && count(&engine, "rankings") > 0 && count(&engine, "frames") > 0);
    assert_eq!(count(&engine, "results"), i64::try_from(house.lake.current().rows()).unwrap());
    let tests = "SELECT sum(tests)::BIGINT AS tests FROM daily";
    assert_eq!(rows(&engine, tests), rows(&engine, "SELECT count(*) AS tests FROM results"));
    let day = Day(TODAY.0 - 2);
    let of_day = format!("results WHERE test_date = DATE '1970-01-01' + {}", day.0);
    assert!((1..count(&engine, "results")).contains(&count(&engine, &of_day)), "a day is a part");
    let meta = engine.query("test", "SELECT * FROM meta", &[], |row| {
        Ok((row.int("schema")?, row.text("lake_manifest")?, row.int("lake_results")?, row.text("release")?))
    });
    let snapshot = house.lake.current();
    let expected = (
        i64::from(ANALYTICS_SCHEMA),
        snapshot.id.to_string(),
        i64::try_from(snapshot.rows()).unwrap(),
        cut.document.id.to_string(),
    );
    assert_eq!(meta.unwrap(), [expected]);
}

/// Aim: who has a file open keeps its answers when a new one takes its name, and who opens it then sees the new one.
#[test]
fn a_reader_keeps_the_file_that_it_opened() {
    let (house, mut marts, cut) = house();
    publish_on(&Disk::default(), &house, &marts, Some(&cut)).unwrap();
    let old = reader(&house);
    let before = (rows(&old, "SELECT * FROM daily ORDER BY ALL"), count(&old, "results"));
    house.seal("provider", 2, TODAY.first_hour(), vec![crate::lake::tests::samples::record(1, TODAY.first_hour())]);
    marts.refresh(&house.lake, &cuts::bound()).unwrap();
    publish_on(&Disk::default(), &house, &marts, Some(&cut)).unwrap();
    assert_eq!((rows(&old, "SELECT * FROM daily ORDER BY ALL"), count(&old, "results")), before);
    drop(old);
    assert_eq!(count(&reader(&house), "results"), before.1 + 1);
}

/// A disk that fails before a step of this kind.
struct Failing(fn(Step<'_>) -> bool);

impl Observer for Failing {
    fn before(&self, step: Step<'_>) -> io::Result<()> {
        if (self.0)(step) { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
    }

    fn after(&self, _: Step<'_>) -> io::Result<()> {
        Ok(())
    }
}

/// Aim: a publication that fails, or was killed half way, leaves the file before as it was; the next one sweeps its leftovers.
#[test]
fn a_failure_leaves_the_file_before() {
    let (house, mut marts, cut) = house();
    publish_on(&Disk::default(), &house, &marts, Some(&cut)).unwrap();
    let path = house.dir.analytics();
    let before = fs::read(&path).unwrap();
    house.seal("provider", 2, TODAY.first_hour(), vec![crate::lake::tests::samples::record(1, TODAY.first_hour())]);
    marts.refresh(&house.lake, &cuts::bound()).unwrap();
    let kinds: [fn(Step<'_>) -> bool; 2] =
        [|step| matches!(step, Step::SyncFile(_)), |step| matches!(step, Step::Rename { .. })];
    for fails in kinds {
        let disk = Disk::observed(Arc::new(Failing(fails)));
        let fault = publish_on(&disk, &house, &marts, Some(&cut)).unwrap_err();
        assert!(matches!(fault, AnalyticsFault::File(_)), "{fault}");
        assert_eq!(fs::read(&path).unwrap(), before);
    }
    let hidden = path.with_file_name(".analytics.duckdb.making");
    let handed_over = house.dir.cache().join("analytics");
    for leftover in [&hidden, &handed_over] {
        fs::create_dir_all(leftover).unwrap();
        fs::write(leftover.join("analytics.duckdb"), "half a file").unwrap();
    }
    publish_on(&Disk::default(), &house, &marts, Some(&cut)).unwrap();
    assert_ne!(fs::read(&path).unwrap(), before);
    assert!(!hidden.exists() && !handed_over.exists());
    let beside: Vec<_> =
        fs::read_dir(path.parent().unwrap()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(beside, ["analytics.duckdb"]);
}
