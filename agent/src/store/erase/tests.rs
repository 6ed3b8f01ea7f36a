//! Aim: an erased client is gone, its bytes too, from every file; nobody else is touched; and what the agent knows in memory
//! stays true.

use std::path::Path;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Instant;

use intake::asn::AsnFinding;
use intake::clock::ManualClock;
use intake::submission::{Parsed, parse};
use jiff::Timestamp;
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use wire::AsnOutcome;

use super::*;
use crate::store::audit::{self, Action, Entry, Via};
use crate::store::history::address_bytes;
use crate::store::lookup::{self, Filter};
use crate::store::webhooks::QueueCaps;
use crate::store::{Incoming, OutboxCaps, StoreSettings, database_path, schema};

/// How long bytes may stay after an erasure was asked for.
const ALL_GONE_WITHIN: Duration = Duration::from_secs(1);

struct Scene {
    store: Store,
    reader: Reader,
    key: LocalKey,
    _end: oneshot::Receiver<()>,
    directory: tempfile::TempDir,
}

impl Scene {
    fn new() -> Self {
        Self::with_history(1_000_000)
    }

    fn with_history(history_rows: u64) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let clock = Arc::new(ManualClock::at(Timestamp::from_second(1_790_000_000).expect("a moment")));
        let settings = StoreSettings {
            agent: None,
            records: true,
            history_rows,
            caps: OutboxCaps { max_bytes: 1 << 30, max_age_s: 1_000_000, settled_kept_s: 1_000_000 },
            seal_records: 500,
            seal_interval_ms: 1_000,
            webhook: Some(QueueCaps::default()),
        };
        let path = database_path(directory.path());
        let (store, end) = Store::open(&path, settings, clock).expect("a store");
        Self { store, reader: Reader::new(path), key: LocalKey::from_bytes([3; 32]), _end: end, directory }
    }

    /// Keeps a result of each of these clients; each says its address wherever a client can.
    async fn keep(&self, clients: &[IpAddr]) -> Vec<i64> {
        keep(&self.store, &self.key, clients).await
    }

    async fn erase(&self, prefix: IpNet) -> Erased {
        let plan = Erasure::plan(prefix, &self.key, 56).expect("not too broad");
        self.store.erase(plan, &self.reader).await.expect("a healthy disk")
    }

    async fn count(&self, prefix: IpNet) -> u64 {
        let filter = Filter { client: Some(prefix), ..Filter::default() };
        self.reader.read(move |connection| lookup::find(connection, &filter, 1)).await.expect("a look-up").total
    }

    /// The gauges are what the database says.
    async fn require_true_gauges(&self) {
        let counted = self
            .store
            .write(|connection| {
                let count = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, u64>(0));
                Ok([
                    count("SELECT count(*) FROM history")?,
                    count("SELECT count(*) FROM outbox")?,
                    evict::bytes(connection)?,
                    count("SELECT count(*) FROM webhooks")?,
                ])
            })
            .await
            .expect("counts");
        let gauges = self.store.gauges();
        let said = [&gauges.history_rows, &gauges.waiting_records, &gauges.outbox_bytes, &gauges.webhooks_waiting];
        assert_eq!(said.map(|gauge| gauge.load(Relaxed)), counted);
    }
}

async fn keep(store: &Store, key: &LocalKey, clients: &[IpAddr]) -> Vec<i64> {
    let mut kept = tokio::task::JoinSet::new();
    for address in clients {
        let (store, incoming) = (store.clone(), incoming(key, *address));
        kept.spawn(async move { store.submit(incoming).await.expect("kept").local_id });
    }
    kept.join_all().await
}

fn incoming(key: &LocalKey, address: IpAddr) -> Incoming {
    let body = format!(
        r#"{{"server_info":{{"server_name":"{address}"}},"results":{{"test_type":"single","metrics":{{"baseline_latency_ms":20,
            "download_latency_increase_ms":10,"upload_latency_increase_ms":30,"download_throughput_mbps":90,
            "upload_throughput_mbps":10}}}}}}"#
    );
    let Ok(Parsed::Kept(submission)) = parse(body.as_bytes()) else { panic!("a good body is refused") };
    let client = ClientAddress::new(address);
    let unit = client.unit(56);
    Incoming {
        client,
        client_tag: client_tag(key, unit),
        vote_key: vote_key(key, unit, submission.test_type),
        retry_key: key.tag(&[&rand::random::<[u8; 16]>()]),
        submission,
        finding: AsnFinding { asn: None, outcome: AsnOutcome::Miss, name: None, country: None, database_day: None },
        user_agent: Some(format!("a browser at {address} {}", "x".repeat(rand::random_range(0..200)))),
    }
}

