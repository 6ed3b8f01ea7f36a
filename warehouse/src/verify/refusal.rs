//! Why a batch is not taken, each with its status and its problem type.

use axum::http::StatusCode;
use wire::{AgentId, BatchFault, MAX_BATCH_JSON_BYTES, SCHEMA};

/// A batch that is not taken. The agent's verdict on each is in docs/protocol.md.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// A header of the signature is missing.
    #[error("header {0} is missing")]
    MissingHeader(&'static str),
    /// A header of the signature cannot be read.
    #[error("header {name} must be {rule}")]
    BadHeader {
        /// Which.
        name: &'static str,
        /// What it must be.
        rule: &'static str,
    },
    /// Nobody registered the agent.
    #[error("agent {0} is not registered at this warehouse")]
    UnknownAgent(AgentId),
    /// The agent was revoked.
    #[error("agent {0} was revoked by the warehouse's operator")]
    RevokedAgent(AgentId),
    /// The sender's clock is off.
    #[error("the timestamp is {off_by_s} s from the warehouse's clock; at most {most} s are allowed, see the Date header", most = wire::signature::MAX_CLOCK_SKEW_S)]
    ClockSkew {
        /// Sender's time minus the warehouse's, in seconds.
        off_by_s: i64,
    },
    /// The body is not the one that was signed.
    #[error("the body's SHA-256 is not the one in Content-Digest")]
    DigestMismatch,
    /// No live key of the agent made the signature.
    #[error("no live key of the agent made this signature")]
    BadSignature,
    /// The body is too long as sent.
    #[error("the body has more than {0} bytes")]
    BodyTooLarge(usize),
    /// The body is too long once decompressed.
    #[error("the body has more than {MAX_BATCH_JSON_BYTES} bytes once decompressed")]
    InflatedTooLarge,
    /// Another content type than JSON.
    #[error("Content-Type must be application/json")]
    ContentType,
    /// An encoding that is not spoken here.
    #[error("Content-Encoding must be zstd, gzip or identity")]
    ContentEncoding,
    /// The body is no whole zstd or gzip stream.
    #[error("the body is no whole {0} stream")]
    BadCompression(&'static str),
    /// The body is no batch.
    #[error("{}", batch_fault(.0))]
    NotABatch(#[source] BatchFault),
    /// Header and body name different agents.
    #[error("the body names agent {body}, the signature agent {header}")]
    AgentMismatch {
        /// Who signed.
        header: AgentId,
        /// Who is named inside.
        body: AgentId,
    },
}

impl Refusal {
    /// The status of the answer.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            Self::MissingHeader(_) | Self::UnknownAgent(_) | Self::ClockSkew { .. } | Self::BadSignature => {
                StatusCode::UNAUTHORIZED
            }
            Self::BadHeader { .. } | Self::DigestMismatch | Self::BadCompression(_) => StatusCode::BAD_REQUEST,
            Self::RevokedAgent(_) => StatusCode::FORBIDDEN,
            Self::BodyTooLarge(_) | Self::InflatedTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::ContentType | Self::ContentEncoding => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::NotABatch(fault) if self.is_syntax(fault) => StatusCode::BAD_REQUEST,
            Self::NotABatch(_) | Self::AgentMismatch { .. } => StatusCode::UNPROCESSABLE_ENTITY,
        }
    }

    /// The problem type's last segment.
    #[must_use]
    pub fn slug(&self) -> &'static str {
        match self {
            Self::MissingHeader(_) => "missing-header",
            Self::BadHeader { .. } => "bad-header",
            Self::UnknownAgent(_) => "unknown-agent",
            Self::RevokedAgent(_) => "revoked-agent",
            Self::ClockSkew { .. } => "clock-skew",
            Self::DigestMismatch => "digest-mismatch",
            Self::BadSignature => "bad-signature",
            Self::BodyTooLarge(_) | Self::InflatedTooLarge => "body-too-large",
            Self::ContentType => "content-type",
            Self::ContentEncoding => "content-encoding",
            Self::BadCompression(_) => "bad-compression",
            Self::NotABatch(BatchFault::UnknownSchema(_)) => "unknown-schema",
            Self::NotABatch(fault) if self.is_syntax(fault) => "bad-json",
            Self::NotABatch(_) => "bad-batch",
            Self::AgentMismatch { .. } => "agent-mismatch",
        }
    }

    /// The problem's title: the same for every occurrence.
    #[must_use]
    pub fn title(&self) -> &'static str {
        match self.slug() {
            "missing-header" | "bad-header" => "A header of the signature is missing or cannot be read",
            "unknown-agent" => "The agent is not registered",
            "revoked-agent" => "The agent was revoked",
            "clock-skew" => "The agent's clock is off",
            "digest-mismatch" => "The body is not the one that was signed",
            "bad-signature" => "The signature is not valid",
            "body-too-large" => "The body is too large",
            "content-type" => "The content type is not supported",
            "content-encoding" => "The content encoding is not supported",
            "bad-compression" => "The body cannot be decompressed",
            "unknown-schema" => "The schema is not known here",
            "bad-json" => "The body is not JSON",
            "agent-mismatch" => "The body names another agent",
            _ => "The body is not a batch",
        }
    }

    /// What whoever sent the batch can do.
    #[must_use]
    pub fn advice(&self) -> &'static str {
        match self.slug() {
            "missing-header" | "bad-header" => "docs/protocol.md has the four headers of a signed batch.",
            "unknown-agent" => "Ask the warehouse's operator to register it.",
            "revoked-agent" => "Ask the operator why.",
            "clock-skew" => "Set the clock, or add the difference, and sign again.",
            "digest-mismatch" => "Sign the bytes that are sent, after compression.",
            "bad-signature" => "Check the agent's secret, and the lines that are signed.",
            "body-too-large" => "Seal fewer records in a batch.",
            "content-type" | "content-encoding" => "Send the batch so.",
            "bad-compression" => "Compress the whole body at once.",
            "unknown-schema" => "Hold the batch until the warehouse is updated.",
            "bad-json" => "Send one JSON object.",
            "agent-mismatch" => "Sign as the agent that sealed the batch.",
            _ => "Set the batch aside, and send its number empty.",
        }
    }

    fn is_syntax(&self, fault: &BatchFault) -> bool {
        matches!(fault, BatchFault::Envelope(json) if json.is_syntax() || json.is_eof())
    }
}

