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
}

impl Public {
    /// With one release, one that was removed, and what is not to be seen.
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let bytes: Vec<u8> = (0..250_u32).flat_map(u32::to_be_bytes).collect();
        let shared = format!("files/results/month=2026-11/{}.parquet", Sha256::of(&bytes));
        let public = Self { dir, shared, bytes };
        public.write(&public.shared, &public.bytes);
        let own = ["README.md", "inputs/bins.csv", "croissant.json", "LICENSE", "sql/base/results.sql", "empty.csv"];
        for name in own {
            let text = if name == "empty.csv" { "" } else { name };
            public.write(&format!("releases/{ID}/{name}"), text.as_bytes());
        }
        let mut files: Vec<Value> = own.iter().map(|name| public.named(&format!("releases/{ID}/{name}"))).collect();
        files.push(public.named(&public.shared));
        public.write_json(&format!("releases/{ID}/manifest.json"), &json!({"format": 1, "files": files}));
        public.write(&format!("releases/{ID}/SHA256SUMS"), b"sums");
        public.write_json(
            &format!("releases/{GONE}/tombstone.json"),
            &json!({"release": GONE, "manifest_sha256": Sha256::of(b"gone"), "removed": "2026-11-22", "reason": "age"}),
        );
        public.write_index();
        // What nobody may reach.
        public.write(".hidden", b"secret");
        public.write(&format!("releases/{ID}/unnamed.csv"), b"secret");
        public.write("releases/.making/manifest.json", b"secret");
        public.write("aside/2026-11-22-1/report.txt", b"secret");
        public.write(&format!("files/results/month=2026-11/{}.parquet", Sha256::of(b"secret")), b"secret");
        public
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

    /// A file as a manifest names it.
    fn named(&self, path: &str) -> Value {
        let bytes = fs::read(self.dir.path().join(path)).unwrap();
        json!({"path": path, "bytes": bytes.len(), "sha256": Sha256::of(&bytes)})
    }

    /// Writes the pages that change.
    pub(crate) fn write_index(&self) {
        let manifest = format!("releases/{ID}/manifest.json");
        let sha256 = self.named(&manifest)["sha256"].clone();
        self.write_json(
            "index.json",
            &json!({"format": 1, "releases": [
                {"release": ID, "manifest": manifest, "sha256": sha256, "last_day": ID, "bytes": 1, "results": 250, "status": "available"},
                {"release": GONE, "manifest": format!("releases/{GONE}/manifest.json"), "sha256": Sha256::of(b"gone"),
                    "last_day": GONE, "bytes": 1, "results": 250, "status": "removed"},
            ]}),
        );
        self.write_json("latest.json", &json!({"format": 1, "release": ID, "manifest": manifest, "sha256": sha256}));
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

    let public = Public::new();
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
        public.write_index();
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
