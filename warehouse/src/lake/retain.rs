//! Retention: whole months go, and what is known of the blocks that they held stays in a small file.
//!
//! Blocks are merged from a network's days in order, so where they begin depends on every day before. When old months
//! go, their edges must survive, or a rebuild would cut the blocks of the months that stay at other days.

use std::sync::Arc;

use jiff::Span;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use wire::{Asn, TestType};

use super::error::LakeError;
use super::manifest::{ResumeEntry, Snapshot};
use super::paths::{LakePaths, TestDate};
use super::{Lake, hour_of};
use crate::digest::Sha256;
use crate::durable::{PUBLIC_MODE, disk};

/// Version of the file's form.
pub const RESUME_FORMAT: u32 = 1;

/// Most entries: every network that there is, with both test types.
pub const MAX_RESUME_ENTRIES: usize = 1 << 20;

/// Where each network's blocks go on once months were dropped: `lake/resume/<digest>.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resume {
    /// [`RESUME_FORMAT`].
    pub format: u32,
    /// The first test day that the lake still holds, and where networks without an entry begin.
    pub kept_from: TestDate,
    /// Networks whose blocks begin later, sorted by network and test type.
    pub networks: Vec<ResumeNetwork>,
}

/// Where one network's blocks go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResumeNetwork {
    /// The network.
    pub asn: Asn,
    /// The kind of tests.
    pub test_type: TestType,
    /// The first counting day that is in no block yet: what counts earlier lies in a block that has closed.
    pub next_day: TestDate,
}

/// Why a resume file cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadResume {
    /// Written by a later version.
    #[error("format {0} is not known here; this version reads format {RESUME_FORMAT}")]
    Format(u32),
    /// Months go whole.
    #[error("{0} is not the first day of a month")]
    NotAMonth(TestDate),
    /// It is for another month than the lake was cut at.
    #[error("it begins with {found}, the lake with {expected}")]
    OtherMonth {
        /// What the file says.
        found: TestDate,
        /// What the manifest says.
        expected: TestDate,
    },
    /// More entries than networks.
    #[error("{0} entries; the most is {MAX_RESUME_ENTRIES}")]
    TooMany(usize),
    /// The entries are not sorted, or one stands twice.
    #[error("AS{} stands twice or not in order", .0.get())]
    Order(Asn),
    /// A day that is dropped.
    #[error("AS{} would go on from {next_day}, which is dropped", asn.get())]
    Dropped {
        /// The network.
        asn: Asn,
        /// Its next day.
        next_day: TestDate,
    },
}

impl Resume {
    /// The content for a lake that keeps everything from this day on.
    ///
    /// # Errors
    /// [`BadResume`] if the networks are not in order, or one would go on from a day that is dropped.
    pub fn new(kept_from: TestDate, networks: Vec<ResumeNetwork>) -> Result<Self, BadResume> {
        let resume = Self { format: RESUME_FORMAT, kept_from, networks };
        resume.check().map(|()| resume)
    }

    /// Where a network's blocks go on.
    #[must_use]
    pub fn next_day(&self, asn: Asn, test_type: TestType) -> TestDate {
        let found = self.networks.binary_search_by_key(&(asn, test_type), ResumeNetwork::key);
        found.ok().and_then(|at| self.networks.get(at)).map_or(self.kept_from, |network| network.next_day)
    }

    fn check(&self) -> Result<(), BadResume> {
        if self.format != RESUME_FORMAT {
            return Err(BadResume::Format(self.format));
        }
        if self.kept_from != self.kept_from.month() {
            return Err(BadResume::NotAMonth(self.kept_from));
        }
        if self.networks.len() > MAX_RESUME_ENTRIES {
            return Err(BadResume::TooMany(self.networks.len()));
        }
        if let Some(pair) = self.networks.windows(2).find(|pair| pair[0].key() >= pair[1].key()) {
            return Err(BadResume::Order(pair[1].asn));
        }
        match self.networks.iter().find(|network| network.next_day < self.kept_from) {
            Some(&ResumeNetwork { asn, next_day, .. }) => Err(BadResume::Dropped { asn, next_day }),
            None => Ok(()),
        }
    }
}

