//! Sends sealed batches, one at a time, until the warehouse has them.

pub mod request;

pub mod verdict;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use intake::clock::Clock;
use wire::AgentId;
use wire::signature::Secret;

use crate::backoff::{Backoff, Bounds};
use crate::config::WarehouseConfig;
use crate::outgoing;
use crate::store::batches::{self, Offer, Offered};
use crate::store::identity::{self, Alarm};
use crate::store::{Store, StoreFault};
use verdict::{Reply, Verdict, judge};

/// Most bytes of an answer that are read.
pub const MAX_REPLY_BYTES: usize = 64 << 10;

/// Pause while an alarm stands, or the database does not answer.
const ALARM_PAUSE: Duration = Duration::from_secs(30);

/// Waits between attempts.
const WAITS: Bounds =
    Bounds { base: Duration::from_millis(500), max: Duration::from_secs(300), max_asked: Duration::from_secs(3_600) };

/// What the health page says about uploading.
#[derive(Debug, Clone, Default)]
pub struct UploadState {
    /// Batches acknowledged since start.
    pub settled: u64,
    /// Attempts that failed since start.
    pub failed: u64,
    /// Why the last attempt failed; none after a success.
    pub last_fault: Option<String>,
    /// Why uploading stopped until a human acts.
    pub alarm: Option<Alarm>,
}

/// Shared with the health page and the metrics.
pub type SharedState = Arc<Mutex<UploadState>>;

/// Sends what is sealed.
pub struct Uploader {
    client: reqwest::Client,
    url: reqwest::Url,
    agent: AgentId,
    secret: Secret,
    store: Store,
    clock: Arc<dyn Clock>,
    clock_offset_s: i64,
    backoff: Backoff,
    state: SharedState,
}

/// What the loop does next.
enum Step {
    /// Look for the next batch at once.
    Go,
    /// Wait for the next seal.
    WaitForSeal,
    /// Wait a while.
    Pause(Duration),
    /// Nothing more until the program is started anew.
    Stop,
}

impl Uploader {
    /// Prepares the client: no redirects, time-outs, TLS by rustls.
    ///
    /// # Errors
    /// If the URL or the secret is wrong, or TLS cannot be set up.
    pub fn new(
        config: &WarehouseConfig,
        store: Store,
        clock: Arc<dyn Clock>,
        state: SharedState,
    ) -> anyhow::Result<Self> {
        Ok(Self {
            client: request::client()?,
            url: request::url(config)?,
            agent: config.agent_id.clone(),
            secret: config.secret()?,
            store,
            clock,
            clock_offset_s: 0,
            backoff: Backoff::new(WAITS),
            state,
        })
    }

