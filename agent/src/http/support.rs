//! The support desk's API: results with addresses, for those who have the key. Answers are never cached, and no page of
//! another origin can read them.

pub(crate) mod answer;

mod customer;

mod erase;

mod parameters;

mod recent;

mod stats;

use std::sync::Arc;

use axum::Router;
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use axum::routing::get;
use intake::problem::Problem;

use super::Door;
use crate::store::StoreFault;

/// Seconds after which a look-up that could not be done may be tried again.
const RETRY_AFTER_S: u64 = 2;

/// What every answer says: keep nothing, tell nobody, be nothing but data.
const PRIVATE: [(HeaderName, &str); 5] = [
    (header::CACHE_CONTROL, "no-store"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// The routes below `/api/telemetry`.
pub(super) fn routes() -> Router<Arc<Door>> {
    Router::new()
        .route("/api/telemetry/recent", get(recent::recent).fallback(wrong_method))
        .route("/api/telemetry/stats", get(stats::stats).fallback(wrong_method))
        // A prefix has a slash, which people encode or do not.
        .route("/api/telemetry/customer/{*client}", get(customer::customer).delete(erase::erase).fallback(wrong_method))
        .layer(axum::middleware::map_response(private))
}

async fn private(mut response: Response) -> Response {
    for (name, value) in PRIVATE {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

async fn wrong_method(method: Method) -> Problem {
    let problem =
        Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", "This method is not supported here").detail(
            "The support desk reads with GET /api/telemetry/recent, /api/telemetry/stats and \
                 /api/telemetry/customer/{address or prefix}, and erases with DELETE of the last one.",
        );
    // A browser that asks whether another origin may come in is told nothing.
    if method == Method::OPTIONS {
        problem.header(header::ALLOW, HeaderValue::from_static("GET, HEAD, DELETE"))
    } else {
        problem
    }
}

/// What could not be looked up or erased. The fault names no client.
fn unavailable(fault: &StoreFault) -> Problem {
    let unavailable = |slug, title, detail| {
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, slug, title).detail(detail).retry_after(RETRY_AFTER_S)
    };
    match fault {
        StoreFault::Overloaded => {
            unavailable("overloaded", "Too many requests at once", "Others are being served. Try again in a moment.")
        }
        StoreFault::TooSlow => unavailable(
            "too-slow",
            "The look-up took too long",
            "Ask for less: a longer prefix, a shorter time (since, until), or one client.",
        ),
        fault => {
            tracing::warn!(error = fault as &dyn std::error::Error, "the support desk got no answer of the database");
            unavailable("no-database", "The database does not answer", "The agent's log says why. Try again later.")
        }
    }
}
