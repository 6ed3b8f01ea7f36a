//! The engine keeps to its directories, gives back what it was given, and does all of a transaction or nothing.

use super::*;

fn settings(dir: &Path) -> Settings {
    Settings { memory_mib: 64, threads: 1, directories: vec![dir.to_owned()], spill_dir: dir.join("spill") }
}

fn engine(dir: &Path) -> Engine {
    Engine::open(&dir.join("test.duckdb"), &settings(dir)).unwrap()
}

/// Aim: every kind of value comes back as it went in, appended or bound.
#[test]
fn values_round_trip() {
    let dir = tempfile::tempdir().unwrap();
    let engine = engine(dir.path());
    engine.run("test", "CREATE TABLE t (i BIGINT, t VARCHAR, b BOOLEAN, d DATE, h TIMESTAMP)").unwrap();
    let values =
        [Param::Int(-7), Param::Text("it's".into()), Param::Bool(true), Day(20_781).into(), Hour(500_000).into()];
    engine.append("t", [values.clone().map(Some), [None, None, None, None, None]]).unwrap();
    let named: Vec<_> = ["i", "t", "b", "d", "h"].into_iter().zip(values).collect();
    let sql = "SELECT *, CAST(epoch(h) AS BIGINT) AS s FROM t WHERE i = $i AND t = $t AND b = $b AND d = $d AND h = $h";
    let read = |row: &Row<'_>| Ok((row.int("i")?, row.text("t")?, row.bool("b")?, row.day("d")?, row.int("s")?));
    let found = engine.query("test", sql, &named, read).unwrap();
    assert_eq!(found, [(-7, "it's".to_owned(), true, Day(20_781), 1_800_000_000)]);
    let empty = |row: &Row<'_>| Ok((row.maybe_int("i")?, row.maybe_text("t")?, row.maybe_day("d")?));
    assert_eq!(engine.query("test", "SELECT * FROM t WHERE i IS NULL", &[], empty).unwrap(), [(None, None, None)]);
    let wrong = engine.query("test", "SELECT i FROM t WHERE i IS NULL", &[], |row| row.int("i")).unwrap_err();
    assert!(matches!(wrong, EngineFault::Shape { .. }), "{wrong}");
}

/// Aim: no statement reaches a file outside of the engine's directories, or opens them up.
#[test]
fn the_engine_stays_in_its_directories() {
    let (inside, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let engine = engine(inside.path());
    let file = outside.path().join("x.csv");
    std::fs::write(&file, "a\n1\n").unwrap();
    let read = format!("SELECT * FROM read_csv({})", quoted_path(&file).unwrap());
    assert!(engine.run("test", &read).is_err());
    let file = inside.path().join("x.csv");
    std::fs::write(&file, "a\n1\n").unwrap();
    let read = format!("SELECT * FROM read_csv({})", quoted_path(&file).unwrap());
    engine.run("test", &read).unwrap();
    assert!(engine.run("test", "SET enable_external_access = true").is_err());
    assert!(engine.run("test", "INSTALL httpfs").is_err());
}

/// Aim: a transaction that fails leaves nothing behind.
#[test]
fn a_failed_transaction_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let engine = engine(dir.path());
    engine.run("test", "CREATE TABLE t (i BIGINT)").unwrap();
    let failed: Result<(), EngineFault> = engine.transaction(|| {
        engine.append("t", [[Some(Param::Int(1))]])?;
        engine.run("test", "SELECT * FROM nowhere")
    });
    assert!(failed.is_err());
    assert!(engine.query("test", "SELECT i FROM t", &[], |row| row.int("i")).unwrap().is_empty());
}
