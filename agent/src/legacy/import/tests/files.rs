//! Aim: the old file stays as it was in every mode and at any moment, and what is wrong with it is said.

use std::collections::BTreeMap;

use super::*;
use crate::legacy::SourceFault;

/// Names and bytes of the old file and of what lies beside it.
fn listing(stage: &Stage) -> BTreeMap<String, Vec<u8>> {
    let entries = std::fs::read_dir(stage.directory.path()).expect("a listing").flatten();
    let named = entries.map(|entry| (entry.file_name().to_string_lossy().into_owned(), entry.path()));
    let old = named.filter(|(name, _)| name.starts_with("old.db"));
    old.map(|(name, path)| (name, std::fs::read(path).expect("bytes"))).collect()
}

#[test]
fn a_file_at_rest_is_left_as_it_was() {
    for mode in ["delete", "wal"] {
        let mut stage = Stage::new();
        stage.old.pragma_update(None, "journal_mode", mode).expect("a mode");
        stage.old_results(0..700);
        stage.old = Connection::open_in_memory().expect("another database");
        let before = listing(&stage);
        assert_eq!(before.len(), 1, "{mode}: closed");
        assert_eq!(stage.import(1_000).1.taken, 700, "{mode}");
        assert!(listing(&stage) == before, "{mode}: bytes changed, or files came");
    }
}

// Aim: a log that a killed program left is read with the database, and neither is written.
#[test]
fn a_log_that_was_left_is_read() {
    let mut stage = Stage::new();
    stage.old.pragma_update(None, "journal_mode", "wal").expect("a mode");
    stage.old.pragma_update(None, "wal_autocheckpoint", 0).expect("no checkpoints");
    stage.old_results(0..40);
    // A copy of both files is what a kill leaves.
    let killed = stage.directory.path().join("killed.db");
    std::fs::copy(stage.old_file(), &killed).expect("a copy");
    let log = stage.directory.path().join("killed.db-wal");
    std::fs::copy(stage.directory.path().join("old.db-wal"), &log).expect("a copy");
    let before = [&killed, &log].map(|file| std::fs::read(file).expect("bytes"));
    assert_eq!(stage.import_file(&killed, 1_000).1.taken, 40);
    assert!([&killed, &log].map(|file| std::fs::read(file).expect("bytes")) == before, "bytes changed");
}

// Aim: the old system writes on while its file is imported, in either mode, and waits for nothing.
#[test]
fn the_old_system_can_write_meanwhile() {
    for mode in ["delete", "wal"] {
        let mut stage = Stage::new();
        stage.old.pragma_update(None, "journal_mode", mode).expect("a mode");
        stage.old_results(0..1_200);
        stage.old.busy_timeout(Duration::ZERO).expect("no patience");
        let source = Source::open(&stage.old_file()).expect("the old file");
        let now = Timestamp::from_second(NOON_S + 365 * 86_400).expect("a moment");
        let importer = Importer::new(&stage.connection, &source, &UTC, now, 10_000).expect("an importer");
        let plan = importer.plan(&stage.connection, |_| {}).expect("a plan");
        let mut next = 1_200;
        let old = &stage.old;
        let done = importer.carry_out(&mut stage.connection, &plan, |_| {
            let at = Timestamp::from_second(NOON_S + 60 * next).expect("a moment").to_string();
            let sql = "INSERT INTO test_results (timestamp, client_ip) VALUES (?1, '192.0.2.7')";
            old.execute(sql, [at]).expect("the old system writes");
            next += 1;
        });
        assert_eq!(done.expect("imported").taken, 1_200, "{mode}");
        assert_eq!(stage.import(10_000).1.taken, 4, "{mode}: one came with each of the transactions");
        assert_eq!(stage.history().len() as i64, next, "{mode}: the next run brings the rest");
    }
}

// Aim: a file that is read without locks, because nobody had it open, is not read on when somebody opens it.
#[test]
fn a_file_that_begins_to_change_is_left() {
    let stage = Stage::new();
    stage.old.pragma_update(None, "journal_mode", "wal").expect("a mode");
    stage.old_results(0..10);
    let path = stage.old_file();
    stage.old.close().expect("closed");
    let source = Source::open(&path).expect("the old file");
    assert_eq!(source.next(0, 10, 5, |_, _| {}).expect("rows"), Some(5));
    let writer = Connection::open(&path).expect("the old system");
    writer.execute("DELETE FROM test_results WHERE id = 7", []).expect("written");
    assert!(matches!(source.next(5, 10, 5, |_, _| {}), Err(SourceFault::Changed(_))));
}

#[test]
fn what_is_no_old_database_is_named() {
    let directory = tempfile::tempdir().expect("a directory");
    let fault = |name: &str| Source::open(&directory.path().join(name)).err().expect(name).to_string();
    assert!(fault("absent.db").contains("cannot be read"));
    for content in ["", "id,timestamp\n", "SQLite format 2\0 and more than twenty bytes"] {
        std::fs::write(directory.path().join("text.db"), content).expect("a file");
        assert!(fault("text.db").contains("no SQLite database"), "{content}");
    }
    for (sql, word) in [
        ("CREATE TABLE other (id)", "no table test_results"),
        ("CREATE VIEW test_results AS SELECT 1 AS timestamp, 2 AS client_ip", "no table test_results"),
        ("CREATE TABLE test_results (id, timestamp)", "no column client_ip"),
    ] {
        let _ = std::fs::remove_file(directory.path().join("other.db"));
        let other = Connection::open(directory.path().join("other.db")).expect("a database");
        other.execute_batch(sql).expect(sql);
        assert!(fault("other.db").contains(word), "{sql}: {}", fault("other.db"));
    }
}

// Aim: damage in the middle ends the import with what came before it kept, and with the row that was reached.
#[test]
fn a_damaged_file_gives_what_can_be_read() {
    let mut stage = Stage::new();
    stage.old_results(0..5_000);
    let path = stage.old_file();
    stage.old = Connection::open_in_memory().expect("another database");
    let mut bytes = std::fs::read(&path).expect("bytes");
    let middle = bytes.len() / 2 / 4_096 * 4_096;
    bytes[middle..middle + 4_096].fill(0xa5);
    std::fs::write(&path, bytes).expect("damaged");
    let source = Source::open(&path).expect("the old file");
    let now = Timestamp::from_second(NOON_S).expect("a moment");
    let importer = Importer::new(&stage.connection, &source, &UTC, now, 10_000).expect("an importer");
    let fault = importer.plan(&stage.connection, |_| {}).expect_err("damage is seen").to_string();
    assert!(fault.contains("damaged after row"), "{fault}");
}

// Aim: a lock that the old system holds is waited for, and then said.
#[test]
fn a_locked_file_is_named() {
    let stage = Stage::new();
    stage.old_results(0..3);
    stage.old.execute_batch("BEGIN EXCLUSIVE").expect("a lock");
    let Err(fault) = Source::open(&stage.old_file()) else { panic!("a locked file is read") };
    assert!(matches!(fault, SourceFault::Locked(_)), "{fault}");
}
