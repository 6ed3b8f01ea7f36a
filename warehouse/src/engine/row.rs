//! One row of a query's result, read by column name.

use duckdb::types::{FromSql, ValueRef};
use wire::Day;

use super::EngineFault;

/// A row; columns are read by name, so that a query may gain columns without breaking its readers.
pub struct Row<'a> {
    row: &'a duckdb::Row<'a>,
    what: &'a str,
}

impl<'a> Row<'a> {
    pub(super) fn new(row: &'a duckdb::Row<'a>, what: &'a str) -> Self {
        Self { row, what }
    }

    /// An integer of at most 64 bits.
    ///
    /// # Errors
    /// [`EngineFault::Shape`] if the column is missing, null or no such integer.
    pub fn int(&self, column: &str) -> Result<i64, EngineFault> {
        self.get(column)
    }

    /// A count or an identifier that is never negative and fits 32 bits.
    ///
    /// # Errors
    /// As [`Self::int`].
    pub fn u32(&self, column: &str) -> Result<u32, EngineFault> {
        u32::try_from(self.int(column)?).map_err(|_| self.shape(column))
    }

    /// A count that is never negative.
    ///
    /// # Errors
    /// As [`Self::int`].
    pub fn u64(&self, column: &str) -> Result<u64, EngineFault> {
        u64::try_from(self.int(column)?).map_err(|_| self.shape(column))
    }

    /// An integer that may be null.
    ///
    /// # Errors
    /// As [`Self::int`], null excepted.
    pub fn maybe_int(&self, column: &str) -> Result<Option<i64>, EngineFault> {
        self.get(column)
    }

    /// A count or an identifier that may be null and fits 32 bits.
    ///
    /// # Errors
    /// As [`Self::u32`], null excepted.
    pub fn maybe_u32(&self, column: &str) -> Result<Option<u32>, EngineFault> {
        let number = self.maybe_int(column)?;
        number.map(|number| u32::try_from(number).map_err(|_| self.shape(column))).transpose()
    }

    /// True or false.
    ///
    /// # Errors
    /// [`EngineFault::Shape`] if the column is missing, null or neither.
    pub fn bool(&self, column: &str) -> Result<bool, EngineFault> {
        self.get(column)
    }

    /// A text.
    ///
    /// # Errors
    /// [`EngineFault::Shape`] if the column is missing, null or no text.
    pub fn text(&self, column: &str) -> Result<String, EngineFault> {
        self.get(column)
    }

    /// A text that may be null.
    ///
    /// # Errors
    /// As [`Self::text`], null excepted.
    pub fn maybe_text(&self, column: &str) -> Result<Option<String>, EngineFault> {
        self.get(column)
    }

    /// A day, not before 1970.
    ///
    /// # Errors
    /// [`EngineFault::Shape`] if the column is missing, null or no such day.
    pub fn day(&self, column: &str) -> Result<Day, EngineFault> {
        self.maybe_day(column)?.ok_or_else(|| self.shape(column))
    }

    /// A day that may be null.
    ///
    /// # Errors
    /// As [`Self::day`], null excepted.
    pub fn maybe_day(&self, column: &str) -> Result<Option<Day>, EngineFault> {
        match self.row.get_ref(column).map_err(|_| self.shape(column))? {
            ValueRef::Null => Ok(None),
            ValueRef::Date32(days) => u32::try_from(days).map(|days| Some(Day(days))).map_err(|_| self.shape(column)),
            _ => Err(self.shape(column)),
        }
    }

    fn get<T: FromSql>(&self, column: &str) -> Result<T, EngineFault> {
        self.row.get(column).map_err(|_| self.shape(column))
    }

    /// The error that this column is not what its reader expects.
    #[must_use]
    pub fn shape(&self, column: &str) -> EngineFault {
        EngineFault::Shape { what: self.what.to_owned(), column: column.to_owned() }
    }
}
