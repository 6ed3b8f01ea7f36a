//! Aim: any flipped bit of the log is found and put back, a log that a power failure cut off is left to SQLite, and what is
//! lost behind a torn frame is counted.

use rusqlite::Connection;

use super::*;

const TRANSACTIONS: u32 = 6;

/// A database whose log holds some transactions: its directory, and the log's bytes.
fn killed() -> (tempfile::TempDir, Vec<u8>) {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("agent.sqlite");
    let connection = Connection::open(directory.path().join("running")).expect("a database");
    connection
        .execute_batch("PRAGMA journal_mode = wal; CREATE TABLE numbers (number INTEGER PRIMARY KEY, noise BLOB)")
        .expect("a table");
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).expect("an empty log");
    for number in 0..TRANSACTIONS {
        connection.execute("INSERT INTO numbers VALUES (?1, randomblob(3000))", [number]).expect("a row");
    }
    for suffix in ["", "-wal"] {
        let file = files::with_suffix(&directory.path().join("running"), suffix);
        std::fs::copy(file, files::with_suffix(&path, suffix)).expect("a copy");
    }
    let log = std::fs::read(files::with_suffix(&path, "-wal")).expect("the log");
    assert!(log.len() > TRANSACTIONS as usize * FRAME_BYTES);
    (directory, log)
}

fn mended() -> Mended {
    Mended { found: Some(Found::mended(Part::Log)), doubtful: None }
}

fn rows(path: &Path) -> u32 {
    let connection = Connection::open(path).expect("a database");
    connection.query_row("SELECT count(*) FROM numbers", [], |row| row.get(0)).expect("a count")
}

#[test]
fn every_flipped_bit_is_put_back() {
    let (directory, sound) = killed();
    let path = directory.path().join("agent.sqlite");
    let file = files::with_suffix(&path, "-wal");
    let main = std::fs::read(&path).expect("the main file");
    assert_eq!(mend(&path).expect("a sound log"), Mended::default());
    let (head, frame) = (0..HEADER_BYTES, |number: usize| HEADER_BYTES + number * FRAME_BYTES);
    // Every byte of the heads, and some of the pages; a bit of each in turn. Not the bytes that are high up in their words
    // under the checksum: there bits stand for each other.
    let heads = head.chain((0..3).flat_map(|number| frame(number)..frame(number) + FRAME_HEADER_BYTES));
    let heads = heads.filter(|at| !(0..3).any(|number| [3, 7].contains(&at.wrapping_sub(frame(number)))));
    let last = sound.len() - 1;
    let pages = [frame(0) + 100, frame(1) + 4_001, frame(2) + 778, frame(4) + 24, last - 2_003, last - 3];
    for (index, at) in heads.chain(pages).enumerate() {
        let mut flipped = sound.clone();
        flipped[at] ^= 1 << (index % 8);
        std::fs::write(&file, &flipped).expect("written");
        std::fs::write(&path, &main).expect("written");
        assert_eq!(mend(&path).expect("mended"), mended(), "byte {at}");
        assert_eq!(mend(&path).expect("a log"), Mended::default(), "byte {at} is not mended");
        // The number of checkpoints stays as it is, and the checksums behind it are other ones.
        if !(12..16).contains(&at) {
            assert!(std::fs::read(&file).expect("the log") == sound, "byte {at} is not what it was");
        }
        assert_eq!(rows(&path), TRANSACTIONS);
    }
}

#[test]
fn a_log_that_was_cut_off_is_left_alone() {
    let (directory, sound) = killed();
    let path = directory.path().join("agent.sqlite");
    let file = files::with_suffix(&path, "-wal");
    for length in (0..sound.len()).step_by(617) {
        std::fs::write(&file, &sound[..length]).expect("written");
        assert_eq!(mend(&path).expect("a log"), Mended::default(), "cut at {length}");
        assert_eq!(std::fs::metadata(&file).expect("the log").len(), length as u64);
    }
    // A torn last frame is what a power failure leaves.
    let mut torn = sound.clone();
    let end = torn.len();
    torn[end - 512..].fill(0);
    std::fs::write(&file, &torn).expect("written");
    assert_eq!(mend(&path).expect("a log"), Mended::default());
    std::fs::remove_file(&file).expect("removed");
    assert_eq!(mend(&path).expect("no log"), Mended::default());
}

#[test]
fn what_lies_behind_a_torn_frame_is_counted() {
    let (directory, sound) = killed();
    let path = directory.path().join("agent.sqlite");
    let file = files::with_suffix(&path, "-wal");
    // The second transaction.
    let mut torn = sound;
    let at = HEADER_BYTES + FRAME_BYTES + FRAME_HEADER_BYTES + 3_000;
    torn[at..at + 512].fill(0x55);
    std::fs::write(&file, &torn).expect("written");
    let lost = Mended { found: Some(Found::lost(Part::Log, u64::from(TRANSACTIONS) - 2)), doubtful: None };
    assert_eq!(mend(&path).expect("a log"), lost);
    assert_eq!(rows(&path), 1);
}

#[test]
fn a_bit_that_cannot_be_told_is_taken_or_given_up() {
    let (directory, sound) = killed();
    let path = directory.path().join("agent.sqlite");
    let main = std::fs::read(&path).expect("the main file");
    let file = files::with_suffix(&path, "-wal");
    // The highest bit of a word in the noise of the second transaction.
    let mut flipped = sound;
    flipped[HEADER_BYTES + FRAME_BYTES + FRAME_HEADER_BYTES + 3_003] ^= 0x80;
    std::fs::write(&file, &flipped).expect("written");
    let outcome = mend(&path).expect("a log");
    assert_eq!(outcome.found, Some(Found::mended(Part::Log)));
    let doubtful = outcome.doubtful.expect("nobody can tell the bit");
    let taken = std::fs::read(&file).expect("the log");
    assert_eq!(rows(&path), TRANSACTIONS, "all is there");

    std::fs::write(&path, main).expect("written");
    std::fs::write(&file, taken).expect("written");
    assert_eq!(doubtful.cut(&path).expect("cut"), Found::lost(Part::Log, u64::from(TRANSACTIONS) - 1));
    assert_eq!(rows(&path), 1, "what came before is there");
}

#[test]
fn a_log_without_a_header_is_read_all_the_same() {
    let (directory, sound) = killed();
    let path = directory.path().join("agent.sqlite");
    let mut torn = sound;
    torn[12..32].fill(0x55);
    std::fs::write(files::with_suffix(&path, "-wal"), &torn).expect("written");
    assert_eq!(mend(&path).expect("a log").found, Some(Found::mended(Part::Log)));
    assert_eq!(mend(&path).expect("a log"), Mended::default(), "what is mended is whole");
    assert_eq!(rows(&path), TRANSACTIONS);
}
