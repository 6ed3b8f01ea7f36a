//! The operator's lists, which go into the public cut with what was made of them: kinds of networks, the organisations to
//! which they belong, and the standard times of countries. CSV with a line of names, read when the program starts.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use wire::{Asn, Country};

use crate::catalog;

/// Most lines of a list.
const MOST_LINES: usize = 1_000_000;

/// Longest name of an organisation, in characters.
const MOST_NAME_CHARS: usize = 200;

/// Longest name of a kind, in bytes.
const MOST_KIND_BYTES: usize = 32;

/// Offsets that there are on Earth, in minutes.
const OFFSETS_MINUTES: std::ops::RangeInclusive<i16> = -720..=840;

/// Where the lists lie; each is optional.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct InputsConfig {
    /// `asn,kind`: `hosting` networks are listed apart; other kinds (`access`, `mobile`, …) are shown.
    pub asn_kinds: Option<PathBuf>,
    /// `asn,organisation`: sibling networks have the same organisation.
    pub asn_organisations: Option<PathBuf>,
    /// `country,offset_minutes`: lines that hold instead of those that come with the program.
    pub country_offsets: Option<PathBuf>,
}

/// What the lists say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inputs {
    /// Kinds of networks.
    pub kinds: BTreeMap<Asn, String>,
    /// Organisations to which networks belong.
    pub organisations: BTreeMap<Asn, String>,
    /// Standard UTC offsets of countries, in minutes.
    pub offsets: BTreeMap<Country, i16>,
}

