//! The rows of blocks and of results, each value under its name and known to be what it should be.

use crate::day::Day;
use crate::inputs::Policies;
use crate::subject::Country;
use crate::table::{Batch, Table, TableFault, Values};
use crate::words::{Grade, Hours, Quantity, TestType};

/// A row that is not what its contract says.
#[derive(Debug, thiserror::Error)]
pub enum RowFault {
    /// The file cannot be read.
    #[error(transparent)]
    Table(#[from] TableFault),
    /// A value that cannot be.
    #[error("row {row}: {column} is {value}, which it cannot be")]
    Value {
        /// Number of the row in its file, from 1.
        row: usize,
        /// The column.
        column: &'static str,
        /// The value.
        value: String,
    },
}

/// A block of a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block {
    /// The network.
    pub asn: u32,
    /// Kind of test.
    pub test_type: TestType,
    /// Its first day.
    pub first_day: Day,
    /// Its last day.
    pub last_day: Day,
    /// Tests.
    pub tests: i64,
    /// Votes.
    pub votes: i64,
    /// Days with votes.
    pub vote_days: i64,
}

/// Which part of which block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PartKey {
    /// The network.
    pub asn: u32,
    /// Kind of test.
    pub test_type: TestType,
    /// First day of the block.
    pub first_day: Day,
    /// Country of the part; none if unknown.
    pub country: Option<Country>,
    /// Hours of the part.
    pub hours: Hours,
}

/// What a part holds. Sums are in hundredths of a ms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PartSums {
    /// Tests.
    pub tests: i64,
    /// Votes.
    pub votes: i64,
    /// Votes with a baseline.
    pub baseline_votes: i64,
    /// Sum of these.
    pub baseline_sum: i64,
    /// Sum of all votes' increases while downloading.
    pub download_sum: i64,
    /// The same while uploading.
    pub upload_sum: i64,
    /// Votes that measured both directions at once.
    pub bidirectional_votes: i64,
    /// Sum of these.
    pub bidirectional_sum: i64,
}

/// Votes of a part by bin, of one quantity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BinRun {
    /// The part.
    pub part: PartKey,
    /// Last day of the block.
    pub last_day: Day,
    /// Which latency increase.
    pub quantity: Quantity,
    /// Bins and votes.
    pub votes: Vec<(u16, i64)>,
}

/// Votes of a part with a grade under a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Graded {
    /// The part.
    pub part: PartKey,
    /// Last day of the block.
    pub last_day: Day,
    /// Place of the policy among [`Policies`].
    pub policy: usize,
    /// The grade.
    pub grade: Grade,
    /// Votes.
    pub votes: i64,
}

/// A result that a block counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// The day of the test.
    pub test_date: Day,
    /// The network.
    pub asn: u32,
    /// Kind of test.
    pub test_type: TestType,
    /// True if it is a vote.
    pub is_vote: bool,
    /// Its bins, in the order of [`Quantity::ALL`].
    pub bins: [Option<u16>; 4],
    /// Its grade.
    pub grade: Option<Grade>,
}

/// The columns of a batch that are read, and which row is.
struct Reader<'b> {
    names: &'static [&'static str],
    columns: Vec<&'b Values>,
    first: usize,
    row: usize,
}

