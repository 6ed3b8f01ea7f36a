//! `POST /api/v1/batches`: a signed batch, durable before it is acknowledged.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use axum::{Json, Router};
use intake::clock::Clock;
use intake::problem::Problem;
use intake::server::read_body;
use tokio::sync::Semaphore;
use wire::batch::MAX_BATCH_BODY_BYTES;
use wire::signature::BATCHES_PATH;
use wire::{Outcome, Receipt};

use crate::admission::{Entry, Gate, Verdict};
use crate::agents::Directory;
use crate::config::IngestConfig;
use crate::landing::{LandedBatch, Landing, frame};
use crate::observe;
use crate::verify::{self, Refusal, SignedHeaders, Sorted};

/// After this many seconds an agent may try again when the warehouse has too much to do.
const RETRY_AFTER_S: u64 = 2;

/// Threads that verify and open batches at once: one less than would take the machine from sealing and marts.
const OPENERS: usize = 2;

/// Everything that taking a batch needs. Shared by all requests.
#[derive(Clone)]
pub struct Ingest {
    directory: Arc<Directory>,
    gate: Gate,
    landing: Landing,
    clock: Arc<dyn Clock>,
    waiting: Arc<Semaphore>,
    openers: Arc<Semaphore>,
    max_landing_bytes: u64,
    landing_patience: Duration,
}

/// A batch that was opened and is ready to land.
struct Prepared {
    sorted: Sorted,
    entry: Entry,
    frame: Vec<u8>,
}

