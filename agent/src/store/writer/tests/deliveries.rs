//! Aim: whatever happens in whatever order, every result that was acknowledged reaches the provider's own system at least
//! once, or is in the queue for all to see, or was given up by the queue's bounds and counted. Random operations run against
//! the real writer and a receiver made of a map.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use intake::clock::{Clock, ManualClock};
use jiff::Timestamp;
use proptest::prelude::*;
use rusqlite::Connection;
use tokio::sync::oneshot;

use super::super::{Moment, Writer};
use super::model::incoming;
use crate::config::Config;
use crate::store::webhooks::{self, ASIDE_KEPT_S, Delivery, Depth, TRIED_FOR_S};
use crate::store::{Message, QueueCaps, StoreFault, StoreSettings};
use crate::webhook::outcome::{self, Outcome};
use crate::webhook::verdict::{Answer, Silence};

/// So small that it is often full.
const CAPS: QueueCaps = QueueCaps { max_rows: 30, max_bytes: 20_000 };

/// What befalls the deliveries that are due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Taken,
    /// They arrive, and the answers do not.
    AnswerLost,
    /// They arrive, and the program ends before it can note that.
    Crash,
    RequestLost,
    Refused,
    Gone,
}

#[derive(Debug, Clone)]
enum Op {
    /// So many results come at once.
    Take(u32),
    /// So many deliveries are tried, and the dice of their waits.
    Deliver(Fate, usize, f64),
    /// Seconds pass.
    Pass(i64),
    Restart,
    /// `agent queue retry`.
    RetryAside,
}

fn op() -> impl Strategy<Value = Op> {
    let fate = prop_oneof![
        4 => Just(Fate::Taken),
        2 => Just(Fate::AnswerLost),
        1 => Just(Fate::Crash),
        3 => Just(Fate::RequestLost),
        2 => Just(Fate::Refused),
        1 => Just(Fate::Gone),
    ];
    prop_oneof![
        6 => (1_u32..12).prop_map(Op::Take),
        10 => (fate, 1_usize..9, 0.0..1.0).prop_map(|(fate, most, dice)| Op::Deliver(fate, most, dice)),
        4 => (1_i64..4_000).prop_map(Op::Pass),
        2 => (4_000_i64..2 * TRIED_FOR_S).prop_map(Op::Pass),
        1 => Just(Op::Pass(ASIDE_KEPT_S)),
        1 => Just(Op::Restart),
        1 => Just(Op::RetryAside),
    ]
}

/// A row of the queue, as the model sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Row {
    message_id: String,
    tried_until_s: i64,
    aside: bool,
}

struct Model {
    writer: Option<Writer>,
    clock: Arc<ManualClock>,
    now_s: i64,
    acknowledged: BTreeSet<i64>,
    /// What the receiver has: every id and body that came for a result.
    arrived: BTreeMap<i64, BTreeSet<(String, Vec<u8>)>>,
    /// What the queue was told to have arrived.
    settled: BTreeSet<i64>,
    directory: tempfile::TempDir,
}

impl Model {
    fn new() -> Self {
        let now_s = 1_790_000_000;
        let mut model = Self {
            writer: None,
            clock: Arc::new(ManualClock::at(Timestamp::from_second(now_s).expect("a moment"))),
            now_s,
            acknowledged: BTreeSet::new(),
            arrived: BTreeMap::new(),
            settled: BTreeSet::new(),
            directory: tempfile::tempdir().expect("a directory"),
        };
        model.start();
        model
    }

    fn start(&mut self) {
        self.writer = None;
        let settings = StoreSettings { webhook: Some(CAPS), ..Config::default().store() };
        let clock: Arc<dyn Clock> = self.clock.clone();
        let path = self.directory.path().join("agent.sqlite");
        let mut writer = Writer::new(path, settings, clock, Arc::default(), Arc::default()).expect("a writer");
        // A clock that is doubted after a long pause is another test's affair.
        writer.trust = None;
        self.writer = Some(writer);
        // Durability is SQLite's affair and is tested on the real program; here it would only cost time.
        self.connection().pragma_update(None, "synchronous", "off").expect("a pragma");
    }

