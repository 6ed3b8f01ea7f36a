//! What the headers of a submission must say.

use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

use crate::problem::Problem;
use crate::retries::MAX_IDEMPOTENCY_KEY_BYTES;

/// Checks that the body is JSON and not compressed. A body without a type is taken as JSON, as old clients send it.
///
/// # Errors
/// 415 with what to send instead.
pub fn check_content(headers: &HeaderMap) -> Result<(), Problem> {
    let text = |name: HeaderName| headers.get(name).map(|value: &HeaderValue| value.to_str().unwrap_or("?"));
    let media = text(header::CONTENT_TYPE).map(|value| value.split(';').next().unwrap_or_default().trim());
    if media.is_some_and(|media| !media.eq_ignore_ascii_case("application/json")) {
        return Err(unsupported("content-type", "The content type is not supported")
            .detail("Send the body as application/json."));
    }
    if text(header::CONTENT_ENCODING).is_some_and(|coding| !coding.eq_ignore_ascii_case("identity")) {
        return Err(unsupported("content-encoding", "The content encoding is not supported")
            .detail("Send the body without compression."));
    }
    Ok(())
}

fn unsupported(slug: &'static str, title: &'static str) -> Problem {
    Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, slug, title)
}

/// The client's own name for its result, if it sent one.
///
/// # Errors
/// 400 if it is empty or too long.
pub fn idempotency_key(headers: &HeaderMap) -> Result<Option<&[u8]>, Problem> {
    match headers.get("idempotency-key").map(HeaderValue::as_bytes) {
        Some(key) if key.is_empty() || key.len() > MAX_IDEMPOTENCY_KEY_BYTES => {
            Err(Problem::new(StatusCode::BAD_REQUEST, "bad-idempotency-key", "The Idempotency-Key cannot be used")
                .detail(format!("Idempotency-Key must have 1 to {MAX_IDEMPOTENCY_KEY_BYTES} bytes, or be left out.")))
        }
        key => Ok(key),
    }
}
