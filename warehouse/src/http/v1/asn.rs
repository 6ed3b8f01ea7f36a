//! Numbers of networks as people write them.

use axum::http::StatusCode;
use intake::problem::Problem;

/// `AS64500`, `as64500` and `64500` are one network.
pub(in crate::http) fn parse(text: &str) -> Option<u32> {
    let digits = text.strip_prefix("AS").or_else(|| text.strip_prefix("as")).unwrap_or(text);
    let is_number = !digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| digits.parse().ok()).flatten()
}

/// The answer to what is no number of a network.
pub(in crate::http) fn bad() -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "bad-asn", "That is no number of a network")
        .detail("Networks are asked for as AS64500, as64500 or 64500, from 1 to 4294967295.")
}

/// The spellings that [`parse`] takes, for programs.
pub(in crate::http) const PATTERN: &str = "^(AS|as)?([1-9][0-9]{0,8}|[1-3][0-9]{9}|4[01][0-9]{8}|42[0-8][0-9]{7}|429[0-3][0-9]{6}|\
    4294[0-8][0-9]{5}|42949[0-5][0-9]{4}|429496[0-6][0-9]{3}|4294967[01][0-9]{2}|42949672[0-8][0-9]|429496729[0-5])$";

#[cfg(test)]
mod tests {
    /// Aim: the three spellings are one network, and nothing else is one.
    #[test]
    fn spellings() {
        for text in ["AS64500", "as64500", "64500"] {
            assert_eq!(super::parse(text), Some(64_500), "{text}");
        }
        for text in
            ["", "AS", "As64500", "ASAS1", "+1", "-1", "AS064500", "0", "AS0", "4294967296", "64500 ", "1.2", "１"]
        {
            assert_eq!(super::parse(text), None, "{text}");
        }
    }
}
