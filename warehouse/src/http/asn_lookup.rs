//! `POST /api/asn_lookup`: which network an address belongs to. The address comes in the body, never in a URL, which
//! proxies and browsers would log; nothing of it is kept or logged here.

use std::net::IpAddr;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use axum::{Json, Router};
use intake::asn::AsnDatabase;
use intake::client::{ClientAddress, TrustedProxies};
use intake::limit::RateLimit;
use intake::problem::Problem;
use intake::server::{Peer, read_body};
use intake::submission::check_content;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use wire::{AsnOutcome, Country, Day};

use crate::observe;

const PATH: &str = "/api/asn_lookup";

/// Largest body in bytes; an address takes 60.
const MAX_BODY_BYTES: usize = 1 << 10;

/// What the look-up needs. Shared by all requests.
#[derive(Clone)]
pub struct Lookup {
    database: Arc<AsnDatabase>,
    proxies: Arc<TrustedProxies>,
    limit: Arc<RateLimit>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Question {
    ip: Option<IpAddr>,
}

/// The answer. It does not repeat the address.
#[derive(Debug, Serialize)]
struct Answer {
    asn: Option<u32>,
    name: Option<Box<str>>,
    country: Option<Country>,
    outcome: AsnOutcome,
    database_day: Option<Day>,
}

impl Lookup {
    /// Look-ups in this database.
    pub fn new(database: Arc<AsnDatabase>, proxies: Arc<TrustedProxies>, per_client_per_minute: u32) -> Self {
        Self { database, proxies, limit: Arc::new(RateLimit::new("asn_lookup", per_client_per_minute)) }
    }

    /// The route.
    pub fn router(self) -> Router {
        Router::new().route(PATH, post(receive).fallback(only_post)).with_state(self)
    }

    async fn answer(&self, client: ClientAddress, headers: &HeaderMap, body: Body) -> Result<Answer, Problem> {
        self.limit.check(client)?;
        check_content(headers)?;
        let body = read_body(body, MAX_BODY_BYTES).await?;
        let asked = if body.iter().all(u8::is_ascii_whitespace) { None } else { asked_address(&body)? };
        let found = self.database.lookup(asked.map_or(client, ClientAddress::new));
        Ok(Answer {
            asn: found.asn.map(wire::Asn::get),
            name: found.name,
            country: found.country,
            outcome: found.outcome,
            database_day: found.database_day,
        })
    }
}

async fn receive(State(lookup): State<Lookup>, ConnectInfo(peer): Peer, headers: HeaderMap, body: Body) -> Response {
    let client = lookup.proxies.client(peer.ip(), &headers);
    match lookup.answer(client, &headers, body).await {
        Ok(answer) => ([(header::CACHE_CONTROL, "no-store")], Json(answer)).into_response(),
        Err(problem) => {
            observe::problem(PATH, problem.slug());
            problem.into_response()
        }
    }
}

async fn only_post() -> Problem {
    super::only_post("Send the address in a JSON body: a URL would be logged on its way.")
}

/// The address that a body asks for. The parser's own words reach nobody: they would repeat what was sent.
fn asked_address(body: &[u8]) -> Result<Option<IpAddr>, Problem> {
    const DETAIL: &str = "The body must be {\"ip\": \"<IPv4 or IPv6 address>\"}, or empty for your own address.";
    let not_json = |_| Problem::new(StatusCode::BAD_REQUEST, "not-json", "The body is not JSON").detail(DETAIL);
    let document: Value = serde_json::from_slice(body).map_err(not_json)?;
    // An array of the members' values would pass for the object.
    let question = document.is_object().then(|| Question::deserialize(document).ok()).flatten();
    question.map(|question| question.ip).ok_or_else(|| {
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "bad-address", "The body asks for no address").detail(DETAIL)
    })
}
