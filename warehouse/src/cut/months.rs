//! The tables of a cut that only grow: results, blocks, and trends by block. Their rows lie in files that cuts share, each named by
//! its bytes: one for a month that is over, one for each day of the running month. A cut writes what is new and names the
//! rest again, so that its cost follows what arrived.
//!
//! ```text
//! public/files/block_bins/month=2026-10/<digest>.parquet
//! ```

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::own::{make_directory, write_parquet};
use super::{CutDocument, CutFault, CutFile};
use crate::catalog::{self, Query};
use crate::durable::{self, FileFault};
use crate::engine::{Engine, quoted_path};
use crate::lake::manifest::Snapshot;
use crate::lake::paths::{LakePaths, TestDate};
use crate::marts::results;

/// The tables.
pub(super) const TABLES: [Query; 6] = [
    catalog::PUBLIC_RESULTS,
    catalog::BLOCKS,
    catalog::BLOCK_PARTS,
    catalog::BLOCK_BINS,
    catalog::BLOCK_GRADES,
    catalog::TRENDS,
];

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
    /// Where single results are.
    pub(super) lake: &'a LakePaths,
    /// What is in the lake.
    pub(super) snapshot: &'a Snapshot,
    /// The public directory.
    pub(super) public: &'a Path,
    /// Where files lie until they are whole.
    pub(super) making: &'a Path,
    /// The cut before, if its files hold the same blocks.
    pub(super) before: Option<&'a CutDocument>,
    /// The cut before, if its blocks are the same as far as they still are there: old ones may have been dropped. Its files
    /// of results are good where the blocks are as many.
    pub(super) released: Option<&'a CutDocument>,
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
        if query == catalog::PUBLIC_RESULTS {
            return self.month_of_results(first, last);
        }
        if let Some(file) = self.known(query, Span::Month, first, last).next() {
            return Ok(Some(file.clone()));
        }
        let mut rows = vec![rows_between(query.relation(), first, last)];
        // The days of trends that the cut before told are in its files only.
        if query == catalog::TRENDS {
            for file in self.known(query, Span::Day, first, last) {
                rows.push(self.rows_of(file)?);
            }
        }
        self.write(query, Span::Month, [first, last], &rows.join(" UNION ALL "))
    }

    /// The results of a month that is over: as they were, merged from its days and those that are new, or from the lake.
    fn month_of_results(&self, first: TestDate, last: TestDate) -> Result<Option<CutFile>, CutFault> {
        let query = catalog::PUBLIC_RESULTS;
        let tests = results::tests_between(self.engine, first.day(), last.day())?;
        if tests == 0 {
            return Ok(None);
        }
        let whole = self.known(query, Span::Month, first, last).next();
        if let Some(file) = whole.filter(|file| file.rows == Some(tests)) {
            return Ok(Some(file.clone()));
        }
        let days = self.good_days(first)?;
        let from = days.as_ref().and_then(|(last, _)| last.plus(1)).unwrap_or(first);
        let mut rows = Vec::new();
        for file in days.iter().flat_map(|(_, files)| files) {
            rows.push(self.rows_of(file)?);
        }
        if from <= last {
            results::of_blocks(self.engine, self.lake, self.snapshot, from.day(), last.day())?;
            rows.push(query.sql.to_owned());
        }
        self.write(query, Span::Month, [first, last], &rows.join(" UNION ALL "))
    }

    /// The files of results of the cut before of days of this month, and the day up to which they tell; none if they do not
    /// hold what the blocks do.
    fn good_days(&self, first: TestDate) -> Result<Option<(TestDate, Vec<CutFile>)>, CutFault> {
        let Some(released) = self.released.filter(|released| released.last_day >= first) else { return Ok(None) };
        let last = TestDate::from(first.date().last_of_month()).min(released.last_day);
        let files: Vec<CutFile> = self.known(catalog::PUBLIC_RESULTS, Span::Day, first, last).cloned().collect();
        let rows: u64 = files.iter().filter_map(|file| file.rows).sum();
        let good = rows == results::tests_between(self.engine, first.day(), last.day())?;
        Ok(good.then_some((last, files)))
    }

    /// The files of a month that is not over.
    fn running_month(&self, query: Query, first: TestDate, files: &mut Vec<CutFile>) -> Result<(), CutFault> {
        let mut next = Some(first);
        if query == catalog::PUBLIC_RESULTS {
            if let Some((last, days)) = self.good_days(first)? {
                files.extend(days);
                next = last.plus(1);
            }
        } else if let Some(before) = self.before.filter(|before| before.last_day >= first) {
            files.extend(self.known(query, Span::Day, first, self.last_day).cloned());
            next = before.last_day.plus(1);
        }
        while let Some(day) = next.filter(|day| *day <= self.last_day) {
            files.extend(self.day(query, day)?);
            next = day.plus(1);
        }
        if query == catalog::TRENDS {
            let rows = rows_between(query.relation(), first, self.last_day) + " AND kind = 'month'";
            files.extend(self.write(query, Span::RunningMonth, [first, self.last_day], &rows)?);
        }
        Ok(())
    }

    /// The file of a day of the running month.
    fn day(&self, query: Query, day: TestDate) -> Result<Option<CutFile>, CutFault> {
        if query == catalog::PUBLIC_RESULTS {
            let tests = results::of_blocks(self.engine, self.lake, self.snapshot, day.day(), day.day())?;
            return if tests == 0 { Ok(None) } else { self.write(query, Span::Day, [day, day], query.sql) };
        }
        let days = if query == catalog::TRENDS { " AND kind = 'day'" } else { "" };
        self.write(query, Span::Day, [day, day], &(rows_between(query.relation(), day, day) + days))
    }

    /// The rows of a file that was written before.
    fn rows_of(&self, file: &CutFile) -> Result<String, CutFault> {
        // The columns stand in the file: the folder's name is not read as one.
        let path = quoted_path(&self.public.join(&file.path))?;
        Ok(format!("SELECT * FROM read_parquet({path}, hive_partitioning = false)"))
    }

    /// Files of the cut before that hold so much of a table inside these days.
    fn known(&self, query: Query, span: Span, first: TestDate, last: TestDate) -> impl Iterator<Item = &CutFile> {
        let before = if query == catalog::PUBLIC_RESULTS { self.released } else { self.before };
        let files = before.map_or(&[][..], |before| &before.files);
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
        let (rows, written) = write_parquet(self.engine, query, rows, None, &unnamed)?;
        if rows == 0 {
            fs::remove_file(&unnamed).map_err(FileFault::when("remove", &unnamed))?;
            return Ok(None);
        }
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
