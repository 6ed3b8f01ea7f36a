//! Aim: every real result of the old system comes into the history once, in the newest rows that have a place; what is
//! odd is counted; and the old file stays as it was.

mod cap;
mod files;

use std::path::Path;

use jiff::tz::Offset;
use rusqlite::params;
use tempfile::TempDir;
use wire::{Grade, TestType};

use super::*;
use crate::store::lookup::{Filter, StoredResult, find};
use crate::store::schema;

/// The table as the old system makes it, with the columns that its later versions added.
const TABLE: &str = "CREATE TABLE test_results (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    timestamp DATETIME DEFAULT CURRENT_TIMESTAMP,
    client_ip TEXT, user_agent TEXT, test_type TEXT, test_duration_seconds INTEGER, server_name TEXT,
    download_mbps REAL, upload_mbps REAL, baseline_latency_ms REAL, download_latency_increase_ms REAL,
    upload_latency_increase_ms REAL, bidirectional_latency_increase_ms REAL, single_user_score INTEGER,
    download_grade TEXT, upload_grade TEXT, bidirectional_grade TEXT, overall_grade TEXT, household_score INTEGER,
    alex_grade TEXT, sarah_grade TEXT, jake_grade TEXT, computer_grade TEXT, asn TEXT, asn_name TEXT,
    country_code TEXT, test_server_name TEXT)";

/// 2026-11-20 12:00:00 UTC.
const NOON_S: i64 = 1_795_176_000;

static UTC: TimeZone = TimeZone::UTC;

/// An old file and an agent's database beside each other.
struct Stage {
    directory: TempDir,
    connection: Connection,
    old: Connection,
}

impl Stage {
    fn new() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let connection = schema::open(&directory.path().join("agent.sqlite")).expect("a database");
        let old = Connection::open(directory.path().join("old.db")).expect("an old database");
        old.pragma_update(None, "synchronous", "off").expect("no patience for the disk");
        old.execute_batch(TABLE).expect("the old table");
        Self { directory, connection, old }
    }

    fn old_file(&self) -> std::path::PathBuf {
        self.directory.path().join("old.db")
    }

    /// Results of the old system, a minute apart, the first at noon.
    fn old_results(&self, rows: std::ops::Range<i64>) {
        for row in rows {
            let at = Timestamp::from_second(NOON_S + 60 * row).expect("a moment").to_string();
            let values = params![row + 1, at.trim_end_matches('Z'), format!("203.0.113.{}", row % 250), 100.0];
            let sql = "INSERT INTO test_results (id, timestamp, client_ip, test_type, download_mbps)
                       VALUES (?1, ?2, ?3, 'single_user', ?4)";
            self.old.execute(sql, values).expect("an old result");
        }
    }

    /// A result of this agent.
    fn own_result(&self, local_id: i64) {
        let result = StoredResult {
            local_id,
            received_ms: (NOON_S - 86_400) * 1_000 + local_id,
            client_ip: "198.51.100.1".parse().expect("an address"),
            ..nothing()
        };
        history::keep(&self.connection, &result).expect("kept");
    }

    fn import(&mut self, cap: u64) -> (Plan, Done) {
        let file = self.old_file();
        self.import_file(&file, cap)
    }

    fn import_file(&mut self, file: &Path, cap: u64) -> (Plan, Done) {
        let source = Source::open(file).expect("the old file");
        let now = Timestamp::from_second(NOON_S + 365 * 86_400).expect("a moment");
        let importer = Importer::new(&self.connection, &source, &UTC, now, cap).expect("an importer");
        let plan = importer.plan(&self.connection, |_| {}).expect("a plan");
        let done = importer.carry_out(&mut self.connection, &plan, |_| {}).expect("imported");
        assert_eq!((done.taken, done.evicted), (plan.to_take, plan.to_evict), "it does what the plan says");
        (plan, done)
    }

    /// Everything in the history, newest first.
    fn history(&self) -> Vec<StoredResult> {
        find(&self.connection, &Filter::default(), 100_000).expect("the history").results
    }
}

fn nothing() -> StoredResult {
    StoredResult {
        local_id: 0,
        test_id: String::new(),
        received_ms: 0,
        client_ip: std::net::Ipv4Addr::UNSPECIFIED.into(),
        user_agent: None,
        test_type: TestType::Single,
        download_mbps: None,
        upload_mbps: None,
        baseline_ms: None,
        download_increase_ms: None,
        upload_increase_ms: None,
        bidirectional_increase_ms: None,
        overall_grade: None,
        download_grade: None,
        upload_grade: None,
        bidirectional_grade: None,
        household_score: None,
        alex_grade: None,
        sarah_grade: None,
        jake_grade: None,
        computer_grade: None,
        test_duration_s: None,
        asn: None,
        asn_name: None,
        country_code: None,
        test_server_name: None,
    }
}