impl ResumeNetwork {
    fn key(&self) -> (Asn, TestType) {
        (self.asn, self.test_type)
    }
}

/// The first day that stays: the month of `today` and this many full months before it.
#[must_use]
pub fn kept_from(today: TestDate, months: u32) -> TestDate {
    let first = today.month().date();
    let back = Span::new().try_months(i64::from(months)).ok().and_then(|span| first.checked_sub(span).ok());
    // Nothing is older than the epoch.
    TestDate::from(back.unwrap_or(Date::constant(1970, 1, 1)).max(Date::constant(1970, 1, 1)))
}

impl Lake {
    /// Drops every day before `resume.kept_from`, and keeps what `resume` says of the blocks that began there.
    /// Does nothing if the lake begins there already. The files go a day later, with [`Lake::collect`].
    ///
    /// # Errors
    /// [`LakeError::Resume`] if the content breaks its rules or would bring dropped months back; or a failed write.
    pub fn drop_months(&self, resume: &Resume, now: jiff::Timestamp) -> Result<Arc<Snapshot>, LakeError> {
        let refuse = |source| LakeError::Resume { path: self.paths.resumes(), source };
        resume.check().map_err(refuse)?;
        let mut writer = self.writer();
        self.settle_doubt(&mut writer)?;
        let current = self.current();
        let expected = current.resume.as_ref().map(|entry| entry.kept_from);
        if let Some(expected) = expected.filter(|expected| *expected > resume.kept_from) {
            return Err(refuse(BadResume::OtherMonth { found: resume.kept_from, expected }));
        }
        let dropped = |day: TestDate| day < resume.kept_from;
        let bytes =
            serde_json::to_vec(resume).map_err(|source| LakeError::Json { what: "where blocks go on", source })?;
        let entry = ResumeEntry { kept_from: resume.kept_from, sha256: Sha256::of(&bytes) };
        if current.resume.as_ref() == Some(&entry) && !current.files.iter().any(|file| dropped(file.test_date())) {
            return Ok(current);
        }
        // The hour from which `collect` counts.
        let hour = hour_of(now);
        for file in current.files.iter().filter(|file| dropped(file.test_date())) {
            disk::set_modified_hour(&self.paths.result(&file.path), hour)?;
        }
        if let Some(before) = &current.resume {
            disk::set_modified_hour(&self.paths.resume(before.name()), hour)?;
        }
        self.disk.replace(&self.paths.resume(entry.name()), &bytes, PUBLIC_MODE)?;
        self.publish(&mut writer, hour, |manifest| {
            manifest.files.retain(|file| !dropped(file.test_date()));
            manifest.resume = Some(entry);
        })
    }

    /// Where each network's blocks go on; none if no month was ever dropped.
    ///
    /// # Errors
    /// [`LakeError`] if the file is missing, was altered or cannot be used.
    pub fn resume(&self, snapshot: &Snapshot) -> Result<Option<Resume>, LakeError> {
        snapshot.resume.as_ref().map(|entry| read(&self.paths, entry)).transpose()
    }
}

/// Reads the file that a manifest names.
pub(super) fn read(paths: &LakePaths, entry: &ResumeEntry) -> Result<Resume, LakeError> {
    let path = paths.resume(entry.name());
    let bytes = disk::read(&path)?;
    if Sha256::of(&bytes) != entry.sha256 {
        return Err(LakeError::ResumeAltered(path));
    }
    let resume: Resume =
        serde_json::from_slice(&bytes).map_err(|source| LakeError::ResumeUnreadable { path: path.clone(), source })?;
    let (found, expected) = (resume.kept_from, entry.kept_from);
    let same = if found == expected { resume.check() } else { Err(BadResume::OtherMonth { found, expected }) };
    same.map_err(|source| LakeError::Resume { path, source })?;
    Ok(resume)
}
