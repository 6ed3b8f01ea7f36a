//! The files that the pages need, built into the program: nothing is fetched from anywhere else.

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};

/// A file with the URL under which pages name it. The URL changes with the program's version, so that
/// browsers may keep it for a while.
pub(super) struct Asset {
    pub(super) url: &'static str,
    content_type: &'static str,
    content: &'static str,
}

/// How the pages look.
pub(super) static STYLE: Asset = Asset {
    url: concat!("/support/style.css?v=", env!("CARGO_PKG_VERSION")),
    content_type: "text/css; charset=utf-8",
    content: include_str!("../../../templates/style.css"),
};

/// Comfort where there is JavaScript: copying, local times. Everything works without it.
pub(super) static SCRIPT: Asset = Asset {
    url: concat!("/support/script.js?v=", env!("CARGO_PKG_VERSION")),
    content_type: "text/javascript; charset=utf-8",
    content: include_str!("../../../templates/script.js"),
};

/// The sign on the browser's tab.
pub(super) static ICON: Asset = Asset {
    url: "/support/icon.svg",
    content_type: "image/svg+xml",
    content: include_str!("../../../templates/icon.svg"),
};

impl Asset {
    /// The file as an answer.
    pub(super) fn answer(&self) -> Response {
        ([(CONTENT_TYPE, self.content_type), (CACHE_CONTROL, "private, max-age=3600")], self.content).into_response()
    }
}
