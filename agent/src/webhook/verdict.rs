//! What every answer of the provider's own system means: the whole table in one place, as Standard Webhooks has it.
//!
//! | answer | verdict |
//! |---|---|
//! | 2xx | delivered |
//! | 410 | gone: nothing is sent for a while, then one delivery asks again |
//! | 408, 425, 429, 5xx, no answer in time, no connection | busy: the receiver as a whole is left in peace for a little |
//! | all else, redirects among them | refused: this delivery is sent again later, the others go on |
//!
//! No answer settles a delivery for good but 2xx: a receiver that refuses by mistake has a day to be mended.

/// What came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// An HTTP status, and the wait that was asked for in seconds.
    Status(u16, Option<u64>),
    /// Nothing.
    Silence(Silence),
}

/// Why nothing came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Silence {
    /// The time was over.
    #[error("no answer in time")]
    Late,
    /// Nobody listens, or the connection broke.
    #[error("no connection")]
    NoConnection,
    /// The name has no address.
    #[error("the receiver's name cannot be resolved")]
    NoName,
    /// Its name points to where plain http must not go.
    #[error("the receiver's name points to an address to which plain http is not allowed")]
    NotPermitted,
    /// TLS failed.
    #[error("no secure connection: the receiver's certificate is not valid, or its TLS is too old")]
    Insecure,
    /// A fault of this program.
    #[error("the delivery broke off here")]
    Broken,
}

/// What an answer means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The receiver has it.
    Delivered,
    /// This one again later.
    Refused,
    /// Everything again later, and one at a time until one works.
    Busy,
    /// The receiver wants no more.
    Gone,
}

impl Answer {
    /// What it means.
    #[must_use]
    pub fn verdict(self) -> Verdict {
        match self {
            Self::Status(200..=299, _) => Verdict::Delivered,
            Self::Status(410, _) => Verdict::Gone,
            Self::Status(408 | 425 | 429 | 500..=599, _) | Self::Silence(_) => Verdict::Busy,
            Self::Status(..) => Verdict::Refused,
        }
    }

    /// What is said of it where a human looks. It repeats nothing that the receiver sent.
    #[must_use]
    pub fn fault(self) -> String {
        match self {
            Self::Status(status @ 300..=399, _) => format!("status {status}: redirects are not followed"),
            Self::Status(status, _) => format!("status {status}"),
            Self::Silence(silence) => silence.to_string(),
        }
    }

    /// The wait that was asked for, in seconds.
    #[must_use]
    pub fn asked_s(self) -> Option<u64> {
        match self {
            Self::Status(_, asked_s) => asked_s,
            Self::Silence(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    //! Aim: every status has the verdict that the table gives it.

    use super::*;

    #[test]
    fn every_status_has_its_verdict() {
        for status in 100..=999 {
            let expected = match status {
                200..=299 => Verdict::Delivered,
                410 => Verdict::Gone,
                408 | 425 | 429 => Verdict::Busy,
                500..=599 => Verdict::Busy,
                _ => Verdict::Refused,
            };
            assert_eq!(Answer::Status(status, None).verdict(), expected, "status {status}");
        }
        assert_eq!(Answer::Silence(Silence::Late).verdict(), Verdict::Busy);
        assert_eq!(Answer::Status(302, None).fault(), "status 302: redirects are not followed");
        assert_eq!(Answer::Status(429, Some(7)).asked_s(), Some(7));
    }
}
