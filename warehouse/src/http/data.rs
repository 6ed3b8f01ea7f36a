//! `/data/v1/…`: the files of the releases, as the public directory holds them, whole or in part.
//!
//! A path is looked up in the [`crate::shelf`], which knows every file that the layout names; what stands in a request never
//! becomes a path on the disk by itself. Size and digest come from there, too, so that nothing is hashed for a request and a
//! `HEAD` touches no disk. Readers of Parquet ask for parts: first the end, then what they need.

mod condition;

mod range;

mod read;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{ConnectInfo, Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use intake::client::{ClientAddress, TrustedProxies};
use intake::limit::RateLimit;
use intake::places::{NoPlace, Places};
use intake::problem::Problem;
use intake::server::Peer;
use tower_http::set_header::SetResponseHeaderLayer;

use self::condition::Verdict;
use self::range::Part;
use super::v1::no_cut;
use super::{only_get, open_to_all};
use crate::config::DataConfig;
use crate::cut::Tombstone;
use crate::observe;
use crate::shelf::{Content, CurrentShelf, Found, Item, cache_control, content_type};

/// Where files are served.
pub const ROOT: &str = "/data/v1";

/// When to come back if there is no place for a download, in seconds.
const RETRY_S: u64 = 2;

/// Headers that scripts of other pages may read.
const EXPOSED: [HeaderName; 7] = [
    header::ACCEPT_RANGES,
    header::CONTENT_LENGTH,
    header::CONTENT_RANGE,
    header::ETAG,
    header::RETRY_AFTER,
    HeaderName::from_static("ratelimit"),
    HeaderName::from_static("ratelimit-policy"),
];

/// What answering needs. Shared by all requests.
#[derive(Clone)]
pub struct Data {
    shelf: CurrentShelf,
    public: Arc<PathBuf>,
    proxies: Arc<TrustedProxies>,
    limit: Arc<RateLimit>,
    places: Places,
}

impl Data {
    /// Serves what this shelf names out of the public directory.
    #[must_use]
    pub fn new(shelf: CurrentShelf, public: PathBuf, proxies: Arc<TrustedProxies>, config: &DataConfig) -> Self {
        let limit = Arc::new(RateLimit::new("data", config.per_client_per_minute));
        let places = Places::new(config.max_downloads, config.max_downloads_per_client);
        Self { shelf, public: Arc::new(public), proxies, limit, places }
    }

    /// The routes.
    pub fn router(self) -> Router {
        let sniff =
            SetResponseHeaderLayer::overriding(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        let root = |State(data): State<Self>, peer: Peer, method: Method, headers: HeaderMap| async move {
            data.respond(&method, peer, Some(""), &headers).await
        };
        let file = |State(data): State<Self>,
                    peer: Peer,
                    method: Method,
                    path: Result<Path<String>, PathRejection>,
                    headers: HeaderMap| async move {
            // A path that is no text is that of no file.
            data.respond(&method, peer, path.as_deref().ok().map(String::as_str), &headers).await
        };
        Router::new()
            .route(ROOT, get(root).fallback(only_get))
            .route(&format!("{ROOT}/"), get(root).fallback(only_get))
            .route(&format!("{ROOT}/{{*path}}"), get(file).fallback(only_get))
            .route_layer(open_to_all(EXPOSED))
            .route_layer(sniff)
            .with_state(self)
    }

    async fn respond(&self, method: &Method, peer: Peer, path: Option<&str>, headers: &HeaderMap) -> Response {
        let ConnectInfo(peer): ConnectInfo<SocketAddr> = peer;
        let client = self.proxies.client(peer.ip(), headers);
        let allowance = match self.limit.check(client) {
            Ok(allowance) => allowance,
            Err(problem) => return refused(problem),
        };
        let answered = self.answer(method, client, path.unwrap_or("\0"), headers).await;
        let mut response = answered.unwrap_or_else(refused);
        self.limit.describe(allowance, response.headers_mut());
        response
    }

    async fn answer(
        &self,
        method: &Method,
        client: ClientAddress,
        path: &str,
        headers: &HeaderMap,
    ) -> Result<Response, Problem> {
        let shelf = Arc::clone(&self.shelf.borrow());
        let item = match shelf.find(path) {
            Found::File(item) => item,
            Found::Folder(page) => return Ok(elsewhere(&page)),
            Found::Removed(tombstone) => return Err(removed(tombstone)),
            Found::Unpublished => return Err(no_cut()),
            Found::Nothing => return Err(nothing()),
        };
        let tag = item.tag();
        let ranged = match condition::judge(headers, &tag) {
            Verdict::Answer { ranged } => ranged,
            Verdict::Known => {
                observe::data("known");
                return Ok(described(path, &tag, StatusCode::NOT_MODIFIED, item.bytes, Body::empty()));
            }
            Verdict::Other => return Err(other()),
        };
        if method == Method::HEAD {
            observe::data("head");
            return Ok(typed(path, described(path, &tag, StatusCode::OK, item.bytes, Body::empty())));
        }
        let part = if ranged { Part::of(headers, item.bytes) } else { Part::Whole };
        let (first, bytes) = match part {
            Part::Whole => (0, item.bytes),
            Part::Bytes { first, last } => (first, last - first + 1),
            Part::Beyond => return Err(beyond(item.bytes)),
        };
        let body = self.read(client, path, item, first, bytes).await?;
        let status = if part == Part::Whole { StatusCode::OK } else { StatusCode::PARTIAL_CONTENT };
        observe::data(if part == Part::Whole { "whole" } else { "part" });
        let mut response = described(path, &tag, status, bytes, body);
        if let Part::Bytes { first, last } = part {
            let range = text(format!("bytes {first}-{last}/{}", item.bytes));
            response.headers_mut().insert(header::CONTENT_RANGE, range);
        }
        Ok(typed(path, response))
    }

    /// So many bytes of a file.
    async fn read(
        &self,
        client: ClientAddress,
        path: &str,
        item: &Item,
        first: u64,
        bytes: u64,
    ) -> Result<Body, Problem> {
        if let Content::Memory(all) = &item.content {
            let (first, bytes) = (usize::try_from(first).unwrap_or(0), usize::try_from(bytes).unwrap_or(0));
            observe::data_bytes(bytes as u64);
            return Ok(Body::from(all.slice(first..first + bytes)));
        }
        let place = self.places.take(client).map_err(no_place)?;
        let (public, name, length) = (Arc::clone(&self.public), path.to_owned(), item.bytes);
        let opened = tokio::task::spawn_blocking(move || read::open(&public, &name, length, first)).await;
        match opened.unwrap_or_else(|_| Err(std::io::ErrorKind::Other.into())) {
            Ok(file) => Ok(read::body(file, bytes, place)),
            // Retention removed it a moment ago: the next shelf does not name it.
            Err(fault) if fault.kind() == std::io::ErrorKind::NotFound => Err(nothing()),
            Err(fault) => {
                tracing::error!(data.path = path, error = %fault, "a published file cannot be served");
                Err(Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "not-read", "The file cannot be read"))
            }
        }
    }
}

/// What is told of a file with every answer. Without a body, `length` is that of the body that there would be.
fn described(path: &str, tag: &str, status: StatusCode, length: u64, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let fields = response.headers_mut();
    fields.insert(header::CONTENT_LENGTH, length.into());
    fields.insert(header::ETAG, text(tag.to_owned()));
    fields.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache_control(path)));
    fields.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    response
}

