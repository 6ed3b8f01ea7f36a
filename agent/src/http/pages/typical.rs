//! What is usual in a network: the median over its newest tests at this agent.

use rusqlite::{Connection, Row, named_params};
use wire::{Grade, TestType};

use super::reading::{Load, Numbers, Reading};
use super::verdict::{Comparison, MIN_TYPICAL_TESTS, Typical, TypicalValue};
use crate::store::StoreFault;

/// Newest results of all networks that are looked through: a bound of the work of one look-up.
const MAX_RESULTS: u32 = 10_000;

/// Reads what is usual where this comparison looks.
pub(super) fn typical(connection: &Connection, comparison: Comparison) -> Result<Typical, StoreFault> {
    let sql = format!(
        "SELECT baseline_latency_ms, download_latency_increase_ms, upload_latency_increase_ms,
                bidirectional_latency_increase_ms, download_mbps, upload_mbps, overall_grade
         FROM (SELECT * FROM history ORDER BY local_id DESC LIMIT {MAX_RESULTS})
         WHERE asn = :asn AND test_type = :test_type"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let values = named_params! { ":asn": comparison.asn, ":test_type": comparison.test_type.as_str() };
    let (tests, value) = match comparison.test_type {
        TestType::Single => {
            let rises = statement.query_map(values, |row| rise(row, comparison.load))?;
            let (tests, middle) =
                middle(rises.filter_map(Result::transpose).collect::<Result<Vec<f64>, _>>()?, f64::total_cmp);
            (tests, middle.map(TypicalValue::Rise))
        }
        TestType::Household => {
            let grades = statement.query_map(values, |row| {
                let letter = row.get_ref("overall_grade")?.as_str_or_null().map_err(rusqlite::Error::from)?;
                Ok(letter.and_then(Grade::parse))
            })?;
            let (tests, middle) =
                middle(grades.filter_map(Result::transpose).collect::<Result<Vec<Grade>, _>>()?, Grade::cmp);
            (tests, middle.map(TypicalValue::Grade))
        }
    };
    Ok(Typical { asn: comparison.asn, tests, value })
}

fn rise(row: &Row<'_>, load: Load) -> rusqlite::Result<Option<f64>> {
    let numbers = Numbers {
        baseline_ms: row.get("baseline_latency_ms")?,
        download_increase_ms: row.get("download_latency_increase_ms")?,
        upload_increase_ms: row.get("upload_latency_increase_ms")?,
        bidirectional_increase_ms: row.get("bidirectional_latency_increase_ms")?,
        download_mbps: row.get("download_mbps")?,
        upload_mbps: row.get("upload_mbps")?,
    };
    Ok(Reading::of_numbers(numbers, TestType::Single).rise(load))
}

/// How many there are, and, if they are enough, the one in the middle (the better of two).
fn middle<T: Copy>(mut values: Vec<T>, order: fn(&T, &T) -> std::cmp::Ordering) -> (usize, Option<T>) {
    let tests = values.len();
    if tests < MIN_TYPICAL_TESTS {
        return (tests, None);
    }
    let (_, middle, _) = values.select_nth_unstable_by((tests - 1) / 2, order);
    (tests, Some(*middle))
}

#[cfg(test)]
mod tests {
    //! Aim: the middle of enough tests is typical, and few tests are not.

    use super::*;

    #[test]
    fn the_middle_of_enough_tests_is_typical() {
        let many: Vec<f64> = (0..101).rev().map(f64::from).collect();
        assert_eq!(middle(many, f64::total_cmp), (101, Some(50.0)));
        assert_eq!(middle(vec![1.0; MIN_TYPICAL_TESTS - 1], f64::total_cmp), (MIN_TYPICAL_TESTS - 1, None));
        let grades = [vec![Grade::APlus; 6], vec![Grade::F; 6]].concat();
        assert_eq!(middle(grades, Grade::cmp), (12, Some(Grade::APlus)));
    }
}
