//! The signature: who sent these bytes, decided before they are opened.

use axum::body::Bytes;
use axum::http::HeaderMap;
use jiff::Timestamp;
use wire::AgentId;
use wire::signature::{
    AGENT_HEADER, ContentDigest, DIGEST_HEADER, MAX_CLOCK_SKEW_S, SIGNATURE_HEADER, TIMESTAMP_HEADER,
};

use super::{Encoding, Refusal, Verified};
use crate::agents::{Directory, Standing};

/// The headers of a signed request, read but not yet believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedHeaders {
    /// Who claims to send.
    pub agent: AgentId,
    /// The sender's time in seconds since the Unix epoch.
    pub timestamp_unix_s: i64,
    /// The claimed digest of the body.
    pub digest: ContentDigest,
    /// How the body is compressed.
    pub encoding: Encoding,
    signature: String,
}

/// A body as it was sent, with what the signature covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedBody {
    pub(super) agent: AgentId,
    pub(super) encoding: Encoding,
    pub(super) digest: ContentDigest,
    pub(super) bytes: Bytes,
}

impl SignedHeaders {
    /// Reads the headers and checks what can be checked without the body: form, standing of the agent, clocks.
    /// So nobody can make the warehouse read a body without naming an agent that it knows.
    ///
    /// # Errors
    /// [`Refusal`] of the first header that is wrong.
    pub fn check(headers: &HeaderMap, directory: &Directory, now: Timestamp) -> Result<Self, Refusal> {
        let text = |name: &'static str| {
            let value = headers.get(name).ok_or(Refusal::MissingHeader(name))?;
            value.to_str().map_err(|_| Refusal::BadHeader { name, rule: "visible ASCII" })
        };
        let agent = AgentId::parse(text(AGENT_HEADER)?)
            .map_err(|_| Refusal::BadHeader { name: AGENT_HEADER, rule: "an agent id, [a-z][a-z0-9-]{2,31}" })?;
        let timestamp_unix_s: i64 = text(TIMESTAMP_HEADER)?
            .trim()
            .parse()
            .map_err(|_| Refusal::BadHeader { name: TIMESTAMP_HEADER, rule: "seconds since 1970-01-01T00:00Z" })?;
        let digest = ContentDigest::parse(text(DIGEST_HEADER)?)
            .ok_or(Refusal::BadHeader { name: DIGEST_HEADER, rule: "sha-256=:<base64>:" })?;
        let signature = text(SIGNATURE_HEADER)?.to_owned();
        match directory.standing(&agent) {
            Standing::Unknown => return Err(Refusal::UnknownAgent(agent)),
            Standing::Revoked => return Err(Refusal::RevokedAgent(agent)),
            Standing::Known(_) => {}
        }
        let off_by_s = timestamp_unix_s.saturating_sub(now.as_second());
        if off_by_s.unsigned_abs() > MAX_CLOCK_SKEW_S {
            return Err(Refusal::ClockSkew { off_by_s });
        }
        let encoding = Encoding::of(headers)?;
        Ok(Self { agent, timestamp_unix_s, digest, encoding, signature })
    }

    /// Checks digest and signature over the body. With two live keys both are tried, always.
    ///
    /// # Errors
    /// [`Refusal::DigestMismatch`] or [`Refusal::BadSignature`].
    pub fn verify(self, bytes: Bytes, directory: &Directory) -> Result<Verified<SignedBody>, Refusal> {
        let Standing::Known(secrets) = directory.standing(&self.agent) else {
            return Err(Refusal::BadSignature);
        };
        if ContentDigest::of(&bytes) != self.digest {
            return Err(Refusal::DigestMismatch);
        }
        let mut valid = false;
        for secret in &secrets {
            valid |= secret.verifies(&self.signature, &self.agent, self.timestamp_unix_s, &self.digest);
        }
        if !valid {
            return Err(Refusal::BadSignature);
        }
        Ok(Verified(SignedBody { agent: self.agent, encoding: self.encoding, digest: self.digest, bytes }))
    }
}
