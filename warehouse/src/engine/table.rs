//! Results of unknown shape, for tests.

use duckdb::Connection;
use duckdb::arrow::array::Array as _;
use duckdb::arrow::error::ArrowError;
use duckdb::arrow::util::display::{ArrayFormatter, FormatOptions};

/// A result as text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Table {
    /// Names of the columns.
    pub columns: Vec<String>,
    /// The rows; each has a cell for every column.
    pub rows: Vec<Vec<Cell>>,
}

/// A value as text, and whether it may stand in JSON without quotes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    /// No value.
    Null,
    /// An integer, a decimal or a boolean.
    Bare(String),
    /// Anything else.
    Text(String),
}

pub(super) fn collect(connection: &Connection, sql: &str) -> duckdb::Result<Table> {
    let mut statement = connection.prepare(sql)?;
    let batches = statement.query_arrow([])?;
    let columns = batches.get_schema().fields().iter().map(|field| field.name().clone()).collect();
    let mut table = Table { columns, rows: Vec::new() };
    for batch in batches {
        let rows = cells(&batch).map_err(|fault| duckdb::Error::ToSqlConversionFailure(Box::new(fault)))?;
        table.rows.extend(rows);
    }
    Ok(table)
}

fn cells(batch: &duckdb::arrow::record_batch::RecordBatch) -> Result<Vec<Vec<Cell>>, ArrowError> {
    let options = FormatOptions::default();
    let formatters = batch
        .columns()
        .iter()
        .map(|column| ArrayFormatter::try_new(column, &options))
        .collect::<Result<Vec<_>, _>>()?;
    let cell = |row: usize, column: usize| {
        let array = batch.column(column);
        if array.is_null(row) {
            return Cell::Null;
        }
        let text = formatters[column].value(row).to_string();
        let bare = array.data_type().is_numeric() || matches!(text.as_str(), "true" | "false");
        // NaN and infinity are numbers that JSON has no word for.
        if bare && !text.contains(['N', 'i']) { Cell::Bare(text) } else { Cell::Text(text) }
    };
    Ok((0..batch.num_rows()).map(|row| (0..batch.num_columns()).map(|column| cell(row, column)).collect()).collect())
}
