//! The checks, in the order in which they run.

mod blocks;
mod figures;
mod files;
mod frames;
mod inputs;
mod month;
mod notes;
mod provenance;
mod results;
mod shape;
mod sums;

use crate::progress::Progress;
use crate::release::Release;
use crate::report::{Check, Report};

/// Runs every check that can run on a release that was found. What rests on something broken is left out.
///
/// # Errors
/// Why the release cannot be read, which says nothing about it.
pub fn run(release: &mut Release, report: &mut Report, progress: &Progress) -> anyhow::Result<()> {
    files::check(release, report, progress)?;
    sums::check(release, report)?;
    if report.has_failed(Check::Files) {
        return Ok(());
    }
    shape::check(release, report, progress)?;
    let inputs = inputs::check(release, report);
    let Some(inputs) = inputs.filter(|_| !report.has_failed(Check::Contracts)) else { return Ok(()) };
    figures::check(release, &inputs, report, progress)?;
    provenance::check(release, report)
}
