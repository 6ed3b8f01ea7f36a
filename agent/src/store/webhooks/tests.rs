//! Aim: a delivery is tried for a day and then set aside; what a human asks of the queue is done; the queue's bounds hold
//! and what they cost is counted, whoever deletes rows.

use ipnet::IpNet;
use rusqlite::Connection;

use super::*;
use crate::store::schema;

const BEGIN_S: i64 = 1_790_000_000;

fn database() -> (tempfile::TempDir, Connection) {
    let directory = tempfile::tempdir().expect("a directory");
    let connection = schema::open(&directory.path().join("agent.sqlite")).expect("a database");
    (directory, connection)
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(BEGIN_S + seconds).expect("a moment")
}

fn client(number: i64) -> IpAddr {
    std::net::Ipv4Addr::from(0x4900_0000 + u32::try_from(number).expect("few")).into()
}

/// Queues deliveries with these numbers, one a second.
fn queue_some(connection: &Connection, numbers: std::ops::Range<i64>) {
    for number in numbers {
        queue(connection, number, client(number), &[b'x'; 100], at(number)).expect("queued");
    }
}

fn due_ids(connection: &Connection, now: Timestamp) -> Vec<i64> {
    due(connection, now, 100).expect("read").into_iter().map(|delivery| delivery.local_id).collect()
}

fn counted(connection: &Connection) -> (u64, u64, u64) {
    let depth = depth(connection).expect("a depth");
    (depth.waiting, depth.set_aside, depth.bytes)
}

#[test]
fn a_delivery_is_tried_for_a_day_and_then_set_aside() {
    let (_directory, connection) = database();
    queue_some(&connection, 0..1);
    let first = due(&connection, at(0), 9).expect("read").remove(0);
    let mut now_s = 0;
    let mut attempts = 0;
    loop {
        let delivery = due(&connection, at(now_s), 9).expect("read").pop().expect("it is due");
        assert_eq!((&delivery.message_id, &delivery.body), (&first.message_id, &first.body), "another delivery");
        attempts += 1;
        assert_eq!(delivery.attempts, attempts - 1);
        if failed(&connection, 0, "status 500", 5_000_000, at(now_s)).expect("noted") {
            break;
        }
        assert!(due_ids(&connection, at(now_s)).is_empty(), "it is due again at once");
        let next_ms = next_due_ms(&connection, at(now_s)).expect("read").expect("there is a next time");
        assert!(next_ms <= at(TRIED_FOR_S).as_millisecond(), "the last attempt comes after a day");
        now_s = next_ms / 1_000 - BEGIN_S;
    }
    // Every 5,000 s, and once more when the day is over.
    assert_eq!((now_s, attempts), (TRIED_FOR_S, 19));
    assert_eq!(counted(&connection), (0, 1, 356));
    assert!(due_ids(&connection, at(10 * TRIED_FOR_S)).is_empty());
    let aside = list(&connection, true, 9).expect("a list").remove(0);
    assert_eq!((aside.local_id, aside.attempts, aside.bytes), (0, 19, 100));
    assert_eq!(aside.last_fault.as_deref(), Some("status 500"));
    assert_eq!(aside.aside_s, Some(BEGIN_S + TRIED_FOR_S));
}

#[test]
fn a_silent_receiver_sets_aside_what_is_overdue_and_nothing_else() {
    let (_directory, connection) = database();
    queue_some(&connection, 0..5);
    assert_eq!(set_overdue_aside(&connection, "no connection", at(TRIED_FOR_S + 1)).expect("done"), 2);
    assert_eq!(counted(&connection).1, 2);
    assert_eq!(due_ids(&connection, at(TRIED_FOR_S + 1)), [2, 3, 4]);
}

#[test]
fn a_clock_that_steps_back_puts_nothing_off() {
    let (_directory, connection) = database();
    queue(&connection, 1, client(1), b"{}", at(90 * 86_400)).expect("queued");
    assert_eq!(due_ids(&connection, at(0)), [1]);
    by_age(&connection, true, at(0)).expect("done");
    assert!(failed(&connection, 1, "x", 0, at(TRIED_FOR_S)).expect("noted"), "it is tried for months");
}

