//! Finished pages, kept for those who ask the same, each in the encodings that browsers take: a hot page costs a look-up.

use std::io::Write as _;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};

use super::table::Page;
use super::trouble::Trouble;
use super::visit::{Reply, Visit, question};
use super::{Pages, assets};
use crate::http::v1::answers::{Answer, Tag};

/// How long a page may be taken from a cache, in seconds: a cut lasts a day, a correction should not wait long.
const CACHE_CONTROL: HeaderValue = HeaderValue::from_static("public, max-age=300");

/// The content type of pages.
const HTML: &str = "text/html; charset=utf-8";

/// Levels of compression: a page is compressed once for each cut.
const ZSTD_LEVEL: i32 = 9;

/// See [`ZSTD_LEVEL`].
const GZIP_LEVEL: u32 = 7;

/// How bytes are written on their way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Zstd,
    Gzip,
    Identity,
}

impl Pages {
    /// The answer to a visit.
    pub(super) fn answer(&self, page: &'static Page, uri: &Uri, headers: &HeaderMap) -> Result<Response, Trouble> {
        let question = question(page, uri)?;
        let cut = self.cut.load();
        let visit = Visit { pages: self, page, question, cut: cut.as_deref() };
        let url = visit.url();
        if uri.path_and_query().is_none_or(|asked| asked.as_str() != url) {
            return Ok(moved(&url));
        }
        let Some(cut) = visit.cut else {
            // Before the first cut, nothing is kept: the cut may come at any time.
            return Ok(match (page.draw)(&visit)? {
                Reply::Moved(url) => moved(&url),
                Reply::Html(html) => send(HTML, Bytes::from(html), Encoding::Identity, None),
                Reply::File(kind, bytes) => send(kind, Bytes::from(bytes), Encoding::Identity, None),
            });
        };
        let encoding = Encoding::of(headers);
        let releases = if page.lists_releases { self.shelf.borrow().index().map(|(_, digest)| digest) } else { None };
        let releases = releases.map_or_else(String::new, |digest| digest.to_string());
        let form = format!("{} {} {releases}", encoding.name(), assets::version());
        let wanted = Tag::new(cut, "page", &url, &form);
        if wanted.is_known(headers) {
            let fields = [(header::ETAG, wanted.header()), (header::CACHE_CONTROL, CACHE_CONTROL)];
            return Ok(embeddable(page, (StatusCode::NOT_MODIFIED, fields, VARY).into_response()));
        }
        let answer = match self.answers.find(&wanted) {
            Some(answer) => answer,
            None => {
                let (content_type, bytes) = match (page.draw)(&visit)? {
                    Reply::Moved(url) => return Ok(moved(&url)),
                    Reply::Html(html) => (HTML, html.into_bytes()),
                    Reply::File(kind, bytes) => (kind, bytes),
                };
                let bytes = encoding.write(bytes)?.into();
                self.answers.keep(wanted.clone(), Answer { bytes, content_type, next: None })
            }
        };
        let response = send(answer.content_type, answer.bytes.clone(), encoding, Some(wanted.header()));
        Ok(embeddable(page, response))
    }
}

/// What is sent depends on what the browser takes.
const VARY: [(header::HeaderName, HeaderValue); 1] = [(header::VARY, HeaderValue::from_static("accept-encoding"))];

fn send(kind: &'static str, bytes: Bytes, encoding: Encoding, etag: Option<HeaderValue>) -> Response {
    let mut response = (VARY, Body::from(bytes)).into_response();
    let fields = response.headers_mut();
    fields.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    if encoding != Encoding::Identity {
        fields.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding.name()));
    }
    match etag {
        Some(etag) => {
            fields.insert(header::ETAG, etag);
            fields.insert(header::CACHE_CONTROL, CACHE_CONTROL);
        }
        None => {
            fields.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        }
    }
    response
}

/// Lets pages of other sites show what is made for them.
fn embeddable(page: &Page, mut response: Response) -> Response {
    if page.is_open {
        let fields = response.headers_mut();
        fields.insert("cross-origin-resource-policy", HeaderValue::from_static("cross-origin"));
        fields.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    }
    response
}

/// The same question under its one spelling.
fn moved(url: &str) -> Response {
    let location = HeaderValue::try_from(url).unwrap_or_else(|_| HeaderValue::from_static("/"));
    (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, location), (header::CACHE_CONTROL, CACHE_CONTROL)])
        .into_response()
}

impl Encoding {
    /// The best that `Accept-Encoding` takes.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let fields = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
        let accepted: Vec<&str> = fields.flat_map(|value| value.split(',')).collect();
        let takes = |name: &str| {
            accepted.iter().any(|entry| {
                let (coding, weight) = entry.split_once(';').unwrap_or((entry, ""));
                let weight = weight.trim().strip_prefix("q=").map_or(1.0, |weight| weight.parse().unwrap_or(0.0));
                coding.trim().eq_ignore_ascii_case(name) && weight > 0.0
            })
        };
        let known = [Self::Zstd, Self::Gzip].into_iter();
        known.into_iter().find(|encoding| takes(encoding.name())).unwrap_or(Self::Identity)
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Zstd => "zstd",
            Self::Gzip => "gzip",
            Self::Identity => "identity",
        }
    }

    /// The bytes in this encoding.
    pub(super) fn write(self, bytes: Vec<u8>) -> Result<Vec<u8>, Trouble> {
        let written = match self {
            Self::Identity => Ok(bytes),
            Self::Zstd => zstd::encode_all(bytes.as_slice(), ZSTD_LEVEL),
            Self::Gzip => {
                let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(GZIP_LEVEL));
                encoder.write_all(&bytes).and_then(|()| encoder.finish())
            }
        };
        written.map_err(|fault| Trouble::not_drawn(&fault))
    }
}