#[test]
fn a_whole_result_keeps_all_that_it_says() {
    let mut stage = Stage::new();
    stage
        .old
        .execute_batch(
            "INSERT INTO test_results VALUES (7, '2026-11-20T12:00:00.250000', '2001:DB8:0:1::5', 'Mozilla/5.0',
             'virtual_household', 30, 'ignored', 95.3, 12.7, 25.3, 45.2, 67.8, 89.1, 80, 'A', 'B', 'C', 'a+', 77,
             'A', 'B', 'C', 'D', 'AS64500', 'Example', 'de', 'Example ISP')",
        )
        .expect("a row");
    let (plan, done) = stage.import(10);
    assert_eq!((plan.rows, plan.to_take, plan.values_left_empty, done.taken), (1, 1, 0, 1));
    let expected = StoredResult {
        local_id: 7 - (1 << 40),
        test_id: format!("legacy_{NOON_S}_7"),
        received_ms: NOON_S * 1_000 + 250,
        client_ip: "2001:db8:0:1::5".parse().expect("an address"),
        user_agent: Some("Mozilla/5.0".into()),
        test_type: TestType::Household,
        download_mbps: Some(95.3),
        upload_mbps: Some(12.7),
        baseline_ms: Some(25.3),
        download_increase_ms: Some(45.2),
        upload_increase_ms: Some(67.8),
        bidirectional_increase_ms: Some(89.1),
        overall_grade: Some(Grade::APlus),
        download_grade: Some(Grade::A),
        upload_grade: Some(Grade::B),
        bidirectional_grade: Some(Grade::C),
        household_score: Some(77.0),
        alex_grade: Some(Grade::A),
        sarah_grade: Some(Grade::B),
        jake_grade: Some(Grade::C),
        computer_grade: Some(Grade::D),
        test_duration_s: Some(30.0),
        asn: Some(64_500),
        asn_name: Some("Example".into()),
        country_code: Some("DE".into()),
        test_server_name: Some("Example ISP".into()),
    };
    assert_eq!(stage.history(), [expected]);
    for table in ["outbox", "votes", "batches", "webhooks", "answers"] {
        let rows: u64 =
            stage.connection.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).expect("rows");
        assert_eq!(rows, 0, "{table}: history only");
    }
}

/// What is special in a row: columns and values in SQL, and why it is left, or how many of its values stay empty.
type OddRow = (&'static str, &'static str, Result<u64, Left>);

const ODD_ROWS: &[OddRow] = &[
    ("asn, country_code", "'UNKNOWN', 'Unknown'", Ok(0)),
    ("asn", "64500", Ok(0)),
    ("asn", "'AS0'", Ok(1)),
    ("asn, asn_name", "'AS64500 Example Net', NULL", Ok(0)),
    ("asn", "'AS99999999999'", Ok(1)),
    ("country_code", "'Germany'", Ok(1)),
    ("download_mbps, upload_mbps", "'95.3', ' 12.7 '", Ok(0)),
    ("download_mbps", "'95,3'", Ok(1)),
    ("download_mbps, upload_mbps, baseline_latency_ms", "-1, 1e300, 'NaN'", Ok(2)),
    ("download_mbps", "x'00ff'", Ok(0)),
    ("overall_grade, download_grade", "'N/A', ''", Ok(0)),
    ("overall_grade, download_grade", "'E', 'A++'", Ok(2)),
    ("user_agent", "char(27) || '[2Jx' || char(10)", Ok(0)),
    ("user_agent", "printf('%.*c', 9000, 'x')", Ok(0)),
    ("user_agent", "printf('%.*c', 90000, 'x')", Err(Left::TooLong)),
    ("user_agent, test_server_name", "CAST(x'ff41' AS TEXT), NULL", Ok(0)),
    ("test_type", "NULL", Ok(0)),
    ("test_type", "'household'", Ok(0)),
    ("test_type", "'triple'", Err(Left::UnknownTestType)),
    ("client_ip", "NULL", Err(Left::BadAddress)),
    ("client_ip", "''", Err(Left::BadAddress)),
    ("client_ip", "'unknown'", Err(Left::BadAddress)),
    ("client_ip", "'203.0.113.9, 10.0.0.1'", Err(Left::BadAddress)),
    ("client_ip", "'203.0.113.9:4711'", Err(Left::BadAddress)),
    ("client_ip", "3405803853", Err(Left::BadAddress)),
    ("client_ip", "'[2001:db8::9]'", Ok(0)),
    ("client_ip", "'::ffff:203.0.113.9'", Ok(0)),
    ("timestamp", "NULL", Err(Left::BadTimestamp)),
    ("timestamp", "''", Err(Left::BadTimestamp)),
    ("timestamp", "'yesterday'", Err(Left::BadTimestamp)),
    ("timestamp", "'2026-02-30T12:00:00'", Err(Left::BadTimestamp)),
    ("timestamp", "1795176000", Err(Left::BadTimestamp)),
    ("timestamp", "'2026-11-20 12:00:00'", Ok(0)),
    ("timestamp", "'2026-11-20T12:00:00Z'", Ok(0)),
    ("timestamp", "'2026-11-20T12:00:00.123456+02:00'", Ok(0)),
    ("timestamp", "'2099-01-01T00:00:00'", Err(Left::FutureTimestamp)),
    ("id", "-5", Err(Left::BadRowNumber)),
    ("id", "1099511627776", Err(Left::BadRowNumber)),
];

