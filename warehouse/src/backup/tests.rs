//! A backup is whole at every moment of a running warehouse, and after a restore nothing is lost that agents still have.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use intake::clock::{Clock as _, ManualClock};
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt as _;
use wire::signature::{ContentDigest, Secret};
use wire::{AgentId, Asn, Seq};

use super::list::BadList;
use super::{BackupFault, LIST_NAME, make, restore};
use crate::admission::Gate;
use crate::agents::{Directory, Store};
use crate::config::IngestConfig;
use crate::http::ingest::Ingest;
use crate::lake::tests::contents;
use crate::lake::tests::samples::{NOON, TODAY, batch, record};
use crate::lake::{Due, Lake};
use crate::landing::{LandedBatch, Landing};
use crate::lock::{DirLock, LockFault};
use crate::paths::DataDir;
use crate::serve::recovery;

/// A warehouse without its listeners: what takes batches in, and what seals them.
struct House {
    dir: DataDir,
    lake: Lake,
    landing: Landing,
    router: axum::Router,
}

impl House {
    fn start(root: &Path) -> Self {
        let dir = DataDir::new(root);
        let landing = Landing::open(&dir.landing()).unwrap();
        let (lake, recovery) = Lake::open(root, NOON).unwrap();
        assert!(recovery.alarm.is_none());
        let marks = recovery::recover(&landing, &lake.current()).unwrap();
        let directory = Arc::new(Directory::open(&dir).unwrap());
        let clock = Arc::new(ManualClock::at(NOON));
        let ingest = Ingest::new(&IngestConfig::default(), directory, Gate::new(marks), landing.clone(), clock);
        Self { dir, lake, landing, router: ingest.router() }
    }

    /// Sends the agent's batch of this number, as it would again and again.
    async fn send(&self, secret: &Secret, seq: u64) -> (StatusCode, Value) {
        let hour = TODAY.first_hour().0;
        let record = json!({"tested_hour": hour, "test_type": "single", "asn": 64500, "asn_outcome": "hit",
            "country": "DE", "ip_version": 4, "vote_day": true, "vote_month": true, "baseline": 1820,
            "download_increase": 4520, "upload_increase": 6780, "bidirectional_increase": 8910, "download_rate": 9530,
            "upload_rate": 1270, "grade_overall": "B", "grade_download": "A", "grade_upload": "B",
            "grade_bidirectional": "C", "grade_gaming": null, "grade_video_call": null, "grade_streaming": null,
            "grade_background": null, "duration_s": seq, "client_version": [1, 0, 0], "asn_database_day": 20000});
        let body = json!({"schema": 1, "agent": "isp-one", "epoch": 7, "seq": seq, "dropped": {}, "records": [record]});
        let (body, now) = (body.to_string(), NOON.as_second());
        let digest = ContentDigest::of(body.as_bytes());
        let request = Request::post("/api/v1/batches")
            .header("content-type", "application/json")
            .header("bufferlake-agent", "isp-one")
            .header("bufferlake-timestamp", now.to_string())
            .header("content-digest", digest.to_string())
            .header("bufferlake-signature", secret.sign(&isp_one(), now, &digest))
            .body(Body::from(body))
            .unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status();
        (status, serde_json::from_slice(&to_bytes(response.into_body(), 1 << 20).await.unwrap()).unwrap())
    }

    fn seal(&self) {
        seal(&self.lake, &self.landing);
    }

    /// The numbers of the batches that are in the lake, once a record.
    fn sealed(&self) -> Vec<u64> {
        let mut numbers: Vec<u64> = contents(&self.lake).into_iter().map(|(_, seq, _)| seq).collect();
        numbers.sort_unstable();
        numbers
    }
}

fn seal(lake: &Lake, landing: &Landing) {
    let files = landing.files().unwrap();
    let batches: Vec<LandedBatch> = files.iter().flat_map(|file| landing.read(file).unwrap()).collect();
    lake.seal(&batches, NOON).unwrap();
    landing.remove(&files).unwrap();
}

fn isp_one() -> AgentId {
    AgentId::parse("isp-one").unwrap()
}

