//! Uploads into a store in memory that can be made to fail at any write.

mod failing;

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;

use object_store::{Attribute, ObjectStoreExt as _, PutPayload};
use serde_json::Value;

use self::failing::Failing;
use super::*;
use crate::digest::Sha256;
use crate::shelf::tests::{GONE, ID, Public};
use crate::shelf::{CHANGING, cache_control, content_type};

const PREFIX: &str = "data/v1";

async fn upload(public: &Public, store: &Arc<Failing>) -> Result<Uploaded, BucketFault> {
    let copy = Copy {
        store: Arc::clone(store) as _,
        prefix: object_store::path::Path::parse(PREFIX).unwrap(),
        public: public.dir.path(),
        conditional: true,
    };
    copy.bring_up_to(&public.shelf()).await
}

/// Everything that is there.
async fn objects(store: &Failing) -> BTreeMap<String, Vec<u8>> {
    let mut objects = BTreeMap::new();
    for path in store.paths().await {
        let bytes = store.get(&object_store::path::Path::from(path.as_str())).await.unwrap().bytes().await.unwrap();
        let path = path.strip_prefix(PREFIX).unwrap().trim_start_matches('/').to_owned();
        objects.insert(path, bytes.to_vec());
    }
    objects
}

/// Whatever the pages of a bucket name is there, byte for byte.
fn assert_whole(objects: &BTreeMap<String, Vec<u8>>) {
    let json = |path: &str| serde_json::from_slice::<Value>(&objects[path]).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let mut named = Vec::new();
    if objects.contains_key("latest.json") {
        let latest = json("latest.json");
        named.push((text(&latest["manifest"]), text(&latest["sha256"])));
    }
    if objects.contains_key("index.json") {
        for entry in json("index.json")["releases"].as_array().unwrap() {
            if entry["status"] == "available" {
                named.push((text(&entry["manifest"]), text(&entry["sha256"])));
            } else {
                let tombstone = format!("releases/{}/tombstone.json", text(&entry["release"]));
                assert!(objects.contains_key(&tombstone), "{tombstone}");
            }
        }
    }
    while let Some((path, sha256)) = named.pop() {
        let bytes = objects.get(&path).unwrap_or_else(|| panic!("{path} is named and not there"));
        assert_eq!(Sha256::of(bytes).to_string(), sha256, "{path}");
        if path.ends_with("manifest.json") {
            let files = json(&path)["files"].as_array().unwrap().clone();
            named.extend(files.iter().map(|file| (text(&file["path"]), text(&file["sha256"]))));
        }
    }
}

/// Aim: the bucket holds what the shelf names and nothing else, told to readers as the server tells it; a second upload
/// sends nothing.
#[tokio::test]
async fn the_bucket_is_a_copy() {
    let public = Public::new();
    let store = Arc::new(Failing::new());
    let done = upload(&public, &store).await.unwrap();
    let objects = objects(&store).await;
    assert_whole(&objects);
    let shelf = public.shelf();
    let files: Vec<String> = shelf.files().into_iter().map(|file| file.path).collect();
    assert_eq!(objects.keys().cloned().collect::<Vec<_>>(), {
        let mut files = files.clone();
        files.sort();
        files
    });
    assert_eq!((done.release.to_string().as_str(), done.sent, done.kept), (ID, files.len() as u64, 0));
    assert_eq!(files.last().map(String::as_str), Some("latest.json"));
    for path in &files {
        assert_eq!(objects[path], fs::read(public.dir.path().join(path)).unwrap(), "{path}");
        let key = object_store::path::Path::from(format!("{PREFIX}/{path}"));
        let told = store.get(&key).await.unwrap().attributes;
        assert_eq!(told.get(&Attribute::ContentType).unwrap().as_ref(), content_type(path), "{path}");
        assert_eq!(told.get(&Attribute::CacheControl).unwrap().as_ref(), cache_control(path), "{path}");
    }
    let again = upload(&public, &store).await.unwrap();
    assert_eq!((again.sent, again.bytes, again.kept, again.removed), (0, 0, files.len() as u64, 0));
}

/// Aim: wherever an upload breaks off, what the bucket names is whole; the next one goes on and ends it.
#[tokio::test]
async fn an_upload_that_breaks_off_goes_on() {
    let mut public = Public::new();
    let first = public.shelf().files().len() as u64;
    for allowed in 0.. {
        // A first release is there, a second is on its way.
        let store = Arc::new(Failing::new());
        public.publish(ID, &[&public.shared.clone()]);
        assert_eq!(upload(&public, &store).await.unwrap().sent, first);
        let more = b"more".to_vec();
        let path = format!("files/results/month=2026-11/{}.parquet", Sha256::of(&more));
        public.write(&path, &more);
        public.publish("2026-11-23", &[&public.shared.clone(), &path]);
        store.allow(allowed);
        let broken = upload(&public, &store).await;
        assert_whole(&objects(&store).await);
        store.allow(usize::MAX);
        let done = upload(&public, &store).await.unwrap();
        let now = objects(&store).await;
        assert_whole(&now);
        assert_eq!(serde_json::from_slice::<Value>(&now["latest.json"]).unwrap()["release"], "2026-11-23");
        // The shared file is sent once, the release's own as long as their manifest is not there.
        assert_eq!(store.writes_of(&format!("{PREFIX}/{path}")), 1, "{allowed}");
        if broken.is_ok() {
            assert_eq!(done.sent, 0);
            // Seven files, the manifest, the shared file and two pages.
            assert_eq!(allowed, 11);
            return;
        }
        // As it was before the next round.
        public.forget("2026-11-23");
    }
}

