//! Sealing: landed batches become files of the days they touch, and one new manifest.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use wire::{AgentId, Epoch, QuarantineReason, Seq};

use super::error::LakeError;
use super::file::DayWriter;
use super::manifest::{Accounts, Mark, Snapshot};
use super::paths::TestDate;
use super::publish::name_files;
use super::row::{self, Row};
use super::{Lake, hour_of};
use crate::digest::Sha256;
use crate::landing::LandedBatch;

/// What a seal did. All batches that were given are in the lake now, so that their landing files can go.
#[derive(Debug, Clone)]
pub struct Sealed {
    /// The current manifest: a new one, or the one before if every batch was in already.
    pub snapshot: Arc<Snapshot>,
    /// Batches that came in now.
    pub batches: u64,
    /// Records that came in now.
    pub records: u64,
    /// Batches that were in already: a crash came between the manifest and the removal of the landing file.
    pub already_in: u64,
    /// Batches whose number is taken by a batch with another digest; they stay out. Admission excludes this: an alarm.
    pub conflicting: u64,
}

/// The marks as the new manifest will have them.
type Marks = BTreeMap<(AgentId, Epoch), Mark>;

impl Lake {
    /// Brings landed batches into the lake: writes the files of the days they touch, then publishes one manifest.
    ///
    /// A batch at or below its epoch's mark is in already and is left out, so that sealing twice is harmless. Within an
    /// epoch the batches come in by their numbers; numbers left out are gaps that the operator accepted, and are
    /// counted as missing. Records of days without a date are counted as `future_hour`.
    ///
    /// # Errors
    /// [`LakeError`]; then none of the batches counts as in, and the caller keeps the landing files and tries again.
    pub fn seal<'a>(
        &self,
        batches: impl IntoIterator<Item = &'a LandedBatch>,
        now: jiff::Timestamp,
    ) -> Result<Sealed, LakeError> {
        let mut writer = self.writer();
        self.settle_doubt(&mut writer)?;
        let before = self.current();
        let hour = hour_of(now);
        let seal = before.last_seal + 1;

        let mut batches: Vec<&LandedBatch> = batches.into_iter().collect();
        // Stable: of two batches with one number the one that landed first is looked at first.
        batches.sort_by(|a, b| (&a.agent, a.epoch, a.seq).cmp(&(&b.agent, b.epoch, b.seq)));
        let mut marks: Marks =
            before.marks.iter().map(|mark| ((mark.agent.clone(), mark.epoch), mark.clone())).collect();
        let mut admitted = Admitted { seal, ..Admitted::default() };
        for batch in batches {
            admitted.take(&mut marks, batch);
        }
        let Admitted { days, batches, records, already_in, conflicting, .. } = admitted;
        if conflicting > 0 {
            tracing::error!(lake.batches = conflicting, "landed batches contradict batches that are in; they stay out");
        }
        if batches == 0 {
            return Ok(Sealed { snapshot: before, batches, records, already_in, conflicting });
        }

        let mut written = Vec::with_capacity(days.len());
        for (test_date, mut rows) in days {
            row::sort(&mut rows);
            self.disk.make_directory(&self.paths.day(test_date))?;
            let temporary = self.paths.day(test_date).join(format!("seal-{seal}.tmp"));
            let mut file = DayWriter::begin(&self.disk, temporary, test_date)?;
            file.write(&rows)?;
            written.push((test_date, (seal, seal), file.finish(hour)?));
        }
        let files = name_files(&self.disk, &self.paths, written)?;
        let snapshot = self.publish(&mut writer, hour, |manifest| {
            manifest.last_seal = seal;
            manifest.files.extend(files);
            manifest.marks = marks.into_values().collect();
        })?;
        Ok(Sealed { snapshot, batches, records, already_in, conflicting })
    }
}

#[derive(Default)]
struct Admitted<'a> {
    seal: u64,
    days: BTreeMap<TestDate, Vec<Row<'a>>>,
    batches: u64,
    records: u64,
    already_in: u64,
    conflicting: u64,
}

impl<'a> Admitted<'a> {
    /// Takes the batch in, unless it is in already.
    fn take(&mut self, marks: &mut Marks, batch: &'a LandedBatch) {
        let digest = Sha256(batch.digest.0);
        let mark = match marks.entry((batch.agent.clone(), batch.epoch)) {
            Entry::Occupied(entry) => {
                let mark = entry.into_mut();
                if batch.seq <= mark.seq {
                    let differs = batch.seq == mark.seq && digest != mark.digest;
                    *(if differs { &mut self.conflicting } else { &mut self.already_in }) += 1;
                    return;
                }
                mark.accounts.missing += batch.seq.0 - mark.seq.next().0;
                mark
            }
            Entry::Vacant(entry) => {
                let missing = batch.seq.0.saturating_sub(Seq::FIRST.0);
                let accounts = Accounts { missing, ..Accounts::default() };
                entry.insert(Mark { agent: batch.agent.clone(), epoch: batch.epoch, seq: batch.seq, digest, accounts })
            }
        };
        (mark.seq, mark.digest) = (batch.seq, digest);
        let kept = self.take_records(batch);
        let undated = batch.records.len() as u64 - kept;
        let accounts = &mut mark.accounts;
        accounts.batches += 1;
        accounts.records += kept;
        for (reason, count) in &batch.quarantined {
            *accounts.quarantined.entry(*reason).or_default() += count;
        }
        if undated > 0 {
            *accounts.quarantined.entry(QuarantineReason::FutureHour).or_default() += undated;
        }
        for (reason, count) in &batch.dropped {
            *accounts.dropped.entry(*reason).or_default() += count;
        }
        self.batches += 1;
        self.records += kept;
    }

    /// Sorts the records by day; the number of those whose day has a date.
    fn take_records(&mut self, batch: &'a LandedBatch) -> u64 {
        let LandedBatch { agent, epoch, seq, arrived_hour, .. } = batch;
        let mut kept = 0;
        // Most batches are of one day: its date is made once.
        let mut last = None;
        for record in &batch.records {
            let day = record.tested_hour.day();
            let date = match last {
                Some((same, date)) if same == day => date,
                _ => TestDate::of(day),
            };
            last = Some((day, date));
            let Some(date) = date else { continue };
            self.days.entry(date).or_default().push(Row {
                fields: record,
                agent,
                epoch: *epoch,
                seq: *seq,
                arrived_hour: *arrived_hour,
                seal: self.seal,
            });
            kept += 1;
        }
        kept
    }
}
