//! What the operator says of networks: their kind, their organisation, their name.

use std::collections::BTreeMap;

use super::csv_table::number;
use super::{CsvTable, InputFault};

/// Reads a list with a network's number and one text.
///
/// # Errors
/// [`InputFault`] for other columns, a number that is none, or a network that stands twice.
pub fn names_by_network(table: &CsvTable, column: &str) -> Result<BTreeMap<u32, String>, InputFault> {
    table.expect(&["asn", column])?;
    let mut names = BTreeMap::new();
    for row in &table.rows {
        let asn = number(row, 0)?;
        if names.insert(asn, row[1].clone()).is_some() {
            return Err(InputFault(format!("AS{asn} stands twice")));
        }
    }
    Ok(names)
}
