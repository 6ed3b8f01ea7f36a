//! What a release says it is: `latest.json`, `manifest.json` and `SHA256SUMS`.
//!
//! Members that this program does not know are passed over: a later release may say more.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Deserializer, de};

use crate::day::Day;

/// The one form of these documents that this program reads.
pub const FORMAT: u32 = 1;

/// `latest.json`: which release is the current one.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Latest {
    /// [`FORMAT`].
    pub format: u32,
    /// Its name.
    pub release: ReleaseId,
    /// Path of its manifest.
    pub manifest: String,
    /// Digest of its manifest.
    pub sha256: Sha256,
}

/// `index.json`, as far as it concerns one release.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Index {
    /// Every release, newest first.
    pub releases: Vec<Indexed>,
}

/// A release in the index.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Indexed {
    /// Its name.
    pub release: ReleaseId,
    /// Digest of its manifest.
    pub sha256: Sha256,
}

/// `manifest.json`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Manifest {
    /// [`FORMAT`].
    pub format: u32,
    /// The release's name.
    pub release: ReleaseId,
    /// Name of the dataset.
    pub dataset: String,
    /// The last closed day.
    pub last_day: Day,
    /// Version of the method.
    pub method: String,
    /// Windows of the rankings, in days.
    pub windows: Vec<u32>,
    /// The policy of the grades of single tests.
    pub policy: String,
    /// What it takes to be listed and ranked.
    pub evidence: Evidence,
    /// The licence.
    pub licence: String,
    /// Every other file.
    pub files: Vec<File>,
}

/// What it takes to be listed and ranked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct Evidence {
    /// Votes from which a network is listed.
    pub listed_votes: i64,
    /// Votes from which a network is ranked.
    pub ranked_votes: i64,
    /// Days with votes from which a network is ranked.
    pub ranked_days: i64,
    /// Votes from which a 95th percentile is told.
    pub p95_votes: i64,
}

/// A file of a release.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct File {
    /// Its path in the public directory.
    pub path: String,
    /// Its size.
    pub bytes: u64,
    /// Digest of its bytes.
    pub sha256: Sha256,
    /// The table of which it holds rows.
    pub table: Option<String>,
    /// Number of rows.
    pub rows: Option<u64>,
    /// How much of a table that grows it holds.
    pub span: Option<Span>,
    /// The month in which its rows lie.
    pub month: Option<String>,
    /// First day of the range that it covers.
    pub first_day: Option<Day>,
    /// Last day of that range.
    pub last_day: Option<Day>,
}

/// How much of a table a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Span {
    /// A month that is over.
    Month,
    /// A day of the running month.
    Day,
    /// What is told of the running month as a whole.
    RunningMonth,
}

impl File {
    /// True if it is Parquet.
    #[must_use]
    pub fn is_parquet(&self) -> bool {
        self.path.ends_with(".parquet")
    }

    /// The range of days that it covers, if it says so.
    #[must_use]
    pub fn days(&self) -> Option<[Day; 2]> {
        Some([self.first_day?, self.last_day?])
    }
}

impl Manifest {
    /// The Parquet files that hold rows of a table.
    pub fn files_of(&self, table: &str) -> impl Iterator<Item = &File> {
        self.files.iter().filter(move |file| file.is_parquet() && file.table.as_deref() == Some(table))
    }

    /// The folder of the release's own files.
    #[must_use]
    pub fn folder(&self) -> String {
        format!("releases/{}/", self.release)
    }
}

/// The name of a release: a day, and from the second edition on its number.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReleaseId(String);

impl ReleaseId {
    /// Reads `2026-11-22` or `2026-11-22.2`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (day, edition) = text.split_once('.').map_or((text, None), |(day, edition)| (day, Some(edition)));
        let is_edition = |text: &str| text.parse().is_ok_and(|number: u32| number > 1 && number.to_string() == text);
        (day.parse::<Day>().is_ok() && edition.is_none_or(is_edition)).then(|| Self(text.to_owned()))
    }
}

impl fmt::Display for ReleaseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for ReleaseId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| de::Error::custom(format!("{text:?} is no name of a release")))
    }
}

/// A digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sha256(pub [u8; 32]);

impl Sha256 {
    /// Reads 64 small hexadecimal digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).ok()?;
        (hex::encode(bytes) == text).then_some(Self(bytes))
    }
}

impl fmt::Display for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl<'de> Deserialize<'de> for Sha256 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| de::Error::custom(format!("{text:?} is no SHA-256")))
    }
}

/// Reads `SHA256SUMS`: paths in the public directory and digests. Gives the first line that is none.
///
/// # Errors
/// The line.
pub fn read_sums(text: &str, folder: &str) -> Result<BTreeMap<String, Sha256>, String> {
    let mut sums = BTreeMap::new();
    for line in text.lines() {
        let read = || {
            let (digest, path) = line.split_once("  ")?;
            // As seen from the release's own folder.
            let path = match path.strip_prefix("../../") {
                Some(shared) => shared.to_owned(),
                None => format!("{folder}{path}"),
            };
            Some((path, Sha256::parse(digest)?))
        };
        let (path, digest) = read().filter(|(path, _)| is_plain(path)).ok_or_else(|| line.to_owned())?;
        if sums.insert(path, digest).is_some() {
            return Err(line.to_owned());
        }
    }
    Ok(sums)
}

/// True for a path that stays where it begins, in letters that mean the same everywhere.
#[must_use]
pub fn is_plain(path: &str) -> bool {
    let is_name = |name: &str| {
        !name.is_empty()
            && !name.trim_matches('.').is_empty()
            && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.=".contains(c))
    };
    path.split('/').all(is_name)
}

#[cfg(test)]
mod tests {
    use super::*;

    // Aim: names have one spelling, and no path leads out of the public directory.
    #[test]
    fn names_and_paths_are_plain() {
        assert!(["2026-11-22", "2026-11-22.2", "2026-11-22.10"].iter().all(|text| ReleaseId::parse(text).is_some()));
        for bad in ["", "2026-11-22.1", "2026-11-22.02", "2026-11-31", "../2026-11-22", "2026-11-22."] {
            assert_eq!(ReleaseId::parse(bad), None, "{bad}");
        }
        assert!(is_plain("files/results/month=2026-11/0a.parquet"));
        for bad in ["", "/etc", "a/../b", "a//b", "a/./b", "a b", "a\\b", "c:x", "a/%2e"] {
            assert!(!is_plain(bad), "{bad}");
        }
    }

    // Aim: lines of SHA256SUMS are read from the release's folder, and a doubled or crooked one is named.
    #[test]
    fn sums_are_read() {
        let digest = "a".repeat(64);
        let text = format!("{digest}  manifest.json\n{digest}  ../../files/blocks/x.parquet\n");
        let sums = read_sums(&text, "releases/2026-11-22/").unwrap();
        let paths: Vec<&str> = sums.keys().map(String::as_str).collect();
        assert_eq!(paths, ["files/blocks/x.parquet", "releases/2026-11-22/manifest.json"]);
        assert!(read_sums(&format!("{text}{digest}  manifest.json\n"), "r/").is_err());
        assert!(read_sums(&format!("{digest}  ../../../x\n"), "r/").is_err());
        assert!(read_sums("abc  manifest.json\n", "r/").is_err());
    }
}
