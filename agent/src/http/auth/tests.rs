//! Aim: only the key opens the door, however it is sent; who guesses is stopped, and every failure is in the audit log.

use std::path::Path;

use intake::clock::ManualClock;
use jiff::Timestamp;

use super::*;
use crate::config::{Hidden, SupportConfig};
use crate::store::{OutboxCaps, Reader, Store, StoreSettings, audit, database_path};

const KEY: &str = "the-key-of-the-desk";

/// Names and values of headers.
type Headers<'a> = &'a [(&'static str, &'a [u8])];

struct Scene {
    gate: Gate,
    reader: Reader,
    store: Store,
    _directory: tempfile::TempDir,
}

impl Scene {
    fn with(config: &SupportConfig) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let clock: Arc<dyn Clock> = Arc::new(ManualClock::at(Timestamp::from_second(1_790_000_000).expect("a moment")));
        let settings = StoreSettings {
            agent: None,
            records: true,
            history_rows: 10,
            caps: OutboxCaps { max_bytes: 1 << 20, max_age_s: 1_000, settled_kept_s: 1_000 },
            seal_records: 10,
            seal_interval_ms: 1_000,
            webhook: None,
        };
        let path = database_path(directory.path());
        let (store, _end) = Store::open(&path, settings, Arc::clone(&clock)).expect("a store");
        let key = SupportKey::of(config, directory.path());
        key.prepare();
        let log = AuditLog::new(store.clone(), Arc::clone(&clock), 10_000);
        let gate = Gate::new(key, log, clock).expect("a gate");
        Self { gate, reader: Reader::new(path), store, _directory: directory }
    }

    fn configured() -> Self {
        Self::with(&SupportConfig { key: Some(Hidden::new(KEY)), ..SupportConfig::default() })
    }

    fn ask(&self, number: u8, path: &str, headers: &[(&'static str, &[u8])]) -> Result<Admitted, Refusal> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, HeaderValue::from_bytes(value).expect("a header"));
        }
        self.gate.admit_request(client(number), &path.parse().expect("a URI"), &map)
    }

    /// The audit log, once all that was noted is in it.
    async fn log(&self) -> Vec<Entry> {
        self.store.write(|_| Ok(())).await.expect("the writer");
        self.reader.read(|connection| audit::recent(connection, 10_000)).await.expect("the log")
    }
}

fn client(number: u8) -> ClientAddress {
    ClientAddress::new([192, 0, 2, number].into())
}

