//! `CHANGES.json`: for every table and month that differs from the release before, how many rows were added, corrected and
//! withdrawn, and why. Rankings, provenance and inputs are made anew with every release and are not listed.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Value, json};

use super::months::TABLES;
use super::{CutDocument, CutFault, CutFile, Publication};
use crate::catalog::{self, Query};
use crate::engine::{Engine, quoted_path};
use crate::withdrawals::Withdrawal;

/// Version of `CHANGES.json`.
const CHANGES_FORMAT: u32 = 1;

/// What is compared.
pub(super) struct Changes<'a> {
    pub(super) engine: &'a Engine,
    pub(super) public: &'a Path,
    /// The release that is made.
    pub(super) document: &'a CutDocument,
    /// The release before, with what was of its moment; none before the first, or if it was removed.
    pub(super) previous: Option<&'a (CutDocument, Publication)>,
    /// True if results and blocks were only added to those of the release before.
    pub(super) grown: bool,
    /// What the operator took back, ever.
    pub(super) withdrawals: &'a [Withdrawal],
}

/// Rows that differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Counts {
    added: u64,
    corrected: u64,
    withdrawn: u64,
}

impl Changes<'_> {
    /// The document.
    pub(super) fn document(&self) -> Result<Value, CutFault> {
        let mut partitions = Vec::new();
        for query in TABLES {
            for month in self.months(query.relation()) {
                partitions.extend(self.partition(query, &month)?);
            }
        }
        let withdrawals: Vec<Value> = self
            .new_withdrawals()
            .map(|withdrawal| json!({"agent": withdrawal.agent, "from": withdrawal.from, "to": withdrawal.to}))
            .collect();
        Ok(json!({
            "format": CHANGES_FORMAT,
            "release": self.document.id,
            "previous": self.previous.map(|(document, _)| document.id),
            "withdrawals": withdrawals,
            "partitions": partitions,
        }))
    }

    /// What was taken back since the release before. Hours are compared: what was said in the hour of its making may have
    /// come before or after it.
    fn new_withdrawals(&self) -> impl Iterator<Item = &Withdrawal> {
        let since = self.previous.and_then(|(_, publication)| publication.generated_at.parse::<jiff::Timestamp>().ok());
        let new = move |withdrawal: &&Withdrawal| since.is_some_and(|at| withdrawal.said_at.unix_s() >= at.as_second());
        self.withdrawals.iter().filter(new)
    }

    /// Months of a table in either release.
    fn months(&self, table: &str) -> BTreeSet<String> {
        let before = self.previous.map(|(document, _)| document);
        let both = [Some(self.document), before].into_iter().flatten();
        both.flat_map(|document| document.files_of(table)).filter_map(|file| file.month.clone()).collect()
    }

    fn partition(&self, query: Query, month: &str) -> Result<Option<Value>, CutFault> {
        let of = |document: Option<&CutDocument>| -> Vec<CutFile> {
            let files = document.into_iter().flat_map(|document| document.files_of(query.relation()));
            files.filter(|file| file.month.as_deref() == Some(month)).cloned().collect()
        };
        let (old, new) = (of(self.previous.map(|(document, _)| document)), of(Some(self.document)));
        let only = |these: &[CutFile], others: &[CutFile]| -> Vec<CutFile> {
            these.iter().filter(|file| !others.iter().any(|other| other.path == file.path)).cloned().collect()
        };
        let (gone, come) = (only(&old, &new), only(&new, &old));
        if gone.is_empty() && come.is_empty() {
            return Ok(None);
        }
        let rows = |files: &[CutFile]| files.iter().filter_map(|file| file.rows).sum::<u64>();
        let (less, more) = (rows(&gone), rows(&come));
        let counts = if gone.is_empty() || come.is_empty() {
            Counts { added: more, corrected: 0, withdrawn: less }
        } else if self.grown && query != catalog::TRENDS && more >= less {
            Counts { added: more - less, ..Counts::default() }
        } else {
            self.compare(query, &gone, &come)?
        };
        if counts == Counts::default() {
            // Days that became a month.
            return Ok(None);
        }
        Ok(Some(json!({
            "table": query.relation(),
            "month": month,
            "added": counts.added,
            "corrected": counts.corrected,
            "withdrawn": counts.withdrawn,
            "why": self.why(month, counts),
        })))
    }

    /// Compares rows: those of the same grain that differ are corrected, without a grain they are withdrawn and added.
    fn compare(&self, query: Query, gone: &[CutFile], come: &[CutFile]) -> Result<Counts, CutFault> {
        let contract = query.contract().map_err(|_| CutFault::Contract(query.name))?;
        let (gone, come) = (self.rows(gone)?, self.rows(come)?);
        let differ = |these: &str, others: &str| -> Result<u64, CutFault> {
            let sql = format!("SELECT count(*) AS n FROM (({these}) EXCEPT ALL ({others}))");
            Ok(self.engine.query("comparing releases", &sql, &[], |row| row.u64("n"))?.first().copied().unwrap_or(0))
        };
        let (other_than_before, no_more) = (differ(&come, &gone)?, differ(&gone, &come)?);
        if contract.grain.is_empty() {
            return Ok(Counts { added: other_than_before, corrected: 0, withdrawn: no_more });
        }
        let keys = contract.grain.join(", ");
        let keys_of = |rows: &str| format!("SELECT {keys} FROM ({rows})");
        let added = differ(&keys_of(&come), &keys_of(&gone))?;
        let withdrawn = differ(&keys_of(&gone), &keys_of(&come))?;
        Ok(Counts { added, corrected: other_than_before.saturating_sub(added), withdrawn })
    }

    fn rows(&self, files: &[CutFile]) -> Result<String, CutFault> {
        let paths = files.iter().map(|file| quoted_path(&file.locate(self.public)));
        let paths = paths.collect::<Result<Vec<_>, _>>()?.join(", ");
        Ok(format!("SELECT * FROM read_parquet([{paths}], hive_partitioning = false)"))
    }

    /// Reasons, as far as the warehouse knows them.
    fn why(&self, month: &str, counts: Counts) -> Vec<&'static str> {
        let Some((previous, _)) = self.previous else { return vec!["first_release"] };
        let oldest = self.document.files.iter().filter_map(|file| file.month.as_deref()).min();
        let mut reasons = Vec::new();
        let closed = self.document.last_day > previous.last_day;
        if closed && counts.added + counts.corrected > 0 && month >= &previous.last_day.to_string()[..MONTH_CHARS] {
            reasons.push("days_closed");
        }
        if counts.withdrawn > 0 && oldest.is_none_or(|oldest| month <= oldest) {
            reasons.push("retention");
        }
        if !self.grown {
            if self.new_withdrawals().next().is_some() {
                reasons.push("withdrawal");
            }
            // A binding that changed backwards, other standard times, or another version of the statements.
            reasons.push("made_anew");
        }
        reasons
    }
}

/// `2026-10`.
const MONTH_CHARS: usize = 7;
