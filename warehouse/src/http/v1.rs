//! `/api/v1/…`: what the current public cut says, answered from memory; no statement runs for a request.
//!
//! Each noun of [`nouns::NOUNS`] is a path, its parameters, and a function from a cut and a question to an answer. What they
//! share is here: limits, the entity tag and the answer to who has it already, the store of finished answers, and headers.

pub(in crate::http) mod answers;

pub(in crate::http) mod asn;

pub(in crate::http) mod cursor;

pub(in crate::http) mod describe;

mod envelope;

mod legacy;

pub(in crate::http) mod network;

pub(in crate::http) mod nouns;

pub(in crate::http) mod question;

pub(in crate::http) mod rankings;

pub(in crate::http) mod search;

pub(in crate::http) mod world;

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use intake::client::TrustedProxies;
use intake::limit::RateLimit;
use intake::problem::Problem;
use intake::server::Peer;

use self::answers::{Answer, Answers, Tag};
use self::nouns::{NOUNS, Noun};
use self::question::Question;
use super::{only_get, open_to_all};
use crate::cut::Cut;
use crate::export::Format;
use crate::keeper::CurrentCut;
use crate::observe;

/// How long an answer may be taken from a cache, in seconds: a cut lasts a day, a correction should not wait long.
const CACHE_CONTROL: HeaderValue = HeaderValue::from_static("public, max-age=300");

/// Headers that scripts of other pages may read.
const EXPOSED: [HeaderName; 5] = [
    header::ETAG,
    header::LINK,
    header::RETRY_AFTER,
    HeaderName::from_static("ratelimit"),
    HeaderName::from_static("ratelimit-policy"),
];

/// What answering needs. Shared by all requests.
#[derive(Clone)]
pub struct Api {
    cut: CurrentCut,
    proxies: Arc<TrustedProxies>,
    limit: Arc<RateLimit>,
    answers: Arc<Answers>,
}

impl Api {
    /// Answers from this cut.
    #[must_use]
    pub fn new(cut: CurrentCut, proxies: Arc<TrustedProxies>, per_client_per_minute: u32) -> Self {
        let limit = Arc::new(RateLimit::new("api", per_client_per_minute));
        Self { cut, proxies, limit, answers: Arc::default() }
    }

    /// The routes.
    pub fn router(self) -> Router {
        let mut router = Router::new();
        for noun in NOUNS {
            let answer = move |State(api): State<Self>, ConnectInfo(peer): Peer, uri: Uri, headers: HeaderMap| async move {
                api.respond(noun, peer, &uri, &headers)
            };
            router = router.route(noun.path, get(answer).fallback(only_get));
        }
        // The same as long as the program runs.
        let document = Bytes::from(describe::openapi().to_json().unwrap_or_default());
        let kind = [(header::CONTENT_TYPE, "application/json")];
        router = router.route("/api/openapi.json", get(move || async move { (kind, document) }).fallback(only_get));
        router.route_layer(open_to_all(EXPOSED)).with_state(self)
    }

    fn respond(&self, noun: &'static Noun, peer: std::net::SocketAddr, uri: &Uri, headers: &HeaderMap) -> Response {
        let client = self.proxies.client(peer.ip(), headers);
        let answered = self.limit.check(client).map(|allowance| {
            let mut response = self.answer(noun, uri, headers).unwrap_or_else(|problem| refused(noun, problem));
            self.limit.describe(allowance, response.headers_mut());
            response
        });
        let mut response = answered.unwrap_or_else(|problem| refused(noun, problem));
        response.headers_mut().insert(header::VARY, HeaderValue::from_static("accept"));
        response
    }

    fn answer(&self, noun: &Noun, uri: &Uri, headers: &HeaderMap) -> Result<Response, Problem> {
        let question = Question::parse(noun, uri)?;
        let format = question.format(noun, headers)?;
        let cut = self.cut.load();
        let cut = cut.as_deref().ok_or_else(no_cut)?;
        let tag = Tag::new(cut, noun.path, &question.canonical(), format.name());
        let etag = tag.header();
        if tag.is_known(headers) {
            return Ok((StatusCode::NOT_MODIFIED, [(header::ETAG, etag), (header::CACHE_CONTROL, CACHE_CONTROL)])
                .into_response());
        }
        let answer = match self.answers.find(&tag) {
            Some(answer) => answer,
            None => self.answers.keep(tag, make(noun, cut, &question, format)?),
        };
        let mut response = Response::new(Body::from(answer.bytes.clone()));
        let fields = response.headers_mut();
        fields.insert(header::CONTENT_TYPE, HeaderValue::from_static(answer.content_type));
        fields.insert(header::ETAG, etag);
        fields.insert(header::CACHE_CONTROL, CACHE_CONTROL);
        if let Some(next) = &answer.next {
            fields.insert(header::LINK, next.clone());
        }
        Ok(response)
    }
}

fn make(noun: &Noun, cut: &Cut, question: &Question, format: Format) -> Result<Answer, Problem> {
    let found = (noun.answer)(cut, question)?;
    let next = found.next.as_ref().map(|cursor| question.link(noun.path, cursor));
    let next = next.and_then(|link| HeaderValue::try_from(link).ok());
    let bytes = envelope::write(cut, found, format).map_err(|fault| {
        tracing::error!(error = %fault, "an answer could not be written");
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "not-written", "The answer could not be written")
    })?;
    Ok(Answer { bytes: bytes.into(), content_type: format.content_type(), next })
}

fn refused(noun: &Noun, problem: Problem) -> Response {
    observe::problem(noun.path, problem.slug());
    problem.into_response()
}

/// Nothing is published before the first day has closed.
pub(super) fn no_cut() -> Problem {
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "no-cut", "No public cut has been made yet")
        .detail("Days close 24 hours after their end; the first cut is made after that.")
        .header(header::RETRY_AFTER, HeaderValue::from_static("3600"))
}

#[cfg(test)]
mod tests;
