//! How a batch is signed: HMAC-SHA256 over the digest of its compressed bytes, checked before they are opened.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::batch::AgentId;

/// Header that names the sender.
pub const AGENT_HEADER: &str = "bufferlake-agent";
/// Header with the sender's time, in seconds since the Unix epoch.
pub const TIMESTAMP_HEADER: &str = "bufferlake-timestamp";
/// Header with the digest of the body as sent (RFC 9530).
pub const DIGEST_HEADER: &str = "content-digest";
/// Header with the signature, `v1=<hex>`.
pub const SIGNATURE_HEADER: &str = "bufferlake-signature";
/// Where batches are posted; part of what is signed.
pub const BATCHES_PATH: &str = "/api/v1/batches";
/// How far the sender's clock may be from the receiver's, in seconds.
pub const MAX_CLOCK_SKEW_S: u64 = 300;

/// SHA-256 of a body as sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ContentDigest(pub [u8; 32]);

impl ContentDigest {
    /// The digest of these bytes.
    #[must_use]
    pub fn of(body: &[u8]) -> Self {
        Self(Sha256::digest(body).into())
    }

    /// Parses `sha-256=:<base64>:`.
    #[must_use]
    pub fn parse(header: &str) -> Option<Self> {
        let encoded = header.trim().strip_prefix("sha-256=:")?.strip_suffix(':')?;
        BASE64.decode(encoded).ok()?.try_into().ok().map(Self)
    }
}

impl fmt::Display for ContentDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha-256=:{}:", BASE64.encode(self.0))
    }
}

/// An agent's secret key: 32 random bytes, written as 64 hexadecimal digits. `Debug` does not show it.
#[derive(Clone)]
pub struct Secret([u8; 32]);

impl Secret {
    /// Makes a secret of 32 random bytes.
    #[must_use]
    pub fn from_random_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Parses 64 hexadecimal digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        decode_hex(text.trim()).map(Self)
    }

    /// The 64 hexadecimal digits, to be shown once or written to a file of mode 0600.
    #[must_use]
    pub fn reveal(&self) -> String {
        encode_hex(&self.0)
    }

    /// Signs a batch: the value of [`SIGNATURE_HEADER`].
    #[must_use]
    pub fn sign(&self, agent: &AgentId, timestamp_unix_s: i64, digest: &ContentDigest) -> String {
        format!("v1={}", encode_hex(&self.mac(agent, timestamp_unix_s, digest)))
    }

    /// True if `header` is this secret's signature; takes the same time wherever they differ.
    #[must_use]
    pub fn verifies(&self, header: &str, agent: &AgentId, timestamp_unix_s: i64, digest: &ContentDigest) -> bool {
        let Some(sent) = header.trim().strip_prefix("v1=").and_then(decode_hex) else { return false };
        self.mac(agent, timestamp_unix_s, digest).ct_eq(&sent).into()
    }

    fn mac(&self, agent: &AgentId, timestamp_unix_s: i64, digest: &ContentDigest) -> [u8; 32] {
        #[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes a key of any length");
        mac.update(format!("v1\nPOST\n{BATCHES_PATH}\n{agent}\n{timestamp_unix_s}\n{digest}").as_bytes());
        mac.finalize().into_bytes().into()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(hidden)")
    }
}

fn encode_hex(bytes: &[u8; 32]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn decode_hex(text: &str) -> Option<[u8; 32]> {
    let digits = text.as_bytes();
    if digits.len() != 64 || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(digits.as_chunks::<2>().0) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(bytes)
}
