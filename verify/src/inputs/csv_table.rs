//! A CSV of the release: named columns of text.

/// A CSV that is not what it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InputFault(pub String);

/// A table of text. A value that is missing is empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CsvTable {
    /// Names of the columns.
    pub header: Vec<String>,
    /// Rows, each as long as the header.
    pub rows: Vec<Vec<String>>,
}

impl CsvTable {
    /// Reads a CSV with a header.
    ///
    /// # Errors
    /// [`InputFault`] if a row has more or fewer values than the header, or bytes are no UTF-8.
    pub fn read(bytes: &[u8]) -> Result<Self, InputFault> {
        let mut reader = csv::Reader::from_reader(bytes);
        let owned = |record: &csv::StringRecord| record.iter().map(str::to_owned).collect::<Vec<_>>();
        let unreadable = |error: csv::Error| InputFault(format!("cannot be read as CSV: {error}"));
        let header = owned(reader.headers().map_err(unreadable)?);
        let rows = reader.records().map(|record| Ok(owned(&record.map_err(unreadable)?)));
        Ok(Self { header, rows: rows.collect::<Result<_, InputFault>>()? })
    }

    /// Expects exactly these columns in this order.
    ///
    /// # Errors
    /// [`InputFault`] if it has others.
    pub fn expect(&self, columns: &[&str]) -> Result<(), InputFault> {
        if self.header == columns {
            return Ok(());
        }
        Err(InputFault(format!("has the columns {} instead of {}", self.header.join(", "), columns.join(", "))))
    }
}

/// A number in a row.
///
/// # Errors
/// [`InputFault`] if it is none.
pub(super) fn number<T: std::str::FromStr>(row: &[String], column: usize) -> Result<T, InputFault> {
    let text = row.get(column).map_or("", String::as_str);
    text.parse().map_err(|_| InputFault(format!("{text:?} in {row:?} is no such number")))
}

/// A number in a row, or nothing.
///
/// # Errors
/// [`InputFault`] if it is neither.
pub(super) fn maybe_number<T: std::str::FromStr>(row: &[String], column: usize) -> Result<Option<T>, InputFault> {
    if row.get(column).is_some_and(String::is_empty) { Ok(None) } else { number(row, column).map(Some) }
}
