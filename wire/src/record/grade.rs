//! Letter grades as clients report them.

use serde::{Deserialize, Serialize};

/// A letter grade, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Grade {
    /// Better than A.
    #[serde(rename = "A+")]
    APlus,
    /// Good.
    A,
    /// Fair.
    B,
    /// Noticeable.
    C,
    /// Poor.
    D,
    /// Failed.
    F,
}

impl Grade {
    /// All grades, best first.
    pub const ALL: [Self; 6] = [Self::APlus, Self::A, Self::B, Self::C, Self::D, Self::F];

    /// The letter as clients, the lake and the API write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::APlus => "A+",
            Self::A => "A",
            Self::B => "B",
            Self::C => "C",
            Self::D => "D",
            Self::F => "F",
        }
    }

    /// The grade written as this letter, if there is one.
    #[must_use]
    pub fn parse(letter: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|grade| grade.as_str() == letter)
    }
}