fn register(root: &Path) -> Secret {
    let hour = ManualClock::at(NOON).hour();
    Store::new(DataDir::new(root)).add(&isp_one(), &[Asn::new(64_500).unwrap()], hour).unwrap().secret
}

/// Aim: a warehouse that was set back knows what it has, asks the agent for what came after, and ends with every record
/// once. The key works, the registry is the old one, a cache of the lost lake is not believed.
#[tokio::test(flavor = "multi_thread")]
async fn agents_rewind_to_a_restored_warehouse() {
    let (old, kept, new) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let secret = register(old.path());
    let house = House::start(old.path());
    for seq in 1..=3 {
        assert_eq!(house.send(&secret, seq).await.0, StatusCode::OK);
    }
    house.seal();
    // Acknowledged, and only in the landing zone.
    assert_eq!(house.send(&secret, 4).await.0, StatusCode::OK);
    fs::write(house.dir.withdrawals(), b"[]\n").unwrap();
    fs::create_dir_all(house.dir.public().join("releases/.making")).unwrap();
    fs::write(house.dir.public().join("latest.json"), b"{}\n").unwrap();
    fs::write(house.dir.public().join("releases/.making/half.parquet"), b"half").unwrap();
    let made = make(&house.dir, kept.path()).unwrap();
    assert_eq!((made.rows, made.manifest), (3, house.lake.current().id.to_string()));
    let at_backup = house.lake.current().id;
    assert_eq!(house.send(&secret, 5).await.0, StatusCode::OK);
    house.seal();
    assert_eq!(house.sealed(), [1, 2, 3, 4, 5]);
    drop(house);

    let restored = restore(kept.path(), &DataDir::new(new.path()), NOON).unwrap();
    assert_eq!((restored.files, restored.rows), (made.files, 3));
    assert_eq!(restored.expected.len(), 1);
    assert_eq!((&restored.expected[0].agent, restored.expected[0].expected_seq), (&isp_one(), Seq(5)));

    let house = House::start(new.path());
    assert_eq!(fs::metadata(house.dir.agent_keys(&isp_one())).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::read(house.dir.withdrawals()).unwrap(), b"[]\n");
    assert!(house.dir.public().join("latest.json").exists() && !house.dir.public().join("releases").exists());
    assert!(!house.lake.is_ancestor(at_backup), "a cache begins anew");
    let (status, problem) = house.send(&secret, 6).await;
    assert_eq!((status, &problem["expected_seq"]), (StatusCode::CONFLICT, &json!(5)), "{problem}");
    for seq in 5..=6 {
        assert_eq!(house.send(&secret, seq).await.0, StatusCode::OK);
    }
    house.seal();
    assert_eq!(house.sealed(), [1, 2, 3, 4, 5, 6]);
}

/// Aim: beside a warehouse that lands, seals, merges and removes all the time, every backup holds what was acknowledged
/// before it began, each record once.
#[test]
fn a_backup_beside_a_busy_warehouse_is_whole() {
    let root = tempfile::tempdir().unwrap();
    register(root.path());
    let dir = DataDir::new(root.path());
    let landing = Landing::open(&dir.landing()).unwrap();
    let (lake, _) = Lake::open(root.path(), NOON).unwrap();
    let (acknowledged, stop) = (std::sync::atomic::AtomicU64::new(0), AtomicBool::new(false));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for seq in 1.. {
                if stop.load(Ordering::Relaxed) {
                    return;
                }
                let number = u32::try_from(seq).unwrap();
                let batch = batch("isp-one", 7, seq, vec![record(number, TODAY.first_hour())]);
                runtime.block_on(landing.append(batch)).unwrap();
                acknowledged.store(seq, Ordering::SeqCst);
                if seq % 3 == 0 {
                    seal(&lake, &landing);
                    lake.compact(Due::Needed, u64::MAX, NOON).unwrap();
                    // Keeping nothing: a backup that looks twice is what this is about.
                    lake.collect(0, NOON).unwrap();
                }
            }
        });
        for _ in 0..6 {
            let (kept, new) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
            let before = acknowledged.load(Ordering::SeqCst);
            make(&dir, kept.path()).unwrap();
            restore(kept.path(), &DataDir::new(new.path()), NOON).unwrap();
            let house = House::start(new.path());
            house.seal();
            let sealed = house.sealed();
            assert!(sealed.len() as u64 >= before, "{} of {before}", sealed.len());
            assert_eq!(sealed, (1..=sealed.len() as u64).collect::<Vec<_>>());
        }
        stop.store(true, Ordering::Relaxed);
        writer.join().unwrap();
    });
}