/// Addresses without zeros, so that none is in the files by chance.
fn addresses(random: &mut StdRng, count: usize) -> Vec<IpAddr> {
    (0..count)
        .map(|_| match random.random_bool(0.5) {
            true => Ipv4Addr::from_bits(random.random_range(0x0B00_0000..0xDF00_0000) | 0x0101_0101).into(),
            false => Ipv6Addr::from_bits((0x2a << 120) | (random.random::<u128>() >> 8)).into(),
        })
        .collect()
}

/// The names of the files in which the address stands: in 16 bytes, or as text.
fn files_with(directory: &Path, address: IpAddr) -> Vec<String> {
    let needles = [address_bytes(address).to_vec(), address.to_string().into_bytes()];
    let mut names = Vec::new();
    for entry in std::fs::read_dir(directory).expect("a listing") {
        let path = entry.expect("a file").path();
        let bytes = std::fs::read(&path).expect("its bytes");
        if needles.iter().any(|needle| bytes.windows(needle.len()).any(|window| window == needle)) {
            names.push(path.display().to_string());
        }
    }
    names
}

// Aim: within a second no byte of an erased client is in any file, while others' results keep coming in; others stay.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_bytes_of_an_erased_client_are_gone() {
    let scene = Scene::new();
    let mut random = StdRng::seed_from_u64(7);
    let others = addresses(&mut random, 1_500);
    let victims = addresses(&mut random, 12);
    for chunk in others.chunks(250) {
        let mut both = chunk.to_vec();
        both.extend(&victims);
        scene.keep(&both).await;
        for client in both {
            let entry = Entry::new(Action::LookUp, Via::Api, ClientAddress::new(client)).about(client.into());
            scene.store.write(move |connection| audit::note(connection, &entry, 1_000)).await.expect("noted");
        }
    }
    for victim in &victims {
        assert!(!files_with(scene.directory.path(), *victim).is_empty(), "nothing is at stake");
    }
    let (store, key, more) = (scene.store.clone(), scene.key.clone(), addresses(&mut random, 3_000));
    let crowd = tokio::spawn(async move {
        for few in more.chunks(10) {
            keep(&store, &key, few).await;
        }
    });
    for victim in &victims {
        let begun = Instant::now();
        let erased = scene.erase((*victim).into()).await;
        assert!(erased.history > 0 && erased.webhooks > 0 && erased.audit_addresses > 0, "{erased:?}");
        assert_eq!((erased.history, erased.unsealed_records, erased.vote_keys), (6, 6, 1));
        while !files_with(scene.directory.path(), *victim).is_empty() {
            let found = files_with(scene.directory.path(), *victim);
            assert!(begun.elapsed() < ALL_GONE_WITHIN, "{victim} is still in {found:?}, {erased:?}");
            tokio::task::yield_now().await;
        }
        assert!(erased.overwritten);
        assert_eq!(scene.count((*victim).into()).await, 0);
    }
    crowd.await.expect("the crowd");
    scene.require_true_gauges().await;
    let kept = *others.last().expect("others");
    assert_eq!(scene.count(kept.into()).await, 1, "another client's result is gone");
    assert!(!files_with(scene.directory.path(), kept).is_empty());
}

// Aim: without the scrub bytes do stay behind, so that the test above can fail; with it none does, and no tree is hurt.
#[test]
fn secure_delete_alone_leaves_copies() {
    let mut left_behind = 0;
    for seed in 0..4 {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("agent.sqlite");
        let connection = schema::open(&path).expect("a database");
        connection.pragma_update(None, "synchronous", "off").expect("a pragma");
        let gone = erase_every_other(&connection, seed);
        let cut =
            || connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0)).expect("cut");
        let left = || {
            let bytes = std::fs::read(&path).expect("its bytes");
            let windows = bytes.windows(16).filter_map(|window| window.try_into().ok());
            windows.filter(|window: &[u8; 16]| gone.contains(window)).count()
        };
        assert_eq!(cut(), 0);
        left_behind += left();
        let mut next = Some(1);
        while let Some(first) = next {
            let look = scrub::dirty(&connection, first, 16).expect("a look");
            scrub::clean(&connection, &look.dirty).expect("cleaned");
            next = look.next;
        }
        assert_eq!(cut(), 0);
        assert_eq!(left(), 0);
        let fine: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).expect("a check");
        assert_eq!(fine, "ok");
        assert!(scrub::dirty(&connection, 1, u32::MAX).expect("a look").dirty.is_empty());
    }
    assert!(left_behind > 0, "SQLite overwrites everything by itself: the scrub is not needed any more");
}

