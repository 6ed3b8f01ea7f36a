//! Whether a form was sent by our own page: a foreign page must not sign anybody in or look anybody up.
//!
//! Browsers say it in `Sec-Fetch-Site` (to https and to localhost) and in `Origin`. Who says neither is refused.

use axum::http::{HeaderMap, HeaderName, header};

/// True if the browser says that the request comes from a page of this very origin.
pub(super) fn is_our_own(headers: &HeaderMap) -> bool {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text(HeaderName::from_static("sec-fetch-site")) {
        return site == "same-origin";
    }
    let origin = text(header::ORIGIN).and_then(|origin| origin.split_once("://"));
    origin.is_some_and(|(_, host)| text(header::HOST) == Some(host))
}

#[cfg(test)]
mod tests {
    //! Aim: only what a browser sends from our own page passes.

    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn foreign_forms_are_told_from_our_own() {
        let cases: &[(&[(&str, &str)], bool)] = &[
            (&[("sec-fetch-site", "same-origin")], true),
            (&[("sec-fetch-site", "same-origin"), ("origin", "null"), ("host", "a.example")], true),
            (&[("sec-fetch-site", "same-site")], false),
            (&[("sec-fetch-site", "cross-site"), ("origin", "https://a.example"), ("host", "a.example")], false),
            (&[("sec-fetch-site", "none")], false),
            (&[("origin", "https://a.example"), ("host", "a.example")], true),
            (&[("origin", "http://127.0.0.1:8081"), ("host", "127.0.0.1:8081")], true),
            (&[("origin", "http://127.0.0.1:8082"), ("host", "127.0.0.1:8081")], false),
            (&[("origin", "https://b.example"), ("host", "a.example")], false),
            (&[("origin", "https://a.example.evil"), ("host", "a.example")], false),
            (&[("origin", "null"), ("host", "null")], false),
            (&[("host", "a.example")], false),
            (&[], false),
        ];
        for (lines, expected) in cases {
            let headers = lines
                .iter()
                .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
                .collect::<HeaderMap>();
            assert_eq!(is_our_own(&headers), *expected, "{lines:?}");
        }
    }
}