fn typed(path: &str, mut response: Response) -> Response {
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type(path)));
    response
}

/// A folder is no file: the page that tells what is in it.
fn elsewhere(page: &str) -> Response {
    observe::data("folder");
    let headers = [
        (header::LOCATION, text(format!("{ROOT}/{page}"))),
        (header::CACHE_CONTROL, HeaderValue::from_static(cache_control("index.json"))),
    ];
    (StatusCode::TEMPORARY_REDIRECT, headers).into_response()
}

fn text(value: String) -> HeaderValue {
    HeaderValue::try_from(value).unwrap_or_else(|_| HeaderValue::from_static(""))
}

fn refused(problem: Problem) -> Response {
    observe::problem(ROOT, problem.slug());
    problem.into_response()
}

fn nothing() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "no-such-file", "No release has this file").detail(
        "latest.json names the newest release, index.json all of them; the manifest of a release lists its files.",
    )
}

fn removed(tombstone: &Tombstone) -> Problem {
    Problem::new(StatusCode::GONE, "release-removed", "The release was removed")
        .detail("Releases stay for 13 months. What was in it is named by the digest of its manifest.")
        .with("release", tombstone.release.to_string())
        .with("manifest_sha256", tombstone.manifest_sha256.to_string())
        .with("removed", tombstone.removed.to_string())
        .with("reason", tombstone.reason.clone())
}

fn other() -> Problem {
    Problem::new(StatusCode::PRECONDITION_FAILED, "precondition-failed", "The file has another entity tag")
        .detail("If-Match names none that the file has.")
}

fn beyond(length: u64) -> Problem {
    Problem::new(StatusCode::RANGE_NOT_SATISFIABLE, "range-beyond-end", "The file does not have these bytes")
        .detail(format!("The file has {length} bytes; the range begins behind them."))
        .header(header::CONTENT_RANGE, text(format!("bytes */{length}")))
        .header(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"))
}

fn no_place(why: NoPlace) -> Problem {
    let (status, detail) = match why {
        NoPlace::Full => (StatusCode::SERVICE_UNAVAILABLE, "All places for downloads are taken. Try again soon."),
        NoPlace::ClientFull => {
            (StatusCode::TOO_MANY_REQUESTS, "You have as many downloads open as one client may. Let one end first.")
        }
    };
    Problem::new(status, "too-many-downloads", "Too many downloads at once").detail(detail).retry_after(RETRY_S)
}

#[cfg(test)]
mod tests;
