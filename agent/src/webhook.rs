//! Tells the provider's own system of each result: the one place to which an address may go.
//!
//! A delivery's life here:
//! 1. its [`body`] is written and queued in the transaction of its result (`store::webhooks`);
//! 2. the [`Deliverer`] takes what is due, several at once as long as the [`receiver`] fares well;
//! 3. each is signed anew ([`sign`]) and posted once ([`post`]), with plain http only where that is allowed
//!    ([`plain_http`]);
//! 4. by the answer ([`verdict`]) it goes from the queue, or waits for its next attempt, or is set aside after a day.
//!
//! A delivery whose answer was lost, or could not be noted before a crash, goes out again under the same id.

pub mod body;

pub mod sign;

pub mod plain_http;

pub mod post;

pub mod verdict;

pub mod receiver;

pub mod outcome;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use intake::clock::Clock;
use tokio::task::{Id, JoinError, JoinSet};

use self::outcome::Outcome;
use self::plain_http::PlainHttp;
use self::post::{HttpPost, Post};
use self::receiver::Receiver;
use self::sign::Keys;
use self::verdict::{Answer, Silence};
use crate::backoff::{Backoff, Bounds};
use crate::config::WebhookConfig;
use crate::store::webhooks::{self, Delivery};
use crate::store::{Store, StoreFault};

/// How often the queue is looked at although nothing was queued: deliveries that `agent queue retry` made due are found
/// by it, and a clock that was set.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// Pauses while the queue does not answer: short when the disk has just much to do, long when it is full.
const STORE_PAUSES: Bounds =
    Bounds { base: Duration::from_secs(1), max: Duration::from_secs(60), max_asked: Duration::ZERO };

/// What the metrics and the support desk say about deliveries.
#[derive(Debug, Clone, Default)]
pub struct WebhookState {
    /// Deliveries that the receiver took since start.
    pub delivered: u64,
    /// Attempts that failed since start.
    pub failed: u64,
    /// Deliveries that were set aside since start.
    pub set_aside: u64,
    /// When the receiver last took one, in Unix seconds.
    pub last_delivered_s: Option<i64>,
    /// Why the last attempt failed; none after a success.
    pub last_fault: Option<String>,
    /// True while the receiver says that it wants no more (410).
    pub gone: bool,
}

/// Shared with the metrics and the support desk.
pub type SharedState = Arc<Mutex<WebhookState>>;

/// Sends what is queued.
pub struct Deliverer<P = HttpPost> {
    store: Store,
    clock: Arc<dyn Clock>,
    post: Arc<P>,
    receiver: Receiver,
    in_flight: JoinSet<(Instant, Answer)>,
    /// Which delivery each task carries.
    carried: HashMap<Id, Carried>,
    /// What the queue must still be told. Nothing new is taken from it before: what has arrived would go out again.
    outcomes: Vec<Outcome>,
    state: SharedState,
}

/// What there is to wait for when nothing is due.
struct Rest {
    /// How many deliveries could go if they were queued now.
    room: usize,
    /// How long at most.
    longest: Duration,
}

/// What is known of a delivery on its way; its body is with the task.
struct Carried {
    local_id: i64,
    attempts: u32,
}

impl Deliverer {
    /// Prepares the client and the keys.
    ///
    /// # Errors
    /// If the URL, the secret or a prefix is wrong, or TLS cannot be set up.
    pub fn new(
        config: &WebhookConfig,
        store: Store,
        clock: Arc<dyn Clock>,
        state: SharedState,
    ) -> anyhow::Result<Self> {
        let keys = keys(config)?;
        if keys.is_none() {
            tracing::warn!("no webhook.secret is configured: deliveries are not signed");
        }
        let plain_http = PlainHttp(config.plain_prefixes()?);
        Ok(Self::with(HttpPost::new(config.endpoint()?, plain_http, keys)?, store, clock, state))
    }
}

impl<P: Post> Deliverer<P> {
    fn with(post: P, store: Store, clock: Arc<dyn Clock>, state: SharedState) -> Self {
        Self {
            store,
            clock,
            post: Arc::new(post),
            receiver: Receiver::default(),
            in_flight: JoinSet::new(),
            carried: HashMap::new(),
            outcomes: Vec::new(),
            state,
        }
    }

