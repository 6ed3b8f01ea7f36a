//! Signing in and out, and finding out who asks.

use std::sync::Arc;
use std::time::Instant;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Request, StatusCode, header};
use axum::response::{IntoResponse as _, Redirect, Response};
use intake::server::Peer;

use super::Trouble;
use super::form::Form;
use super::session::{Token, no_cookie};
use super::view::{Frame, SignInPage, draw};
use crate::http::Door;
use crate::http::auth::{Admitted, Refusal};
use crate::store::audit::Action;

/// Somebody who is signed in.
pub(super) struct SignedIn {
    pub(super) token: Token,
    pub(super) admitted: Admitted,
}

impl SignedIn {
    /// Who asks, if the session is open and the key with which it was opened is still in force.
    pub(super) fn of(door: &Door, peer: Peer, headers: &HeaderMap) -> Option<Self> {
        let token = Token::of(headers)?;
        let stamp = door.pages.sessions.stamp(&token, Instant::now())?;
        let client = door.proxies.client(peer.0.ip(), headers);
        let admitted = door.gate.admit_session(client, &stamp)?;
        Some(Self { token, admitted })
    }
}

/// The page to sign in.
pub(super) fn page(status: StatusCode, fault: Option<String>) -> Response {
    draw(status, &SignInPage { frame: Frame::outside("Sign in"), fault })
}

/// `POST /support/sign-in`.
pub(super) async fn sign_in(
    State(door): State<Arc<Door>>,
    peer: axum::Extension<Peer>,
    request: Request<Body>,
) -> Result<Response, Trouble> {
    let form = Form::read(request).await?;
    let client = door.proxies.client(peer.0.0.ip(), &form.headers);
    let admitted = match door.gate.admit_typed(client, &form.field("key")) {
        Ok(admitted) => admitted,
        Err(refusal) => return Ok(refused(refusal)),
    };
    let now = Instant::now();
    let opened = door.gate.stamp().map(|stamp| door.pages.sessions.open(stamp, now));
    let Some(Ok(token)) = opened else { return Ok(refused(Refusal::Closed)) };
    if let Some(old) = Token::of(&form.headers) {
        door.pages.sessions.close(&old, now);
    }
    door.gate.audit().note(admitted.entry(Action::SignIn));
    let secure = door.proxies.came_over_https(peer.0.0.ip(), &form.headers);
    Ok(go_to_start(token.cookie(secure)))
}

/// `POST /support/sign-out`. Without a session it does nothing.
pub(super) async fn sign_out(
    State(door): State<Arc<Door>>,
    peer: axum::Extension<Peer>,
    request: Request<Body>,
) -> Result<Response, Trouble> {
    let form = Form::read(request).await?;
    if let Some(who) = SignedIn::of(&door, peer.0, &form.headers) {
        door.gate.audit().note(who.admitted.entry(Action::SignOut));
        door.pages.sessions.close(&who.token, Instant::now());
    }
    let secure = door.proxies.came_over_https(peer.0.0.ip(), &form.headers);
    Ok(go_to_start(no_cookie(secure)))
}

fn go_to_start(cookie: HeaderValue) -> Response {
    let mut response = Redirect::to("/support").into_response();
    response.headers_mut().insert(header::SET_COOKIE, cookie);
    response
}

fn refused(refusal: Refusal) -> Response {
    match refusal {
        Refusal::Missing => page(StatusCode::UNPROCESSABLE_ENTITY, Some("Type the key first.".to_owned())),
        Refusal::Wrong | Refusal::InQuery => {
            page(StatusCode::FORBIDDEN, Some("This is not the key of the support desk.".to_owned()))
        }
        Refusal::TooMany(problem) => {
            let wait = problem.into_response().headers_mut().remove(header::RETRY_AFTER);
            let mut response = page(
                StatusCode::TOO_MANY_REQUESTS,
                Some("Too many wrong keys came from here. Wait a minute, then try again.".to_owned()),
            );
            response.headers_mut().extend(wait.map(|seconds| (header::RETRY_AFTER, seconds)));
            response
        }
        Refusal::Closed => Trouble::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "The support desk is closed",
            "The agent has no key that it may use. Its log says why; whoever runs it can mend that.",
        )
        .into_response(),
    }
}