impl<'b> Reader<'b> {
    fn new(batch: &'b Batch, names: &'static [&'static str]) -> Result<Self, TableFault> {
        let columns = names.iter().map(|name| batch.named(name)).collect::<Result<_, _>>()?;
        Ok(Self { names, columns, first: batch.first, row: 0 })
    }

    fn fault(&self, column: usize) -> RowFault {
        let value = self.columns[column].cell(self.row).to_string();
        RowFault::Value { row: self.first + self.row + 1, column: self.names[column], value }
    }

    fn int<T: TryFrom<i64>>(&self, column: usize) -> Result<T, RowFault> {
        self.columns[column].int(self.row).and_then(|value| T::try_from(value).ok()).ok_or_else(|| self.fault(column))
    }

    fn count(&self, column: usize) -> Result<i64, RowFault> {
        self.int::<i64>(column).ok().filter(|count| *count >= 0).ok_or_else(|| self.fault(column))
    }

    fn day(&self, column: usize) -> Result<Day, RowFault> {
        self.int(column).map(Day)
    }

    fn is_null(&self, column: usize) -> bool {
        self.columns[column].int(self.row).is_none() && self.columns[column].text(self.row).is_none()
    }

    fn word<T>(&self, column: usize, parse: impl Fn(&str) -> Option<T>) -> Result<T, RowFault> {
        self.columns[column].text(self.row).and_then(parse).ok_or_else(|| self.fault(column))
    }

    fn maybe<T>(&self, column: usize, read: impl Fn(usize) -> Result<T, RowFault>) -> Result<Option<T>, RowFault> {
        if self.is_null(column) { Ok(None) } else { read(column).map(Some) }
    }

    /// The part of a row whose first columns are those of [`PART`].
    fn part(&self) -> Result<(PartKey, Day), RowFault> {
        let part = PartKey {
            asn: self.int(0)?,
            test_type: self.word(1, TestType::parse)?,
            first_day: self.day(2)?,
            country: self.maybe(4, |column| self.word(column, Country::parse))?,
            hours: self.word(5, |text| Hours::parse(text).filter(|hours| *hours != Hours::All))?,
        };
        Ok((part, self.day(3)?))
    }
}

/// Calls `each` with every row of a file.
fn each_row(
    table: &Table,
    names: &'static [&'static str],
    mut each: impl FnMut(&Reader<'_>) -> Result<(), RowFault>,
) -> Result<(), RowFault> {
    for batch in table.batches() {
        let batch = batch?;
        let mut reader = Reader::new(&batch, names)?;
        for row in 0..batch.rows {
            reader.row = row;
            each(&reader)?;
        }
    }
    Ok(())
}

/// Reads `blocks`.
///
/// # Errors
/// [`RowFault`].
pub fn blocks(table: &Table, mut each: impl FnMut(Block)) -> Result<(), RowFault> {
    let names = &["asn", "test_type", "first_day", "last_day", "tests", "votes", "vote_days"];
    each_row(table, names, |row| {
        each(Block {
            asn: row.int(0)?,
            test_type: row.word(1, TestType::parse)?,
            first_day: row.day(2)?,
            last_day: row.day(3)?,
            tests: row.count(4)?,
            votes: row.count(5)?,
            vote_days: row.count(6)?,
        });
        Ok(())
    })
}

/// Reads `block_parts`; `each` hears also the block's last day.
///
/// # Errors
/// [`RowFault`].
pub fn parts(table: &Table, mut each: impl FnMut(PartKey, Day, PartSums)) -> Result<(), RowFault> {
    let names = &[
        "asn",
        "test_type",
        "first_day",
        "last_day",
        "country",
        "hours",
        "tests",
        "votes",
        "baseline_votes",
        "baseline_sum",
        "download_sum",
        "upload_sum",
        "bidirectional_votes",
        "bidirectional_sum",
    ];
    each_row(table, names, |row| {
        let (part, last_day) = row.part()?;
        let sums = PartSums {
            tests: row.count(6)?,
            votes: row.count(7)?,
            baseline_votes: row.count(8)?,
            baseline_sum: row.count(9)?,
            download_sum: row.count(10)?,
            upload_sum: row.count(11)?,
            bidirectional_votes: row.count(12)?,
            bidirectional_sum: row.count(13)?,
        };
        each(part, last_day, sums);
        Ok(())
    })
}

/// Reads `block_bins`, neighbouring rows of one part and quantity together.
///
/// # Errors
/// [`RowFault`].
pub fn bin_runs(table: &Table, mut each: impl FnMut(&BinRun)) -> Result<(), RowFault> {
    let names = &["asn", "test_type", "first_day", "last_day", "country", "hours", "quantity", "bin", "votes"];
    let mut run: Option<BinRun> = None;
    each_row(table, names, |row| {
        let (part, last_day) = row.part()?;
        let quantity = row.word(6, Quantity::parse)?;
        let vote = (row.int(7)?, row.count(8)?);
        match run.as_mut().filter(|run| (run.part, run.last_day, run.quantity) == (part, last_day, quantity)) {
            Some(run) => run.votes.push(vote),
            None => {
                if let Some(whole) = run.replace(BinRun { part, last_day, quantity, votes: vec![vote] }) {
                    each(&whole);
                }
            }
        }
        Ok(())
    })?;
    run.iter().for_each(each);
    Ok(())
}

/// Reads `block_grades`.
///
/// # Errors
/// [`RowFault`].
pub fn grades(table: &Table, policies: &Policies, mut each: impl FnMut(Graded)) -> Result<(), RowFault> {
    let names = &["asn", "test_type", "first_day", "last_day", "country", "hours", "policy", "grade", "votes"];
    each_row(table, names, |row| {
        let (part, last_day) = row.part()?;
        let policy = row.word(6, |name| policies.index(name))?;
        each(Graded { part, last_day, policy, grade: row.word(7, Grade::parse)?, votes: row.count(8)? });
        Ok(())
    })
}

/// Reads `results`.
///
/// # Errors
/// [`RowFault`].
pub fn results(table: &Table, mut each: impl FnMut(Outcome)) -> Result<(), RowFault> {
    let names = &[
        "test_date",
        "test_type",
        "asn",
        "vote_month",
        "ranked_bin",
        "download_bin",
        "upload_bin",
        "bidirectional_bin",
        "grade",
    ];
    each_row(table, names, |row| {
        let bin = |column| row.maybe(column, |column| row.int(column));
        each(Outcome {
            test_date: row.day(0)?,
            test_type: row.word(1, TestType::parse)?,
            asn: row.int(2)?,
            is_vote: row.int::<i64>(3)? != 0,
            bins: [bin(4)?, bin(5)?, bin(6)?, bin(7)?],
            grade: row.maybe(8, |column| row.word(column, Grade::parse))?,
        });
        Ok(())
    })
}