/// A list that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InputsFault {
    /// The file system refused.
    #[error("cannot read {}", path.display())]
    File {
        /// The list.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// Not such a CSV.
    #[error("{} is not a CSV of {expected}", path.display())]
    Csv {
        /// The list.
        path: PathBuf,
        /// Its columns.
        expected: &'static str,
        /// What is wrong.
        #[source]
        source: csv::Error,
    },
    /// A value is out of bounds.
    #[error("{}, line {line}: {rule}", path.display())]
    Line {
        /// The list.
        path: PathBuf,
        /// Its line, from 1 for the names.
        line: usize,
        /// What holds for it.
        rule: &'static str,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KindLine {
    asn: Asn,
    kind: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OrganisationLine {
    asn: Asn,
    organisation: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OffsetLine {
    country: Country,
    offset_minutes: i16,
}

impl Inputs {
    /// What comes with the program: the offsets.
    ///
    /// # Errors
    /// Never: a test reads the list.
    pub fn built_in() -> Result<Self, InputsFault> {
        let mut inputs = Self::default();
        inputs.add_offsets(Path::new("country_offsets.csv"), catalog::COUNTRY_OFFSETS_CSV.as_bytes())?;
        Ok(inputs)
    }

    /// What comes with the program and what the operator says.
    ///
    /// # Errors
    /// [`InputsFault`] for the first list that cannot be used.
    pub fn load(config: &InputsConfig) -> Result<Self, InputsFault> {
        let mut inputs = Self::built_in()?;
        if let Some(path) = &config.asn_kinds {
            let lines: Vec<KindLine> = lines(path, "asn,kind", open(path)?)?;
            for (at, line) in lines.into_iter().enumerate() {
                let plain = |kind: &str| kind.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
                if line.kind.is_empty() || line.kind.len() > MOST_KIND_BYTES || !plain(&line.kind) {
                    return Err(bad_line(
                        path,
                        at,
                        "a kind is at most 32 small letters and underscores, as in hosting",
                    ));
                }
                inputs.kinds.insert(line.asn, line.kind);
            }
        }
        if let Some(path) = &config.asn_organisations {
            let lines: Vec<OrganisationLine> = lines(path, "asn,organisation", open(path)?)?;
            for (at, line) in lines.into_iter().enumerate() {
                let name = line.organisation.trim();
                if name.is_empty() || name.chars().count() > MOST_NAME_CHARS || name.chars().any(char::is_control) {
                    return Err(bad_line(path, at, "an organisation is a name of at most 200 characters"));
                }
                inputs.organisations.insert(line.asn, name.to_owned());
            }
        }
        if let Some(path) = &config.country_offsets {
            inputs.add_offsets(path, open(path)?)?;
        }
        Ok(inputs)
    }

    fn add_offsets(&mut self, path: &Path, from: impl Read) -> Result<(), InputsFault> {
        let lines: Vec<OffsetLine> = lines(path, "country,offset_minutes", from)?;
        for (at, line) in lines.into_iter().enumerate() {
            if !OFFSETS_MINUTES.contains(&line.offset_minutes) {
                return Err(bad_line(path, at, "an offset is -720 to 840 minutes"));
            }
            self.offsets.insert(line.country, line.offset_minutes);
        }
        Ok(())
    }
}

fn open(path: &Path) -> Result<File, InputsFault> {
    File::open(path).map_err(|source| InputsFault::File { path: path.to_owned(), source })
}

fn lines<T: DeserializeOwned>(path: &Path, expected: &'static str, from: impl Read) -> Result<Vec<T>, InputsFault> {
    let fault = |source| InputsFault::Csv { path: path.to_owned(), expected, source };
    let mut lines = Vec::new();
    for line in csv::Reader::from_reader(from).into_deserialize() {
        if lines.len() >= MOST_LINES {
            return Err(bad_line(path, MOST_LINES, "a list has at most 1,000,000 lines"));
        }
        lines.push(line.map_err(fault)?);
    }
    Ok(lines)
}

fn bad_line(path: &Path, at: usize, rule: &'static str) -> InputsFault {
    InputsFault::Line { path: path.to_owned(), line: at + 2, rule }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// Aim: the list that comes with the program is read, and the operator's lines hold instead of its own.
    #[test]
    fn lists_are_read() {
        let germany = Country::parse("DE").unwrap();
        let built_in = Inputs::built_in().unwrap();
        assert!(built_in.offsets.len() > 240 && built_in.offsets[&germany] == 60);
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = dir.path().join(name);
            fs::write(&path, text).unwrap();
            Some(path)
        };
        let config = InputsConfig {
            asn_kinds: write("kinds.csv", "asn,kind\n64500,hosting\n"),
            asn_organisations: write("organisations.csv", "asn,organisation\n64500,\"Example, Inc.\"\n"),
            country_offsets: write("offsets.csv", "country,offset_minutes\nDE,0\n"),
        };
        let inputs = Inputs::load(&config).unwrap();
        let asn = Asn::new(64_500).unwrap();
        assert_eq!((inputs.kinds[&asn].as_str(), inputs.organisations[&asn].as_str()), ("hosting", "Example, Inc."));
        assert_eq!((inputs.offsets[&germany], inputs.offsets.len()), (0, built_in.offsets.len()));
    }

    /// Aim: a list that says something else is refused with its line, never read in part.
    #[test]
    fn bad_lists_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("list.csv");
        let refusal = |text: &str| {
            fs::write(&path, text).unwrap();
            let kinds = InputsConfig { asn_kinds: Some(path.clone()), ..InputsConfig::default() };
            Inputs::load(&kinds).unwrap_err().to_string()
        };
        assert!(refusal("asn,kind\n64500,hosting\n64501,Hosting\n").contains("line 3"));
        assert!(refusal("asn,kind\n64500,\n").contains("line 2"));
        for text in ["asn,kind\nAS64500,hosting\n", "asn,kind\n0,hosting\n", "asn\n64500\n", "asn,kind,more\n1,a,b\n"] {
            assert!(refusal(text).contains("not a CSV of asn,kind"), "{text}");
        }
        let gone = InputsConfig { asn_kinds: Some(dir.path().join("none.csv")), ..InputsConfig::default() };
        assert!(matches!(Inputs::load(&gone), Err(InputsFault::File { .. })));
    }
}