/// Keeps 6,000 results with an entry of the audit log each, and erases every other one, as `secure_delete` does it.
fn erase_every_other(connection: &Connection, seed: u64) -> HashSet<[u8; 16]> {
    let mut random = StdRng::seed_from_u64(seed);
    let clients: Vec<[u8; 16]> = addresses(&mut random, 6_000).into_iter().map(address_bytes).collect();
    let prepare = |sql| connection.prepare(sql).expect("a statement");
    let mut result = prepare(
        "INSERT INTO history (local_id, test_id, received_ms, client_ip, user_agent, test_type)
         VALUES (?1, 'isp_1790000000_1', 1790000000000 + ?1, ?2, ?3, 'single')",
    );
    let mut entry =
        prepare("INSERT INTO audit (at_ms, action, via, client_ip, prefix_bits) VALUES (1, 'look_up', 'api', ?1, 128)");
    for (id, client) in (1_i64..).zip(&clients) {
        result.execute(params![id, client, "x".repeat(random.random_range(0..200))]).expect("a row");
        entry.execute([client]).expect("a row");
    }
    let mut delete = prepare("DELETE FROM history WHERE client_ip = ?1");
    let mut forget = prepare("UPDATE audit SET client_ip = NULL, prefix_bits = NULL WHERE client_ip = ?1");
    let gone: Vec<[u8; 16]> = clients.into_iter().filter(|_| random.random_bool(0.5)).collect();
    for client in &gone {
        delete.execute([client]).expect("deleted");
        forget.execute([client]).expect("forgotten");
    }
    gone.into_iter().collect()
}

// Aim: who was erased is new: no first answer is given again, and the next test is a vote.
#[tokio::test]
async fn an_erased_client_is_a_stranger() {
    let scene = Scene::new();
    let (victim, other): (IpAddr, IpAddr) =
        ("2001:db8:1:203::9".parse().unwrap(), "2001:db8:1:303::9".parse().unwrap());
    let again = |address| Incoming { retry_key: [9; 16], ..incoming(&scene.key, address) };
    let first = scene.store.submit(again(victim)).await.expect("kept");
    let others =
        scene.store.submit(Incoming { retry_key: [8; 16], ..incoming(&scene.key, other) }).await.expect("kept");
    assert_eq!(scene.store.submit(again(victim)).await.expect("kept"), first);
    let votes =
        || scene.store.write(|c| Ok(c.query_row("SELECT count(*) FROM votes", [], |row| row.get::<_, u64>(0))?));
    assert_eq!(votes().await.expect("a count"), 2);

    // The home is the client: another address of the same /56 names it as well.
    let erased = scene.erase("2001:db8:1:2ff::1".parse::<IpAddr>().unwrap().into()).await;
    assert_eq!((erased.vote_keys, erased.retry_keys), (1, 1));
    assert_eq!((erased.history, erased.unsealed_records), (0, 0), "but results are those of the address");
    let erased = scene.erase(victim.into()).await;
    assert_eq!((erased.history, erased.unsealed_records, erased.webhooks, erased.retry_keys), (1, 1, 1, 0));
    assert_eq!(votes().await.expect("a count"), 1);
    let second = scene.store.submit(again(victim)).await.expect("kept");
    assert_ne!(second.local_id, first.local_id);
    assert_eq!(votes().await.expect("a count"), 2);
    let same = scene.store.submit(Incoming { retry_key: [8; 16], ..incoming(&scene.key, other) }).await.expect("kept");
    assert_eq!(same, others, "nobody else is forgotten");
    scene.require_true_gauges().await;
    assert_eq!(scene.erase(victim.into()).await.history, 1, "it can be erased again");
    assert_eq!(scene.erase(victim.into()).await, Erased { overwritten: true, ..Erased::default() });
}

