//! `POST /api/telemetry`: a test that a client ran against the warehouse itself.
//!
//! The address lives in this request's memory: it finds the network, decides the vote, and is gone with the answer.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Body;
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use axum::{Json, Router};
use intake::asn::AsnDatabase;
use intake::client::{ClientAddress, TrustedProxies};
use intake::clock::Clock;
use intake::key::LocalKey;
use intake::limit::RateLimit;
use intake::problem::Problem;
use intake::retries::{Delivery, RetryKey, RetryMemory, retry_key};
use intake::server::{Peer, read_body};
use intake::submission::{self, MAX_BODY_BYTES, Parsed, RecordContext, Submission, check_content, idempotency_key};
use intake::votes::{VoteMemory, Votes};
use serde_json::{Value, json};
use wire::Record;

use crate::direct::{Direct, NotKept};
use crate::observe;

const PATH: &str = "/api/telemetry";

/// IPv6 clients are told apart by this prefix: the warehouse sees whole providers, whose homes may have as much.
const CLIENT_PREFIX_BITS: u8 = 48;

/// Most pairs of client and test type whose votes are remembered.
const MAX_VOTERS: NonZeroUsize = NonZeroUsize::new(200_000).expect("not 0");

/// Most results that are remembered for retries.
const MAX_RETRIES: NonZeroUsize = NonZeroUsize::new(50_000).expect("not 0");

/// What taking direct tests needs. Shared by all requests.
#[derive(Clone)]
pub struct Submit {
    direct: Direct,
    database: Arc<AsnDatabase>,
    proxies: Arc<TrustedProxies>,
    clock: Arc<dyn Clock>,
    limit: Arc<RateLimit>,
    memory: Arc<Mutex<Memory>>,
}

/// What is remembered of clients, as keyed hashes under a key that dies with the process.
struct Memory {
    key: LocalKey,
    votes: VoteMemory,
    retries: RetryMemory<Value>,
}

impl Submit {
    /// Direct tests into this lander.
    pub fn new(
        direct: Direct,
        database: Arc<AsnDatabase>,
        proxies: Arc<TrustedProxies>,
        clock: Arc<dyn Clock>,
        per_client_per_minute: u32,
        keys: [LocalKey; 2],
    ) -> Self {
        let [vote_key, key] = keys;
        let votes = VoteMemory::new(vote_key, MAX_VOTERS);
        let memory = Arc::new(Mutex::new(Memory { key, votes, retries: RetryMemory::new(MAX_RETRIES) }));
        let limit = Arc::new(RateLimit::new("telemetry", per_client_per_minute));
        Self { direct, database, proxies, clock, limit, memory }
    }

    /// The route.
    pub fn router(self) -> Router {
        Router::new().route(PATH, post(receive).fallback(only_post)).with_state(self)
    }

    async fn take(self, client: ClientAddress, headers: HeaderMap, body: Body) -> Result<Value, Problem> {
        self.limit.check(client)?;
        check_content(&headers)?;
        let sent_key = idempotency_key(&headers)?;
        let body = read_body(body, MAX_BODY_BYTES).await?;
        let submission = match submission::parse(&body)? {
            Parsed::OptedOut => return Ok(opted_out()),
            Parsed::Kept(submission) => submission,
        };
        let now = self.clock.now();
        let (key, delivery) = self.with_memory(|memory| {
            let key = retry_key(&memory.key, client, sent_key, &body);
            (key, memory.retries.begin(key, now))
        });
        match delivery {
            Delivery::Again(answer) => return Ok(answer),
            Delivery::InFlight => return Err(under_way()),
            Delivery::First => {}
        }
        let record = self.record(client, &submission);
        // In a task of its own: a client that hangs up must not leave its result half remembered.
        let kept = tokio::spawn(async move { self.keep(key, record).await });
        kept.await.unwrap_or_else(|_| Err(not_kept(NotKept::NotDurable)))
    }

    /// Makes the record; after this the address is needed no more.
    fn record(&self, client: ClientAddress, submission: &Submission) -> Record {
        let found = self.database.lookup(client);
        let tested_hour = self.clock.hour();
        let votes = if submission.can_vote() {
            let unit = client.unit(CLIENT_PREFIX_BITS);
            self.with_memory(|memory| memory.votes.vote(unit, submission.test_type, tested_hour.day()))
        } else {
            Votes { day: false, month: false }
        };
        submission.record(&RecordContext {
            tested_hour,
            ip_version: client.ip_version(),
            asn: found.asn,
            asn_outcome: found.outcome,
            country: found.country,
            asn_database_day: found.database_day,
            vote_day: votes.day,
            vote_month: votes.month,
        })
    }

    async fn keep(&self, key: RetryKey, record: Record) -> Result<Value, Problem> {
        if let Err(fault) = self.direct.keep(record).await {
            self.with_memory(|memory| memory.retries.forget(&key));
            return Err(not_kept(fault));
        }
        let answer = kept_answer();
        self.with_memory(|memory| memory.retries.settle(key, self.clock.now(), answer.clone()));
        Ok(answer)
    }

    fn with_memory<T>(&self, work: impl FnOnce(&mut Memory) -> T) -> T {
        work(&mut self.memory.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

async fn receive(State(submit): State<Submit>, ConnectInfo(peer): Peer, headers: HeaderMap, body: Body) -> Response {
    let client = submit.proxies.client(peer.ip(), &headers);
    match submit.take(client, headers, body).await {
        Ok(answer) => ([(header::CACHE_CONTROL, "no-store")], Json(answer)).into_response(),
        Err(problem) => {
            observe::problem(PATH, problem.slug());
            problem.into_response()
        }
    }
}

/// The answer that existing clients expect. The id is random, names this answer and is kept nowhere: the lake has no
/// test ids, and whoever holds one learns nothing by it.
fn kept_answer() -> Value {
    let id = getrandom::u64().map_or(Value::Null, |bits| format!("{bits:016x}").into());
    json!({
        "success": true, "test_id": id, "local_id": null, "central_id": id,
        "message": "The result was kept without your address."
    })
}

fn opted_out() -> Value {
    json!({
        "success": true, "test_id": null, "local_id": null, "central_id": null,
        "message": "Telemetry is disabled: nothing was kept."
    })
}

async fn only_post() -> Problem {
    super::only_post("Send the result of a test as a JSON body.")
}

fn under_way() -> Problem {
    Problem::new(StatusCode::CONFLICT, "result-under-way", "The same result is just being kept")
        .detail("An earlier request with the same body is not answered yet. Try again in a moment.")
        .retry_after(1)
}

fn not_kept(fault: NotKept) -> Problem {
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "not-durable", "The result was not kept")
        .detail(match fault {
            NotKept::Full => "Too many results wait for the disk. Send it again in a moment.",
            NotKept::NotDurable => "The result did not become durable. Send it again in a moment.",
        })
        .retry_after(2)
}
