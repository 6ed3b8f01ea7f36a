//! Results of others, brought in: files in the record's schema, and the database of the old central system.
//!
//! An import is an agent of its own, `import-<source>`. Its epoch is named after what is imported, and the sequence number
//! of a batch is the last row of the source in it. So the admission that keeps an agent's batch from counting twice lets an
//! import go on where it ended, and finds nothing to do when it is run again. Imported tests carry no vote, unless the
//! operator knows that the source counted clients; their agent's name marks them for good.

mod legacy;

mod receiver;

mod table;

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use wire::{AgentId, Epoch, Hour, QuarantineReason, Record, Seq};

pub use legacy::LegacySource;
pub use receiver::Receiver;
pub use table::TableSource;

use crate::engine::EngineFault;
use crate::lake::paths::TestDate;
use crate::lake::retain::kept_from;
use crate::verify::MAX_AHEAD_HOURS;

/// What the agent id of every import begins with; no agent can be registered under such a name.
pub const AGENT_PREFIX: &str = "import-";

/// Something that could not be imported.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportFault {
    /// The name of the source does not make an agent id.
    #[error("a source is named by 1 to 24 of a-z, 0-9 and -; `{0}` is not")]
    BadSource(String),
    /// The file system refused.
    #[error("cannot read {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The columns are not those of the record.
    #[error("{}: {fault}; the columns are those of the record in docs/protocol.md", path.display())]
    Columns {
        /// The file.
        path: PathBuf,
        /// What is missing or unknown.
        fault: String,
    },
    /// The file is of another kind.
    #[error("{} is neither .parquet nor .csv", .0.display())]
    Kind(PathBuf),
    /// DuckDB cannot read it.
    #[error(transparent)]
    Engine(#[from] EngineFault),
    /// SQLite cannot read it.
    #[error("{} cannot be read as the old system's database", path.display())]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: rusqlite::Error,
    },
    /// Another import of the same source is at work.
    #[error("another import of {0} is at work; let it end")]
    Busy(AgentId),
    /// The batch did not become durable.
    #[error("a batch did not become durable: {0}")]
    NotDurable(String),
}

/// The agent id of a source.
///
/// # Errors
/// [`ImportFault::BadSource`].
pub fn agent_of(source: &str) -> Result<AgentId, ImportFault> {
    let bad = || ImportFault::BadSource(source.to_owned());
    if source.is_empty() { Err(bad()) } else { AgentId::parse(&format!("{AGENT_PREFIX}{source}")).map_err(|_| bad()) }
}

/// A row of a source: a record, or why it is none.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceRow {
    /// Its number in the source, rising from 1.
    pub number: u64,
    /// What it says, or what is wrong with it.
    pub record: Result<Record, String>,
}

/// Where rows come from.
pub trait Source {
    /// Names what is imported: the same content gives the same epoch.
    fn epoch(&self) -> Epoch;

    /// Rows that there are.
    fn rows(&self) -> u64;

    /// At most `limit` rows after the row `after`, in their order; none at the end.
    ///
    /// # Errors
    /// [`ImportFault`] if the source cannot be read.
    fn page(&self, after: u64, limit: usize) -> Result<Vec<SourceRow>, ImportFault>;
}

/// A batch of an import on its way to the landing zone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Piece {
    /// `import-<source>`.
    pub agent: AgentId,
    /// Of the source.
    pub epoch: Epoch,
    /// The last row of the source in it.
    pub seq: Seq,
    /// The rows that are kept.
    pub records: Vec<Record>,
    /// Rows that are counted and not kept, by reason.
    pub quarantined: BTreeMap<QuarantineReason, u64>,
}

/// What an import did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Imported {
    /// Rows that an earlier run had brought in.
    pub already: u64,
    /// Rows that were brought in now.
    pub taken: u64,
    /// Rows that were counted and not kept, by reason.
    pub refused: BTreeMap<QuarantineReason, u64>,
    /// The first of them, in words.
    pub example: Option<String>,
}

/// Which hours of tests can still be taken, and whether votes count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// The first hour that the lake keeps.
    pub oldest: Hour,
    /// The last hour that is believed.
    pub newest: Hour,
    /// True: the source counted clients, and its votes are taken as they are.
    pub keeps_votes: bool,
}

impl Rules {
    /// Those of a lake that keeps so many full months.
    #[must_use]
    pub fn new(now: Hour, months: u32, keeps_votes: bool) -> Self {
        let oldest = TestDate::of(now.day()).map_or(Hour(0), |today| kept_from(today, months).day().first_hour());
        Self { oldest, newest: Hour(now.0.saturating_add(MAX_AHEAD_HOURS)), keeps_votes }
    }

    /// Makes a batch of a page of rows, and notes in `imported` what is not kept.
    #[must_use]
    pub fn piece(&self, agent: &AgentId, epoch: Epoch, page: Vec<SourceRow>, imported: &mut Imported) -> Piece {
        let seq = Seq(page.last().map_or(0, |row| row.number));
        let mut records = Vec::with_capacity(page.len());
        let mut quarantined: BTreeMap<QuarantineReason, u64> = BTreeMap::new();
        for SourceRow { number, record } in page {
            match record.map_err(|fault| (QuarantineReason::Malformed, fault)).and_then(|record| self.sort(record)) {
                Ok(record) => records.push(record),
                Err((reason, fault)) => {
                    *quarantined.entry(reason).or_default() += 1;
                    imported.example.get_or_insert_with(|| format!("row {number}: {fault}"));
                }
            }
        }
        Piece { agent: agent.clone(), epoch, seq, records, quarantined }
    }

    fn sort(&self, record: Record) -> Result<Record, (QuarantineReason, String)> {
        if record.tested_hour > self.newest {
            return Err((QuarantineReason::FutureHour, "its hour has not come yet".to_owned()));
        }
        if record.tested_hour < self.oldest {
            return Err((QuarantineReason::OldHour, "its month is older than the lake keeps".to_owned()));
        }
        if self.keeps_votes {
            return Ok(record);
        }
        let fields = wire::RecordFields { vote_day: false, vote_month: false, ..record.into() };
        // Taking a vote away breaks no rule of a record.
        Record::try_from(fields).map_err(|fault| (QuarantineReason::Malformed, fault.to_string()))
    }
}

#[cfg(test)]
mod tests;