    fn run(&mut self, op: &Op) {
        let before = self.rows();
        let dropped_before = self.depth().dropped_full;
        match *op {
            Op::Take(count) => self.take(count),
            Op::Deliver(fate, most, dice) => {
                self.deliver(fate, most, dice);
            }
            Op::Pass(seconds) => {
                self.now_s += seconds;
                self.clock.advance(std::time::Duration::from_secs(seconds.unsigned_abs()));
                self.turn(Vec::new());
            }
            Op::Restart => self.start(),
            Op::RetryAside => {
                let now = self.now();
                self.job(|connection| {
                    for queued in webhooks::list(connection, true, u32::MAX)? {
                        webhooks::retry(connection, queued.local_id, now)?;
                    }
                    Ok(())
                });
            }
        }
        self.check_queue();
        let after = self.rows();
        let waiting_gone =
            before.iter().any(|(id, row)| !row.aside && !after.contains_key(id) && !self.settled.contains(id));
        if waiting_gone && self.depth().dropped_full > dropped_before {
            assert!(after.values().all(|row| !row.aside), "one that waits was given up before one that was set aside");
        }
    }

    fn take(&mut self, count: u32) {
        let first = u32::try_from(self.acknowledged.len()).expect("few results");
        let (messages, answers): (Vec<_>, Vec<_>) = (first..first + count)
            .map(|number| {
                let (answer, answered) = oneshot::channel();
                (Message::Submit(Box::new(incoming(number)), answer), answered)
            })
            .unzip();
        self.turn(messages);
        for mut answer in answers {
            let accepted = answer.try_recv().expect("every submission is answered").expect("a healthy disk");
            self.acknowledged.insert(accepted.local_id);
        }
    }

    /// As the deliverer does it; false if nothing was due.
    fn deliver(&mut self, fate: Fate, most: usize, dice: f64) -> bool {
        let now = self.now();
        let due = self.job(|connection| webhooks::due(connection, now, most));
        let answer = match fate {
            Fate::Taken => Answer::Status(200, None),
            Fate::AnswerLost | Fate::Crash => Answer::Silence(Silence::Late),
            Fate::RequestLost => Answer::Silence(Silence::NoConnection),
            Fate::Refused => Answer::Status(400, Some(5)),
            Fate::Gone => Answer::Status(410, None),
        };
        let mut outcomes = Vec::new();
        for delivery in &due {
            let Delivery { local_id, message_id, body, attempts } = delivery.clone();
            assert!(!self.settled.contains(&local_id), "delivery {local_id} comes again although it was settled");
            if matches!(fate, Fate::Taken | Fate::AnswerLost | Fate::Crash) {
                self.arrived.entry(local_id).or_default().insert((message_id, body));
            }
            outcomes.push(Outcome::of(local_id, attempts, answer, dice));
        }
        if fate == Fate::Crash {
            self.start();
            return !due.is_empty();
        }
        self.job(|connection| outcome::note(connection, &outcomes, now));
        let rows = self.rows();
        for Delivery { local_id, .. } in &due {
            match rows.get(local_id) {
                None => {
                    assert_eq!(fate, Fate::Taken, "delivery {local_id} is gone after {fate:?}");
                    self.settled.insert(*local_id);
                }
                Some(row) => assert_eq!(row.aside, row.tried_until_s <= self.now_s, "delivery {local_id}: {row:?}"),
            }
        }
        if !due.is_empty() && answer.verdict() != Answer::Status(200, None).verdict() && fate != Fate::Refused {
            assert!(rows.values().all(|row| row.aside || row.tried_until_s > self.now_s), "overdue ones wait on");
        }
        !due.is_empty()
    }

    /// The bounds hold, and the counts are those of the rows.
    fn check_queue(&mut self) {
        let depth = self.depth();
        assert!(depth.waiting + depth.set_aside <= CAPS.max_rows && depth.bytes <= CAPS.max_bytes, "over: {depth:?}");
        let real = self.job(|connection| {
            let sql = "SELECT coalesce(sum(aside_s IS NULL), 0), coalesce(sum(aside_s IS NOT NULL), 0),
                              coalesce(sum(length(body) + 256), 0) FROM webhooks";
            Ok(connection.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?)
        });
        assert_eq!((depth.waiting, depth.set_aside, depth.bytes), real);
    }

