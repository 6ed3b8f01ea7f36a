//! A sheet whose rows are found by a key.

use std::collections::BTreeMap;
use std::ops::Range;

use super::Sheet;

/// A sheet, sorted by some columns, with the place of each of their values.
#[derive(Debug, Clone, PartialEq)]
pub struct Book {
    sheet: Sheet,
    places: BTreeMap<String, Range<usize>>,
}

impl Book {
    /// Finds the rows of a sheet by these columns, by which it is sorted. A key is their values with `/` between them.
    #[must_use]
    pub fn new(sheet: Sheet, columns: &[&str]) -> Self {
        let columns: Vec<_> = columns.iter().map(|name| sheet.column(name)).collect();
        let mut places: BTreeMap<String, Range<usize>> = BTreeMap::new();
        for row in 0..sheet.rows() {
            let key = columns.iter().map(|column| column.key(row)).collect::<Vec<_>>().join("/");
            places.entry(key).and_modify(|place| place.end = row + 1).or_insert(row..row + 1);
        }
        Self { sheet, places }
    }

    /// All rows.
    #[must_use]
    pub fn all(&self) -> &Sheet {
        &self.sheet
    }

    /// The rows with this key; none is a sheet without rows.
    #[must_use]
    pub fn part(&self, key: &str) -> Sheet {
        self.sheet.slice(self.places.get(key).cloned().unwrap_or(0..0))
    }

    /// Every key, in order.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.places.keys().map(String::as_str)
    }
}
