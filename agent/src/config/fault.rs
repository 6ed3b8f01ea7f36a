//! Why a configuration is refused.

use std::fmt;

use serde::Serialize;

use super::Origin;

/// One thing that must be changed. It names the place and the rule, and never the value: that may be a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// A key, a variable, or a file.
    pub subject: String,
    /// Where it was set, if that is known.
    pub origin: Option<Origin>,
    /// What is wrong with it.
    pub says: String,
}

impl Refusal {
    pub(super) fn new(subject: impl Into<String>, origin: Option<Origin>, says: impl Into<String>) -> Self {
        Self { subject: subject.into(), origin, says: says.into() }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.origin {
            Some(origin) => write!(f, "{} ({origin}): {}", self.subject, self.says),
            None => write!(f, "{}: {}", self.subject, self.says),
        }
    }
}

/// All that must be changed before the configuration can be used; at least one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Refused(pub Vec<Refusal>);

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Self(vec![refusal])
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the configuration cannot be used:")?;
        for refusal in &self.0 {
            write!(f, "\n  {refusal}")?;
        }
        Ok(())
    }
}
