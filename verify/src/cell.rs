//! A value of a table, whatever its column: what is compared, and what is said of it.

use std::borrow::Cow;
use std::fmt;

/// A value. Their order is that of a sorted file: numbers and texts ascending, null last.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cell<'a> {
    /// A number, a day (from 1970) or a truth (0 or 1).
    Int(i64),
    /// A text.
    Text(Cow<'a, str>),
    /// Nothing.
    Null,
}

impl Cell<'_> {
    /// The same value, on its own.
    #[must_use]
    pub fn into_owned(self) -> Cell<'static> {
        match self {
            Self::Int(number) => Cell::Int(number),
            Self::Text(text) => Cell::Text(Cow::Owned(text.into_owned())),
            Self::Null => Cell::Null,
        }
    }
}

impl From<i64> for Cell<'_> {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<crate::day::Day> for Cell<'_> {
    fn from(day: crate::day::Day) -> Self {
        Self::Int(day.0.into())
    }
}

impl From<u32> for Cell<'_> {
    fn from(number: u32) -> Self {
        Self::Int(number.into())
    }
}

impl<'a> From<&'a str> for Cell<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl From<String> for Cell<'_> {
    fn from(text: String) -> Self {
        Self::Text(Cow::Owned(text))
    }
}

impl<T: Into<Self>> From<Option<T>> for Cell<'_> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl fmt::Display for Cell<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Int(number) => number.fmt(f),
            Self::Text(text) => write!(f, "`{text}`"),
            Self::Null => f.write_str("null"),
        }
    }
}
