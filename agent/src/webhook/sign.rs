//! How a delivery is signed: as the old system did, over the body alone, and by Standard Webhooks, over its id, the time
//! of the attempt and the body.

use std::fmt;

use base64::Engine as _;
use base64::alphabet::STANDARD as ALPHABET;
use base64::engine::general_purpose::STANDARD as BASE64;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The old system's signature: `sha256=` and the digest in hexadecimal digits.
pub const LEGACY_HEADER: &str = "x-libreqos-signature";
/// Standard Webhooks: the delivery's id, the same at every attempt.
pub const ID_HEADER: &str = "webhook-id";
/// Standard Webhooks: the time of this attempt, in Unix seconds.
pub const TIMESTAMP_HEADER: &str = "webhook-timestamp";
/// Standard Webhooks: `v1,` and the digest in base64.
pub const SIGNATURE_HEADER: &str = "webhook-signature";

/// What a secret of Standard Webhooks begins with; the key follows in base64.
const SECRET_PREFIX: &str = "whsec_";

/// With or without padding, as the library of Standard Webhooks reads it.
const SECRET_BASE64: GeneralPurpose = GeneralPurpose::new(
    &ALPHABET,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The secret begins as one of Standard Webhooks and does not go on as one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the webhook's secret begins with {SECRET_PREFIX}, and what follows is not base64 of a key")]
pub struct BadSecret;

/// The keys of both signatures, made of the one secret. `Debug` does not show them.
#[derive(Clone, PartialEq, Eq)]
pub struct Keys {
    /// The bytes of the secret's text.
    legacy: Vec<u8>,
    /// What follows `whsec_`, decoded; without that, the bytes of the text, too.
    standard: Vec<u8>,
}

impl Keys {
    /// The keys of a secret; none if it is empty: then deliveries are not signed.
    ///
    /// # Errors
    /// [`BadSecret`] if the receiver could not make the same key of it.
    pub fn of(secret: &str) -> Result<Option<Self>, BadSecret> {
        let text = secret.trim();
        if text.is_empty() {
            return Ok(None);
        }
        let standard = match text.strip_prefix(SECRET_PREFIX) {
            Some(encoded) => SECRET_BASE64.decode(encoded).ok().filter(|key| !key.is_empty()).ok_or(BadSecret)?,
            None => text.as_bytes().to_vec(),
        };
        Ok(Some(Self { legacy: text.as_bytes().to_vec(), standard }))
    }

    /// The value of [`LEGACY_HEADER`].
    #[must_use]
    pub fn legacy(&self, body: &[u8]) -> String {
        let digits = hmac(&self.legacy, &[body]).into_iter().map(|byte| format!("{byte:02x}"));
        format!("sha256={}", digits.collect::<String>())
    }

    /// The value of [`SIGNATURE_HEADER`].
    #[must_use]
    pub fn standard(&self, message_id: &str, timestamp_s: i64, body: &[u8]) -> String {
        let signed = hmac(&self.standard, &[message_id.as_bytes(), format!(".{timestamp_s}.").as_bytes(), body]);
        format!("v1,{}", BASE64.encode(signed))
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys(hidden)")
    }
}

fn hmac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    #[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    //! Aim: both signatures are what independent programs make of the same bytes, and a secret that a receiver would read
    //! otherwise is refused. That the official library agrees is tested on real deliveries.

    use super::*;

    fn keys(secret: &str) -> Keys {
        Keys::of(secret).expect("a good secret").expect("a secret")
    }

    #[test]
    fn signatures_are_those_of_other_programs() {
        // `printf '{"a":1}' | openssl dgst -sha256 -hmac your-webhook-secret-key`
        assert_eq!(keys(" your-webhook-secret-key\n").legacy(br#"{"a":1}"#), LEGACY);
        // The example of the specification's own library for JavaScript.
        let standard = keys("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let signature = standard.standard("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, br#"{"test": 2432232314}"#);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        assert_eq!(keys("whsec_MTIz"), Keys { legacy: b"whsec_MTIz".to_vec(), standard: b"123".to_vec() });
    }

    const LEGACY: &str = "sha256=399163542fad5685fee1d649eacbbd143e316970dea20d601ff151bd4e9954d2";

    #[test]
    fn a_secret_is_read_as_receivers_read_it() {
        assert_eq!(Keys::of(" \n"), Ok(None));
        assert_eq!(keys("whsec_MTIzNA"), Keys { legacy: b"whsec_MTIzNA".to_vec(), standard: b"1234".to_vec() });
        assert_eq!(keys("whsec_MTIzNA==").standard, b"1234");
        for bad in ["whsec_", "whsec_?", "whsec_a key"] {
            assert_eq!(Keys::of(bad), Err(BadSecret), "{bad}");
        }
        assert!(!format!("{:?}", keys("a key")).contains("a key"));
    }
}
