//! Retention on a clock that runs for thirty months, and retention that is killed at every step.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::durable::disk::{Disk, Observer, Step};
use crate::lake::retain::kept_from;

/// Months after which releases go.
const RELEASE_MONTHS: u32 = 13;

/// Full months that a release holds.
const TABLE_MONTHS: u32 = 12;

/// A public directory with releases of made-up files, each with its real digest.
struct World {
    dir: tempfile::TempDir,
    first: TestDate,
}

impl World {
    fn new(first: &str) -> Self {
        Self { dir: tempfile::tempdir().unwrap(), first: first.parse().unwrap() }
    }

    fn public(&self) -> &Path {
        self.dir.path()
    }

    fn file(&self, path: &str, text: &str, span: Option<Span>, month: Option<String>) -> CutFile {
        let at = self.public().join(path);
        fs::create_dir_all(at.parent().unwrap()).unwrap();
        fs::write(&at, text).unwrap();
        CutFile {
            path: path.to_owned(),
            bytes: text.len() as u64,
            sha256: Sha256::of(text.as_bytes()),
            table: Some(if span.is_some() { "blocks" } else { "rankings" }.to_owned()),
            rows: Some(1),
            span,
            month,
            first_day: None,
            last_day: None,
        }
    }

    fn shared(&self, text: &str, month: TestDate, span: Span) -> CutFile {
        let month = month.to_string()[..7].to_owned();
        let path = format!("files/blocks/month={month}/{}.parquet", Sha256::of(text.as_bytes()));
        self.file(&path, text, Some(span), Some(month))
    }

    /// Releases what is known up to a day: a file for each full month that is kept, one for the running month.
    fn release(&self, last_day: TestDate) -> CutId {
        let id = CutId { day: last_day, edition: 1 };
        let mut files = Vec::new();
        let mut month = kept_from(last_day, TABLE_MONTHS).max(self.first.month());
        while month < last_day.month() {
            files.push(self.shared(&format!("blocks of {month}"), month, Span::Month));
            month = TestDate::from(month.date().last_of_month()).plus(1).unwrap();
        }
        files.push(self.shared(&format!("blocks up to {last_day}"), month, Span::Day));
        for name in ["rankings/rankings.parquet", "sql/rankings/rankings.sql"] {
            files.push(self.file(&format!("releases/{id}/{name}"), &format!("{name} of {id}"), None, None));
        }
        let document = CutDocument {
            format: MANIFEST_FORMAT,
            id,
            dataset: DATASET.to_owned(),
            schema: SCHEMA_VERSION,
            last_day,
            method: METHOD_VERSION.to_owned(),
            windows: WINDOWS.to_vec(),
            policy: catalog::DEFAULT_POLICY.to_owned(),
            evidence: plan().evidence,
            licence: LICENCE.to_owned(),
            content: Sha256::of(id.to_string().as_bytes()),
            previous: None,
            files,
        };
        let text = serde_json::to_vec(&document).unwrap();
        fs::write(read::path_of(self.public(), id).join("manifest.json"), &text).unwrap();
        Index::bring_up(self.public()).unwrap();
        Latest::of(id, Sha256::of(&text)).write(self.public()).unwrap();
        id
    }

    fn retain(&self, today: TestDate) -> Retained {
        retain(self.public(), kept_from(today, RELEASE_MONTHS), today, RELEASE_MONTHS).unwrap()
    }

    /// Every file below a folder, by its path inside the public directory.
    fn tree(&self, folder: &str) -> BTreeMap<String, Vec<u8>> {
        let mut found = BTreeMap::new();
        let mut folders = vec![self.public().join(folder)];
        while let Some(next) = folders.pop() {
            for entry in fs::read_dir(next).into_iter().flatten() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let name = path.strip_prefix(self.public()).unwrap().to_str().unwrap().to_owned();
                    found.insert(name, fs::read(path).unwrap());
                }
            }
        }
        found
    }

    /// Fails unless what the index calls available lies there whole, and with it the current release. Gives the index.
    fn require_truth(&self) -> Index {
        let index = Index::read(self.public());
        for entry in index.releases.iter().filter(|entry| entry.status == Status::Available) {
            let (document, sha256) = read::read_manifest(self.public(), entry.release).unwrap();
            assert_eq!(sha256, entry.sha256);
            for file in &document.files {
                let bytes = fs::read(file.locate(self.public()));
                let bytes = bytes.unwrap_or_else(|fault| panic!("{} of {}: {fault}", file.path, entry.release));
                assert_eq!(Sha256::of(&bytes), file.sha256);
            }
        }
        let latest = Latest::read(self.public()).unwrap().unwrap().release;
        let current = index.releases.iter().find(|entry| entry.release == latest).unwrap();
        assert_eq!(current.status, Status::Available);
        index
    }
}

