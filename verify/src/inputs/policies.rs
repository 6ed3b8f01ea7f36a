//! Policies: from which latency increase on a test has which letter grade.

use super::csv_table::maybe_number;
use super::{Bins, CsvTable, InputFault};
use crate::formulas::shares::Grades;
use crate::words::{Grade, REPORTED};

/// A policy. Thresholds are in hundredths of a ms, of the grades from A+ to D; F has none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Its name.
    pub name: String,
    increase_below: Vec<i64>,
    has_baseline: bool,
}

impl Policy {
    /// Reads a file of `inputs/policies/`.
    ///
    /// # Errors
    /// [`InputFault`] for other grades, thresholds that do not rise, or one that is no edge of a bin.
    pub fn read(name: &str, table: &CsvTable, bins: &Bins) -> Result<Self, InputFault> {
        table.expect(&["grade", "increase_below_hundredths", "baseline_below_hundredths"])?;
        let grades: Vec<&str> = table.rows.iter().map(|row| row[0].as_str()).collect();
        if grades != ["A+", "A", "B", "C", "D", "F"] {
            return Err(InputFault(format!("grades {grades:?}")));
        }
        let thresholds = table.rows.iter().map(|row| maybe_number(row, 1)).collect::<Result<Vec<Option<i64>>, _>>()?;
        let increase_below: Vec<i64> = thresholds.iter().flatten().copied().collect();
        let is_right = increase_below.len() == grades.len() - 1
            && thresholds.last() == Some(&None)
            && increase_below.is_sorted_by(|a, b| a < b)
            && increase_below.iter().all(|edge| bins.has_edge(*edge));
        if !is_right {
            return Err(InputFault("thresholds do not rise from A+ to D along edges of bins".to_owned()));
        }
        let has_baseline = table.rows.iter().any(|row| !row[2].is_empty());
        Ok(Self { name: name.to_owned(), increase_below, has_baseline })
    }

    /// The grade of an increase in this bin, whatever the baseline.
    #[must_use]
    pub fn grade_of(&self, bin: u16, bins: &Bins) -> Option<Grade> {
        let lower = bins.get(bin)?.lower;
        Grade::ALL.get(self.increase_below.partition_point(|edge| *edge <= lower)).copied()
    }

    /// True if votes can be graded so, given what their increases alone would give: the same without a rule for
    /// baselines, else no better.
    #[must_use]
    pub fn agrees(&self, graded: &Grades, by_increase: &Grades) -> bool {
        if !self.has_baseline {
            return graded == by_increase;
        }
        let reached = |grades: &Grades, last: usize| grades[..=last].iter().sum::<i64>();
        (0..graded.len()).all(|last| reached(graded, last) <= reached(by_increase, last))
    }
}

/// All policies of a release, and beside them what clients reported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policies {
    named: Vec<Policy>,
    names: Vec<String>,
}

impl Policies {
    /// Of these policies.
    #[must_use]
    pub fn new(named: Vec<Policy>) -> Self {
        let names = named.iter().map(|policy| policy.name.clone()).chain([REPORTED.to_owned()]).collect();
        Self { named, names }
    }

    /// The named policies, of single tests.
    #[must_use]
    pub fn named(&self) -> &[Policy] {
        &self.named
    }

    /// The names of all, the reported grades last.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The place of a name.
    #[must_use]
    pub fn index(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|other| other == name)
    }

    /// The place of what clients reported.
    #[must_use]
    pub fn reported(&self) -> usize {
        self.named.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inputs::samples::bins;

    // Aim: grades begin where the policy says, and a rule for baselines can only make grades worse.
    #[test]
    fn grades_follow_from_bins() {
        let bins = bins();
        let read = |text: &[u8]| Policy::read("p", &CsvTable::read(text).unwrap(), &bins);
        let plain = read(include_bytes!("../../../queries/policies/libreqos-2024-12.csv")).unwrap();
        let grade = |hundredths| plain.grade_of(bins.of(hundredths).unwrap(), &bins).unwrap().name();
        assert_eq!([0, 499, 500, 2_499, 10_000, 900_000].map(grade), ["A+", "A+", "A", "A", "F", "F"]);
        assert!(plain.agrees(&[1, 2, 0, 0, 0, 0], &[1, 2, 0, 0, 0, 0]));
        assert!(!plain.agrees(&[1, 1, 1, 0, 0, 0], &[1, 2, 0, 0, 0, 0]));
        let with_baseline = read(include_bytes!("../../../queries/policies/dslreports.csv")).unwrap();
        assert!(with_baseline.agrees(&[1, 1, 1, 0, 0, 0], &[1, 2, 0, 0, 0, 0]));
        assert!(!with_baseline.agrees(&[2, 1, 0, 0, 0, 0], &[1, 2, 0, 0, 0, 0]));
    }
}