    /// Works until it is dropped; what is on its way then goes out again at the next start.
    pub async fn run(mut self) {
        let mut pauses = Backoff::new(STORE_PAUSES);
        loop {
            match self.step().await {
                Ok(rest) => {
                    pauses.reset();
                    self.wait(rest).await;
                }
                Err(error) => {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "the queue of deliveries did not answer; they wait"
                    );
                    tokio::time::sleep(pauses.next(None, rand::random())).await;
                }
            }
        }
    }

    /// Tells the queue what has come back, and sends what is due.
    async fn step(&mut self) -> Result<Rest, StoreFault> {
        while let Some(done) = self.in_flight.try_join_next_with_id() {
            self.came_back(done);
        }
        let mut room = self.receiver.room(self.in_flight.len(), Instant::now());
        let mut next_due_ms = None;
        if room > 0 || !self.outcomes.is_empty() {
            let due;
            (due, next_due_ms) = self.exchange(room).await?;
            tracing::trace!(
                deliveries.due = due.len(),
                deliveries.on_their_way = self.carried.len(),
                "looked for deliveries"
            );
            room -= due.len();
            due.into_iter().for_each(|delivery| self.send(delivery));
        }
        let longest = match self.receiver.pause(Instant::now()) {
            Duration::ZERO => self.until(next_due_ms).min(LOOK_EVERY),
            pause => pause,
        };
        Ok(Rest { room, longest })
    }

    /// Waits until there is more to do.
    async fn wait(&mut self, rest: Rest) {
        tokio::select! {
            Some(done) = self.in_flight.join_next_with_id() => self.came_back(done),
            () = self.store.queued(), if rest.room > 0 => {}
            () = tokio::time::sleep(rest.longest) => {}
        }
    }

    /// One transaction: notes what came back, and takes at most `room` deliveries that are due. With the time at which
    /// the next is due, in Unix milliseconds.
    async fn exchange(&mut self, room: usize) -> Result<(Vec<Delivery>, Option<i64>), StoreFault> {
        let now = self.clock.now();
        let outcomes = self.outcomes.clone();
        let on_their_way: Vec<i64> = self.carried.values().map(|carried| carried.local_id).collect();
        let (aside, due, next_due_ms) = self
            .store
            .write(move |connection| {
                let aside = outcome::note(connection, &outcomes, now)?;
                let mut due = webhooks::due(connection, now, room + on_their_way.len())?;
                due.retain(|delivery| !on_their_way.contains(&delivery.local_id));
                due.truncate(room);
                Ok((aside, due, webhooks::next_due_ms(connection, now)?))
            })
            .await?;
        self.outcomes.clear();
        if aside > 0 {
            tracing::error!(
                deliveries.count = aside,
                "deliveries to the provider's own system were given up after a day; they are set aside"
            );
            self.state().set_aside += aside;
        }
        Ok((due, next_due_ms))
    }

    fn send(&mut self, delivery: Delivery) {
        let carried = Carried { local_id: delivery.local_id, attempts: delivery.attempts };
        let (post, timestamp_s) = (Arc::clone(&self.post), self.clock.now().as_second());
        let task = self.in_flight.spawn(async move {
            let sent = Instant::now();
            (sent, post.post(delivery, timestamp_s).await)
        });
        self.carried.insert(task.id(), carried);
    }

    fn came_back(&mut self, done: Result<(Id, (Instant, Answer)), JoinError>) {
        let now = Instant::now();
        let (id, sent, answer) = match done {
            Ok((id, (sent, answer))) => (id, sent, answer),
            Err(error) => (error.id(), now, Answer::Silence(Silence::Broken)),
        };
        let Some(Carried { local_id, attempts }) = self.carried.remove(&id) else { return };
        self.receiver.note(answer, sent, now, rand::random());
        let outcome = Outcome::of(local_id, attempts, answer, rand::random());
        self.note_state(&outcome);
        self.outcomes.push(outcome);
    }

    fn note_state(&self, outcome: &Outcome) {
        let mut state = self.state();
        match &outcome.fault {
            None => {
                state.delivered += 1;
                state.last_delivered_s = Some(self.clock.now().as_second());
                state.last_fault = None;
            }
            Some(fault) => {
                state.failed += 1;
                if state.last_fault.as_ref() != Some(fault) {
                    tracing::warn!(
                        reason = %fault,
                        "the provider's own system did not take a delivery; it is kept and sent again"
                    );
                }
                state.last_fault = Some(fault.clone());
            }
        }
        state.gone = self.receiver.is_gone();
    }

    fn until(&self, due_ms: Option<i64>) -> Duration {
        let Some(due_ms) = due_ms else { return LOOK_EVERY };
        let wait_ms = due_ms.saturating_sub(self.clock.now().as_millisecond());
        Duration::from_millis(u64::try_from(wait_ms).unwrap_or(0))
    }

    fn state(&self) -> MutexGuard<'_, WebhookState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The keys of the configured secret; none: deliveries are not signed.
///
/// # Errors
/// If the secret cannot be read, or a receiver could not make the same keys of it.
pub fn keys(config: &WebhookConfig) -> anyhow::Result<Option<Keys>> {
    match config.signing_key()? {
        Some(secret) => Ok(Keys::of(secret.reveal())?),
        None => Ok(None),
    }
}

#[cfg(test)]
mod tests;