// Aim: a record whose result the history has let go of is found by its first answer.
#[tokio::test]
async fn an_unsealed_record_is_found_without_its_result() {
    let scene = Scene::with_history(1);
    let victim: IpAddr = "198.51.100.77".parse().unwrap();
    scene.keep(&[victim]).await;
    scene.keep(&["198.51.100.78".parse().unwrap()]).await;
    let erased = scene.erase(victim.into()).await;
    assert_eq!((erased.history, erased.unsealed_records), (0, 1));
    scene.require_true_gauges().await;
}

// Aim: a prefix takes all its clients and nobody beside them, in more than one step; a broad one is refused.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_prefix_takes_all_its_clients() {
    let scene = Scene::new();
    let inside: Vec<IpAddr> =
        (0..2_300_u32).map(|n| Ipv4Addr::from_bits(0x0A14_0000 | (n % 250) << 4).into()).collect();
    let beside: Vec<IpAddr> = vec!["10.19.255.255".parse().unwrap(), "10.21.0.0".parse().unwrap()];
    for clients in inside.chunks(500).chain([&beside[..]]) {
        scene.keep(clients).await;
    }
    let erased = scene.erase("10.20.0.0/16".parse().unwrap()).await;
    assert_eq!((erased.history, erased.unsealed_records, erased.webhooks), (2_300, 2_300, 2_300));
    assert_eq!((erased.vote_keys, erased.retry_keys), (250, 2_300));
    assert_eq!(scene.count("0.0.0.0/0".parse().unwrap()).await, 2);
    scene.require_true_gauges().await;
    for (prefix, bits, clients) in [
        ("192.0.2.0/24", 56, Ok(256)),
        ("192.0.2.1/32", 56, Ok(1)),
        ("10.0.0.0/16", 56, Ok(65_536)),
        ("10.0.0.0/15", 56, Err(TooBroad)),
        ("0.0.0.0/0", 56, Err(TooBroad)),
        ("2001:db8::/56", 56, Ok(1)),
        ("2001:db8::1/128", 56, Ok(1)),
        ("2001:db8::/48", 56, Ok(256)),
        ("2001:db8::/40", 56, Ok(65_536)),
        ("2001:db8::/39", 56, Err(TooBroad)),
        ("2001:db8::/112", 128, Ok(65_536)),
        ("2001:db8::/64", 128, Err(TooBroad)),
        ("::/0", 56, Err(TooBroad)),
        ("::/0", 128, Err(TooBroad)),
    ] {
        let plan = Erasure::plan(prefix.parse().unwrap(), &scene.key, bits);
        assert_eq!(plan.map(|plan| plan.tags.len()), clients, "{prefix} with clients of {bits} bits");
    }
}

// Aim: another program that reads the database puts off only the last step, which is done once it lets go; nobody waits for it.
#[tokio::test]
async fn a_reader_puts_off_only_the_cut() {
    let scene = Scene::new();
    let victim: IpAddr = "198.51.100.77".parse().unwrap();
    scene.keep(&[victim]).await;
    let other = schema::open_read_only(&database_path(scene.directory.path())).expect("a reader");
    other.execute_batch("BEGIN; SELECT count(*) FROM history").expect("it reads");
    let erased = scene.erase(victim.into()).await;
    assert_eq!((erased.history, erased.overwritten), (1, false));
    let begun = Instant::now();
    scene.keep(&["198.51.100.78".parse().unwrap()]).await;
    assert!(begun.elapsed() < Duration::from_secs(1), "results wait for a reader");
    other.execute_batch("COMMIT").expect("it lets go");
    let deadline = Instant::now() + Duration::from_secs(10);
    while !files_with(scene.directory.path(), victim).is_empty() {
        assert!(Instant::now() < deadline, "it is never done");
        tokio::task::yield_now().await;
    }
}

// Aim: a damaged database that was set aside holds the client, too, and goes; nothing else beside the database does.
#[tokio::test]
async fn damaged_databases_go_too() {
    let scene = Scene::new();
    let victim: IpAddr = "198.51.100.77".parse().unwrap();
    scene.keep(&[victim]).await;
    let beside = |name: &str| scene.directory.path().join(name);
    let damaged = beside("agent.sqlite.damaged-20260924T120000Z");
    std::fs::write(&damaged, victim.to_string()).expect("written");
    std::fs::write(beside("local.key"), "a key").expect("written");
    assert!(scene.erase(victim.into()).await.overwritten);
    assert_eq!(files_with(scene.directory.path(), victim), Vec::<String>::new());
    assert!(!damaged.exists() && beside("local.key").exists());
}
