//! Why a body is no submission, and the problem document that says so.

use axum::http::StatusCode;

use super::MAX_BODY_BYTES;
use crate::problem::Problem;

/// Why a body is no submission.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SubmissionFault {
    /// Longer than [`MAX_BODY_BYTES`].
    #[error("the body has more than {MAX_BODY_BYTES} bytes")]
    TooLarge,
    /// Not JSON.
    #[error("the body is not JSON")]
    NotJson(#[source] serde_json::Error),
    /// A member that is needed is missing.
    #[error("`{field}` is missing: {expected}")]
    Missing {
        /// Path of the member.
        field: &'static str,
        /// What it should be.
        expected: &'static str,
    },
    /// A member has a wrong type or value.
    #[error("`{field}` must be {expected}")]
    Wrong {
        /// Path of the member.
        field: &'static str,
        /// What it should be.
        expected: &'static str,
    },
    /// A number outside its bounds.
    #[error("`{field}` must lie between 0 and {max}")]
    OutOfRange {
        /// Path of the member.
        field: &'static str,
        /// The largest value.
        max: f64,
    },
    /// A result that a test server of the old system forwards, with its customer's address.
    #[error("`{field}` marks a result that another server forwards, and this door takes results from browsers only")]
    Forwarded {
        /// The member that gave it away.
        field: &'static str,
    },
}

impl SubmissionFault {
    /// The member that was wrong, if it is one.
    #[must_use]
    pub fn field(&self) -> Option<&'static str> {
        match self {
            Self::TooLarge | Self::NotJson(_) => None,
            Self::Missing { field, .. }
            | Self::Wrong { field, .. }
            | Self::OutOfRange { field, .. }
            | Self::Forwarded { field } => Some(field),
        }
    }
}

impl From<SubmissionFault> for Problem {
    fn from(fault: SubmissionFault) -> Self {
        let problem = match &fault {
            SubmissionFault::TooLarge => {
                Self::new(StatusCode::PAYLOAD_TOO_LARGE, "body-too-large", "The body is too large")
                    .with("max_bytes", MAX_BODY_BYTES)
                    .detail(format!("A result has at most {MAX_BODY_BYTES} bytes. Send one result at a time."))
            }
            // The parser's message names a line, a column and what it expected, never what was sent.
            SubmissionFault::NotJson(source) => Self::new(StatusCode::BAD_REQUEST, "not-json", "The body is not JSON")
                .detail(format!(
                    "The body could not be read at line {}, column {}. Send one JSON object.",
                    source.line(),
                    source.column()
                )),
            SubmissionFault::Forwarded { .. } => Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "forwarded-result",
                "Forwarded results are not taken here",
            )
            .detail(format!(
                "{fault}. Nothing was kept. Install the Bufferlake agent beside the test server: it keeps addresses \
                 at home and uploads the rest."
            ))
            .with("see", "https://bufferlake.org/agent"),
            _ => Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid-result", "The result is not valid")
                .detail(format!("{fault}. Nothing was kept. Mend it and send it again.")),
        };
        match fault.field() {
            Some(field) => problem.with("field", field),
            None => problem,
        }
    }
}
