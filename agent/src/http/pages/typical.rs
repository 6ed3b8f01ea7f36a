//! What is usual in a network: the median over its newest tests at this agent.

use rusqlite::{Connection, Row, named_params};
use wire::{Grade, TestType};

use super::reading::{Load, Numbers, Reading};
use super::verdict::{Comparison, MIN_TYPICAL_TESTS, Typical, TypicalValue};
use crate::store::StoreFault;

/// Newest results of all networks that are looked through: a bound of the work of one look-up.
const MAX_RESULTS: u32 = 5_000;

/// Reads what is usual where this comparison looks.
pub(super) fn typical(connection: &Connection, comparison: Comparison) -> Result<Typical, StoreFault> {
    let sql = format!(
        "SELECT baseline_latency_ms, download_latency_increase_ms, upload_latency_increase_ms,
                bidirectional_latency_increase_ms, download_mbps, upload_mbps, overall_grade
         FROM history
         WHERE local_id > (SELECT max(local_id) FROM history) - {MAX_RESULTS} AND asn = :asn AND test_type = :test_type"
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
    use crate::store::schema;

    const INSERT: &str =
        "INSERT INTO history (local_id, test_id, received_ms, client_ip, test_type, baseline_latency_ms,
        upload_latency_increase_ms, upload_mbps, overall_grade, asn)
        VALUES (?1, 'x', ?1, zeroblob(16), ?2, 18, ?3, ?4, 'B', ?5)";

    #[test]
    fn only_what_was_measured_in_the_network_counts() {
        let directory = tempfile::tempdir().expect("a directory");
        let connection = schema::open(&directory.path().join("agent.sqlite")).expect("a database");
        let mut next = 0_i64;
        let mut insert = |test_type: &str, rise: f64, mbps: f64, asn: u32| {
            next += 1;
            connection.execute(INSERT, rusqlite::params![next, test_type, rise, mbps, asn]).expect("a row");
        };
        // Too old to be looked at.
        for _ in 0..20 {
            insert("single", 900.0, 12.0, 64_500);
        }
        for n in 0..MAX_RESULTS {
            match n {
                0..11 => insert("single", 20.0 + f64::from(n), 12.0, 64_500),
                11..40 => insert("single", 0.0, 0.0, 64_500),
                40..60 => insert("household", 0.0, 12.0, 64_500),
                _ => insert("single", 700.0, 12.0, 64_501),
            }
        }
        let of = |test_type, load| typical(&connection, Comparison { asn: 64_500, test_type, load }).expect("read");
        let upload = of(TestType::Single, Load::Upload);
        assert_eq!((upload.asn, upload.tests, upload.value), (64_500, 11, Some(TypicalValue::Rise(25.0))));
        assert_eq!(of(TestType::Single, Load::Download).value, None, "nobody measured it");
        let household = of(TestType::Household, Load::Both);
        assert_eq!((household.tests, household.value), (20, Some(TypicalValue::Grade(Grade::B))));
    }

    #[test]
    fn the_middle_of_enough_tests_is_typical() {
        let many: Vec<f64> = (0..101).rev().map(f64::from).collect();
        assert_eq!(middle(many, f64::total_cmp), (101, Some(50.0)));
        assert_eq!(middle(vec![1.0; MIN_TYPICAL_TESTS - 1], f64::total_cmp), (MIN_TYPICAL_TESTS - 1, None));
        let grades = [vec![Grade::APlus; 6], vec![Grade::F; 6]].concat();
        assert_eq!(middle(grades, Grade::cmp), (12, Some(Grade::APlus)));
    }
}