/// Aim: a release that was removed is removed there, but for its tombstone, and what nobody knows stays.
#[tokio::test]
async fn what_was_removed_is_removed_there() {
    let mut public = Public::new();
    let store = Arc::new(Failing::new());
    upload(&public, &store).await.unwrap();
    let foreign = object_store::path::Path::from(format!("{PREFIX}/releases/notes.txt"));
    store.put(&foreign, PutPayload::from_static(b"mine")).await.unwrap();
    let more = b"more".to_vec();
    let path = format!("files/results/month=2026-12/{}.parquet", Sha256::of(&more));
    public.write(&path, &more);
    public.publish("2026-12-22", &[&path]);
    let manifest = Sha256::of(&fs::read(public.dir.path().join(format!("releases/{ID}/manifest.json"))).unwrap());
    public.bury(ID, manifest);
    let done = upload(&public, &store).await.unwrap();
    let now = objects(&store).await;
    assert_whole(&now);
    // Seven files, the manifest, and the shared file that nobody names now.
    assert_eq!(done.removed, 9);
    let left: Vec<_> = now.keys().filter(|path| path.contains(ID) || path.contains(GONE)).collect();
    assert_eq!(left, [&format!("releases/{GONE}/tombstone.json"), &format!("releases/{ID}/tombstone.json")]);
    assert!(!now.contains_key(&public.shared) && now.contains_key(&path) && now.contains_key("releases/notes.txt"));
}

/// Aim: a bucket that is ahead, or that holds another release of the same name, is left alone; so is one to which another
/// upload writes.
#[tokio::test]
async fn a_bucket_of_others_is_left_alone() {
    let mut public = Public::new();
    let store = Arc::new(Failing::new());
    public.publish("2026-11-23", &[&public.shared.clone()]);
    upload(&public, &store).await.unwrap();
    let before = objects(&store).await;

    let mut older = Public::new();
    let fault = upload(&older, &store).await.unwrap_err();
    assert!(matches!(fault, BucketFault::Ahead { .. }), "{fault}");
    // The same id, other content: named by latest.json, and with a manifest only.
    older.publish("2026-11-23", &[]);
    let fault = upload(&older, &store).await.unwrap_err();
    assert!(matches!(fault, BucketFault::OtherRelease(_)), "{fault}");
    store.delete(&object_store::path::Path::from(format!("{PREFIX}/latest.json"))).await.unwrap();
    let fault = upload(&older, &store).await.unwrap_err();
    assert!(matches!(fault, BucketFault::OtherRelease(_)), "{fault}");
    upload(&public, &store).await.unwrap();
    assert_eq!(objects(&store).await, before);

    public.publish("2026-11-24", &[&public.shared.clone()]);
    store.overtake_at(format!("{PREFIX}/index.json"));
    let fault = upload(&public, &store).await.unwrap_err();
    assert!(matches!(&fault, BucketFault::Overtaken(path) if path == "index.json"), "{fault}");
}

/// Aim: bytes that are not those that were published are not sent, in one piece or in parts.
#[tokio::test]
async fn what_changed_here_is_not_sent() {
    for size in [1_000, (16 << 20) + 5, 2 * (16 << 20)] {
        let mut public = Public::new();
        let store = Arc::new(Failing::new());
        let bytes: Vec<u8> = (0..size).map(|at: usize| u8::try_from(at % 251).unwrap()).collect();
        let path = format!("files/blocks/month=2026-11/{}.parquet", Sha256::of(&bytes));
        public.write(&path, &bytes);
        public.publish("2026-11-23", &[&path]);
        let mut other = bytes.clone();
        other[size - 1] ^= 1;
        for changed in [&other[..], &bytes[..size - 1], &[bytes.as_slice(), b"x"].concat()] {
            public.write(&path, changed);
            let fault = upload(&public, &store).await.unwrap_err();
            assert!(matches!(&fault, BucketFault::Changed(changed) if *changed == path), "{fault}");
            let now = objects(&store).await;
            assert!(CHANGING.iter().all(|page| !now.contains_key(*page)) && !now.contains_key(&path));
        }
        public.write(&path, &bytes);
        upload(&public, &store).await.unwrap();
        assert_eq!(objects(&store).await[&path], bytes);
    }
}

/// Aim: a store that lost something after it had taken it does not get a latest.json.
#[tokio::test]
async fn what_the_store_lost_is_seen() {
    let public = Public::new();
    let store = Arc::new(Failing::new());
    store.lose(format!("{PREFIX}/releases/{ID}/README.md"));
    let fault = upload(&public, &store).await.unwrap_err();
    assert!(matches!(&fault, BucketFault::NotWhole { found: 0, .. }), "{fault}");
    assert!(!objects(&store).await.contains_key("latest.json"));
}
