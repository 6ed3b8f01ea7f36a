//! `provenance`: what the warehouse states of where votes came from. No block can tell if it is true; its form is checked:
//! votes and tests in tens, shares in whole percents, so that it tells of no single client.

use anyhow::Context as _;

use super::figures::open;
use crate::contract;
use crate::release::Release;
use crate::report::{Check, Report};

/// The tables.
const TABLES: [&str; 3] = ["asn_sources", "asn_provenance", "coverage"];

/// Looks at every number.
pub(super) fn check(release: &Release, report: &mut Report) -> anyhow::Result<()> {
    report.looked_at(Check::Provenance, 0);
    for name in TABLES {
        let contract = contract::of(name).with_context(|| format!("no contract of {name}"))?;
        for file in release.manifest.files_of(name) {
            for batch in open(release, file)?.batches() {
                let batch = batch.with_context(|| file.path.clone())?;
                report.looked_at(Check::Provenance, batch.rows);
                for (place, column) in contract.columns.iter().enumerate() {
                    let Some(values) = batch.column(place) else { continue };
                    let told = (0..batch.rows).filter_map(|row| Some((row, values.int(row)?)));
                    for (row, value) in told.filter(|(_, value)| !is_sound(&column.name, *value)) {
                        let row = batch.first + row + 1;
                        report.found(Check::Provenance, &file.path, format!("row {row}: {} is {value}", column.name));
                    }
                }
            }
        }
    }
    Ok(())
}

/// True for a number that such a column can hold.
fn is_sound(column: &str, value: i64) -> bool {
    let is_share = column == "largest_share_percent" || column.starts_with("share_");
    match column {
        _ if column.ends_with("_in_tens") => value >= 0 && value % 10 == 0,
        _ if is_share => (0..=100).contains(&value),
        // A difference of two shares.
        _ if column.ends_with("_percent") => (-100..=100).contains(&value),
        "sources" | "places_shift" => value >= 0,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::is_sound;

    // Aim: exact numbers of votes, and shares beyond all votes, are found.
    #[test]
    fn statements_go_in_tens() {
        assert!(is_sound("votes_in_tens", 120) && !is_sound("votes_in_tens", 121) && !is_sound("tests_in_tens", -10));
        assert!(is_sound("share_percent", 100) && !is_sound("share_low_percent", 101));
        assert!(is_sound("direct_difference_percent", -40) && !is_sound("direct_difference_percent", -101));
    }
}
