//! Aim: what is imported arrives once, marked, without votes; what cannot be taken is counted and explained.

use std::path::Path;
use std::sync::Arc;

use intake::clock::{Clock as _, SystemClock};
use rusqlite::Connection;
use wire::{AsnOutcome, IpVersion, TestType};

use super::*;
use crate::admission::{Gate, Marks};
use crate::landing::Landing;

const HEADER: &str = "tested_hour,test_type,asn,asn_outcome,country,ip_version,vote_day,vote_month,baseline,download_increase,\
                      upload_increase,grade_overall,client_version_major,client_version_minor,client_version_patch,asn_database_day";

fn csv(dir: &Path, rows: &[&str]) -> PathBuf {
    let file = dir.join("results.csv");
    std::fs::write(&file, format!("{HEADER}\n{}\n", rows.join("\n"))).expect("a file");
    file
}

fn rules(keeps_votes: bool) -> Rules {
    Rules { oldest: Hour(480_000), newest: Hour(500_000), keeps_votes }
}

fn read(source: &dyn Source) -> Vec<SourceRow> {
    source.page(0, 100).expect("a page")
}

/// Aim: a CSV row becomes the record that it says, hours and days in both spellings.
#[test]
fn a_table_is_read() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = csv(
        dir.path(),
        &[
            "2024-11-05 13:00:00,single,64500,hit,DE,4,true,true,1200,300,450,B,1,2,3,2024-11-01",
            "480805,household,,miss,,6,,,,,,A,,,,",
            "480805,single,x,hit,DE,4,,,,,,,,,,",
            "480805,single,,hit,DE,4,,,,,,,,,,",
        ],
    );
    let source = TableSource::open(&file, &dir.path().join("cache"), 64).expect("a source");
    assert_eq!(source.rows(), 4);
    let rows = read(&source);
    let first = rows[0].record.as_ref().expect("a record");
    assert_eq!(
        (first.tested_hour, first.test_type, first.ip_version),
        (Hour(480_781), TestType::Single, IpVersion::V4)
    );
    assert_eq!((first.vote_month, first.client_version), (true, Some([1, 2, 3])));
    assert_eq!((first.asn_outcome, first.asn.map(wire::Asn::get)), (AsnOutcome::Hit, Some(64_500)));
    assert_eq!(first.working_increase(), Some(375));
    assert_eq!(first.asn_database_day.map(|day| day.0), Some(20_028));
    let second = rows[1].record.as_ref().expect("a record");
    assert_eq!((second.test_type, second.vote_day), (TestType::Household, false));
    assert!(rows[2].record.as_ref().is_err_and(|fault| fault.contains("asn")), "{:?}", rows[2]);
    assert!(rows[3].record.as_ref().is_err_and(|fault| fault.contains("disagree")), "{:?}", rows[3]);
    assert_eq!(source.page(3, 100).expect("a page").len(), 1);
    assert_eq!(source.page(4, 100).expect("a page").len(), 0);
}

/// Aim: a file that is no table of records says so, and which columns are at fault.
#[test]
fn other_files_are_refused() {
    let dir = tempfile::tempdir().expect("a directory");
    let cache = dir.path().join("cache");
    let open = |name: &str, text: &str| {
        let file = dir.path().join(name);
        std::fs::write(&file, text).expect("a file");
        TableSource::open(&file, &cache, 64).err().expect("a fault").to_string()
    };
    assert!(open("a.csv", "tested_hour,test_type,asn_outcome,ip_version\n1,single,miss,4\n").contains("missing: asn"));
    assert!(
        open("b.csv", &format!("{HEADER},client_ip\n1,single,,miss,,4,,,,,,,,,,,192.0.2.1\n")).contains("client_ip")
    );
    assert!(open("c.json", "{}").contains("neither"));
    assert!(!open("d.parquet", "no parquet").is_empty());
    assert!(TableSource::open(&dir.path().join("none.csv"), &cache, 64).is_err());
    assert_eq!(std::fs::read_dir(&cache).expect("the cache").count(), 0, "nothing stays staged");
}

/// Aim: votes go unless the source counted clients, and what the lake cannot keep is counted by reason.
#[test]
fn rows_are_sorted() {
    let dir = tempfile::tempdir().expect("a directory");
    let row = |hour: u32| format!("{hour},single,64500,hit,DE,4,true,true,1200,300,450,B,,,,");
    let file = csv(dir.path(), &[&row(490_000), &row(479_999), &row(500_001), "1,,,,,,,,,,,,,,,"]);
    let source = TableSource::open(&file, &dir.path().join("cache"), 64).expect("a source");
    let agent = agent_of("peer").expect("an agent");
    for keeps_votes in [false, true] {
        let mut imported = Imported::default();
        let piece = rules(keeps_votes).piece(&agent, source.epoch(), read(&source), &mut imported);
        assert_eq!(piece.seq, Seq(4));
        assert_eq!(piece.records.len(), 1);
        assert_eq!((piece.records[0].vote_day, piece.records[0].vote_month), (keeps_votes, keeps_votes));
        let reasons = [QuarantineReason::Malformed, QuarantineReason::FutureHour, QuarantineReason::OldHour];
        assert_eq!(piece.quarantined, reasons.into_iter().map(|reason| (reason, 1)).collect());
        assert!(imported.example.is_some_and(|example| example.starts_with("row 2: ")));
    }
    assert!(agent_of("Peer").is_err() && agent_of("").is_err() && agent_of(&"x".repeat(26)).is_err());
}