#[tokio::test]
async fn only_the_key_opens_the_door() {
    const BEARER: &[u8] = b"Bearer the-key-of-the-desk";
    let scene = Scene::configured();
    let right: [Headers<'_>; 7] = [
        &[("authorization", BEARER)],
        &[("authorization", b"bearer  the-key-of-the-desk ")],
        &[("x-api-key", KEY.as_bytes())],
        &[("authorization", BEARER), ("x-api-key", KEY.as_bytes())],
        &[("authorization", b"Basic dXNlcjpwYXNz"), ("x-api-key", KEY.as_bytes())],
        &[("authorization", b"Bearer "), ("x-api-key", KEY.as_bytes())],
        &[("x-api-key", KEY.as_bytes()), ("x-api-key", KEY.as_bytes())],
    ];
    for headers in right {
        scene.ask(1, "/api/telemetry/recent?limit=5&grade=A", headers).expect("the right key");
    }
    const LONG: [u8; 8_000] = [b'k'; 8_000];
    let wrong: [(&str, Headers<'_>, &str); 21] = [
        ("/", &[], "key-missing"),
        ("/", &[("authorization", b"")], "key-missing"),
        ("/", &[("authorization", b"Bearer")], "key-missing"),
        ("/", &[("authorization", b"Bearer   ")], "key-missing"),
        ("/", &[("x-api-key", b"")], "key-missing"),
        ("/", &[("authorization", b"Basic dGhlLWtleS1vZi10aGUtZGVzaw==")], "key-missing"),
        ("/", &[("authorization", KEY.as_bytes())], "key-missing"),
        ("/", &[("x-api-key", b"the-key-of-the-des")], "key-wrong"),
        ("/", &[("x-api-key", b"the-key-of-the-desk2")], "key-wrong"),
        ("/", &[("x-api-key", b"THE-KEY-OF-THE-DESK")], "key-wrong"),
        ("/", &[("x-api-key", &LONG)], "key-wrong"),
        ("/", &[("x-api-key", "schlüssel-🔑".as_bytes())], "key-wrong"),
        ("/", &[("x-api-key", b"\xff\xfe\x80")], "key-wrong"),
        ("/", &[("authorization", BEARER), ("x-api-key", b"other")], "key-wrong"),
        ("/", &[("authorization", b"Bearer other"), ("x-api-key", KEY.as_bytes())], "key-wrong"),
        ("/", &[("x-api-key", KEY.as_bytes()), ("x-api-key", b"other")], "key-wrong"),
        ("/?api_key=the-key-of-the-desk", &[], "key-in-query"),
        ("/?limit=5&X-API-Key=the-key-of-the-desk", &[], "key-in-query"),
        ("/?token", &[], "key-in-query"),
        ("/?api_key=the-key-of-the-desk", &[("authorization", BEARER)], "key-in-query"),
        ("/?a=1;access_token=the-key-of-the-desk", &[("authorization", BEARER)], "key-in-query"),
    ];
    for (number, (path, headers, slug)) in (10..).zip(wrong) {
        let problem = Problem::from(scene.ask(number, path, headers).expect_err(slug));
        assert_eq!((problem.slug(), problem.status()), (slug, StatusCode::UNAUTHORIZED), "{path} {headers:?}");
    }
    let log = scene.log().await;
    assert_eq!(log.len(), wrong.len(), "each failure is in the log, and nothing else is yet");
    assert!(log.iter().all(|entry| entry.action == Action::Refused && entry.via == Via::Api));
    assert_eq!(log.first().and_then(|entry| entry.caller), Some([192, 0, 2, 30].into()));
}

// Aim: a key in any letters is the key, and one that is typed is treated as one in a header.
#[tokio::test]
async fn a_typed_key_and_a_key_in_any_letters_open_the_door() {
    let scene = Scene::with(&SupportConfig { key: Some(Hidden::new("schlüssel-🔑")), ..SupportConfig::default() });
    scene.ask(1, "/", &[("x-api-key", "schlüssel-🔑".as_bytes())]).expect("the right key");
    let admitted = scene.gate.admit_typed(client(1), " schlüssel-🔑\n").expect("the right key");
    assert!(admitted.entry(Action::SignIn).via == Via::Page);
    assert!(matches!(scene.gate.admit_typed(client(1), "schluessel"), Err(Refusal::Wrong)));
    assert!(matches!(scene.gate.admit_typed(client(1), " "), Err(Refusal::Missing)));
    let log = scene.log().await;
    assert!(log.len() == 2 && log.iter().all(|entry| entry.via == Via::Page));
}

// Aim: after so many failures a client waits, with the right key too, and others do not; the log has an end.
#[tokio::test]
async fn who_guesses_waits() {
    let scene = Scene::configured();
    for _ in 0..FAILURES_PER_MINUTE {
        assert!(matches!(scene.ask(1, "/", &[("x-api-key", b"guess")]), Err(Refusal::Wrong)));
    }
    for key in [&b"guess"[..], KEY.as_bytes()] {
        let problem = Problem::from(scene.ask(1, "/", &[("x-api-key", key)]).expect_err("too many"));
        assert_eq!(problem.status(), StatusCode::TOO_MANY_REQUESTS);
    }
    assert!(matches!(scene.gate.admit_typed(client(1), KEY), Err(Refusal::TooMany(_))));
    for _ in 0..3 * FAILURES_PER_MINUTE {
        scene.ask(2, "/", &[("x-api-key", KEY.as_bytes())]).expect("another client");
    }
    for number in 10..200 {
        assert!(scene.ask(number, "/", &[]).is_err());
    }
    assert_eq!(scene.log().await.len(), usize::try_from(AUDITED_PER_MINUTE).expect("few"));
    assert_eq!(scene.gate.refused(), u64::from(FAILURES_PER_MINUTE) + 3 + 190);
}

// Aim: a new key is in force at once and ends every session; without a key nobody comes in.
#[tokio::test]
async fn a_new_key_is_in_force_at_once() {
    let scene = Scene::with(&SupportConfig::default());
    let old = scene.gate.key.current().expect("a key");
    let ask = |key: &str| scene.ask(1, "/", &[("x-api-key", key.as_bytes())]);
    ask(old.reveal()).expect("the right key");
    let stamp = scene.gate.stamp().expect("a stamp");
    assert!(scene.gate.admit_session(client(1), &stamp).is_some());
    let (path, new) = scene.gate.key.rotate().expect("a new key");
    assert!(matches!(ask(old.reveal()), Err(Refusal::Wrong)));
    ask(new.reveal()).expect("the new key");
    assert!(scene.gate.admit_session(client(1), &stamp).is_none());
    std::fs::write(path, "").expect("written");
    for key in [old.reveal(), new.reveal()] {
        assert!(matches!(ask(key), Err(Refusal::Closed)));
    }
    assert!(matches!(scene.gate.admit_typed(client(1), new.reveal()), Err(Refusal::Closed)));
    assert!(scene.gate.stamp().is_none() && scene.gate.admit_session(client(1), &stamp).is_none());
    let nowhere = SupportKey::of(&SupportConfig::default(), Path::new("/proc/no-such-place"));
    nowhere.prepare();
    assert!(nowhere.current().is_err());
}
