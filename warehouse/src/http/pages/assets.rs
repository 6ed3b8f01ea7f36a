//! The files that pages need, built into the program: nothing is fetched from anywhere else.

use std::sync::LazyLock;

use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};

use super::answer::Encoding;
use crate::digest::Sha256;

/// The URL changes with the content, so that a browser may keep the file for a year.
const FOREVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

/// Under another version than its own, a file is what is there now, and not for long.
const SOON: HeaderValue = HeaderValue::from_static("public, max-age=300");

/// Digits of a digest that make a version.
const VERSION_DIGITS: usize = 16;

/// A file with its URL.
pub(super) struct Asset {
    pub(super) path: &'static str,
    content_type: &'static str,
    content: &'static str,
    made: LazyLock<Made>,
}

/// What is made of a file once.
struct Made {
    version: String,
    url: String,
    zstd: Bytes,
    gzip: Bytes,
}

/// How the pages look.
static STYLE: Asset = Asset {
    path: "/assets/style.css",
    content_type: "text/css; charset=utf-8",
    content: concat!(include_str!("../../../templates/style.css"), include_str!("../../../templates/chart/chart.css")),
    made: LazyLock::new(|| STYLE.make()),
};

/// Comfort where there is JavaScript. Everything works without it.
static SCRIPT: Asset = Asset {
    path: "/assets/script.js",
    content_type: "text/javascript; charset=utf-8",
    content: include_str!("../../../templates/script.js"),
    made: LazyLock::new(|| SCRIPT.make()),
};

/// The sign on the browser's tab.
static ICON: Asset = Asset {
    path: "/assets/icon.svg",
    content_type: "image/svg+xml",
    content: include_str!("../../../templates/icon.svg"),
    made: LazyLock::new(|| ICON.make()),
};

/// All of them.
pub(super) static ASSETS: [&Asset; 3] = [&STYLE, &SCRIPT, &ICON];

/// The URLs of style, script and icon.
pub(super) fn urls() -> [&'static str; 3] {
    ASSETS.map(Asset::url)
}

/// Changes with every file: pages name the files, so a finished page belongs to them.
pub(super) fn version() -> &'static str {
    static VERSION: LazyLock<String> = LazyLock::new(|| ASSETS.map(|asset| asset.made.version.as_str()).concat());
    &VERSION
}

impl Asset {
    fn make(&self) -> Made {
        let mut version = Sha256::of(self.content.as_bytes()).to_string();
        version.truncate(VERSION_DIGITS);
        // A buffer in memory takes everything; if not, the file would be without content, which a test would see.
        let encoded = |encoding: Encoding| encoding.write(self.content.into()).unwrap_or_default().into();
        let url = format!("{}?v={version}", self.path);
        Made { version, url, zstd: encoded(Encoding::Zstd), gzip: encoded(Encoding::Gzip) }
    }

    /// The URL under which pages name the file.
    pub(super) fn url(&self) -> &str {
        &self.made.url
    }

    /// The file as an answer.
    pub(super) fn answer(&self, uri: &Uri, headers: &HeaderMap) -> Response {
        let is_own = uri.query().and_then(|query| query.strip_prefix("v=")) == Some(self.made.version.as_str());
        let encoding = Encoding::of(headers);
        let etag = format!("\"{}-{}\"", self.made.version, encoding.name());
        let fields = [
            (header::CACHE_CONTROL, if is_own { FOREVER } else { SOON }),
            (header::VARY, HeaderValue::from_static("accept-encoding")),
            (header::ETAG, HeaderValue::try_from(&etag).unwrap_or_else(|_| HeaderValue::from_static("\"\""))),
        ];
        let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if known.contains(&etag) {
            return (StatusCode::NOT_MODIFIED, fields).into_response();
        }
        let kind = [(header::CONTENT_TYPE, HeaderValue::from_static(self.content_type))];
        let coding = [(header::CONTENT_ENCODING, HeaderValue::from_static(encoding.name()))];
        match encoding {
            Encoding::Zstd => (fields, kind, coding, self.made.zstd.clone()).into_response(),
            Encoding::Gzip => (fields, kind, coding, self.made.gzip.clone()).into_response(),
            Encoding::Identity => (fields, kind, self.content).into_response(),
        }
    }
}