fn old_database(path: &Path, rows: &[(&str, &str, &str, &str, &str)]) {
    let database = Connection::open(path).expect("a database");
    database
        .execute_batch(
            "CREATE TABLE IF NOT EXISTS test_results (id INTEGER PRIMARY KEY AUTOINCREMENT, test_id TEXT UNIQUE,
             timestamp REAL, test_type TEXT, asn TEXT, grades_json TEXT, metrics_json TEXT, connection_info_json TEXT,
             test_duration REAL, client_version TEXT)",
        )
        .expect("a table");
    for (id, timestamp, asn, metrics, info) in rows {
        database
            .execute(
                "INSERT INTO test_results (test_id, timestamp, test_type, asn, grades_json, metrics_json,
                 connection_info_json, test_duration, client_version)
                 VALUES (?1, CAST(?2 AS REAL), 'single_user', ?3, '{\"overall\":\"B\"}', ?4, ?5, 40.2, '1.0.0')",
                [id, timestamp, asn, metrics, info],
            )
            .expect("a row");
    }
}

const METRICS: &str = r#"{"baseline_latency_ms":25.3,"download_latency_increase_ms":45.2,"upload_latency_increase_ms":67.8,
"bidirectional_latency_increase_ms":89.1,"download_throughput_mbps":95.3,"upload_throughput_mbps":12.7}"#;

/// Aim: the old system's rows pass the door that clients' bodies pass, and no address of theirs does.
#[test]
fn the_old_database_is_read() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("telemetry.db");
    let info = r#"{"ip":"192.0.2.77","country_code":"us","ip_version":6}"#;
    old_database(&path, &[("a", "1764000000.5", "AS64500", METRICS, info), ("b", "1764000000", "UNKNOWN", "{}", "")]);
    old_database(&path, &[("c", "1764000000", "ASX", METRICS, ""), ("d", "-4", "AS64500", "[1]", "")]);
    let source = LegacySource::open(&path).expect("a source");
    let rows = read(&source);
    let first = rows[0].record.as_ref().expect("a record");
    assert_eq!(first.tested_hour, Hour(490_000));
    assert_eq!(first.asn.map(wire::Asn::get), Some(64_500));
    assert_eq!(
        (first.ip_version, first.country.map(|country| country.to_string())),
        (IpVersion::V6, Some("US".into()))
    );
    assert_eq!(first.baseline.map(wire::Latency::hundredths), Some(2_530));
    assert_eq!((first.duration_s, first.client_version, first.vote_month), (Some(40), Some([1, 0, 0]), false));
    assert!(!serde_json::to_string(first).expect("json").contains("192.0.2.77"));
    let second = rows[1].record.as_ref().expect("a record");
    assert_eq!((second.asn_outcome, second.baseline), (AsnOutcome::Miss, None));
    assert!(rows[2].record.is_err() && rows[3].record.is_err());
    assert!(LegacySource::open(&dir.path().join("none.db")).is_err());
    std::fs::write(dir.path().join("text.db"), "no database").expect("a file");
    assert!(LegacySource::open(&dir.path().join("text.db")).is_err());
}

/// Aim: an import that is run again takes nothing, one that was broken off goes on, and a database that grew gives only
/// what is new.
#[test]
fn an_import_goes_on_where_it_ended() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("telemetry.db");
    let row = |id: &'static str| (id, "1764000000", "AS64500", METRICS, "");
    old_database(&path, &[row("a"), row("b"), row("c")]);
    let landing = Landing::open(&dir.path().join("landing")).expect("a landing zone");
    let receiver = Receiver::new(Gate::new(Marks::default()), landing.clone(), Arc::new(SystemClock));
    let agent = agent_of("old").expect("an agent");
    let rules = Rules::new(SystemClock.hour(), 1_200, false);
    let run = |most: usize| {
        let source = LegacySource::open(&path).expect("a source");
        let mut taken = 0;
        for _ in 0..most {
            let after = receiver.last_row(&agent, source.epoch());
            let page = source.page(after, 2).expect("a page");
            if page.is_empty() {
                break;
            }
            let piece = rules.piece(&agent, source.epoch(), page, &mut Imported::default());
            taken += piece.records.len();
            receiver.take(piece.clone()).expect("taken");
            receiver.take(piece).expect("the answer was lost, and it came again");
        }
        taken
    };
    assert_eq!(run(1), 2, "broken off");
    assert_eq!(run(9), 1);
    assert_eq!(run(9), 0);
    old_database(&path, &[row("d")]);
    assert_eq!(run(9), 1);
    let landed: usize = landing
        .files()
        .expect("files")
        .iter()
        .flat_map(|file| landing.read(file).expect("batches"))
        .map(|batch| batch.records.len())
        .sum();
    assert_eq!(landed, 4);
}
