//! What is answered over HTTP, one file per noun.

pub mod asn_lookup;

pub mod data;

pub mod health;

pub mod ingest;

pub mod pages;

pub mod v1;

pub mod sponsor;

pub mod submit;

use std::time::Duration;

use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use intake::problem::Problem;
use tower_http::cors::{Any, CorsLayer};

/// How long a page of another site may remember that it may ask.
const PREFLIGHT_LIFE: Duration = Duration::from_secs(24 * 3_600);

/// The answer to every path that nobody serves.
pub async fn not_found() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "not-found", "There is nothing here").detail(
        "Batches go to POST /api/v1/batches, results to POST /api/telemetry; rankings are at GET /api/v1/rankings, \
         releases at GET /data/v1/index.json.",
    )
}

/// The answer to every other method where only POST is spoken; `detail` says what to post.
fn only_post(detail: &'static str) -> Problem {
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", "Only POST is answered here")
        .detail(detail)
        .header(header::ALLOW, HeaderValue::from_static("POST"))
}

/// The answer to every other method where only reading is spoken.
async fn only_get() -> Problem {
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", "Only reading is answered here")
        .detail("Ask with GET or HEAD.")
        .header(header::ALLOW, HeaderValue::from_static("GET, HEAD, OPTIONS"))
}

/// Lets pages of all sites read, and see these headers of an answer beside those that they may always see.
fn open_to_all<const N: usize>(exposed: [HeaderName; N]) -> CorsLayer {
    CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::GET, Method::HEAD, Method::OPTIONS])
        .allow_headers(Any)
        .expose_headers(exposed)
        .max_age(PREFLIGHT_LIFE)
        .vary([])
}
