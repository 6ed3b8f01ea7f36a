//! Answers that never change while the agent runs, for pages of any origin: with an ETag, so that a browser that has one
//! is told so in a few bytes.

use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{MethodRouter, get};
use wire::signature::ContentDigest;

use super::wrong_method;

/// One such answer.
#[derive(Debug, Clone)]
pub(super) struct Fixed {
    body: Bytes,
    content_type: &'static str,
    etag: HeaderValue,
    cache_control: HeaderValue,
}

impl Fixed {
    /// An answer that a browser may keep for `max_age_s` seconds without asking again.
    pub(super) fn new(body: impl Into<Bytes>, content_type: &'static str, max_age_s: u32) -> Self {
        let body = body.into();
        let value = |text: String| HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static("\"\""));
        let etag = value(format!("\"{}\"", ContentDigest::of(&body)));
        Self { body, content_type, etag, cache_control: value(format!("public, max-age={max_age_s}")) }
    }

    /// Its route: `GET` and `HEAD`.
    pub(super) fn route<S: Clone + Send + Sync + 'static>(self) -> MethodRouter<S> {
        get(async move |headers: HeaderMap| self.answer(&headers)).fallback(wrong_method)
    }

    fn answer(&self, asked: &HeaderMap) -> Response {
        let common = [
            (header::ETAG, self.etag.clone()),
            (header::CACHE_CONTROL, self.cache_control.clone()),
            // Anybody may read it, also pages that isolate themselves from other origins.
            (header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*")),
            (header::HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("cross-origin")),
            (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        ];
        if self.is_known(asked) {
            return (StatusCode::NOT_MODIFIED, common).into_response();
        }
        let content_type = (header::CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        (common, [content_type], self.body.clone()).into_response()
    }

    /// True if the browser has these bytes (RFC 9110, 13.1.2: the comparison is the weak one).
    fn is_known(&self, asked: &HeaderMap) -> bool {
        let etag = self.etag.to_str().unwrap_or_default();
        let lines = asked.get_all(header::IF_NONE_MATCH).iter().filter_map(|line| line.to_str().ok());
        let mut known = lines.flat_map(|line| line.split(',')).map(str::trim);
        known.any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == etag)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(fixed: &Fixed, known: Option<&str>) -> StatusCode {
        let mut asked = HeaderMap::new();
        asked.extend(known.map(|known| (header::IF_NONE_MATCH, HeaderValue::from_str(known).expect("a header"))));
        fixed.answer(&asked).status()
    }

    // Aim: a browser that has the bytes is told so, however it names them, and one that has others gets these.
    #[test]
    fn what_a_browser_has_is_not_sent_again() {
        let fixed = Fixed::new("one", "text/plain", 60);
        let etag = fixed.etag.to_str().expect("text").to_owned();
        for known in [etag.clone(), format!("W/{etag}"), format!("\"x\", {etag}"), "*".to_owned()] {
            assert_eq!(status(&fixed, Some(&known)), StatusCode::NOT_MODIFIED, "{known}");
        }
        let other = Fixed::new("two", "text/plain", 60);
        assert_ne!(other.etag, fixed.etag);
        for known in [None, Some("\"x\""), other.etag.to_str().ok(), Some(etag.trim_matches('"'))] {
            assert_eq!(status(&fixed, known), StatusCode::OK, "{known:?}");
        }
    }
}