#[test]
fn odd_rows_are_taken_or_counted() {
    for (columns, values, expected) in ODD_ROWS {
        let mut stage = Stage::new();
        // What is not special is sound.
        let mut row =
            vec![("timestamp", "'2026-11-20T12:00:00'"), ("client_ip", "'203.0.113.9'"), ("test_type", "'single'")];
        row.retain(|(column, _)| !columns.split(", ").any(|special| special == *column));
        let (mut names, mut sound): (Vec<_>, Vec<_>) = row.into_iter().unzip();
        names.push(columns);
        sound.push(values);
        let sql = format!("INSERT INTO test_results ({}) VALUES ({})", names.join(", "), sound.join(", "));
        stage.old.execute_batch(&sql).expect(&sql);
        let (plan, done) = stage.import(10);
        match expected {
            Ok(empty) => {
                assert_eq!((done.taken, plan.values_left_empty, plan.left.len()), (1, *empty, 0), "{sql}: {plan:?}");
                let kept = &stage.history()[0];
                let text = format!("{:?}{:?}", kept.user_agent, kept.test_server_name);
                assert!(!text.contains("\\u{1b}") && text.len() < 500, "{text}");
            }
            Err(left) => assert_eq!((plan.left, done.taken), (BTreeMap::from([(*left, 1)]), 0), "{sql}"),
        }
    }
}

// Aim: rows that share an id in the table's column, and columns that the first versions did not have, lose nothing.
#[test]
fn a_table_without_key_and_with_few_columns_is_taken() {
    let mut stage = Stage::new();
    stage
        .old
        .execute_batch(
            "DROP TABLE test_results;
             CREATE TABLE test_results (id, timestamp, client_ip, server_name);
             INSERT INTO test_results VALUES (1, '2026-11-20T12:00:00', '203.0.113.1', 'Old');
             INSERT INTO test_results VALUES (1, '2026-11-20T12:01:00', '203.0.113.2', 'Old');
             INSERT INTO test_results VALUES (NULL, '2026-11-20T12:02:00', '203.0.113.3', NULL);",
        )
        .expect("an early table");
    assert_eq!(stage.import(10).1.taken, 3);
    let names: Vec<_> = stage.history().into_iter().map(|result| result.test_server_name).collect();
    assert_eq!(names, [None, Some("Old".into()), Some("Old".into())]);
}

#[test]
fn times_without_offset_are_local() {
    let at = |zone: &TimeZone, text: &str| {
        let stage = Stage::new();
        let values = [text, "203.0.113.1"];
        stage.old.execute("INSERT INTO test_results (timestamp, client_ip) VALUES (?1, ?2)", values).expect("a row");
        let source = Source::open(&stage.old_file()).expect("the old file");
        let now = Timestamp::from_second(NOON_S).expect("a moment");
        let importer = Importer::new(&stage.connection, &source, zone, now, 10).expect("an importer");
        importer.plan(&stage.connection, |_| {}).expect("a plan").first_ms
    };
    let moment = |text: &str| text.parse().ok().map(Timestamp::as_millisecond);
    let east = TimeZone::fixed(Offset::constant(2));
    assert_eq!(at(&east, "2026-07-01T12:00:00"), moment("2026-07-01T10:00:00Z"));
    assert_eq!(at(&east, "2026-07-01T12:00:00+05:30"), moment("2026-07-01T06:30:00Z"));
    // A zone whose clocks are set back in October and forward in March (POSIX form: no database is needed).
    let berlin = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").expect("a zone");
    assert_eq!(at(&berlin, "2026-07-01T12:00:00"), moment("2026-07-01T10:00:00Z"));
    assert_eq!(at(&berlin, "2026-01-01T12:00:00"), moment("2026-01-01T11:00:00Z"));
    assert_eq!(at(&berlin, "2026-10-25T02:30:00"), moment("2026-10-25T00:30:00Z"), "the first of two");
    assert_eq!(at(&berlin, "2026-03-29T02:30:00"), moment("2026-03-29T01:30:00Z"), "a time that was skipped");
}