#[test]
fn what_is_settled_or_gone_stays_so() {
    let (_directory, connection) = database();
    queue_some(&connection, 0..3);
    delivered(&connection, 0).expect("settled");
    assert!(drop_one(&connection, 1).expect("dropped"));
    assert!(!drop_one(&connection, 1).expect("dropped"));
    delivered(&connection, 1).expect("settled");
    assert!(!failed(&connection, 0, "late", 0, at(9)).expect("noted"));
    assert_eq!(due_ids(&connection, at(9)), [2]);
    assert_eq!(counted(&connection), (1, 0, 356));
}

#[test]
fn a_human_sends_again_drops_and_erases() {
    let (_directory, connection) = database();
    queue_some(&connection, 0..6);
    assert_eq!(set_overdue_aside(&connection, "no connection", at(2 * TRIED_FOR_S)).expect("done"), 6);
    let later = at(2 * TRIED_FOR_S);
    assert!(retry(&connection, 3, later).expect("done"));
    assert!(!retry(&connection, 99, later).expect("done"));
    assert_eq!(due_ids(&connection, later), [3]);
    assert!(!failed(&connection, 3, "x", 0, later).expect("noted"), "it has another day");
    assert_eq!(erase(&connection, IpNet::from(client(4))).expect("erased"), 1);
    assert_eq!(erase(&connection, "73.0.0.0/31".parse().expect("a prefix")).expect("erased"), 2);
    let aside = list(&connection, true, 9).expect("a list").into_iter().map(|queued| queued.local_id);
    assert_eq!(aside.collect::<Vec<_>>(), [2, 5]);
    for number in [2, 3, 5] {
        assert!(drop_one(&connection, number).expect("dropped"));
    }
    assert_eq!(depth(&connection).expect("a depth"), Depth::default());
}

#[test]
fn what_was_set_aside_goes_after_a_week_and_is_counted() {
    let (_directory, connection) = database();
    queue_some(&connection, 0..3);
    set_overdue_aside(&connection, "x", at(TRIED_FOR_S + 1)).expect("done");
    by_age(&connection, true, at(TRIED_FOR_S + bounds::ASIDE_KEPT_S)).expect("done");
    assert_eq!(counted(&connection), (1, 2, 3 * 356));
    by_age(&connection, true, at(TRIED_FOR_S + bounds::ASIDE_KEPT_S + 2)).expect("done");
    assert_eq!((counted(&connection), depth(&connection).expect("a depth").dropped_old), ((1, 0, 356), 2));
    // Without a webhook nothing is tried, and rows age out all the same.
    by_age(&connection, false, at(2 * TRIED_FOR_S)).expect("done");
    assert_eq!(counted(&connection), (0, 1, 356));
}

#[test]
fn the_oldest_go_when_the_queue_is_full_those_set_aside_first() {
    let (_directory, connection) = database();
    queue_some(&connection, 0..10);
    for number in [7, 5] {
        failed(&connection, number, "x", 0, at(2 * TRIED_FOR_S + number)).expect("set aside");
    }
    by_size(&connection, &QueueCaps { max_rows: 9, max_bytes: u64::MAX }).expect("done");
    assert_eq!(list(&connection, true, 9).expect("a list")[0].local_id, 7, "5 was set aside first");
    by_size(&connection, &QueueCaps { max_rows: u64::MAX, max_bytes: 4 * 356 }).expect("done");
    let depth = depth(&connection).expect("a depth");
    assert_eq!((depth.waiting, depth.set_aside, depth.bytes, depth.dropped_full), (3, 0, 3 * 356, 7));
    assert_eq!(due_ids(&connection, at(10)), [6, 8, 9]);
}

#[test]
fn ids_are_random_and_can_be_signed() {
    let (_directory, connection) = database();
    queue_some(&connection, 0..50);
    let ids: std::collections::BTreeSet<String> =
        due(&connection, at(50), 50).expect("read").into_iter().map(|delivery| delivery.message_id).collect();
    assert_eq!(ids.len(), 50);
    // Standard Webhooks signs `id.timestamp.body`: a dot in an id would be ambiguous.
    assert!(ids.iter().all(|id| id.len() == 36 && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')));
}
