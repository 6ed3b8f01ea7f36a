//! What is known at the start: the lake's marks and what lies in the landing zone.

use anyhow::Context as _;
use wire::signature::ContentDigest;

use crate::admission::{Entry, Marks};
use crate::lake::manifest::Snapshot;
use crate::landing::{Landing, LandingFault};
use crate::observe;

/// Reads the landing zone: damaged files are set aside, never deleted; all others tell how far each epoch has come.
pub(crate) fn recover(landing: &Landing, manifest: &Snapshot) -> anyhow::Result<Marks> {
    let mut marks = Marks::default();
    for mark in &manifest.marks {
        let digest = ContentDigest(mark.digest.0);
        marks.note(&Entry { agent: mark.agent.clone(), epoch: mark.epoch, seq: mark.seq, digest });
    }
    for file in landing.files().context("cannot see what has landed")? {
        match landing.read(&file) {
            Ok(batches) => {
                for batch in batches {
                    marks.note(&Entry { agent: batch.agent, epoch: batch.epoch, seq: batch.seq, digest: batch.digest });
                }
            }
            Err(fault @ LandingFault::Damaged { .. }) => {
                let aside = landing.set_aside(&file)?;
                observe::landing_damaged();
                tracing::error!(error = %fault, file = %aside.display(), "a damaged landing file was set aside");
            }
            Err(fault) => return Err(fault).context("cannot read what has landed"),
        }
    }
    Ok(marks)
}
