//! Sums over a day or a month: the ranked quantity over all hours, and grades of the usual policy.

use std::collections::HashMap;

use crate::counts::Counts;
use crate::formulas::shares::Grades;
use crate::rows::{BinRun, Graded};
use crate::subject::Subject;
use crate::words::{Quantity, TestType};

/// What is added up of a period.
#[derive(Debug, Clone, Default)]
pub struct PeriodSums {
    /// Votes of single tests by subject and bin.
    pub bins: HashMap<Subject, Counts>,
    /// Votes by subject and grade.
    pub grades: HashMap<(TestType, Subject), Grades>,
}

impl PeriodSums {
    /// Adds votes by bin; only the ranked quantity counts here.
    pub fn add_bins(&mut self, run: &BinRun) {
        if run.quantity == Quantity::Working && run.part.test_type == TestType::Single {
            for subject in Subject::of(run.part.asn, run.part.country) {
                self.bins.entry(subject).or_default().extend(&run.votes);
            }
        }
    }

    /// Adds votes with a grade, which is of the usual policy.
    pub fn add_grade(&mut self, graded: &Graded) {
        for subject in Subject::of(graded.part.asn, graded.part.country) {
            let grades = self.grades.entry((graded.part.test_type, subject)).or_default();
            grades[graded.grade.index()] += graded.votes;
        }
    }
}
