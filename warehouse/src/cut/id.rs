//! Names of cuts: `2026-11-22`, and `2026-11-22.2` for the first correction of that day.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::lake::paths::{BadName, TestDate};

/// Names a cut; later cuts are greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CutId {
    /// The last closed day.
    pub day: TestDate,
    /// 1 for the first cut of the day, 2 for its first correction.
    pub edition: u32,
}

impl fmt::Display for CutId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.edition {
            1 => write!(f, "{}", self.day),
            edition => write!(f, "{}.{edition}", self.day),
        }
    }
}

impl FromStr for CutId {
    type Err = BadName;

    fn from_str(text: &str) -> Result<Self, BadName> {
        let parse = || {
            // A date is ten characters; what follows is the edition.
            let (day, rest) = text.split_at_checked(10)?;
            let edition = if rest.is_empty() { 1 } else { rest.strip_prefix('.')?.parse().ok()? };
            Some(Self { day: day.parse().ok()?, edition })
        };
        parse().filter(|id| id.edition > 0 && id.to_string() == text).ok_or_else(|| BadName(text.to_owned()))
    }
}

impl TryFrom<String> for CutId {
    type Error = BadName;

    fn try_from(text: String) -> Result<Self, BadName> {
        text.parse()
    }
}

impl From<CutId> for String {
    fn from(id: CutId) -> Self {
        id.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Aim: a name has one spelling, and corrections sort after what they correct.
    #[test]
    fn names_have_one_spelling() {
        for text in ["2026-11-22", "2026-11-22.2", "2026-11-22.10"] {
            assert_eq!(text.parse::<CutId>().unwrap().to_string(), text);
        }
        for text in ["", "2026-11-22.1", "2026-11-22.02", "2026-11-22.0", "2026-11-2", "2026-11-22x", "../2026-11-22"] {
            assert!(text.parse::<CutId>().is_err(), "{text}");
        }
        let id = |text: &str| text.parse::<CutId>().unwrap();
        assert!(id("2026-11-22") < id("2026-11-22.2") && id("2026-11-22.2") < id("2026-11-22.10"));
        assert!(id("2026-11-22.10") < id("2026-11-23"));
    }
}
