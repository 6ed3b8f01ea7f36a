//! `CHANGES.json`: for every table and month that differs from the release before, how many rows were added, corrected and
//! withdrawn, and why. Rankings, provenance and inputs are made anew with every release and are not listed.

mod reason;

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Value, json};

use super::months::TABLES;
use super::{CutDocument, CutFault, CutFile, Publication};
use crate::catalog::{self, Query};
use crate::engine::{Engine, quoted_path};
use crate::withdrawals::Withdrawal;
use reason::Reasons;

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

/// A table's month that differs.
#[derive(Debug)]
struct Partition {
    table: &'static str,
    month: String,
    counts: Counts,
}

impl Partition {
    fn json(&self, reasons: &Reasons) -> Value {
        let Counts { added, corrected, withdrawn } = self.counts;
        json!({
            "table": self.table,
            "month": self.month,
            "added": added,
            "corrected": corrected,
            "withdrawn": withdrawn,
            "why": reasons.why(self),
        })
    }
}

impl Changes<'_> {
    /// The document.
    pub(super) fn document(&self) -> Result<Value, CutFault> {
        let mut partitions = Vec::new();
        for query in TABLES {
            for month in self.months(query.relation()) {
                let counts = self.partition(query, &month)?;
                if counts != Counts::default() {
                    partitions.push(Partition { table: query.relation(), month, counts });
                }
            }
        }
        let withdrawals: Vec<Value> = self
            .new_withdrawals()
            .map(|withdrawal| json!({"agent": withdrawal.agent, "from": withdrawal.from, "to": withdrawal.to}))
            .collect();
        let reasons = Reasons::of(self, &partitions);
        let partitions: Vec<Value> = partitions.iter().map(|partition| partition.json(&reasons)).collect();
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

    /// Counts what differs in a table's month.
    fn partition(&self, query: Query, month: &str) -> Result<Counts, CutFault> {
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
            return Ok(Counts::default());
        }
        let rows = |files: &[CutFile]| files.iter().filter_map(|file| file.rows).sum::<u64>();
        let (less, more) = (rows(&gone), rows(&come));
        // Tables of another form have other columns: no row is the same.
        let is_other_form = self.previous.is_some_and(|(previous, _)| previous.schema != self.document.schema);
        if gone.is_empty() || come.is_empty() || is_other_form {
            Ok(Counts { added: more, corrected: 0, withdrawn: less })
        } else if self.grown && query != catalog::TRENDS && more >= less {
            Ok(Counts { added: more - less, ..Counts::default() })
        } else {
            self.compare(query, &gone, &come)
        }
    }

    /// Counts by the rows themselves, as `EXCEPT ALL` both ways does, in one pass. Rows of the same grain that differ are
    /// corrected; without a grain they are withdrawn and added.
    fn compare(&self, query: Query, gone: &[CutFile], come: &[CutFile]) -> Result<Counts, CutFault> {
        let contract = query.contract().map_err(|_| CutFault::Contract(query.name))?;
        let (gone, come) = (self.rows(gone)?, self.rows(come)?);
        let columns: Vec<&str> = contract.columns.iter().map(|column| column.name.as_str()).collect();
        let all = columns.join(", ");
        // Of rows that both have equally often nothing is left.
        let differing = format!(
            "SELECT {all}, CAST(sum(sign) AS BIGINT) AS balance \
             FROM (SELECT {all}, 1 AS sign FROM ({come}) UNION ALL SELECT {all}, -1 FROM ({gone})) \
             GROUP BY {all} HAVING sum(sign) <> 0"
        );
        let by = if contract.grain.is_empty() { all } else { contract.grain.join(", ") };
        let sql = format!(
            "SELECT CAST(coalesce(sum(come), 0) AS BIGINT) AS come, CAST(coalesce(sum(gone), 0) AS BIGINT) AS gone, \
             CAST(coalesce(sum(least(come, gone)), 0) AS BIGINT) AS other \
             FROM (SELECT sum(greatest(balance, 0)) AS come, sum(greatest(-balance, 0)) AS gone \
                   FROM ({differing}) GROUP BY {by})"
        );
        let counted = self.engine.query("comparing releases", &sql, &[], |row| {
            let other = row.u64("other")?;
            Ok(Counts { added: row.u64("come")? - other, corrected: other, withdrawn: row.u64("gone")? - other })
        })?;
        Ok(counted.first().copied().unwrap_or_default())
    }

    fn rows(&self, files: &[CutFile]) -> Result<String, CutFault> {
        let paths = files.iter().map(|file| quoted_path(&file.locate(self.public)));
        let paths = paths.collect::<Result<Vec<_>, _>>()?.join(", ");
        Ok(format!("SELECT * FROM read_parquet([{paths}], hive_partitioning = false)"))
    }
}
