//! Sealed batches: the unit that is signed, sent, admitted once and acknowledged.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::record::Record;

/// Version of the record and of the batch around it.
pub const SCHEMA: u32 = 1;

/// Most records in one batch; an agent seals at this number.
pub const MAX_BATCH_RECORDS: usize = 500;

/// Most bytes of a batch's JSON once decompressed. A full batch of the longest records stays below half of it.
pub const MAX_BATCH_JSON_BYTES: usize = 1 << 20;

/// Most bytes of a batch's body as sent.
pub const MAX_BATCH_BODY_BYTES: usize = 256 << 10;

/// Name of an agent: `[a-z][a-z0-9-]{2,31}`, given by the warehouse's operator.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AgentId(String);

/// The text is no agent id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an agent id is 3 to 32 characters: a small letter, then small letters, digits and hyphens")]
pub struct BadAgentId;

impl AgentId {
    /// The agent id under which the warehouse keeps the tests that it takes itself.
    pub const DIRECT: &'static str = "direct";

    /// Parses an agent id.
    ///
    /// # Errors
    /// [`BadAgentId`] if the text has another form.
    pub fn parse(text: &str) -> Result<Self, BadAgentId> {
        let allowed = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
        let bytes = text.as_bytes();
        let good =
            (3..=32).contains(&bytes.len()) && bytes[0].is_ascii_lowercase() && bytes.iter().copied().all(allowed);
        if good { Ok(Self(text.to_owned())) } else { Err(BadAgentId) }
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AgentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for AgentId {
    type Error = BadAgentId;

    fn try_from(text: String) -> Result<Self, BadAgentId> {
        Self::parse(&text)
    }
}

impl From<AgentId> for String {
    fn from(id: AgentId) -> Self {
        id.0
    }
}

/// Random number born with an agent's database: sequence numbers of two databases never mix.
/// Below 2^53, so that every JSON reader keeps it exact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u64", into = "u64")]
pub struct Epoch(u64);

impl Epoch {
    /// Makes an epoch of random bits, of which the lowest 53 are used.
    #[must_use]
    pub fn from_random_bits(bits: u64) -> Self {
        Self(bits & ((1 << 53) - 1))
    }

    /// The number.
    #[must_use]
    pub fn get(self) -> u64 {
        self.0
    }
}

impl TryFrom<u64> for Epoch {
    type Error = &'static str;

    fn try_from(number: u64) -> Result<Self, Self::Error> {
        if number < (1 << 53) { Ok(Self(number)) } else { Err("epoch must be below 2^53") }
    }
}

impl From<Epoch> for u64 {
    fn from(epoch: Epoch) -> Self {
        epoch.0
    }
}

/// Sequence number of a batch within its epoch; the first is 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seq(pub u64);

impl Seq {
    /// The first of an epoch.
    pub const FIRST: Self = Self(1);

    /// The number after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

/// Why an agent gave up records before they were sealed into a batch that was accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DropReason {
    /// The outbox reached its cap in bytes.
    OutboxFull,
    /// The record was older than the outbox keeps.
    OutboxOld,
    /// The database was restored or cloned, and the operator began a new epoch.
    Restored,
    /// The warehouse refused the batch for good; it was set aside.
    Poison,
    /// The bytes in the outbox were damaged.
    Damaged,
}

/// A batch of records. Its identity is `(agent, epoch, seq)`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Batch {
    /// [`SCHEMA`].
    pub schema: u32,
    /// Who sends it; the signed header names the same agent.
    pub agent: AgentId,
    /// The database that sealed it.
    pub epoch: Epoch,
    /// Position in the epoch.
    pub seq: Seq,
    /// Records given up since the batch before, by reason.
    pub dropped: BTreeMap<DropReason, u64>,
    /// At most [`MAX_BATCH_RECORDS`], sorted by their bytes.
    pub records: Vec<Record>,
}

/// A batch as it was read: what is good in it, and how many records were not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParsedBatch {
    /// The batch with the records that are valid.
    pub batch: Batch,
    /// How many records were no records of this schema.
    pub malformed: u64,
}

/// Why bytes are not a batch.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BatchFault {
    /// Not JSON, or not the envelope of a batch.
    #[error("the body is not a batch")]
    Envelope(#[source] serde_json::Error),
    /// A schema that this version does not know; the agent holds the batch.
    #[error("schema {0} is not known here; this side speaks schema {SCHEMA}")]
    UnknownSchema(u32),
    /// Too many records.
    #[error("{0} records in one batch; the most is {MAX_BATCH_RECORDS}")]
    TooManyRecords(usize),
    /// Sequence numbers start at 1.
    #[error("seq 0 does not exist: sequence numbers start at 1")]
    SeqZero,
}

#[derive(Deserialize)]
struct SchemaProbe {
    schema: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawBatch<'a> {
    schema: u32,
    agent: AgentId,
    epoch: Epoch,
    seq: Seq,
    dropped: BTreeMap<DropReason, u64>,
    #[serde(borrow)]
    records: Vec<&'a RawValue>,
}

impl Batch {
    /// The bytes to seal: records sorted by their bytes, so that their order tells nothing about when they came.
    ///
    /// # Errors
    /// Only if serialization itself fails, which no value of these types does.
    pub fn to_sealed_json(mut self) -> Result<Vec<u8>, serde_json::Error> {
        let mut keyed = Vec::with_capacity(self.records.len());
        for record in self.records.drain(..) {
            keyed.push((serde_json::to_vec(&record)?, record));
        }
        keyed.sort_by(|a, b| a.0.cmp(&b.0));
        self.records.extend(keyed.into_iter().map(|(_, record)| record));
        serde_json::to_vec(&self)
    }

    /// Reads a batch. A record that is none of this schema is counted and left out; those beside it are kept.
    ///
    /// # Errors
    /// [`BatchFault`] if the envelope itself is not one.
    pub fn from_json(json: &[u8]) -> Result<ParsedBatch, BatchFault> {
        let parsed = match serde_json::from_slice::<Self>(json) {
            Ok(batch) => ParsedBatch { batch, malformed: 0 },
            // The slow path is for the rare batch with a bad record: each record is tried on its own.
            Err(_) => Self::from_json_leniently(json)?,
        };
        if parsed.batch.schema != SCHEMA {
            return Err(BatchFault::UnknownSchema(parsed.batch.schema));
        }
        if parsed.batch.seq.0 == 0 {
            return Err(BatchFault::SeqZero);
        }
        let count = parsed.batch.records.len() + usize::try_from(parsed.malformed).unwrap_or(usize::MAX);
        if count > MAX_BATCH_RECORDS {
            return Err(BatchFault::TooManyRecords(count));
        }
        Ok(parsed)
    }

    fn from_json_leniently(json: &[u8]) -> Result<ParsedBatch, BatchFault> {
        let probe: SchemaProbe = serde_json::from_slice(json).map_err(BatchFault::Envelope)?;
        if probe.schema != SCHEMA {
            return Err(BatchFault::UnknownSchema(probe.schema));
        }
        let raw: RawBatch<'_> = serde_json::from_slice(json).map_err(BatchFault::Envelope)?;
        let sent = raw.records.len();
        let records: Vec<Record> =
            raw.records.into_iter().filter_map(|record| serde_json::from_str(record.get()).ok()).collect();
        let malformed = (sent - records.len()) as u64;
        let batch = Self {
            schema: raw.schema,
            agent: raw.agent,
            epoch: raw.epoch,
            seq: raw.seq,
            dropped: raw.dropped,
            records,
        };
        Ok(ParsedBatch { batch, malformed })
    }
}