    /// Works until it is dropped. A batch whose answer was lost goes out again with the same bytes.
    pub async fn run(mut self) {
        loop {
            let step = match self.step().await {
                Ok(step) => step,
                Err(error) => {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "the outbox did not answer, uploading waits"
                    );
                    Step::Pause(ALARM_PAUSE.min(self.backoff.next(None, rand::random())))
                }
            };
            match step {
                Step::Go => {}
                Step::WaitForSeal => self.store.sealed().await,
                Step::Pause(wait) => tokio::time::sleep(wait).await,
                Step::Stop => return std::future::pending().await,
            }
        }
    }

    async fn step(&mut self) -> Result<Step, StoreFault> {
        let (agent, now_s) = (self.agent.clone(), self.clock.now().as_second());
        let (alarm, offer, epoch_seq) = self
            .store
            .write_through(move |connection| {
                let alarm = batches::check_agent(connection, &agent, now_s)?;
                let blocked = alarm.as_ref().is_some_and(Alarm::is_final);
                let Offered { offer, first_time } =
                    if blocked { Offered::default() } else { batches::offer(connection, now_s)? };
                Ok(((alarm, offer, identity::read(connection)?.next_seq), first_time))
            })
            .await?;
        let blocked = alarm.as_ref().is_some_and(Alarm::is_final);
        self.note_alarm(alarm);
        if blocked {
            return Ok(Step::Stop);
        }
        let Some(offer) = offer else {
            tracing::trace!(next.seq = epoch_seq.0, "nothing to send");
            return Ok(Step::WaitForSeal);
        };
        match self.send(&offer).await {
            Ok(reply) => {
                if let Some(date_s) = reply.date_s {
                    let offset_s = date_s.saturating_sub(self.clock.now().as_second());
                    self.store.gauges().condition.hear_clock(offset_s, self.clock.steady());
                }
                self.act(&offer, &reply).await
            }
            Err(error) => {
                // The URL is left out: it is configuration, and errors are logged.
                let fault = if error.is_timeout() { "no answer in time" } else { "no connection" };
                Ok(self.failed(fault.to_owned(), None))
            }
        }
    }

    async fn send(&self, offer: &Offer) -> Result<Reply, reqwest::Error> {
        let timestamp_s = self.clock.now().as_second() + self.clock_offset_s;
        let mut request = self.client.post(self.url.clone());
        for (name, value) in request::headers(&self.agent, &self.secret, timestamp_s, &offer.body) {
            request = request.header(name, value);
        }
        let response = request.body(offer.body.clone()).send().await?;
        read_reply(response, timestamp_s).await
    }

    async fn act(&mut self, offer: &Offer, reply: &Reply) -> Result<Step, StoreFault> {
        let (seq, now_s) = (offer.seq, self.clock.now().as_second());
        match judge(reply, seq) {
            Verdict::Settled => {
                self.store.write(move |connection| batches::settle(connection, seq, now_s)).await?;
                self.backoff.reset();
                let mut state = self.state();
                state.settled += 1;
                state.last_fault = None;
                Ok(Step::Go)
            }
            Verdict::RetryLater(asked_s) => {
                let slug =
                    verdict::problem(&reply.body).map_or_else(String::new, |problem| format!(" ({})", problem.slug));
                Ok(self.failed(format!("status {}{slug}", reply.status), asked_s))
            }
            Verdict::Denied(reason) => {
                let alarm = Alarm::Denied { reason };
                let raised = alarm.clone();
                self.store.write(move |connection| identity::set_alarm(connection, Some(&raised), now_s)).await?;
                self.note_alarm(Some(alarm));
                Ok(self.failed(format!("status {}", reply.status), reply.retry_after_s))
            }
            Verdict::Held => {
                Ok(self.failed("the warehouse does not know this schema yet; batches are held".to_owned(), Some(300)))
            }
            Verdict::LearnClock => Ok(self.learn_clock(reply.date_s, now_s)),
            Verdict::Expected(expected) => {
                let alarm =
                    self.store.write(move |connection| batches::go_to(connection, seq, expected, now_s)).await?;
                let gap = matches!(alarm, Some(Alarm::Gap { .. }));
                self.note_alarm(alarm);
                if gap { Ok(Step::Pause(ALARM_PAUSE)) } else { Ok(Step::Go) }
            }
            Verdict::RefusedForGood(slug) => {
                tracing::error!(batch.seq = seq.0, reason = %slug, "the warehouse refused a batch for good; it is set aside");
                let alarm = self.store.write(move |connection| batches::refuse(connection, seq, &slug, now_s)).await?;
                self.note_alarm(alarm);
                Ok(Step::Go)
            }
        }
    }

    /// The warehouse says that our clock is off: sign with its time from now on.
    fn learn_clock(&mut self, date_s: Option<i64>, now_s: i64) -> Step {
        let Some(date_s) = date_s else { return self.failed("clock skew, and no Date to learn from".to_owned(), None) };
        let offset_s = date_s - now_s;
        let news = offset_s.abs_diff(self.clock_offset_s) > 1;
        self.clock_offset_s = offset_s;
        tracing::warn!(
            clock.offset_s = offset_s,
            "this machine's clock is off; batches are signed with the warehouse's time"
        );
        let step = self.failed(format!("this machine's clock is off by {} s", -offset_s), None);
        if news { Step::Go } else { step }
    }

    fn failed(&mut self, fault: String, asked_s: Option<u64>) -> Step {
        let wait = self.backoff.next(asked_s, rand::random());
        let mut state = self.state();
        state.failed += 1;
        if state.last_fault.as_ref() != Some(&fault) {
            tracing::warn!(reason = %fault, "a batch was not taken; it is kept and sent again");
        }
        state.last_fault = Some(fault);
        Step::Pause(wait)
    }

    fn note_alarm(&self, alarm: Option<Alarm>) {
        let mut state = self.state();
        if let Some(alarm) = alarm.as_ref().filter(|alarm| state.alarm.as_ref() != Some(*alarm)) {
            tracing::error!(%alarm, "uploading stopped; results are still taken");
        }
        state.alarm = alarm;
    }

    fn state(&self) -> std::sync::MutexGuard<'_, UploadState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What decides of an answer to a request of the moment `now_s`. A body that is too long counts as none.
pub(crate) async fn read_reply(mut response: reqwest::Response, now_s: i64) -> Result<Reply, reqwest::Error> {
    let mut reply = Reply {
        status: response.status().as_u16(),
        body: Vec::new(),
        retry_after_s: outgoing::retry_after_s(response.headers(), now_s),
        date_s: outgoing::date_s(response.headers()),
    };
    while let Some(chunk) = response.chunk().await? {
        if reply.body.len() + chunk.len() > MAX_REPLY_BYTES {
            reply.body.clear();
            break;
        }
        reply.body.extend_from_slice(&chunk);
    }
    Ok(reply)
}
