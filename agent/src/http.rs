//! What the agent answers over HTTP.

pub mod auth;

mod submit;

pub mod traffic;

mod health;

mod fixed;

mod sponsor;

mod assets;

pub mod pages;

pub(crate) mod support;

use std::sync::Arc;

use axum::Router;
use axum::http::{HeaderName, Method, StatusCode, header};
use axum::routing::post;
use intake::asn::AsnDatabase;
use intake::client::TrustedProxies;
use intake::clock::Clock;
use intake::key::LocalKey;
use intake::limit::RateLimit;
use intake::problem::Problem;
use tower_http::cors::{Any, CorsLayer};

use self::auth::Gate;
use self::pages::Pages;
use self::traffic::Traffic;
use crate::config::SponsorConfig;
use crate::store::{Reader, Store};
use crate::upload::SharedState;
use crate::webhook;

/// How long a browser may remember that it may post here.
const PREFLIGHT_MAX_AGE: std::time::Duration = std::time::Duration::from_secs(86_400);

/// What handlers share.
pub struct Door {
    /// Where results go.
    pub store: Store,
    /// Whose word about the client's address is believed.
    pub proxies: TrustedProxies,
    /// Look-up of networks.
    pub asn: Arc<AsnDatabase>,
    /// Key of this machine.
    pub key: LocalKey,
    /// Bits of an IPv6 address that make one client.
    pub ipv6_client_bits: u8,
    /// How often one client may post.
    pub limit: RateLimit,
    /// What happened at the door since start.
    pub traffic: Traffic,
    /// How uploading goes.
    pub upload: SharedState,
    /// How deliveries to the provider's own system go.
    pub webhook: webhook::SharedState,
    /// Who runs the test server.
    pub sponsor: SponsorConfig,
    /// The support desk's door.
    pub gate: Gate,
    /// Look-ups in the database.
    pub reader: Reader,
    /// The support desk's pages.
    pub pages: Pages,
    /// Newest results that the history keeps.
    pub history_cap: u64,
    /// The clock.
    pub clock: Arc<dyn Clock>,
}

/// The public router.
///
/// Test pages may be of any origin, so any may post; nothing here depends on a cookie, and answers hold nothing of
/// other clients, so this gives a foreign page no more than its visitor's own result.
pub fn router(door: Arc<Door>) -> Router {
    let cors = CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::POST])
        .allow_headers([header::CONTENT_TYPE, HeaderName::from_static("idempotency-key")])
        .expose_headers([
            header::RETRY_AFTER,
            HeaderName::from_static("ratelimit"),
            HeaderName::from_static("ratelimit-policy"),
        ])
        .max_age(PREFLIGHT_MAX_AGE);
    Router::new()
        .route("/api/telemetry", post(submit::submit).fallback(wrong_method).layer(cors))
        .route("/api/sponsor", sponsor::sponsor(&door.sponsor).route())
        .route("/telemetry.js", assets::telemetry_js().route())
        .merge(health::router())
        .merge(pages::router())
        .merge(support::routes())
        .fallback(not_found)
        .with_state(door)
}

async fn not_found() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "not-found", "There is nothing here")
        .detail("Results go to POST /api/telemetry; the agent's state is at GET /api/health.")
}

async fn wrong_method() -> Problem {
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", "This method is not supported here")
        .detail("Results go to POST /api/telemetry; the agent's state is at GET /api/health.")
}
