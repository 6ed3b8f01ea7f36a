//! The public pages: who is good under load, for people who look before they read.
//!
//! A page is its API question: it has the parameters of a noun of [`super::v1`], draws the rows that the API would answer,
//! and its links to CSV, JSON and Parquet are the API's URL with the same question. Everything is drawn here, on the server,
//! by the templates in `warehouse/templates/`; the one script is comfort. A visit's way: [`table`] finds the page, the
//! question is read and put into its one spelling, [`answer`] looks for the finished page, and only if there is none for the
//! current cut the page's own file draws it. Pages read the cut in memory and what the shelf knows of releases, never a live
//! database, the lake or the landing zone.

mod answer;

mod article;

mod assets;

mod badge;

mod card;

mod chart;

mod cite;

mod compare;

mod countries;

mod country;

mod data;

mod figures;

mod frame;

mod home;

mod methodology;

mod network;

mod privacy;

mod rankings;

mod reference;

mod search;

mod sitemap;

mod status;

mod subject;

mod table;

mod trouble;

mod uses;

mod verdict;

mod visit;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Uri, header};
use axum::middleware::map_response;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use intake::client::TrustedProxies;
use intake::limit::RateLimit;
use intake::server::Peer;

use self::assets::ASSETS;
use self::table::{PAGES, Page};
use self::trouble::Trouble;
use super::v1::answers::Answers;
use super::{not_found, only_get};
use crate::config::PagesConfig;
use crate::keeper::CurrentCut;
use crate::observe;
use crate::shelf::CurrentShelf;

/// What pages may load and do: their own style, script and pictures, forms and questions to their own server.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; \
    connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// What the pages share.
#[derive(Clone)]
pub struct Pages {
    cut: CurrentCut,
    shelf: CurrentShelf,
    proxies: Arc<TrustedProxies>,
    limit: Arc<RateLimit>,
    answers: Arc<Answers>,
    /// Where the pages are reached, without a slash at its end; empty if nobody said.
    url: Arc<str>,
    /// Where the files of the releases are served for all the world, if nobody said otherwise below the pages.
    files_url: Option<Arc<str>>,
}

impl Pages {
    /// The pages of this cut and the releases of this shelf.
    #[must_use]
    pub fn new(
        cut: CurrentCut,
        shelf: CurrentShelf,
        proxies: Arc<TrustedProxies>,
        config: &PagesConfig,
        per_client_per_minute: u32,
    ) -> Self {
        let limit = Arc::new(RateLimit::new("pages", per_client_per_minute));
        let url = config.url.as_deref().unwrap_or_default().trim_end_matches('/').into();
        Self { cut, shelf, proxies, limit, answers: Arc::default(), url, files_url: None }
    }

    /// With the files of the releases served at another address than below the pages.
    #[must_use]
    pub fn with_files_at(self, url: Option<&str>) -> Self {
        Self { files_url: url.map(|url| url.trim_end_matches('/').into()), ..self }
    }

    /// The routes of [`PAGES`] and of the files that pages need.
    pub fn router(self) -> Router {
        let mut router = Router::new();
        for page in PAGES {
            let visit = move |State(pages): State<Self>, ConnectInfo(peer): Peer, uri: Uri, headers: HeaderMap| async move {
                pages.respond(page, peer, &uri, &headers)
            };
            router = router.route(page.path, get(visit).fallback(only_get));
        }
        for asset in ASSETS {
            let answer = move |uri: Uri, headers: HeaderMap| async move { asset.answer(&uri, &headers) };
            router = router.route(asset.path, get(answer).fallback(only_get));
        }
        router.route_layer(map_response(guard)).with_state(self)
    }

    /// The answer to every path that nobody serves: a page that searches, and for programs a problem document.
    pub async fn nowhere(self, uri: Uri, headers: HeaderMap) -> Response {
        let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if !accept.contains("text/html") || ["/api/", "/data/"].iter().any(|folder| uri.path().starts_with(folder)) {
            return not_found().await.into_response();
        }
        guard(Trouble::no_such_page().draw(&self)).await
    }

    fn respond(&self, page: &'static Page, peer: SocketAddr, uri: &Uri, headers: &HeaderMap) -> Response {
        let client = self.proxies.client(peer.ip(), headers);
        let answered = self.limit.check(client).map_err(Trouble::from).map(|allowance| {
            let mut response = self.answer(page, uri, headers).unwrap_or_else(|trouble| self.refuse(page, &trouble));
            self.limit.describe(allowance, response.headers_mut());
            response
        });
        answered.unwrap_or_else(|trouble| self.refuse(page, &trouble))
    }

    fn refuse(&self, page: &Page, trouble: &Trouble) -> Response {
        observe::problem(page.path, trouble.slug);
        trouble.draw(self)
    }
}

/// The headers of every page: nothing is loaded from elsewhere, nobody frames it. What may stand in pages of others (badges,
/// cards) has said so already.
async fn guard(mut response: Response) -> Response {
    let headers = response.headers_mut();
    for (name, value) in [
        ("content-security-policy", CONTENT_SECURITY_POLICY),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "strict-origin-when-cross-origin"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
    ] {
        headers.entry(HeaderName::from_static(name)).or_insert(HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests;
