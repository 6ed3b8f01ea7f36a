//! Rows in columns.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{Array as _, ArrayRef, AsArray as _, BooleanArray, RecordBatch, UInt32Array};
use arrow::compute::{SortColumn, SortOptions, filter_record_batch, lexsort_to_indices, take_record_batch};
use arrow::datatypes::{DataType, Date32Type, Float64Type, Int64Type, Schema, UInt32Type};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use wire::Day;

use super::ExportFault;

/// Rows with named columns; cloning and slicing copies no value.
#[derive(Debug, Clone, PartialEq)]
pub struct Sheet {
    batch: RecordBatch,
}

/// A column; a value that is missing, or of another type than is asked for, is none.
#[derive(Debug, Clone)]
pub struct Column {
    array: Option<ArrayRef>,
}

impl Sheet {
    /// The rows of this batch.
    #[must_use]
    pub fn new(batch: RecordBatch) -> Self {
        Self { batch }
    }

    pub(super) fn batch(&self) -> &RecordBatch {
        &self.batch
    }

    /// Number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.batch.num_rows()
    }

    /// Names of the columns in their order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.batch.schema_ref().fields().iter().map(|field| field.name().as_str())
    }

    /// The column of this name; one that there is not has no values.
    #[must_use]
    pub fn column(&self, name: &str) -> Column {
        Column { array: self.batch.column_by_name(name).cloned() }
    }

    /// Some rows that follow each other. What lies beyond the end is left out.
    #[must_use]
    pub fn slice(&self, rows: Range<usize>) -> Self {
        let start = rows.start.min(self.rows());
        let end = rows.end.clamp(start, self.rows());
        Self { batch: self.batch.slice(start, end - start) }
    }

    /// The cells of all rows as texts; what is missing is empty.
    ///
    /// # Errors
    /// If a type has no text.
    pub fn texts(&self) -> Result<Vec<Vec<String>>, ExportFault> {
        let options = FormatOptions::default();
        let columns = self.batch.columns().iter();
        let formatters: Vec<_> =
            columns.map(|column| ArrayFormatter::try_new(column, &options)).collect::<Result<_, _>>()?;
        let cells = |row| formatters.iter().map(|formatter| formatter.value(row).to_string()).collect();
        Ok((0..self.rows()).map(cells).collect())
    }

    /// The rows for which `keep` says so.
    ///
    /// # Errors
    /// None that a test has seen: the mask has a value for every row.
    pub fn filter(&self, keep: impl Fn(usize) -> bool) -> Result<Self, ExportFault> {
        let mask: BooleanArray = (0..self.rows()).map(|row| Some(keep(row))).collect();
        Ok(Self { batch: filter_record_batch(&self.batch, &mask)? })
    }

    /// The rows at these places, in this order.
    ///
    /// # Errors
    /// If there is no such row.
    pub fn pick(&self, rows: &[u32]) -> Result<Self, ExportFault> {
        Ok(Self { batch: take_record_batch(&self.batch, &UInt32Array::from(rows.to_vec()))? })
    }

    /// The places of all rows in the order of a column, those without a value last; equal ones in the order of `then`.
    ///
    /// # Errors
    /// If there is no such column.
    pub fn order(&self, by: &str, descending: bool, then: &str) -> Result<Vec<u32>, ExportFault> {
        let sort = |name: &str, descending| {
            let index = self.batch.schema_ref().index_of(name)?;
            let options = Some(SortOptions { descending, nulls_first: false });
            Ok::<_, ExportFault>(SortColumn { values: Arc::clone(self.batch.column(index)), options })
        };
        let order = lexsort_to_indices(&[sort(by, descending)?, sort(then, false)?], None)?;
        Ok(order.values().to_vec())
    }

    /// These rows with the named columns of another sheet, which has as many rows, in the place of their own.
    ///
    /// # Errors
    /// If the rows are not as many, or one of the sheets lacks a column.
    pub fn replace(&self, other: &Self, names: &[&str]) -> Result<Self, ExportFault> {
        let mut columns = self.batch.columns().to_vec();
        for name in names {
            let index = other.batch.schema_ref().index_of(name)?;
            columns[self.batch.schema_ref().index_of(name)?] = Arc::clone(other.batch.column(index));
        }
        Ok(Self { batch: RecordBatch::try_new(self.batch.schema(), columns)? })
    }

    /// These rows without the named columns.
    ///
    /// # Errors
    /// None that a test has seen.
    pub fn without(&self, names: &[&str]) -> Result<Self, ExportFault> {
        let kept = self.names().enumerate().filter(|(_, name)| !names.contains(name));
        let kept: Vec<usize> = kept.map(|(index, _)| index).collect();
        Ok(Self { batch: self.batch.project(&kept)? })
    }

    /// These rows with texts about the whole, which Arrow and Parquet files carry along.
    ///
    /// # Errors
    /// None that a test has seen: the columns stay.
    pub fn with_notes(&self, notes: impl IntoIterator<Item = (String, String)>) -> Result<Self, ExportFault> {
        let schema = Schema::new_with_metadata(self.batch.schema_ref().fields().clone(), notes.into_iter().collect());
        Ok(Self { batch: RecordBatch::try_new(Arc::new(schema), self.batch.columns().to_vec())? })
    }
}

impl Column {
    fn at(&self, row: usize) -> Option<&ArrayRef> {
        self.array.as_ref().filter(|array| row < array.len() && array.is_valid(row))
    }

    /// The text of a row.
    #[must_use]
    pub fn text(&self, row: usize) -> Option<&str> {
        Some(self.at(row)?.as_string_opt::<i32>()?.value(row))
    }

    /// The integer of a row.
    #[must_use]
    pub fn int(&self, row: usize) -> Option<i64> {
        let array = self.at(row)?;
        match array.data_type() {
            DataType::Int64 => Some(array.as_primitive::<Int64Type>().value(row)),
            DataType::UInt32 => Some(array.as_primitive::<UInt32Type>().value(row).into()),
            _ => None,
        }
    }

    /// The number of a row that may have a fraction.
    #[must_use]
    pub fn float(&self, row: usize) -> Option<f64> {
        Some(self.at(row)?.as_primitive_opt::<Float64Type>()?.value(row))
    }

    /// What is true or false of a row.
    #[must_use]
    pub fn bool(&self, row: usize) -> Option<bool> {
        Some(self.at(row)?.as_boolean_opt()?.value(row))
    }

    /// The day of a row, not before 1970.
    #[must_use]
    pub fn day(&self, row: usize) -> Option<Day> {
        u32::try_from(self.at(row)?.as_primitive_opt::<Date32Type>()?.value(row)).ok().map(Day)
    }

    /// The value of a row as a part of a key.
    #[must_use]
    pub fn key(&self, row: usize) -> String {
        self.text(row)
            .map_or_else(|| self.int(row).map_or_else(String::new, |number| number.to_string()), str::to_owned)
    }
}
