//! A public directory with all that the layout can have, and more that nobody may reach.

use std::fs;

use serde_json::{Value, json};

use super::*;

/// Ids of the release that is there and of the one that is gone.
pub(crate) const ID: &str = "2026-11-22";
pub(crate) const GONE: &str = "2025-10-20";

/// A public directory.
pub(crate) struct Public {
    pub(crate) dir: tempfile::TempDir,
    /// The file that releases share: 1,000 bytes that tell where they are.
    pub(crate) shared: String,
    pub(crate) bytes: Vec<u8>,
    /// Releases that are there, each with what `index.json` says of it.
    entries: BTreeMap<String, Value>,
}

impl Public {
    /// With one release, one that was removed, and what is not to be seen.
    pub(crate) fn new() -> Self {
        let bytes: Vec<u8> = (0..250_u32).flat_map(u32::to_be_bytes).collect();
        let shared = format!("files/results/month=2026-11/{}.parquet", Sha256::of(&bytes));
        let dir = tempfile::tempdir().unwrap();
        let mut public = Self { dir, shared, bytes, entries: BTreeMap::new() };
        public.write(&public.shared, &public.bytes);
        public.bury(GONE, Sha256::of(b"gone"));
        public.publish(ID, &[&public.shared.clone()]);
        // What nobody may reach.
        public.write(".hidden", b"secret");
        public.write(&format!("releases/{ID}/unnamed.csv"), b"secret");
        public.write("releases/.making/manifest.json", b"secret");
        public.write("aside/2026-11-22-1/report.txt", b"secret");
        public.write(&format!("files/results/month=2026-11/{}.parquet", Sha256::of(b"secret")), b"secret");
        public
    }

    /// Makes a release that shares these files, and names it as the newest.
    pub(crate) fn publish(&mut self, id: &str, shared: &[&str]) {
        let own = ["README.md", "inputs/bins.csv", "croissant.json", "LICENSE", "sql/base/results.sql", "empty.csv"];
        for name in own {
            let text = if name == "empty.csv" { String::new() } else { format!("{name} of {id}") };
            self.write(&format!("releases/{id}/{name}"), text.as_bytes());
        }
        let own = own.map(|name| format!("releases/{id}/{name}"));
        let files: Vec<Value> =
            own.iter().map(String::as_str).chain(shared.iter().copied()).map(|path| self.named(path)).collect();
        self.write_json(&format!("releases/{id}/manifest.json"), &json!({"format": 1, "files": files}));
        self.write(&format!("releases/{id}/SHA256SUMS"), b"sums");
        self.name(id);
    }

    /// Lets `index.json` and `latest.json` name a release's manifest as it lies there.
    pub(crate) fn name(&mut self, id: &str) {
        let manifest = format!("releases/{id}/manifest.json");
        let sha256 = self.named(&manifest)["sha256"].clone();
        let entry = json!({"release": id, "manifest": manifest, "sha256": sha256, "last_day": id, "bytes": 1,
            "results": 250, "status": "available"});
        self.entries.insert(id.to_owned(), entry);
        self.write_index();
        self.write_json("latest.json", &json!({"format": 1, "release": id, "manifest": manifest, "sha256": sha256}));
    }

    /// Removes a release but for its tombstone.
    pub(crate) fn bury(&mut self, id: &str, manifest: Sha256) {
        let _ = fs::remove_dir_all(self.dir.path().join(format!("releases/{id}")));
        let entry = json!({"release": id, "manifest": format!("releases/{id}/manifest.json"), "sha256": manifest,
            "last_day": id, "bytes": 1, "results": 250, "status": "removed"});
        self.write_json(
            &format!("releases/{id}/tombstone.json"),
            &json!({"release": id, "manifest_sha256": manifest, "removed": "2026-11-22", "reason": "age", "entry": entry}),
        );
        self.entries.insert(id.to_owned(), entry);
        self.write_index();
    }

    /// Takes a release back as if it had never been.
    pub(crate) fn forget(&mut self, id: &str) {
        fs::remove_dir_all(self.dir.path().join(format!("releases/{id}"))).unwrap();
        self.entries.remove(id);
        self.write_index();
    }

    /// Makes the shelf.
    pub(crate) fn shelf(&self) -> Shelf {
        Shelf::load(self.dir.path(), &Shelf::default()).unwrap()
    }

    pub(crate) fn write(&self, path: &str, bytes: &[u8]) {
        let path = self.dir.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    fn write_json(&self, path: &str, value: &Value) {
        self.write(path, sorted(value).as_bytes());
    }

    fn write_index(&self) {
        let entries: Vec<_> = self.entries.values().rev().collect();
        self.write_json("index.json", &json!({"format": 1, "releases": entries}));
    }

    /// A file as a manifest names it.
    fn named(&self, path: &str) -> Value {
        let bytes = fs::read(self.dir.path().join(path)).unwrap();
        json!({"path": path, "bytes": bytes.len(), "sha256": Sha256::of(&bytes)})
    }
}

/// An object as text, in the order of its names whatever order the JSON library keeps.
pub(crate) fn sorted(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let members: BTreeMap<_, _> = members.iter().map(|(name, value)| (name, sorted(value))).collect();
            let members: Vec<_> = members.into_iter().map(|(name, value)| format!("{name:?}:{value}")).collect();
            format!("{{{}}}", members.join(","))
        }
        Value::Array(values) => format!("[{}]", values.iter().map(sorted).collect::<Vec<_>>().join(",")),
        other => other.to_string(),
    }
}

