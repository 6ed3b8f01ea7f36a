//! The tables of a cut that only grow: blocks, and trends by block. Their rows lie in files that cuts share, each named by
//! its bytes: one for a month that is over, one for each day of the running month. A cut writes what is new and names the
//! rest again, so that its cost follows what arrived.
//!
//! ```text
//! public/files/block_bins/month=2026-10/<digest>.parquet
//! ```

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::own::{copy_parquet, make_directory};
use super::{CutDocument, CutFault, CutFile};
use crate::catalog::{self, Query};
use crate::durable::{self, FileFault, disk};
use crate::engine::{Engine, quoted_path};
use crate::lake::paths::TestDate;

/// The tables.
const TABLES: [Query; 5] =
    [catalog::BLOCKS, catalog::BLOCK_PARTS, catalog::BLOCK_BINS, catalog::BLOCK_GRADES, catalog::TRENDS];

/// How much of a table a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Span {
    /// A month that is over.
    Month,
    /// A day of the running month.
    Day,
    /// What is told of the running month as a whole; every cut tells it anew.
    RunningMonth,
}

/// Writes what the cut before does not have, and names all files of the cut.
pub(super) struct Months<'a> {
    pub(super) engine: &'a Engine,
    /// The public directory.
    pub(super) public: &'a Path,
    /// Where files lie until they are whole.
    pub(super) making: &'a Path,
    /// The cut before, if its files hold the same blocks.
    pub(super) before: Option<&'a CutDocument>,
    /// The day on which the oldest block ended; none without blocks.
    pub(super) oldest: Option<TestDate>,
    /// The last day of the cut.
    pub(super) last_day: TestDate,
}

impl Months<'_> {
    /// Every file of these tables, in the order of table and month.
    pub(super) fn files(&self) -> Result<Vec<CutFile>, CutFault> {
        let mut files = Vec::new();
        for query in TABLES {
            let mut month = self.oldest.map(TestDate::month);
            while let Some(first) = month.filter(|first| *first <= self.last_day) {
                let last = TestDate::from(first.date().last_of_month());
                if last <= self.last_day {
                    files.extend(self.month(query, first, last)?);
                } else {
                    self.running_month(query, first, &mut files)?;
                }
                month = last.plus(1);
            }
        }
        Ok(files)
    }

    /// The file of a month that is over.
    fn month(&self, query: Query, first: TestDate, last: TestDate) -> Result<Option<CutFile>, CutFault> {
        if let Some(file) = self.known(query, Span::Month, first, last).next() {
            return Ok(Some(file.clone()));
        }
        let mut rows = vec![rows_between(query.relation(), first, last)];
        // The days of trends that the cut before told are in its files only.
        if query == catalog::TRENDS {
            for file in self.known(query, Span::Day, first, last) {
                // The columns stand in the file: the folder's name is not read as one.
                let path = quoted_path(&self.public.join(&file.path))?;
                rows.push(format!("SELECT * FROM read_parquet({path}, hive_partitioning = false)"));
            }
        }
        self.write(query, Span::Month, [first, last], &rows.join(" UNION ALL "))
    }

    /// The files of a month that is not over.
    fn running_month(&self, query: Query, first: TestDate, files: &mut Vec<CutFile>) -> Result<(), CutFault> {
        let mut next = Some(first);
        if let Some(before) = self.before.filter(|before| before.last_day >= first) {
            files.extend(self.known(query, Span::Day, first, self.last_day).cloned());
            next = before.last_day.plus(1);
        }
        while let Some(day) = next.filter(|day| *day <= self.last_day) {
            let days = if query == catalog::TRENDS { " AND kind = 'day'" } else { "" };
            let rows = rows_between(query.relation(), day, day) + days;
            files.extend(self.write(query, Span::Day, [day, day], &rows)?);
            next = day.plus(1);
        }
        if query == catalog::TRENDS {
            let rows = rows_between(query.relation(), first, self.last_day) + " AND kind = 'month'";
            files.extend(self.write(query, Span::RunningMonth, [first, self.last_day], &rows)?);
        }
        Ok(())
    }

    /// Files of the cut before that hold so much of a table inside these days.
    fn known(&self, query: Query, span: Span, first: TestDate, last: TestDate) -> impl Iterator<Item = &CutFile> {
        let files = self.before.map_or(&[][..], |before| &before.files);
        files.iter().filter(move |file| {
            file.table.as_deref() == Some(query.relation())
                && file.span == Some(span)
                && file.first_day.is_some_and(|day| day >= first)
                && file.last_day.is_some_and(|day| day <= last)
        })
    }

    /// Writes rows and names the file by its bytes; none if there are no rows.
    fn write(
        &self,
        query: Query,
        span: Span,
        [first_day, last_day]: [TestDate; 2],
        rows: &str,
    ) -> Result<Option<CutFile>, CutFault> {
        let table = query.relation();
        let unnamed = self.making.join(format!("{table}.parquet"));
        let rows = copy_parquet(self.engine, query, rows, &unnamed)?;
        if rows == 0 {
            fs::remove_file(&unnamed).map_err(FileFault::when("remove", &unnamed))?;
            return Ok(None);
        }
        let written = disk::measure(&unnamed)?;
        let month: String = first_day.to_string().chars().take(MONTH_CHARS).collect();
        let path = format!("files/{table}/month={month}/{}.parquet", written.sha256);
        let named = self.public.join(&path);
        let directory = named.parent().map_or_else(PathBuf::new, Path::to_owned);
        make_directory(&directory)?;
        fs::rename(&unnamed, &named).map_err(FileFault::when("name", &named))?;
        // The file, its month, its table and the folder of tables.
        for directory in directory.ancestors().take_while(|directory| *directory != self.public) {
            durable::sync_directory(directory).map_err(FileFault::when("sync", directory))?;
        }
        Ok(Some(CutFile {
            path,
            bytes: written.bytes,
            sha256: written.sha256,
            table: Some(table.to_owned()),
            rows: Some(rows),
            span: Some(span),
            month: Some(month),
            first_day: Some(first_day),
            last_day: Some(last_day),
        }))
    }
}

/// `2026-10`.
const MONTH_CHARS: usize = 7;

fn rows_between(table: &str, first: TestDate, last: TestDate) -> String {
    // A date's text holds nothing but digits and hyphens.
    format!("SELECT * FROM {table} WHERE last_day BETWEEN DATE '{first}' AND DATE '{last}'")
}

impl TestDate {
    /// The date so many days later; none after the year 9999.
    pub(super) fn plus(self, days: u32) -> Option<Self> {
        Self::of(self.day().plus(days))
    }
}
