//! Conditions of a request (RFC 9110, section 13): what the asker has already, and whether a part of it still fits.
//!
//! There are only entity tags: the time of a file differs from copy to copy, its bytes do not. So there is no
//! `Last-Modified`, and conditions by time are left aside, as the standard says of files without one.

use axum::http::{HeaderMap, HeaderName, header};

/// What the conditions say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Answer.
    Answer {
        /// Whether `Range` counts.
        ranged: bool,
    },
    /// The asker has it already.
    Known,
    /// The asker wants another state of it.
    Other,
}

/// Judges a request for a file with this strong entity tag, in the order of section 13.2.2.
pub(super) fn judge(headers: &HeaderMap, tag: &str) -> Verdict {
    if headers.contains_key(header::IF_MATCH) && !tags(headers, header::IF_MATCH).any(|one| one == "*" || one == tag) {
        return Verdict::Other;
    }
    // To ask for something new a weak tag will do.
    let mut known = tags(headers, header::IF_NONE_MATCH).map(|one| one.strip_prefix("W/").unwrap_or(one));
    if known.any(|one| one == "*" || one == tag) {
        return Verdict::Known;
    }
    let mut of = headers.get_all(header::IF_RANGE).iter();
    let ranged = match (of.next(), of.next()) {
        (None, _) => true,
        (Some(one), None) => one.as_bytes() == tag.as_bytes(),
        (Some(_), Some(_)) => false,
    };
    Verdict::Answer { ranged }
}

fn tags(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    const TAG: &str = "\"abc\"";
    const ALL: Verdict = Verdict::Answer { ranged: true };
    const WHOLE: Verdict = Verdict::Answer { ranged: false };

    /// Aim: each condition, alone and with others, is judged by the standard.
    #[test]
    fn conditions_are_judged() {
        const MATCH: HeaderName = header::IF_MATCH;
        const NONE: HeaderName = header::IF_NONE_MATCH;
        const RANGE: HeaderName = header::IF_RANGE;
        let cases: &[(&[(HeaderName, &str)], Verdict)] = &[
            (&[], ALL),
            (&[(MATCH, TAG)], ALL),
            (&[(MATCH, "\"x\", \"abc\"")], ALL),
            (&[(MATCH, "*")], ALL),
            (&[(MATCH, "\"x\"")], Verdict::Other),
            (&[(MATCH, "")], Verdict::Other),
            // A weak tag names no bytes.
            (&[(MATCH, "W/\"abc\"")], Verdict::Other),
            (&[(MATCH, "\"x\""), (NONE, TAG)], Verdict::Other),
            (&[(MATCH, TAG), (NONE, TAG)], Verdict::Known),
            (&[(NONE, TAG)], Verdict::Known),
            (&[(NONE, "W/\"abc\"")], Verdict::Known),
            (&[(NONE, "*")], Verdict::Known),
            (&[(NONE, "\"x\" , W/\"y\",\"abc\"")], Verdict::Known),
            (&[(NONE, "\"x\""), (NONE, TAG)], Verdict::Known),
            (&[(NONE, "\"x\"")], ALL),
            (&[(NONE, "abc")], ALL),
            (&[(RANGE, TAG)], ALL),
            (&[(RANGE, "W/\"abc\"")], WHOLE),
            (&[(RANGE, "\"x\"")], WHOLE),
            (&[(RANGE, "Wed, 25 Nov 2026 00:00:00 GMT")], WHOLE),
            (&[(RANGE, TAG), (RANGE, TAG)], WHOLE),
            (&[(header::IF_MODIFIED_SINCE, "Wed, 25 Nov 2026 00:00:00 GMT")], ALL),
            (&[(header::IF_UNMODIFIED_SINCE, "Thu, 01 Jan 1970 00:00:00 GMT")], ALL),
        ];
        for (fields, verdict) in cases {
            let mut headers = HeaderMap::new();
            for (name, value) in *fields {
                headers.append(name, HeaderValue::from_str(value).unwrap());
            }
            assert_eq!(judge(&headers, TAG), *verdict, "{fields:?}");
        }
    }
}
