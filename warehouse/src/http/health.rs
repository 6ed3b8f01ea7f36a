//! `GET /api/health`: whether the warehouse takes things in, for people, scripts and load balancers.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

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

/// What needs the operator, as short names; shared by those who find out and those who tell.
#[derive(Debug, Clone, Default)]
pub struct Alarms(Arc<Mutex<BTreeSet<&'static str>>>);

impl Alarms {
    /// Something needs the operator.
    pub fn raise(&self, name: &'static str) {
        self.lock().insert(name);
    }

    /// It is well again.
    pub fn clear(&self, name: &'static str) {
        self.lock().remove(name);
    }

    /// What is not well, sorted.
    #[must_use]
    pub fn raised(&self) -> Vec<&'static str> {
        self.lock().iter().copied().collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeSet<&'static str>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
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
