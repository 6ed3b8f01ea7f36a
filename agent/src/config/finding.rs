//! What an operator should know about a configuration that can be read.

use std::fmt;

use serde::Serialize;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Grade {
    /// Good to know.
    Note,
    /// Likely not what is wanted.
    Warning,
    /// The agent would not start, or not do what it is configured to do.
    Broken,
}

/// One thing that an operator should know. It never holds a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How bad it is.
    pub grade: Grade,
    /// The key, or the place, that it is about.
    pub subject: String,
    /// What is found, and what to do.
    pub says: String,
}

impl Finding {
    pub(super) fn note(subject: impl Into<String>, says: impl Into<String>) -> Self {
        Self { grade: Grade::Note, subject: subject.into(), says: says.into() }
    }

    pub(super) fn warning(subject: impl Into<String>, says: impl Into<String>) -> Self {
        Self { grade: Grade::Warning, subject: subject.into(), says: says.into() }
    }

    pub(super) fn broken(subject: impl Into<String>, says: impl Into<String>) -> Self {
        Self { grade: Grade::Broken, subject: subject.into(), says: says.into() }
    }
}

impl Grade {
    /// One word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Broken => "broken",
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.grade.as_str(), self.subject, self.says)
    }
}
