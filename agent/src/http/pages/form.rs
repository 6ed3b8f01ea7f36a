//! Reading a form that our own page sent.

use std::borrow::Cow;

use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode, header};
use intake::server::read_body;

use super::Trouble;
use super::origin::is_our_own;

/// Longest form, in bytes: one short field.
const MAX_FORM_BYTES: usize = 4 << 10;

/// The fields of a form.
pub(super) struct Form {
    pub(super) headers: HeaderMap,
    bytes: Vec<u8>,
}

impl Form {
    /// Reads the form of a request, if it came from our own page.
    ///
    /// # Errors
    /// A page that says what was wrong.
    pub(super) async fn read(request: Request<Body>) -> Result<Self, Trouble> {
        let (parts, body) = request.into_parts();
        if !is_our_own(&parts.headers) {
            return Err(Trouble::new(
                StatusCode::FORBIDDEN,
                "This form was not sent by this page",
                "The browser did not say that the form came from the support desk's own page. Open the support desk anew \
                 and try again. Over plain http to another machine browsers do not say it at all: use https, or open the \
                 page on the agent's own machine.",
            ));
        }
        let media = parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if media.split(';').next().is_none_or(|media| media.trim() != "application/x-www-form-urlencoded") {
            return Err(Trouble::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "This is not a form",
                "Use the support desk's own page; programs use the API below /api/telemetry.",
            ));
        }
        match read_body(body, MAX_FORM_BYTES).await {
            Ok(bytes) => Ok(Self { headers: parts.headers, bytes: bytes.to_vec() }),
            Err(problem) => {
                Err(Trouble::new(problem.status(), "The form did not arrive whole", "Go back and send it again."))
            }
        }
    }

    /// The first field of this name; empty if there is none.
    pub(super) fn field(&self, name: &str) -> Cow<'_, str> {
        form_urlencoded::parse(&self.bytes).find(|(known, _)| known == name).map(|(_, value)| value).unwrap_or_default()
    }
}
