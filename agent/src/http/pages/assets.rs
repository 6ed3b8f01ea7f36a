//! The files that the pages need, built into the program: nothing is fetched from anywhere else.

use std::hash::{DefaultHasher, Hasher as _};
use std::sync::LazyLock;

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Response};

/// How long a browser may keep a file, in seconds: its URL changes with its content.
const CACHE: &str = "private, max-age=86400";

/// A file with its URL.
pub(super) struct Asset {
    url: LazyLock<String>,
    content_type: &'static str,
    content: &'static str,
}

/// How the pages look.
pub(super) static STYLE: Asset = Asset {
    url: LazyLock::new(|| versioned("/support/style.css", STYLE.content)),
    content_type: "text/css; charset=utf-8",
    content: include_str!("../../../templates/style.css"),
};

/// Comfort where there is JavaScript: copying, local times. Everything works without it.
pub(super) static SCRIPT: Asset = Asset {
    url: LazyLock::new(|| versioned("/support/script.js", SCRIPT.content)),
    content_type: "text/javascript; charset=utf-8",
    content: include_str!("../../../templates/script.js"),
};

/// The sign on the browser's tab.
pub(super) static ICON: Asset = Asset {
    url: LazyLock::new(|| versioned("/support/icon.svg", ICON.content)),
    content_type: "image/svg+xml",
    content: include_str!("../../../templates/icon.svg"),
};

impl Asset {
    /// The URL under which pages name the file.
    pub(super) fn url(&'static self) -> &'static str {
        &self.url
    }

    /// The file as an answer.
    pub(super) fn answer(&self) -> Response {
        ([(CONTENT_TYPE, self.content_type), (CACHE_CONTROL, CACHE)], self.content).into_response()
    }
}

fn versioned(path: &str, content: &str) -> String {
    let mut hasher = DefaultHasher::new();
    hasher.write(content.as_bytes());
    format!("{path}?v={:016x}", hasher.finish())
}
