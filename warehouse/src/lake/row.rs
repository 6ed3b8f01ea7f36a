//! A row of the lake, and the order in which rows lie in a file.

use std::cmp::Ordering;

use wire::{AgentId, Epoch, Grade, Hour, IpVersion, RecordFields, Seq, TestType};

/// One record with its origin, borrowed from where it lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Row<'a> {
    /// The record.
    pub(crate) fields: &'a RecordFields,
    /// Who sent it.
    pub(crate) agent: &'a AgentId,
    /// From which of the agent's databases.
    pub(crate) epoch: Epoch,
    /// In which batch.
    pub(crate) seq: Seq,
    /// When that batch arrived.
    pub(crate) arrived_hour: Hour,
    /// The seal that brought it into the lake.
    pub(crate) seal: u64,
}

/// The columns that decide the order of nearly all rows, packed so that one comparison settles them:
/// asn (unknown first), test type, tested hour, download and upload increase (unmeasured first), version, votes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SortKey(u128);

impl Row<'_> {
    /// The leading part of the order.
    pub(crate) fn key(&self) -> SortKey {
        let fields = self.fields;
        // One more than the value, and 0 for null: latencies stay below 2^23.
        let latency = |value: Option<wire::Latency>| value.map_or(0, |latency| latency.hundredths() + 1);
        let parts: [(u32, u32); 8] = [
            (fields.asn.map_or(0, wire::Asn::get), 32),
            (u32::from(fields.test_type == TestType::Household), 1),
            (fields.tested_hour.0, 32),
            (latency(fields.download_increase), 24),
            (latency(fields.upload_increase), 24),
            (u32::from(fields.ip_version == IpVersion::V6), 1),
            (u32::from(fields.vote_day), 1),
            (u32::from(fields.vote_month), 1),
        ];
        SortKey(parts.iter().fold(0, |key, &(value, bits)| key << bits | u128::from(value)))
    }

    /// The columns that [`Row::key`] leaves out, in their order in the file.
    pub(crate) fn compare_rest(&self, other: &Self) -> Ordering {
        let record = |row: &Self| {
            let fields = row.fields;
            (
                (fields.asn_outcome, fields.country, fields.baseline, fields.bidirectional_increase),
                (fields.download_rate, fields.upload_rate, grades(fields)),
                (fields.duration_s, fields.client_version, fields.asn_database_day),
            )
        };
        let origin = |row: &Self| (row.epoch, row.seq, row.arrived_hour, row.seal);
        record(self)
            .cmp(&record(other))
            .then_with(|| self.agent.cmp(other.agent))
            .then_with(|| origin(self).cmp(&origin(other)))
    }
}

fn grades(fields: &RecordFields) -> [Option<Grade>; 8] {
    [
        fields.grade_overall,
        fields.grade_download,
        fields.grade_upload,
        fields.grade_bidirectional,
        fields.grade_gaming,
        fields.grade_video_call,
        fields.grade_streaming,
        fields.grade_background,
    ]
}

impl Ord for Row<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key()).then_with(|| self.compare_rest(other))
    }
}

impl PartialOrd for Row<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Sorts rows into the order of the file. It depends on the rows alone, never on how they came.
pub(crate) fn sort(rows: &mut Vec<Row<'_>>) {
    // Keys are made once a row, not once a comparison.
    let mut keyed: Vec<(SortKey, Row<'_>)> = rows.iter().map(|row| (row.key(), *row)).collect();
    keyed.sort_unstable_by(|(a_key, a), (b_key, b)| a_key.cmp(b_key).then_with(|| a.compare_rest(b)));
    rows.clear();
    rows.extend(keyed.into_iter().map(|(_, row)| row));
}

/// A row that was read from a file, with what it borrows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OwnedRow {
    /// The record.
    pub(crate) fields: RecordFields,
    /// Where it came from.
    pub(crate) origin: Origin,
}

/// Where a record that was read from a file came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Origin {
    pub(crate) agent: AgentId,
    pub(crate) epoch: Epoch,
    pub(crate) seq: Seq,
    pub(crate) arrived_hour: Hour,
    pub(crate) seal: u64,
}

impl OwnedRow {
    /// The row, borrowed.
    pub(crate) fn as_row(&self) -> Row<'_> {
        let Origin { agent, epoch, seq, arrived_hour, seal } = &self.origin;
        Row { fields: &self.fields, agent, epoch: *epoch, seq: *seq, arrived_hour: *arrived_hour, seal: *seal }
    }
}
