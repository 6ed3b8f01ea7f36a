//! What the agent's own requests have in common, to the warehouse and to the provider's own system: they go where the
//! configuration says and nowhere else, and heed how long the other side asks to wait.

use reqwest::header::{DATE, HeaderMap, HeaderName, RETRY_AFTER};

use crate::config::{LOCALHOST, LOCALHOST_ADDRESSES};

/// What the agent calls itself.
pub const USER_AGENT: &str = concat!("bufferlake-agent/", env!("CARGO_PKG_VERSION"));

/// Begins a client: TLS by rustls, no redirects, no proxy of the environment. The caller adds its time-outs.
pub fn client() -> reqwest::ClientBuilder {
    // The second client of a process finds the provider installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .resolve_to_addrs(LOCALHOST, &LOCALHOST_ADDRESSES)
        .user_agent(USER_AGENT)
}

/// `Date` of an answer, in Unix seconds.
#[must_use]
pub fn date_s(headers: &HeaderMap) -> Option<i64> {
    parse_date_s(text(headers, DATE)?)
}

/// `Retry-After` of an answer, in seconds; it may be a date, which is held against the answer's own, or against `now_s`.
#[must_use]
pub fn retry_after_s(headers: &HeaderMap, now_s: i64) -> Option<u64> {
    let text = text(headers, RETRY_AFTER)?.trim();
    let wait_s = |until_s: i64| u64::try_from(until_s.saturating_sub(date_s(headers).unwrap_or(now_s))).unwrap_or(0);
    text.parse().ok().or_else(|| parse_date_s(text).map(wait_s))
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

/// An HTTP date in Unix seconds.
fn parse_date_s(text: &str) -> Option<i64> {
    let parser = jiff::fmt::rfc2822::DateTimeParser::new();
    parser.parse_timestamp(text).ok().map(|moment| moment.as_second())
}

#[cfg(test)]
mod tests {
    //! Aim: the `Date` that servers send can be learnt from, and both forms of `Retry-After` are understood.

    use super::*;

    fn headers(date: Option<&str>, retry_after: &str) -> HeaderMap {
        let date = date.map(|text| (DATE, text.parse().expect("a value")));
        date.into_iter().chain([(RETRY_AFTER, retry_after.parse().expect("a value"))]).collect()
    }

    #[test]
    fn http_dates_are_read() {
        let minute = "Thu, 01 Jan 1970 00:01:00 GMT";
        assert_eq!(date_s(&headers(Some(minute), "")), Some(60));
        assert_eq!(date_s(&headers(Some("yesterday"), "")), None);
        for (date, text, now_s, wait_s) in [
            (None, "7", 0, Some(7)),
            (None, minute, 50, Some(10)),
            (None, minute, 90, Some(0)),
            (Some("Thu, 01 Jan 1970 00:00:20 GMT"), minute, 90, Some(40)),
            (None, "soon", 0, None),
        ] {
            assert_eq!(retry_after_s(&headers(date, text), now_s), wait_s, "{text} at {now_s}");
        }
        assert_eq!(retry_after_s(&HeaderMap::new(), 0), None);
    }
}
