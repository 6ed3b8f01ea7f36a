//! The support desk's page: who is on the telephone with a customer types the address, and reads in plain words what that
//! customer's line does under load.
//!
//! Everything is drawn here, on the server, by the templates in `agent/templates/`; the one script is comfort. A look-up's
//! way: [`form`] reads the address, if the form came from our own page ([`origin`]); [`session`] keeps it, because no
//! URL may hold one; [`look_up`] reads the history; [`verdict`], [`chart`] and [`ticket`] say what it means; [`view`] has
//! it drawn.

mod assets;

mod bad;

mod chart;

mod figures;

mod form;

mod look_up;

mod origin;

mod reading;

mod reports;

#[cfg(test)]
mod sample;

mod session;

mod sign_in;

mod subject;

mod ticket;

mod typical;

mod verdict;

mod view;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::map_response;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};

use self::session::Sessions;
use self::view::{Frame, TroublePage, draw};
use super::Door;
use crate::config::Config;
use crate::store::StoreFault;

/// What pages may load and do: their own style, script and sign, their own forms, and nothing else.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; \
    form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// What the pages share.
pub struct Pages {
    sessions: Sessions,
    /// Where records go, or why they do not.
    destination: String,
}

impl Pages {
    /// The pages of an agent with this configuration.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        let idle = Duration::from_secs(u64::from(config.support.session_minutes.max(1)) * 60);
        Self { sessions: Sessions::new(idle), destination: destination(config) }
    }
}

fn destination(config: &Config) -> String {
    match &config.warehouse {
        _ if !config.telemetry => "Nothing leaves: uploading is switched off in the configuration.".to_owned(),
        None => "Nothing leaves: no warehouse is configured.".to_owned(),
        Some(warehouse) => format!("Records like these go to {}, and nothing else does.", warehouse.url.shown()),
    }
}

/// Everything below `/support`.
pub(super) fn router() -> Router<Arc<Door>> {
    Router::new()
        .route("/support", get(look_up::start))
        .route("/support/", get(|| async { to_start() }))
        .route("/support/sign-in", post(sign_in::sign_in).get(|| async { to_start() }))
        .route("/support/sign-out", post(sign_in::sign_out).get(|| async { to_start() }))
        .route("/support/look-up", post(look_up::look_up).get(|| async { to_start() }))
        .route("/support/look-ups/{number}", get(look_up::customer))
        .route("/support/leaves", get(reports::leaves))
        .route("/support/audit", get(reports::audit))
        .route("/support/style.css", get(|| async { assets::STYLE.answer() }))
        .route("/support/script.js", get(|| async { assets::SCRIPT.answer() }))
        .route("/support/icon.svg", get(|| async { assets::ICON.answer() }))
        .route("/support/{*rest}", get(not_found))
        .method_not_allowed_fallback(wrong_method)
        .layer(map_response(guard))
}

/// The headers of every answer: nothing is kept, nothing is loaded from elsewhere, nobody frames the page.
async fn guard(mut response: Response) -> Response {
    let headers = response.headers_mut();
    let mut set = |name: &'static str, value: &'static str| {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    };
    set("content-security-policy", CONTENT_SECURITY_POLICY);
    set("x-content-type-options", "nosniff");
    set("x-frame-options", "DENY");
    set("referrer-policy", "no-referrer");
    set("cross-origin-opener-policy", "same-origin");
    set("cross-origin-resource-policy", "same-origin");
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

async fn not_found() -> Trouble {
    Trouble::new(StatusCode::NOT_FOUND, "There is no such page", "The address of the page may be mistyped.")
}

async fn wrong_method() -> Trouble {
    Trouble::new(StatusCode::METHOD_NOT_ALLOWED, "This cannot be done here", "Use the support desk's own pages.")
}

fn to_start() -> Response {
    Redirect::to("/support").into_response()
}

/// A page that says what is wrong and what to do.
#[derive(Debug)]
struct Trouble {
    status: StatusCode,
    heading: &'static str,
    advice: &'static str,
}

impl Trouble {
    fn new(status: StatusCode, heading: &'static str, advice: &'static str) -> Self {
        Self { status, heading, advice }
    }
}

impl From<StoreFault> for Trouble {
    fn from(fault: StoreFault) -> Self {
        tracing::warn!(error = &fault as &dyn std::error::Error, "the support desk's page cannot read the history");
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "The history cannot be read just now",
            "The agent is busy or its disk does not answer. Results are still taken. Try again in a moment.",
        )
    }
}

impl IntoResponse for Trouble {
    fn into_response(self) -> Response {
        let Self { status, heading, advice } = self;
        draw(status, &TroublePage { frame: Frame::outside(heading), heading, advice })
    }
}