/// Says what was wrong with the body.
fn batch_fault(fault: &BatchFault) -> String {
    match fault {
        BatchFault::Envelope(json) => format!("the body is not a batch of schema {SCHEMA}: {}", without_values(json)),
        other => other.to_string(),
    }
}

/// The parser's text names fields and positions, so that the body can be mended; what it repeats of the body is left out,
/// since that may be anything.
fn without_values(fault: &serde_json::Error) -> String {
    let text = fault.to_string();
    match text.rsplit_once(", expected ") {
        Some((found, expected)) => {
            let kind = found.split([':', '`', '"']).next().unwrap_or_default().trim_end();
            format!("{kind}, expected {expected}")
        }
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Aim: the sender learns where and what was expected, and reads nothing of what was sent.
    #[test]
    fn what_was_sent_is_not_repeated() {
        let said = |body: &str| batch_fault(&wire::Batch::from_json(body.as_bytes()).expect_err("no batch"));
        let batch =
            |member: &str| format!(r#"{{"schema":1,"agent":"isp-one","epoch":7,"seq":1,"dropped":{{}},{member}}}"#);
        for (body, expected) in [
            (batch(r#""192.0.2.1":1"#), "unknown field, expected one of `schema`"),
            (batch(r#""records":"a, expected 192.0.2.1""#), "invalid type, expected a sequence at line 1 column"),
            (r#"{"schema":"192.0.2.1"}"#.to_owned(), "invalid type, expected u32 at line 1 column 21"),
            (batch(r#""seq":1"#), "duplicate field `seq`"),
        ] {
            let text = said(&body);
            assert!(text.contains(expected) && !text.contains("192.0.2.1"), "{text:?} does not say {expected:?}");
        }
    }
}
