//! Retention: old months leave the marts as they leave the lake, and blocks go on where they would have.
//!
//! A result can count up to [`LATE_DAYS`] after its day. So the blocks of the first months that stay may hold results of
//! months that went; they go too, and every network goes on with its first block that cannot. The lake keeps this with
//! its manifest, so that marts made anew from what is left have the same blocks.

use wire::{Asn, Day, TestType};

use super::state::{OF_CLOSED_DAYS, State};
use super::{Marts, MartsFault};
use crate::catalog;
use crate::engine::{Engine, Param};
use crate::lake::Lake;
use crate::lake::manifest::Snapshot;
use crate::lake::paths::TestDate;
use crate::lake::retain::{BadResume, Resume, ResumeNetwork};

/// Days after its own on which a result may count at the latest: it arrives within 90 days, or is released by a binding
/// within 90 days, and a day more for the hours.
pub(crate) const LATE_DAYS: u32 = 92;

impl Marts {
    /// Where blocks go on if the lake keeps everything from this day on.
    ///
    /// # Errors
    /// [`MartsFault::Engine`].
    pub fn resume_at(&self, kept_from: TestDate) -> Result<Result<Resume, BadResume>, MartsFault> {
        let query = catalog::RESUME_DAYS;
        let first_block = kept_from.day().plus(LATE_DAYS);
        let networks = self.engine.query(query.name, query.sql, &[("first_block", first_block.into())], |row| {
            let asn = Asn::new(row.u32("asn")?).ok_or_else(|| row.shape("asn"))?;
            let test_type = match row.text("test_type")?.as_str() {
                "single" => TestType::Single,
                "household" => TestType::Household,
                _ => return Err(row.shape("test_type")),
            };
            let next_day = TestDate::of(row.day("next_day")?).ok_or_else(|| row.shape("next_day"))?;
            Ok(ResumeNetwork { asn, test_type, next_day })
        })?;
        let mut networks = networks;
        networks.sort_by_key(|network| (network.asn, network.test_type));
        Ok(Resume::new(kept_from, networks))
    }
}

/// Drops what the lake's resume file says, if that was not done yet; part of a refresh.
pub(super) fn apply(engine: &Engine, lake: &Lake, snapshot: &Snapshot, next: &mut State) -> Result<(), MartsFault> {
    let digest = snapshot.resume.as_ref().map(|entry| entry.sha256.to_string());
    if next.resume == digest {
        return Ok(());
    }
    let Some(resume) = lake.resume(snapshot)? else { return Ok(()) };
    engine.run("replacing where blocks go on", "DELETE FROM resume")?;
    let rows = resume.networks.iter().map(|network| {
        let day: Day = network.next_day.day();
        [Some(network.asn.get().into()), Some(network.test_type.as_str().into()), Some(Param::Day(day))]
    });
    engine.append("resume", rows)?;
    let kept_from = Param::Day(resume.kept_from.day());
    engine.execute(
        "dropping old days",
        "DELETE FROM daily_parts WHERE test_date < $kept_from",
        &[("kept_from", kept_from)],
    )?;
    for table in OF_CLOSED_DAYS {
        let day = if table.starts_with("waiting_") { "counts_on" } else { "first_day" };
        let sql = format!(
            "DELETE FROM {table} AS t USING resume AS s \
             WHERE s.asn = t.asn AND s.test_type = t.test_type AND t.{day} < s.next_day"
        );
        engine.run("dropping old blocks", &sql)?;
    }
    next.resume = digest;
    next.published = None;
    Ok(())
}