#[test]
fn a_second_import_adds_only_what_is_new() {
    let mut stage = Stage::new();
    stage.old_results(0..1_200);
    assert_eq!(stage.import(10_000).1.taken, 1_200);
    let (plan, done) = stage.import(10_000);
    assert_eq!((plan.done_before, done.taken), (1_200, 0));

    // Erased customers stay erased, the old system goes on and lets its oldest go, and a copy brings nothing new.
    stage.connection.execute("DELETE FROM history WHERE received_ms % 7 = 0", []).expect("erased");
    let left = stage.history().len();
    stage.old_results(1_200..1_210);
    stage.old.execute("DELETE FROM test_results WHERE id <= 300", []).expect("the oldest");
    let (plan, done) = stage.import(10_000);
    assert_eq!((plan.rows, plan.done_before, done.taken), (910, 900, 10));
    assert_eq!(stage.history().len(), left + 10);
    stage
        .connection
        .execute("DELETE FROM history WHERE received_ms = ?1", [(NOON_S + 60 * 1_205) * 1_000])
        .expect("one");
    let copy = stage.directory.path().join("copy.db");
    std::fs::copy(stage.old_file(), &copy).expect("a copy");
    let there =
        stage.history().iter().filter(|result| result.received_ms >= (NOON_S + 60 * 300) * 1_000).count() as u64;
    let (plan, _) = stage.import_file(&copy, 10_000);
    assert_eq!((plan.rows, plan.done_before, plan.already_there), (910, 0, there), "a copy is another file");
}

// Aim: another database at the same path is not taken for the one that was there.
#[test]
fn another_file_at_the_same_path_is_imported() {
    let mut stage = Stage::new();
    stage.old_results(0..20);
    assert_eq!(stage.import(1_000).1.taken, 20);
    stage.old.execute_batch("DELETE FROM test_results; DELETE FROM sqlite_sequence").expect("begun anew");
    for row in 0..30 {
        let at = format!("2026-11-22T12:00:{row:02}");
        let sql = "INSERT INTO test_results (timestamp, client_ip) VALUES (?1, '192.0.2.1')";
        stage.old.execute(sql, [at]).expect("a row");
    }
    assert_eq!(stage.import(1_000).1.taken, 30);
    assert_eq!(stage.history().len(), 50);
    assert_eq!(stage.import(1_000).1.taken, 0);
}

// Aim: an import that is killed between two transactions goes on where it was, and takes nothing twice.
#[test]
fn an_import_that_broke_off_goes_on() {
    let mut stage = Stage::new();
    stage.old_results(0..2_000);
    let broken = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let source = Source::open(&stage.old_file()).expect("the old file");
        let now = Timestamp::from_second(NOON_S + 365 * 86_400).expect("a moment");
        let importer = Importer::new(&stage.connection, &source, &UTC, now, 10_000).expect("an importer");
        let plan = importer.plan(&stage.connection, |_| {}).expect("a plan");
        let _ = importer.carry_out(&mut stage.connection, &plan, |rows| assert!(rows < 1_000, "killed here"));
    }));
    assert!(broken.is_err());
    let there = stage.history().len() as u64;
    assert!((500..2_000).contains(&there), "{there} results when it broke off");
    let path = stage.old_file();
    assert!(!imports::is_finished(&stage.connection, &path).expect("the imports"));
    let (plan, done) = stage.import(10_000);
    assert_eq!((plan.done_before, done.taken), (there, 2_000 - there));
    assert!(imports::is_finished(&stage.connection, &path).expect("the imports"));
    let total: u64 = stage.connection.query_row("SELECT taken FROM imports", [], |row| row.get(0)).expect("a count");
    assert_eq!((stage.history().len(), total), (2_000, 2_000));
}
