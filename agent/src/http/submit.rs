//! `POST /api/telemetry`: a client's result, durable before the answer.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Instant;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Request, StatusCode, header};
use axum::response::{IntoResponse, Response};
use intake::client::ClientAddress;
use intake::problem::Problem;
use intake::retries::retry_key;
use intake::server::{Peer, read_body};
use intake::submission::{MAX_BODY_BYTES, MAX_TEXT_CHARS, Parsed, check_content, idempotency_key, parse};
use intake::votes::vote_key;
use serde_json::{Value, json};

use super::Door;
use crate::store::{Incoming, StoreFault, client_tag};

/// Seconds after which a client that was not served may come again.
const RETRY_AFTER_S: u64 = 2;

/// Takes a result within its client's allowance; each answer says what is left of it.
pub(super) async fn submit(
    State(door): State<Arc<Door>>,
    peer: axum::Extension<Peer>,
    request: Request<Body>,
) -> Response {
    let began = Instant::now();
    let (parts, body) = request.into_parts();
    let client = door.proxies.client(peer.0.0.ip(), &parts.headers);
    door.traffic.note_client(client);
    let (allowance, taken) = match door.limit.check(client) {
        Ok(allowance) => (Some(allowance), take(&door, client, &parts.headers, body).await),
        Err(too_many) => (None, Err(too_many)),
    };
    let mut response = taken.map_or_else(
        |problem| {
            door.traffic.note_refusal(problem.slug());
            problem.into_response()
        },
        IntoResponse::into_response,
    );
    if let Some(allowance) = allowance {
        door.limit.describe(allowance, response.headers_mut());
    }
    door.traffic.note_answer(began.elapsed());
    response
}

async fn take(door: &Door, client: ClientAddress, headers: &HeaderMap, body: Body) -> Result<Json<Value>, Problem> {
    check_content(headers)?;
    let idempotency_key = idempotency_key(headers)?;
    let body = read_body(body, MAX_BODY_BYTES).await?;
    let submission = match parse(&body)? {
        Parsed::Kept(submission) => submission,
        Parsed::OptedOut => {
            door.traffic.opted_out.fetch_add(1, Relaxed);
            return Ok(Json(json!({
                "success": true, "test_id": null, "local_id": null, "central_id": null,
                "message": "Telemetry is disabled: nothing was kept and nothing was sent",
            })));
        }
    };
    let unit = client.unit(door.ipv6_client_bits);
    let incoming = Incoming {
        client,
        client_tag: client_tag(&door.key, unit),
        vote_key: vote_key(&door.key, unit, submission.test_type),
        retry_key: retry_key(&door.key, client, idempotency_key, &body),
        finding: door.asn.lookup(client),
        user_agent: user_agent(headers),
        submission,
    };
    let accepted = door.store.submit(incoming).await.map_err(|fault| unavailable(&fault))?;
    Ok(Json(json!({
        "success": true,
        "test_id": accepted.test_id(),
        "local_id": accepted.local_id,
        "central_id": null,
        "message": "Test results stored",
    })))
}

fn user_agent(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(header::USER_AGENT)?.to_str().ok()?;
    Some(text.chars().take(MAX_TEXT_CHARS).collect())
}

fn unavailable(fault: &StoreFault) -> Problem {
    let problem = match fault {
        StoreFault::Overloaded => {
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, "overloaded", "Too many results at once")
        }
        _ => Problem::new(StatusCode::SERVICE_UNAVAILABLE, "not-kept", "The result could not be kept"),
    };
    problem.detail("Send the same bytes again: it stays one result.").retry_after(RETRY_AFTER_S)
}