    /// Every result has arrived, or is in the queue, or was counted when it was given up.
    fn check_accounts(&mut self) {
        let queued: BTreeSet<i64> = self.rows().into_keys().collect();
        assert!(queued.is_subset(&self.acknowledged) && self.settled.is_disjoint(&queued));
        let given_up = self.acknowledged.len() - queued.len() - self.settled.len();
        assert_eq!(given_up as u64, self.depth().dropped(), "rows went without being counted");
        for local_id in &self.settled {
            assert!(self.arrived.contains_key(local_id), "delivery {local_id} was settled and never arrived");
        }
        for (local_id, forms) in &self.arrived {
            assert_eq!(forms.len(), 1, "delivery {local_id} came in several forms");
            let (_, body) = forms.first().expect("one form");
            let test_id = format!("_{local_id}\"");
            assert!(String::from_utf8_lossy(body).contains(&test_id), "delivery {local_id} is another result's");
        }
        let ids: BTreeSet<&str> = self.arrived.values().flatten().map(|(id, _)| id.as_str()).collect();
        assert_eq!(ids.len(), self.arrived.len(), "two results share an id");
    }

    /// The receiver is well again, and a human sends again what was set aside.
    fn drain(&mut self) {
        for _ in 0..50 {
            self.run(&Op::RetryAside);
            while self.deliver(Fate::Taken, 8, 0.5) {}
            if self.rows().is_empty() {
                return;
            }
            self.run(&Op::Pass(3_600));
        }
        panic!("the queue does not empty: {:?}", self.rows());
    }

    fn rows(&mut self) -> BTreeMap<i64, Row> {
        self.job(|connection| {
            let mut statement = connection
                .prepare_cached("SELECT local_id, message_id, tried_until_s, aside_s IS NOT NULL FROM webhooks")?;
            let rows = statement.query_map([], |row| {
                Ok((row.get(0)?, Row { message_id: row.get(1)?, tried_until_s: row.get(2)?, aside: row.get(3)? }))
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    fn depth(&mut self) -> Depth {
        self.job(webhooks::depth)
    }

    fn turn(&mut self, messages: Vec<Message>) {
        let now = Moment::of(&*self.clock);
        self.writer.as_mut().expect("it runs").turn(messages, now).give();
    }

    fn connection(&mut self) -> &mut Connection {
        &mut self.writer.as_mut().and_then(|writer| writer.open.as_mut()).expect("it runs").connection
    }

    /// Does something in a transaction of its own.
    fn job<T>(&mut self, job: impl FnOnce(&Connection) -> Result<T, StoreFault>) -> T {
        let transaction = self.connection().transaction().expect("a transaction");
        let result = job(&transaction).expect("the job works");
        transaction.commit().expect("committed");
        result
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_second(self.now_s).expect("a moment")
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(super::cases()))]

    #[test]
    fn no_delivery_is_lost(ops in prop::collection::vec(op(), 1..80)) {
        let mut model = Model::new();
        for op in ops {
            model.run(&op);
            model.check_accounts();
        }
        model.drain();
        model.check_accounts();
    }
}

// Aim: the model can fail: it sees a delivery that vanishes, one that changes its id, and a count that is off.
#[test]
fn a_planted_fault_is_seen() {
    for plant in [
        "DELETE FROM webhooks WHERE local_id = 3",
        "UPDATE webhooks SET message_id = 'msg_2'",
        "UPDATE webhooks SET body = (SELECT body FROM webhooks WHERE local_id = 2)",
        "UPDATE webhook_counts SET bytes = bytes + 1",
    ] {
        let mut model = Model::new();
        model.run(&Op::Take(7));
        model.run(&Op::Deliver(Fate::AnswerLost, 2, 0.0));
        model.job(|connection| Ok(connection.execute_batch(plant)?));
        let seen = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            model.run(&Op::Pass(10));
            model.drain();
            model.check_accounts();
        }));
        assert!(seen.is_err(), "not seen: {plant}");
    }
}