fn day(text: &str) -> TestDate {
    text.parse().unwrap()
}

/// Aim: through thirty months every release is there for thirteen months and then a tombstone with its line of the index; the
/// shared files are those that releases name, twelve full months among them; the index can be made again from the folders.
#[test]
fn thirty_months_pass() {
    let world = World::new("2026-01-03");
    let mut all: Vec<CutId> = Vec::new();
    let mut removed = 0;
    let mut today = world.first;
    while today < day("2028-07-01") {
        today = today.plus(5).unwrap();
        all.push(world.release(today));
        removed += world.retain(today).releases;
        let index = world.require_truth();
        let kept = kept_from(today, RELEASE_MONTHS);
        let expected: Vec<_> =
            all.iter().rev().map(|id| (*id, if id.day < kept { Status::Removed } else { Status::Available })).collect();
        let said: Vec<_> = index.releases.iter().map(|entry| (entry.release, entry.status)).collect();
        assert_eq!(said, expected, "on {today}");
        let mut named = BTreeSet::new();
        for (id, status) in &expected {
            if *status == Status::Available {
                let (document, _) = read::read_manifest(world.public(), *id).unwrap();
                named.extend(document.files.iter().filter(|file| file.is_shared()).map(|file| file.path.clone()));
            } else {
                let left = world.tree(&format!("releases/{id}"));
                assert_eq!(left.keys().collect::<Vec<_>>(), [&format!("releases/{id}/tombstone.json")]);
            }
        }
        assert_eq!(world.tree("files").into_keys().collect::<BTreeSet<_>>(), named, "on {today}");
        let full = kept_from(today, TABLE_MONTHS).max(world.first.month());
        assert!(named.iter().any(|path| path.contains(&format!("month={}", &full.to_string()[..7]))), "{full}");
        assert_eq!(world.retain(today), Retained::default(), "it is done");
    }
    assert!(removed > 90 && all.len() > 170, "{removed} of {}", all.len());
    let before = fs::read(world.public().join("index.json")).unwrap();
    fs::remove_file(world.public().join("index.json")).unwrap();
    Index::bring_up(world.public()).unwrap();
    assert_eq!(fs::read(world.public().join("index.json")).unwrap(), before);
}

/// Stops the work before a step.
struct Death {
    at: usize,
    steps: AtomicUsize,
}

impl Observer for Death {
    fn before(&self, _: Step<'_>) -> io::Result<()> {
        let step = self.steps.fetch_add(1, Ordering::Relaxed);
        if step == self.at { Err(io::Error::other("the machine dies")) } else { Ok(()) }
    }

    fn after(&self, _: Step<'_>) -> io::Result<()> {
        Ok(())
    }
}

/// Aim: killed before any of its steps, retention leaves an index that tells the truth and the current release whole, and
/// ends the next time where it would have ended.
#[test]
fn a_retention_that_is_killed_leaves_the_truth() {
    let today = day("2028-02-10");
    let world = || {
        let world = World::new("2026-10-01");
        for last in ["2026-11-20", "2026-12-31", "2027-01-05", "2028-02-08"] {
            world.release(day(last));
        }
        world
    };
    let whole = world();
    assert_eq!(whole.retain(today).releases, 2);
    let mut died = 0;
    loop {
        let world = world();
        let death = Arc::new(Death { at: died, steps: AtomicUsize::new(0) });
        let disk = Disk::observed(Arc::<Death>::clone(&death));
        let kept = kept_from(today, RELEASE_MONTHS);
        let done = retain::retain_on(&disk, world.public(), kept, today, RELEASE_MONTHS);
        world.require_truth();
        world.retain(today);
        world.require_truth();
        // A file that was not whole yet lies where the tombstone came.
        assert_eq!(world.tree(""), whole.tree(""), "killed before step {died}");
        if done.is_ok() {
            break;
        }
        died += 1;
    }
    assert!(died > 15, "{died} steps");
}

/// Aim: a release whose manifest is damaged stops no retention, keeps every shared file, and is told apart from the others.
#[test]
fn a_damaged_release_stops_nothing() {
    let world = World::new("2026-10-01");
    for last in ["2026-11-20", "2027-01-05", "2027-06-01", "2028-02-08"] {
        world.release(day(last));
    }
    fs::write(world.public().join("releases/2027-06-01/manifest.json"), b"{").unwrap();
    fs::remove_file(world.public().join("index.json")).unwrap();
    let files = world.tree("files");
    let retained = world.retain(day("2028-02-10"));
    assert_eq!((retained.releases, retained.files), (1, 0));
    assert_eq!(world.tree("files"), files);
    let said: Vec<_> = world.require_truth().releases.iter().map(|entry| entry.release.to_string()).collect();
    assert_eq!(said, ["2028-02-08", "2027-01-05", "2026-11-20"]);
}
