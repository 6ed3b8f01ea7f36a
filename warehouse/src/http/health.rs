//! `GET /api/health`: whether the warehouse takes things in, for people, scripts and load balancers.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::Serialize;

/// How the warehouse stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Health {
    /// `ok`, or `degraded` if something needs the operator.
    pub status: &'static str,
    /// Version of the program.
    pub version: &'static str,
    /// Bytes that are durable and not yet in the lake.
    pub landing_bytes: u64,
    /// Number of the lake's current manifest.
    pub manifest: u64,
    /// The current public cut, if one was made.
    pub cut: Option<String>,
    /// What needs the operator, as short names.
    pub alarms: Vec<&'static str>,
}

/// Where the handler asks.
pub type Probe = Arc<dyn Fn() -> Health + Send + Sync>;

/// The route.
pub fn router(probe: Probe) -> Router {
    Router::new().route("/api/health", get(health)).with_state(probe)
}

/// 200 also when degraded: what is served is still right, and a restart would not help.
async fn health(State(probe): State<Probe>) -> Response {
    (StatusCode::OK, [(header::CACHE_CONTROL, "no-store")], Json(probe())).into_response()
}
