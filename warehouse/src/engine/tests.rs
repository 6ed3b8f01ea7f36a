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

/// Aim: an answer comes in pieces after its columns, and a row that cannot be made is an error half way, not a panic.
#[test]
fn answers_come_in_pieces() {
    let dir = tempfile::tempdir().unwrap();
    let engine = engine(dir.path());
    let mut pieces = Vec::new();
    let collect = |rows: RecordBatch| {
        pieces.push(rows.num_rows());
        Ok::<_, EngineFault>(())
    };
    engine.stream("test", "SELECT i FROM range(10000) AS t(i)", collect).unwrap();
    assert!(pieces.len() > 2 && pieces[0] == 0 && pieces.iter().sum::<usize>() == 10_000, "{pieces:?}");
    let mut rows = 0;
    let sql = "SELECT CAST(CASE WHEN i < 9000 THEN '1' ELSE 'none' END AS INTEGER) AS i FROM range(10000) AS t(i)";
    let fault = engine.stream("test", sql, |piece: RecordBatch| {
        rows += piece.num_rows();
        Ok::<_, EngineFault>(())
    });
    let said = fault.unwrap_err().said();
    assert!(said.contains("none") && !said.contains("LINE"), "{said}");
    assert!(rows < 10_000);
}

/// Aim: a file that was opened to be read cannot be changed, and others may read it, too.
#[test]
fn a_file_that_is_read_does_not_change() {
    let dir = tempfile::tempdir().unwrap();
    engine(dir.path()).run("test", "CREATE TABLE t AS SELECT 7 AS i").unwrap();
    let path = dir.path().join("test.duckdb");
    let one = Engine::open_to_read(&path, &settings(dir.path())).unwrap();
    let two = Engine::open_to_read(&path, &settings(dir.path())).unwrap();
    for engine in [&one, &two] {
        assert_eq!(engine.query("test", "SELECT i FROM t", &[], |row| row.int("i")).unwrap(), [7]);
        assert!(engine.run("test", "INSERT INTO t VALUES (8)").is_err());
    }
    assert!(Engine::open_to_read(&dir.path().join("none.duckdb"), &settings(dir.path())).is_err());
}
