//! Every path in the lake, made and read in this one place.
//!
//! ```text
//! lake/CURRENT                                            id of the current manifest
//! lake/manifests/0000000042-0011aabbccdd.json             number and digest of the manifest's bytes
//! lake/results/test_date=2026-11-24/0000000007-0000000042-0011aabbccdd.parquet
//!                                                         first seal, last seal, digest of the file's bytes
//! lake/resume/0011aabbccdd.json                           where each network's blocks begin after retention
//! ```

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use jiff::Span;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use wire::Day;

use crate::digest::ShortDigest;

/// A name in the lake is not of the form that this warehouse writes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a name that the lake uses")]
pub struct BadName(pub String);

/// The lake's directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LakePaths {
    root: PathBuf,
}

impl LakePaths {
    /// The lake inside the warehouse's data directory.
    #[must_use]
    pub fn in_data_dir(data_dir: &Path) -> Self {
        Self { root: data_dir.join("lake") }
    }

    /// The lake's directory itself.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The file that names the current manifest.
    #[must_use]
    pub fn current(&self) -> PathBuf {
        self.root.join("CURRENT")
    }

    /// The directory of the manifests.
    #[must_use]
    pub fn manifests(&self) -> PathBuf {
        self.root.join("manifests")
    }

    /// A manifest.
    #[must_use]
    pub fn manifest(&self, id: ManifestId) -> PathBuf {
        self.manifests().join(format!("{id}.json"))
    }

    /// The directory of the results' days.
    #[must_use]
    pub fn results(&self) -> PathBuf {
        self.root.join("results")
    }

    /// A day's directory.
    #[must_use]
    pub fn day(&self, day: TestDate) -> PathBuf {
        self.results().join(format!("test_date={day}"))
    }

    /// A Parquet file.
    #[must_use]
    pub fn result(&self, file: &ResultPath) -> PathBuf {
        self.root.join(file.to_string())
    }

    /// The directory of the resume files.
    #[must_use]
    pub fn resumes(&self) -> PathBuf {
        self.root.join("resume")
    }

    /// A resume file.
    #[must_use]
    pub fn resume(&self, digest: ShortDigest) -> PathBuf {
        self.resumes().join(format!("{digest}.json"))
    }
}

/// A day that has a date (years 1970 to 9999), written as `YYYY-MM-DD`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TestDate(Date);

impl TestDate {
    /// The date of a day; `None` after the year 9999.
    #[must_use]
    pub fn of(day: Day) -> Option<Self> {
        let days = Span::new().try_days(i64::from(day.0)).ok()?;
        Date::new(1970, 1, 1).ok()?.checked_add(days).ok().map(Self)
    }

    /// The day since the Unix epoch.
    #[must_use]
    pub fn day(self) -> Day {
        let days =
            Date::new(1970, 1, 1).ok().and_then(|epoch| self.0.since(epoch).ok()).map_or(0, |span| span.get_days());
        Day(u32::try_from(days).unwrap_or(0))
    }

    /// The first day of the month.
    #[must_use]
    pub fn month(self) -> Self {
        Self(self.0.first_of_month())
    }

    /// The calendar date.
    #[must_use]
    pub fn date(self) -> Date {
        self.0
    }
}

impl From<Date> for TestDate {
    fn from(date: Date) -> Self {
        Self(date)
    }
}

impl fmt::Display for TestDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl FromStr for TestDate {
    type Err = BadName;

    fn from_str(text: &str) -> Result<Self, BadName> {
        let bad = || BadName(text.to_owned());
        let date = Self(text.parse().map_err(|_| bad())?);
        // Only the one spelling, and no day before the epoch.
        if date.to_string() == text && date.0.year() >= 1970 { Ok(date) } else { Err(bad()) }
    }
}

impl TryFrom<String> for TestDate {
    type Error = BadName;

    fn try_from(text: String) -> Result<Self, BadName> {
        text.parse()
    }
}

impl From<TestDate> for String {
    fn from(date: TestDate) -> Self {
        date.to_string()
    }
}

/// Names a manifest: its number, and the beginning of the digest of its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ManifestId {
    /// Rises by one with every manifest.
    pub number: u64,
    /// Beginning of the SHA-256 of the manifest's bytes.
    pub digest: ShortDigest,
}

