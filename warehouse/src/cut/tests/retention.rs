//! Releases that are refused, and releases that grow old.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::*;

/// A program that ends so, after it wrote what it was given.
fn program(directory: &Path, line: &str) -> PathBuf {
    let path = directory.join("check.sh");
    fs::write(&path, format!("#!/bin/sh\necho \"checking $(ls $1/manifest.json)\"\n{line}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}

fn names(directory: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(directory)
        .map(|entries| entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect())
        .unwrap_or_default();
    names.sort();
    names
}

/// Aim: what the program refuses, or does not end with in time, is put aside with its report, and the current release stays;
/// what it finds good goes out. So many that are refused are kept and no more.
#[test]
fn a_refused_release_is_put_aside() {
    let house = house();
    let public = house.dir.public();
    let mut marts = house.marts();
    marts.refresh(&house.lake, &bound()).unwrap();
    house.close(&mut marts, LAST);
    let mut attempt = |line: &str, patience: Duration| {
        let program = Some(program(house.dir.root(), line));
        let plan = Plan { judge: Judge { program, patience, aside: house.dir.aside() }, ..plan() };
        publish(&mut marts, &house.lake, &house.dir, &plan)
    };
    let patience = Duration::from_secs(60);
    for number in 1..=6 {
        let refused = attempt("echo blocks differ; exit 1", patience);
        let Err(CutFault::Refused { aside, .. }) = refused else { panic!("{refused:?}") };
        assert_eq!(aside, house.dir.aside().join(format!("{}-{number}", plan().last_day)));
        let report = fs::read_to_string(aside.join("report.txt")).unwrap();
        assert!(report.contains("manifest.json") && report.contains("blocks differ"), "{report}");
    }
    assert_eq!(names(&house.dir.aside()).len(), 5);
    assert!(names(&public.join("releases")).is_empty() && Latest::read(&public).unwrap().is_none());
    let slow = attempt("sleep 60", Duration::ZERO);
    assert!(matches!(slow, Err(CutFault::Refused { why, .. }) if why.contains("too long")));

    let good = attempt("exit 0", patience).unwrap();
    assert!(good.is_new && good.id.edition == 1);
    let own = names(&public.join("releases").join(good.id.to_string()));
    assert!(own.contains(&"SHA256SUMS".to_owned()) && !own.contains(&"report.txt".to_owned()), "{own:?}");
    assert_eq!(names(&public.join("releases")), [good.id.to_string()]);
    assert_eq!(Latest::read(&public).unwrap().unwrap().release, good.id);
}

/// Aim: of an old release the tombstone stays, with the digest that the manifest had; its shared files go if no other release
/// names them; the current release stays however old; a removal that was broken off is ended the next time.
#[test]
fn of_old_releases_a_tombstone_stays() {
    let house = house();
    let public = house.dir.public();
    let mut marts = house.marts();
    let rights = bound();
    let mut release = |last: Day| {
        marts.refresh(&house.lake, &rights).unwrap();
        house.close(&mut marts, last);
        let plan = Plan { last_day: TestDate::of(last).unwrap(), ..plan() };
        let id = publish(&mut marts, &house.lake, &house.dir, &plan).unwrap().id;
        read::read_manifest(&public, id).unwrap()
    };
    let (old, sha256) = release(Day(LAST.0 - 1));
    let (current, _) = release(LAST);
    let left_over = public.join("files/results/month=2020-01/0.parquet");
    fs::create_dir_all(left_over.parent().unwrap()).unwrap();
    fs::write(&left_over, b"of a release that was never finished").unwrap();
    let today = TestDate::of(TODAY).unwrap();
    let before_all = TestDate::of(Day(LAST.0 - 90)).unwrap();
    let swept = retain(&public, before_all, today, 13).unwrap();
    assert_eq!((swept.releases, swept.files), (0, 1));
    assert!(!left_over.parent().unwrap().exists());

    let kept_from = TestDate::of(LAST.plus(30)).unwrap();
    let retained = retain(&public, kept_from, today, 13).unwrap();
    let no_more = old.files.iter().filter(|file| file.is_shared() && !current.files.contains(file)).count();
    assert_eq!((retained.releases, retained.files as usize), (1, no_more));
    assert!(current.files.iter().all(|file| file.locate(&public).is_file()));
    let folder = read::path_of(&public, old.id);
    assert_eq!(names(&folder), ["tombstone.json"]);
    let tombstone: Tombstone = serde_json::from_slice(&fs::read(folder.join("tombstone.json")).unwrap()).unwrap();
    assert_eq!((tombstone.release, tombstone.manifest_sha256, tombstone.removed), (old.id, sha256, today));
    let statuses: Vec<_> = Index::read(&public).releases.iter().map(|entry| (entry.release, entry.status)).collect();
    assert_eq!(statuses, [(current.id, Status::Available), (old.id, Status::Removed)]);

    fs::create_dir_all(folder.join("rankings")).unwrap();
    fs::write(folder.join("manifest.json"), b"left over").unwrap();
    retain(&public, kept_from, today, 13).unwrap();
    assert_eq!(names(&folder), ["tombstone.json"]);
    assert_eq!(retain(&public, kept_from, today, 13).unwrap(), Retained::default());
}
