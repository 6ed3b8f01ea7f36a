//! Aim: a look-up finds what was kept and matches, newest first, and says how many there are in all.

use intake::clock::ManualClock;
use jiff::Timestamp;
use proptest::prelude::*;
use rusqlite::params;

use super::*;
use crate::store::schema;

const START_MS: i64 = 1_790_000_000_000;

fn database() -> (tempfile::TempDir, Connection) {
    let directory = tempfile::tempdir().expect("a directory");
    let connection = schema::open(&directory.path().join("agent.sqlite")).expect("a database");
    // Durability is not what is tested here; it would only cost time.
    connection.pragma_update(None, "synchronous", "off").expect("a pragma");
    (directory, connection)
}

fn insert(connection: &Connection, id: i64, received_ms: i64, client: IpAddr, grade: Option<Grade>, kind: TestType) {
    connection
        .prepare_cached(
            "INSERT INTO history (local_id, test_id, received_ms, client_ip, test_type, overall_grade)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )
        .expect("a statement")
        .execute(params![
            id,
            format!("isp_{id}"),
            received_ms,
            address_bytes(client),
            kind.as_str(),
            grade.map(Grade::as_str)
        ])
        .expect("a row");
}

/// One row as the model knows it.
#[derive(Debug, Clone)]
struct Known {
    id: i64,
    received_ms: i64,
    client: IpAddr,
    grade: Option<Grade>,
    kind: TestType,
}

fn row() -> impl Strategy<Value = Known> {
    let client = prop_oneof![
        (0_u32..4).prop_map(|last| IpAddr::from(std::net::Ipv4Addr::from_bits(0xC000_0200 + last))),
        (0_u128..4).prop_map(|subnet| IpAddr::from(Ipv6Addr::from_bits((0x2001_0db8 << 96) | (subnet << 72) | 1))),
    ];
    let grade = prop::option::of(prop::sample::select(Grade::ALL.to_vec()));
    let kind = prop_oneof![Just(TestType::Single), Just(TestType::Household)];
    // The clock may step back, and two results may come in one millisecond.
    (0_i64..20, client, grade, kind).prop_map(|(ms, client, grade, kind)| Known {
        id: 0,
        received_ms: START_MS + ms,
        client,
        grade,
        kind,
    })
}

fn filter() -> impl Strategy<Value = Filter> {
    let clients =
        ["192.0.2.1", "192.0.2.0/31", "0.0.0.0/0", "2001:db8:0:100::1", "2001:db8::/55", "2001:db8::/32", "::/0"];
    (
        prop::option::of(prop::sample::select(clients.to_vec())),
        prop::option::of(START_MS..START_MS + 22),
        prop::option::of(START_MS..START_MS + 22),
        prop::option::of(prop::sample::select(Grade::ALL.to_vec())),
        prop::option::of(prop_oneof![Just(TestType::Single), Just(TestType::Household)]),
    )
        .prop_map(|(client, since_ms, until_ms, grade, test_type)| Filter {
            client: client.map(|text| wanted::client(text).expect("a prefix")),
            since_ms,
            until_ms,
            grade,
            test_type,
        })
}

fn matches(filter: &Filter, known: &Known) -> bool {
    // As the database has them, an IPv4 address is one of IPv6, too.
    let within = |prefix: IpNet| {
        let (first, last) = range(prefix);
        (first..=last).contains(&address_bytes(known.client))
    };
    filter.client.is_none_or(within)
        && filter.since_ms.is_none_or(|since| known.received_ms >= since)
        && filter.until_ms.is_none_or(|until| known.received_ms < until)
        && filter.grade.is_none_or(|grade| known.grade == Some(grade))
        && filter.test_type.is_none_or(|kind| known.kind == kind)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_look_up_finds_what_a_scan_finds(
        rows in prop::collection::vec(row(), 0..40),
        filters in prop::collection::vec((filter(), 1_u32..50), 1..20),
    ) {
        let (_directory, connection) = database();
        let mut rows = rows;
        for (id, row) in (1..).zip(&mut rows) {
            row.id = id;
            insert(&connection, row.id, row.received_ms, row.client, row.grade, row.kind);
        }
        rows.sort_by_key(|row| std::cmp::Reverse((row.received_ms, row.id)));
        for (filter, limit) in filters {
            let wanted: Vec<i64> = rows.iter().filter(|row| matches(&filter, row)).map(|row| row.id).collect();
            let found = find(&connection, &filter, limit).expect("a look-up");
            prop_assert_eq!(found.total, wanted.len() as u64);
            let ids: Vec<i64> = found.results.iter().map(|result| result.local_id).collect();
            prop_assert_eq!(&ids, &wanted[..wanted.len().min(limit as usize)], "{:?}", filter);
            for result in found.results {
                let row = rows.iter().find(|row| row.id == result.local_id).expect("a known row");
                prop_assert_eq!((result.client_ip, result.overall_grade), (row.client, row.grade));
                prop_assert_eq!((result.test_type, result.received_ms), (row.kind, row.received_ms));
            }
        }
    }
}

// Aim: a look-up of one client, the newest results and their number are served by an index, whatever lies in the history.
#[test]
fn look_ups_are_served_by_an_index() {
    let (_directory, connection) = database();
    let one = Filter { client: Some(wanted::client("192.0.2.1").expect("an address")), ..Filter::default() };
    for (filter, index) in [(one, "history_by_client"), (Filter::default(), "history_by_time")] {
        let (conditions, values) = conditions(&filter);
        let plan: String = connection
            .prepare(&format!(
                "EXPLAIN QUERY PLAN SELECT * FROM history {conditions} ORDER BY received_ms DESC, local_id DESC LIMIT 5"
            ))
            .expect("a plan")
            .query_map(params_from_iter(&values), |row| row.get::<_, String>(3))
            .expect("a plan")
            .map(|step| step.expect("a step"))
            .collect();
        assert!(plan.contains(index) && !plan.contains("TEMP B-TREE"), "{plan}");
    }
}

// Aim: the figures count what is there, and the age of the outbox is that of its oldest record.
#[test]
fn figures_count_what_is_there() {
    use intake::clock::Clock as _;
    let (_directory, connection) = database();
    let clock = ManualClock::at(Timestamp::from_millisecond(START_MS).expect("a moment"));
    let empty = figures::figures(&connection).expect("figures");
    assert_eq!((empty.stored, empty.distinct_clients, empty.oldest_ms, empty.unsent_since_ms), (0, 0, None, None));
    for id in 1..=5_i64 {
        let client = IpAddr::from([192, 0, 2, u8::try_from(id % 3).expect("small")]);
        insert(&connection, id, clock.now().as_millisecond() + id, client, None, TestType::Single);
    }
    let execute = |sql: &str| connection.execute_batch(sql).expect("executed");
    execute("INSERT INTO outbox VALUES (4, 500000, x'00', NULL), (5, 500000, x'00', NULL)");
    let some = figures::figures(&connection).expect("figures");
    assert_eq!((some.stored, some.distinct_clients, some.waiting_records), (5, 3, 2));
    assert_eq!((some.oldest_ms, some.newest_ms), (Some(START_MS + 1), Some(START_MS + 5)));
    assert_eq!(some.unsent_since_ms, Some(START_MS + 4));
    execute(
        "DELETE FROM history WHERE local_id = 4;
         INSERT INTO batches (seq, body, records, sealed_s, settled_s)
             VALUES (1, x'00', 7, 1700000000, 1700000001), (2, x'00', 8, 1790000000, NULL)",
    );
    let some = figures::figures(&connection).expect("figures");
    assert_eq!((some.unsettled_batches, some.unsettled_records, some.last_settled_s), (1, 8, Some(1_700_000_001)));
    assert_eq!(some.unsent_since_ms, Some(START_MS), "the sealed batch is the oldest");
    execute("DELETE FROM batches");
    let some = figures::figures(&connection).expect("figures");
    assert_eq!(some.unsent_since_ms, Some(500_000 * 3_600_000), "what is not in the history any more left its hour");
}