impl ManifestId {
    /// The id in the name of a manifest's file.
    ///
    /// # Errors
    /// [`BadName`] if the name is no manifest's.
    pub fn of_file_name(name: &str) -> Result<Self, BadName> {
        name.strip_suffix(".json").ok_or_else(|| BadName(name.to_owned()))?.parse()
    }
}

impl fmt::Display for ManifestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:010}-{}", self.number, self.digest)
    }
}

impl FromStr for ManifestId {
    type Err = BadName;

    fn from_str(text: &str) -> Result<Self, BadName> {
        let parse = || {
            let (number, digest) = text.split_once('-')?;
            Some(Self { number: number.parse().ok()?, digest: digest.parse().ok()? })
        };
        parse().filter(|id| id.to_string() == text).ok_or_else(|| BadName(text.to_owned()))
    }
}

impl TryFrom<String> for ManifestId {
    type Error = BadName;

    fn try_from(text: String) -> Result<Self, BadName> {
        text.parse()
    }
}

impl From<ManifestId> for String {
    fn from(id: ManifestId) -> Self {
        id.to_string()
    }
}

/// Path of a Parquet file inside the lake's directory. It says which day and which seals the file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ResultPath {
    /// The UTC day of all its tests.
    pub test_date: TestDate,
    /// The oldest seal of which it holds rows.
    pub first_seal: u64,
    /// The newest seal of which it holds rows.
    pub last_seal: u64,
    /// Beginning of the SHA-256 of its bytes: a name stands for one content for ever.
    pub digest: ShortDigest,
}

impl fmt::Display for ResultPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { test_date, first_seal, last_seal, digest } = self;
        write!(f, "results/test_date={test_date}/{first_seal:010}-{last_seal:010}-{digest}.parquet")
    }
}

impl FromStr for ResultPath {
    type Err = BadName;

    fn from_str(text: &str) -> Result<Self, BadName> {
        let parse = || {
            let rest = text.strip_prefix("results/test_date=")?.strip_suffix(".parquet")?;
            let (date, name) = rest.split_once('/')?;
            let mut parts = name.splitn(3, '-');
            let path = Self {
                test_date: date.parse().ok()?,
                first_seal: parts.next()?.parse().ok()?,
                last_seal: parts.next()?.parse().ok()?,
                digest: parts.next()?.parse().ok()?,
            };
            Some(path)
        };
        parse().filter(|path| path.to_string() == text).ok_or_else(|| BadName(text.to_owned()))
    }
}

impl TryFrom<String> for ResultPath {
    type Error = BadName;

    fn try_from(text: String) -> Result<Self, BadName> {
        text.parse()
    }
}

impl From<ResultPath> for String {
    fn from(path: ResultPath) -> Self {
        path.to_string()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Aim: every name that can be made reads back as itself, and a changed spelling is refused.
        #[test]
        fn names_round_trip(day in 0_u32..2_932_896, a in any::<u64>(), b in any::<u64>(), digest in any::<[u8; 6]>()) {
            let test_date = TestDate::of(Day(day)).ok_or_else(|| TestCaseError::fail("a day before 10000 has a date"))?;
            let digest = ShortDigest(digest);
            let path = ResultPath { test_date, first_seal: a, last_seal: b, digest };
            let id = ManifestId { number: a, digest };

            prop_assert_eq!(test_date.day(), Day(day));
            prop_assert_eq!(path.to_string().parse(), Ok(path));
            prop_assert_eq!(id.to_string().parse(), Ok(id));
            prop_assert_eq!(ManifestId::of_file_name(&format!("{id}.json")), Ok(id));
            let upper = id.to_string().to_uppercase();
            prop_assert!(upper == id.to_string() || upper.parse::<ManifestId>().is_err());
            prop_assert!(["./", &path.to_string()].concat().parse::<ResultPath>().is_err());
            prop_assert!((path.to_string() + ".tmp").parse::<ResultPath>().is_err());
        }
    }

    /// Aim: days without a date make no path, instead of a wrong one.
    #[test]
    fn days_after_9999_have_no_date() {
        assert!(TestDate::of(Day(2_932_896)).is_some());
        assert!(TestDate::of(Day(2_932_897)).is_none());
        assert!(TestDate::of(Day(u32::MAX)).is_none());
    }
}