/// Aim: every name of the layout is found with its size and digest, and what the layout does not name is not.
#[test]
fn the_shelf_holds_what_was_published() {
    let public = Public::new();
    let shelf = public.shelf();
    assert!(shelf.faults().is_empty(), "{:?}", shelf.faults());
    let own =
        ["manifest.json", "SHA256SUMS", "README.md", "inputs/bins.csv"].map(|name| format!("releases/{ID}/{name}"));
    let tombstone = format!("releases/{GONE}/tombstone.json");
    for path in own.iter().chain([&public.shared, &tombstone]).map(String::as_str).chain(CHANGING) {
        let Found::File(item) = shelf.find(path) else { panic!("{path} is not there") };
        let bytes = fs::read(public.dir.path().join(path)).unwrap();
        assert_eq!((item.bytes, item.sha256), (bytes.len() as u64, Sha256::of(&bytes)), "{path}");
    }
    for (path, page) in [
        ("", "index.json".to_owned()),
        ("releases/", "index.json".to_owned()),
        (&format!("releases/{ID}"), format!("releases/{ID}/manifest.json")),
        (&format!("releases/{ID}/"), format!("releases/{ID}/manifest.json")),
    ] {
        assert!(matches!(shelf.find(path), Found::Folder(to) if to == page), "{path}");
    }
    for path in ["", "/", "/manifest.json", "/inputs/bins.csv", "/.hidden"] {
        assert!(matches!(shelf.find(&format!("releases/{GONE}{path}")), Found::Removed(_)), "{path}");
    }
    let secret = format!("files/results/month=2026-11/{}.parquet", Sha256::of(b"secret"));
    for path in [
        ".hidden",
        "/latest.json",
        "files",
        "files/results/month=2026-11/",
        "releases/.making/manifest.json",
        "releases/2026-11-23/manifest.json",
        &format!("releases/{ID}/unnamed.csv"),
        &format!("releases/{ID}/inputs"),
        &format!("releases/{ID}/inputs/"),
        &format!("releases/{ID}/../../.hidden"),
        &format!("releases/{ID}/../{ID}/README.md"),
        &format!("releases/{ID}/./README.md"),
        &format!("releases/{ID}//README.md"),
        &format!("releases/{ID}/README.md/"),
        "aside/2026-11-22-1/report.txt",
        &secret,
        "\0",
    ] {
        assert!(matches!(shelf.find(path), Found::Nothing), "{path}");
    }
}

/// Aim: nothing published is no fault; a release that is damaged, or that names what the layout does not have, is left out
/// and said, and the others stay.
#[test]
fn damage_is_left_out() {
    let empty = tempfile::tempdir().unwrap();
    let shelf = Shelf::load(&empty.path().join("none"), &Shelf::default()).unwrap();
    assert!(matches!(shelf.find("latest.json"), Found::Unpublished) && shelf.faults().is_empty());

    let mut public = Public::new();
    let manifest = format!("releases/{ID}/manifest.json");
    let whole = fs::read(public.dir.path().join(&manifest)).unwrap();
    public.write(&manifest, b"{\"files\": []}");
    let shelf = public.shelf();
    assert!(matches!(shelf.faults(), [ShelfFault::Damaged(path)] if *path == manifest), "{:?}", shelf.faults());
    assert!(matches!(shelf.find(&manifest), Found::Nothing) && matches!(shelf.find("latest.json"), Found::File(_)));

    for path in
        ["../lake/CURRENT", "releases/2026-11-21/x.csv", "releases/2026-11-22/.key", "files/../x", "/etc/passwd"]
    {
        let text = String::from_utf8(whole.clone()).unwrap().replacen(&public.shared, path, 1);
        public.write(&manifest, text.as_bytes());
        public.name(ID);
        let shelf = public.shelf();
        assert!(matches!(shelf.faults(), [ShelfFault::Foreign { .. }]), "{path}: {:?}", shelf.faults());
    }
    public.write("index.json", b"{");
    assert!(matches!(Shelf::load(public.dir.path(), &Shelf::default()), Err(ShelfFault::Unreadable { .. })));
}

/// Aim: what is known of a release is not read again, and one that was removed is known as such.
#[test]
fn a_shelf_is_made_of_the_one_before() {
    let public = Public::new();
    let first = public.shelf();
    fs::remove_file(public.dir.path().join(format!("releases/{ID}/manifest.json"))).unwrap();
    let second = Shelf::load(public.dir.path(), &first).unwrap();
    assert!(second.faults().is_empty() && matches!(second.find(&public.shared), Found::File(_)));
    let fresh = Shelf::load(public.dir.path(), &Shelf::default()).unwrap();
    assert!(matches!(fresh.faults(), [ShelfFault::File(_)]), "{:?}", fresh.faults());
}
