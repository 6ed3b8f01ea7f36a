//! Where a value was set.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::Value;

/// Where a value was set; the later ones are stronger.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Origin {
    /// Nowhere: it is the default.
    Default,
    /// The old program's file.
    LegacyFile {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// The old name of the key.
        name: &'static str,
    },
    /// `agent.toml`.
    File {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
    },
    /// A variable of the old program.
    LegacyVariable {
        /// Its name.
        name: &'static str,
    },
    /// A variable of ours.
    Variable {
        /// Its name.
        name: String,
    },
}

impl Origin {
    /// How strong it is: a value is overridden by one of a higher rank.
    pub(super) fn rank(&self) -> u8 {
        match self {
            Self::Default => 0,
            Self::LegacyFile { .. } => 1,
            Self::File { .. } => 2,
            Self::LegacyVariable { .. } => 3,
            Self::Variable { .. } => 4,
        }
    }

    /// True for what was set for the old program.
    pub(super) fn is_legacy(&self) -> bool {
        matches!(self, Self::LegacyFile { .. } | Self::LegacyVariable { .. })
    }

    /// The file in which it stands.
    pub(super) fn file(&self) -> Option<&Path> {
        match self {
            Self::LegacyFile { path, .. } | Self::File { path, .. } => Some(path),
            _ => None,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::LegacyFile { path, line, name } => write!(f, "{}, line {line}, {name}", path.display()),
            Self::File { path, line } => write!(f, "{}, line {line}", path.display()),
            Self::LegacyVariable { name } => write!(f, "variable {name}"),
            Self::Variable { name } => write!(f, "variable {name}"),
        }
    }
}

/// One value as a source gives it. `Value::Null` takes the value of weaker sources away. Not `Debug`: it may be a
/// secret.
#[derive(Clone)]
pub(super) struct Setting {
    /// The key, with dots between sections.
    pub(super) key: String,
    pub(super) value: Value,
    pub(super) origin: Origin,
}

/// One value in force and where it was set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EffectiveValue {
    /// The key, with dots between sections.
    pub key: String,
    /// The value; null if there is none, and never a secret.
    pub value: Value,
    /// Where it was set.
    pub origin: Origin,
}