impl Ingest {
    /// Ingest into this landing zone, past this gate.
    pub fn new(
        config: &IngestConfig,
        directory: Arc<Directory>,
        gate: Gate,
        landing: Landing,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            directory,
            gate,
            landing,
            clock,
            waiting: Arc::new(Semaphore::new(config.max_waiting_batches)),
            openers: Arc::new(Semaphore::new(OPENERS)),
            max_landing_bytes: config.max_landing_bytes,
            landing_patience: Duration::from_millis(config.landing_patience_ms),
        }
    }

    /// The route.
    pub fn router(self) -> Router {
        Router::new().route(BATCHES_PATH, post(receive).fallback(only_post)).with_state(self)
    }

    async fn take(self, headers: HeaderMap, body: Body) -> Result<Receipt, Problem> {
        let now = self.clock.now();
        let signed = SignedHeaders::check(&headers, &self.directory, now).map_err(|refusal| self.refuse(&refusal))?;
        let body = read_body(body, MAX_BATCH_BODY_BYTES).await?;
        // Taken once the body is here, so that slow senders hold up nobody.
        let _place = Arc::clone(&self.waiting)
            .try_acquire_owned()
            .map_err(|_| full("Too many batches are being taken in at once."))?;
        if !self.landing.has_room(self.max_landing_bytes, self.landing_patience).await {
            return Err(full("The landing zone holds as much as it may; the lake is behind."));
        }
        let prepared = self.prepare(signed, body).await?;
        self.land(prepared).await
    }

    /// Verifies, opens, sorts and encodes, away from the reactor.
    async fn prepare(&self, signed: SignedHeaders, body: Bytes) -> Result<Prepared, Problem> {
        let _opener = self.openers.acquire().await.map_err(|_| not_durable())?;
        let (directory, hour) = (Arc::clone(&self.directory), self.clock.hour());
        let work = tokio::task::spawn_blocking(move || {
            let (batch, digest) = signed.verify(body, &directory)?.open()?;
            let sorted = verify::sort(batch, digest, hour, &directory.registry());
            let frame = frame::encode(&sorted.landed);
            Ok((sorted, frame))
        });
        let (sorted, frame) = work.await.map_err(|_| not_durable())?.map_err(|refusal| self.refuse(&refusal))?;
        let frame = frame.map_err(|fault| {
            tracing::error!(error = %fault, "a verified batch cannot be encoded");
            not_durable()
        })?;
        let LandedBatch { agent, epoch, seq, digest, .. } = &sorted.landed;
        let entry = Entry { agent: agent.clone(), epoch: *epoch, seq: *seq, digest: *digest };
        Ok(Prepared { sorted, entry, frame })
    }

    async fn land(self, prepared: Prepared) -> Result<Receipt, Problem> {
        let Prepared { sorted, entry, frame } = prepared;
        let seq = entry.seq;
        let admitted = match self.gate.admit(entry, &self.directory.gaps(&sorted.landed.agent)) {
            Ok(admitted) => admitted,
            Err(Verdict::Duplicate) => {
                observe::batch(&sorted, Outcome::Duplicate);
                return Ok(sorted.receipt(Outcome::Duplicate, seq.next()));
            }
            Err(verdict) => return Err(self.not_admitted(verdict, &sorted)),
        };
        // In a task of its own: a sender that hangs up must not part the landing from its mark.
        let landing = self.landing.clone();
        let landed = tokio::spawn(async move {
            let outcome = landing.append_frame(frame).await;
            if outcome.is_ok() {
                admitted.landed();
            }
            outcome
        });
        match landed.await {
            Ok(Ok(())) => {
                observe::batch(&sorted, Outcome::Accepted);
                Ok(sorted.receipt(Outcome::Accepted, seq.next()))
            }
            Ok(Err(fault)) => {
                tracing::error!(error = %fault, "a batch did not become durable");
                Err(not_durable())
            }
            Err(_) => Err(not_durable()),
        }
    }

    fn refuse(&self, refusal: &Refusal) -> Problem {
        let problem = Problem::new(refusal.status(), refusal.slug(), refusal.title()).detail(sentence(refusal));
        match refusal {
            Refusal::ClockSkew { off_by_s } => {
                let date = jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&self.clock.now());
                let problem = problem.with("off_by_s", *off_by_s);
                // Set by hand, because the server's own Date comes from the machine and not from our clock.
                match date.ok().and_then(|date| HeaderValue::try_from(date).ok()) {
                    Some(date) => problem.header(header::DATE, date),
                    None => problem,
                }
            }
            _ => problem,
        }
    }

    fn not_admitted(&self, verdict: Verdict, sorted: &Sorted) -> Problem {
        match verdict {
            Verdict::Conflict { expected } => {
                tracing::error!(
                    agent = %sorted.landed.agent, batch.epoch = sorted.landed.epoch.get(),
                    batch.seq = sorted.landed.seq.0, expected.seq = expected.0,
                    "an agent's batch is not the next of its epoch: altered, lost or out of order"
                );
                Problem::new(StatusCode::CONFLICT, "sequence-conflict", "The batch is not the next of its epoch")
                    .detail(format!("Only seq {} of this epoch would be taken now. Go back to it, or ask the operator to accept the gap.", expected.0))
                    .with("expected_seq", expected.0)
            }
            Verdict::TooManyEpochs => {
                Problem::new(StatusCode::FORBIDDEN, "too-many-epochs", "The agent has begun too many epochs")
                    .detail("An epoch is born with an agent's database. Register the machine under a new name.")
            }
            Verdict::Busy | Verdict::Accept | Verdict::Duplicate => Problem::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "batch-under-way",
                "A batch of this epoch is on its way to the disk",
            )
            .detail("Send one batch of an epoch at a time, and this one again in a moment.")
            .retry_after(1),
        }
    }
}

async fn receive(State(ingest): State<Ingest>, headers: HeaderMap, body: Body) -> Response {
    match ingest.take(headers, body).await {
        Ok(receipt) => Json(receipt).into_response(),
        Err(problem) => {
            observe::problem(BATCHES_PATH, problem.slug());
            problem.into_response()
        }
    }
}

async fn only_post() -> Problem {
    super::only_post("Send a signed batch, as docs/protocol.md describes it.")
}

/// The whole of an error as a sentence, and what to do about it.
fn sentence(refusal: &Refusal) -> String {
    let text = format!("{refusal}. {}", refusal.advice());
    let mut letters = text.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    first.chain(letters).collect()
}

fn full(why: &'static str) -> Problem {
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "warehouse-full", "The warehouse takes nothing more for the moment")
        .detail(why)
        .retry_after(RETRY_AFTER_S)
}

fn not_durable() -> Problem {
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "not-durable", "The batch did not become durable")
        .detail("It was not acknowledged and may be sent again.")
        .retry_after(RETRY_AFTER_S)
}

#[cfg(test)]
mod tests;
