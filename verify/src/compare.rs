//! A published table against the rows that were derived: every row, every value.

use crate::cell::Cell;
use crate::contract::Contract;
use crate::day::Day;
use crate::figures::Row;
use crate::report::{Check, Report};
use crate::table::{Table, TableFault};

/// Compares a file, which is sorted by its grain, with all rows that it should hold.
///
/// # Errors
/// [`TableFault`] if the file cannot be read.
pub fn compare(
    report: &mut Report,
    check: Check,
    path: &str,
    table: &Table,
    contract: &Contract,
    mut derived: Vec<Row>,
) -> Result<(), TableFault> {
    report.looked_at(check, 0);
    let grain = contract.grain_places();
    let key = |row: &[Cell<'_>]| grain.iter().map(|place| row[*place].clone().into_owned()).collect::<Vec<_>>();
    derived.sort_by_cached_key(|row| key(row));
    let mut expected = derived.iter().peekable();
    let missing = |report: &mut Report, row: &Row| {
        report.found(check, path, format!("{} is missing: blocks and inputs give it", named(contract, &grain, row)));
    };
    for batch in table.batches() {
        let batch = batch?;
        report.looked_at(check, batch.rows);
        for row in 0..batch.rows {
            let published = batch.row(row);
            let place = key(&published);
            while let Some(row) = expected.next_if(|row| key(row) < place) {
                missing(report, row);
            }
            let Some(row) = expected.next_if(|row| key(row) == place) else {
                let name = named(contract, &grain, &published);
                report.found(check, path, format!("{name} does not come out of blocks and inputs"));
                continue;
            };
            for (column, (told, derived)) in contract.columns.iter().zip(published.iter().zip(row)) {
                if told != derived {
                    let (told, derived) = (shown(told, &column.sql_type), shown(derived, &column.sql_type));
                    let name = named(contract, &grain, row);
                    let what = format!("{name}: {} is {told}, blocks and inputs give {derived}", column.name);
                    report.found(check, path, what);
                }
            }
        }
    }
    expected.for_each(|row| missing(report, row));
    Ok(())
}

/// A row by its grain: `test_type single, window_days 30, …`.
pub fn named(contract: &Contract, grain: &[usize], row: &[Cell<'_>]) -> String {
    let columns = grain.iter().map(|place| {
        let column = &contract.columns[*place];
        format!("{} {}", column.name, shown(&row[*place], &column.sql_type))
    });
    columns.collect::<Vec<_>>().join(", ")
}

fn shown(cell: &Cell<'_>, sql_type: &str) -> String {
    match cell {
        Cell::Int(number) if sql_type == "DATE" => {
            i32::try_from(*number).map_or_else(|_| number.to_string(), |day| Day(day).to_string())
        }
        _ => cell.to_string(),
    }
}
