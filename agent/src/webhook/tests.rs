//! Aim: the deliverer loses nothing and repeats nothing needlessly, whatever the receiver and the queue do.

use std::collections::BTreeMap;

use intake::clock::ManualClock;
use jiff::Timestamp;
use tokio::sync::watch;

use super::*;
use crate::config::Config;
use crate::store::webhooks::Depth;
use crate::store::{QueueCaps, database_path, schema};

const BEGIN_S: i64 = 1_790_000_000;

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(20);

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(BEGIN_S + seconds).expect("a moment")
}

/// A receiver without a network: it counts what it gets, and does what it is told.
#[derive(Clone)]
struct Fake {
    got: watch::Sender<BTreeMap<i64, u32>>,
    answer: fn(&Delivery) -> Conduct,
}

enum Conduct {
    Answers(u16),
    KeepsSilent,
    Panics,
}

impl Post for Fake {
    async fn post(&self, delivery: Delivery, _: i64) -> Answer {
        self.got.send_modify(|got| *got.entry(delivery.local_id).or_default() += 1);
        match (self.answer)(&delivery) {
            Conduct::Answers(status) => Answer::Status(status, None),
            Conduct::KeepsSilent => std::future::pending().await,
            Conduct::Panics => panic!("a planted fault"),
        }
    }
}

impl Deliverer<Fake> {
    async fn all_come_back(&mut self) {
        while let Some(done) = self.in_flight.join_next_with_id().await {
            self.came_back(done);
        }
    }
}

struct Scene {
    directory: tempfile::TempDir,
    store: Store,
    clock: Arc<ManualClock>,
    got: watch::Receiver<BTreeMap<i64, u32>>,
    deliverer: Option<Deliverer<Fake>>,
    state: SharedState,
}

impl Scene {
    fn start(answer: fn(&Delivery) -> Conduct) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let clock = Arc::new(ManualClock::at(at(0)));
        let settings = crate::store::StoreSettings { webhook: Some(QueueCaps::default()), ..Config::default().store() };
        let (store, _) = Store::open(&database_path(directory.path()), settings, clock.clone()).expect("a store");
        let (sender, got) = watch::channel(BTreeMap::new());
        let state = SharedState::default();
        let fake = Fake { got: sender, answer };
        let deliverer = Some(Deliverer::with(fake, store.clone(), clock.clone(), Arc::clone(&state)));
        Self { directory, store, clock, got, deliverer, state }
    }

    async fn queue(&self, numbers: std::ops::Range<i64>) {
        let now = self.clock.now();
        let client = std::net::Ipv4Addr::LOCALHOST.into();
        self.store
            .write(move |connection| {
                numbers.into_iter().try_for_each(|number| webhooks::queue(connection, number, client, b"{}", now))
            })
            .await
            .expect("queued");
    }

    fn run(&mut self) -> tokio::task::JoinHandle<()> {
        tokio::spawn(self.deliverer.take().expect("it does not run yet").run())
    }

    async fn depth(&self) -> Depth {
        self.store.write(webhooks::depth).await.expect("a depth")
    }

    /// Waits until the receiver has got what is asked for.
    async fn until_got(&mut self, what: impl FnMut(&BTreeMap<i64, u32>) -> bool) {
        tokio::time::timeout(PATIENCE, self.got.wait_for(what)).await.expect("it comes in time").expect("it runs");
    }

    /// Waits until the queue is as it should be.
    async fn until_depth(&self, what: impl Fn(&Depth) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !what(&self.depth().await) {
            assert!(Instant::now() < deadline, "the queue stays {:?}", self.depth().await);
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn one_slow_answer_holds_up_no_other() {
    let slow = |delivery: &Delivery| {
        if delivery.local_id == 3 { Conduct::KeepsSilent } else { Conduct::Answers(200) }
    };
    let mut scene = Scene::start(slow);
    scene.queue(0..100).await;
    scene.run();
    scene.until_depth(|depth| depth.waiting == 1).await;
    assert_eq!(scene.got.borrow().len(), 100);
    assert!(scene.got.borrow().values().all(|times| *times == 1), "something went out twice");
    assert_eq!(scene.state.lock().expect("not poisoned").delivered, 99);
}

#[tokio::test]
async fn what_has_arrived_does_not_go_out_again_while_the_queue_is_broken() {
    let mut scene = Scene::start(|_| Conduct::Answers(200));
    let other = schema::open(&database_path(scene.directory.path())).expect("another connection");
    let plant = "CREATE TRIGGER stuck BEFORE DELETE ON webhooks BEGIN SELECT raise(ABORT, 'a planted fault'); END";
    other.execute_batch(plant).expect("planted");
    scene.queue(0..3).await;
    let mut deliverer = scene.deliverer.take().expect("it does not run yet");
    deliverer.step().await.expect("a step");
    deliverer.all_come_back().await;
    scene.queue(3..4).await;
    for _ in 0..3 {
        assert!(deliverer.step().await.is_err(), "the planted fault has no effect");
        assert!(deliverer.in_flight.is_empty(), "something goes out although the queue knows nothing yet");
    }
    assert_eq!(scene.depth().await.waiting, 4);
    other.execute_batch("DROP TRIGGER stuck").expect("mended");
    for _ in 0..2 {
        deliverer.step().await.expect("a step");
        deliverer.all_come_back().await;
    }
    assert_eq!(scene.depth().await.waiting, 0);
    assert_eq!(*scene.got.borrow(), BTreeMap::from([(0, 1), (1, 1), (2, 1), (3, 1)]));
}

#[tokio::test]
async fn a_fault_of_ours_costs_an_attempt_and_nothing_else() {
    let mut scene = Scene::start(|delivery| match delivery.attempts {
        0 if delivery.local_id == 1 => Conduct::Panics,
        _ => Conduct::Answers(200),
    });
    scene.queue(0..3).await;
    scene.run();
    scene.until_got(|got| got.get(&1) == Some(&1)).await;
    let clock = Arc::clone(&scene.clock);
    clock.set(at(60));
    scene.until_depth(|depth| depth.waiting == 0).await;
    assert_eq!(scene.got.borrow()[&1], 2);
}

#[tokio::test]
async fn a_day_of_refusals_sets_a_delivery_aside() {
    let mut scene = Scene::start(|_| Conduct::Answers(404));
    scene.queue(0..1).await;
    let mut deliverer = scene.deliverer.take().expect("it does not run yet");
    let mut now_s = 0;
    while scene.depth().await.waiting > 0 {
        deliverer.step().await.expect("a step");
        deliverer.all_come_back().await;
        deliverer.step().await.expect("a step");
        let now = scene.clock.now();
        let next_ms = scene.store.write(move |connection| webhooks::next_due_ms(connection, now)).await.expect("read");
        now_s = next_ms.map_or(now_s, |next_ms| (next_ms + 999) / 1_000 - BEGIN_S);
        scene.clock.set(at(now_s));
    }
    let attempts = scene.got.borrow()[&0];
    // The last one comes when the day is over; full jitter makes their number vary.
    assert!((webhooks::TRIED_FOR_S..webhooks::TRIED_FOR_S + 2).contains(&now_s), "after {now_s} s");
    assert!((12..200).contains(&attempts), "{attempts} attempts");
    let state = scene.state.lock().expect("not poisoned").clone();
    assert_eq!((state.set_aside, state.failed), (1, u64::from(attempts)));
    let aside = scene.store.write(|connection| webhooks::list(connection, true, 9)).await.expect("a list");
    assert_eq!(aside[0].last_fault.as_deref(), Some("status 404"));
}