fn small_backup() -> (TempDir, TempDir) {
    let (root, kept) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    register(root.path());
    let (lake, _) = Lake::open(root.path(), NOON).unwrap();
    lake.seal([&batch("isp-one", 7, 1, vec![record(1, TODAY.first_hour())])], NOON).unwrap();
    make(&DataDir::new(root.path()), kept.path()).unwrap();
    (root, kept)
}

/// Aim: damage anywhere in a backup, or in the lake that is backed up, is found before anything is put into place.
#[test]
fn damage_is_found() {
    let (root, kept) = small_backup();
    let text = fs::read_to_string(kept.path().join(LIST_NAME)).unwrap();
    for line in text.lines().skip(1) {
        let path = kept.path().join(line.split_once("  ").unwrap().1);
        let whole = fs::read(&path).unwrap();
        let mut damaged = whole.clone();
        damaged[whole.len() / 2] ^= 1;
        // A new file: the old one may share its bytes with the data directory.
        fs::remove_file(&path).unwrap();
        fs::write(&path, damaged).unwrap();
        let new = tempfile::tempdir().unwrap();
        let refused = restore(kept.path(), &DataDir::new(new.path()), NOON);
        assert!(matches!(refused, Err(BackupFault::Altered(altered)) if altered == path));
        assert!(!new.path().join("lake").exists());
        let held = DirLock::take(&DataDir::new(new.path()));
        assert!(matches!(held, Err(LockFault::Restoring(_))), "no warehouse starts there");
        fs::write(&path, whole).unwrap();
        // The same directory, with a whole backup.
        restore(kept.path(), &DataDir::new(new.path()), NOON).unwrap();
        assert_eq!(House::start(new.path()).sealed(), [1]);
    }

    let (lake, _) = Lake::open(root.path(), NOON).unwrap();
    let file = lake.paths().result(&lake.current().files[0].path);
    let mut bytes = fs::read(&file).unwrap();
    bytes[40] ^= 1;
    fs::write(&file, bytes).unwrap();
    let refused = make(&DataDir::new(root.path()), &kept.path().join("second"));
    assert!(matches!(refused, Err(BackupFault::Altered(_))), "{refused:?}");
    assert!(!kept.path().join("second").join(LIST_NAME).exists());
}

/// Aim: nothing is overwritten, and what is no backup is refused with its reason.
#[test]
fn nothing_is_overwritten() {
    let (root, kept) = small_backup();
    let again = make(&DataDir::new(root.path()), kept.path());
    assert!(matches!(again, Err(BackupFault::NotEmpty(path)) if path == kept.path()));
    let onto = restore(kept.path(), &DataDir::new(root.path()), NOON);
    assert!(matches!(onto, Err(BackupFault::NotEmpty(path)) if path == root.path()));
    assert!(!root.path().join("restoring").exists());

    let empty = tempfile::tempdir().unwrap();
    let nothing = make(&DataDir::new(empty.path()), &kept.path().join("second"));
    assert!(matches!(nothing, Err(BackupFault::NoLake(_))));
    let none = restore(empty.path(), &DataDir::new(empty.path().join("new")), NOON);
    assert!(matches!(none, Err(BackupFault::List { source: BadList::Missing, .. })));
    fs::remove_file(kept.path().join("lake/CURRENT")).unwrap();
    let gone = restore(kept.path(), &DataDir::new(empty.path()), NOON);
    assert!(matches!(gone, Err(BackupFault::File(fault)) if fault.is_not_found()));
}
