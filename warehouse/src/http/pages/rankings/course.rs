//! How each network of the ranking went, as a line the size of a word.

use crate::cut::Cut;
use crate::http::pages::chart::{Cell, Moment, Unit, sparkline};
use crate::http::pages::subject::course;
use crate::http::pages::trouble::Trouble;

/// With fewer months than this, the blocks of the last 90 days say more.
const MIN_MONTHS: usize = 4;

/// Most days between the beginnings of two months that follow each other.
const MONTH_DAYS: u32 = 31;

/// The periods in which all lines of a page are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::http::pages) enum Pace {
    /// Months.
    Month,
    /// Blocks of ten votes or more.
    Block,
}

impl Pace {
    /// Months, if the world has enough of them.
    ///
    /// # Errors
    /// If the rows of the cut cannot be read.
    pub(in crate::http::pages) fn of(cut: &Cut, mode: &str) -> Result<Self, Trouble> {
        let months = course(cut, "world", mode, "month")?.len();
        Ok(if months >= MIN_MONTHS { Self::Month } else { Self::Block })
    }

    /// The head of the column.
    pub(in crate::http::pages) fn heading(self) -> &'static str {
        match self {
            Self::Month => "By month",
            Self::Block => "Last 90 days",
        }
    }

    /// The period as the data name it.
    pub(in crate::http::pages) fn period(self) -> &'static str {
        match self {
            Self::Month => "month",
            Self::Block => "day",
        }
    }

    /// The line of a network.
    ///
    /// # Errors
    /// If the rows of the cut cannot be read.
    pub(in crate::http::pages) fn line(self, cut: &Cut, asn: i64, mode: &str) -> Result<Option<Cell>, Trouble> {
        let moments = course(cut, &format!("AS{asn}"), mode, self.period())?;
        let unit = if mode == "single" { Unit::Ms } else { Unit::Share };
        Ok(sparkline(&self.figures(&moments), unit))
    }

    /// The figures; a month without votes is a gap, blocks follow each other.
    fn figures(self, moments: &[Moment]) -> Vec<Option<f64>> {
        let mut figures = Vec::new();
        let mut before: Option<u32> = None;
        for moment in moments {
            if let (Self::Month, Some(before)) = (self, before) {
                let months = moment.day.saturating_sub(before).div_ceil(MONTH_DAYS);
                figures.extend((1..months).map(|_| None));
            }
            figures.push(Some(moment.value));
            before = Some(moment.day);
        }
        figures
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Aim: a month without votes is a gap as wide as the month, and blocks follow each other whatever lies between.
    #[test]
    fn months_keep_their_places() {
        let moment = |day: u32| Moment { day, label: String::new(), votes: 10, value: f64::from(day), interval: None };
        // January, February, May.
        let moments = [20_454, 20_485, 20_574].map(moment);
        let known: Vec<bool> = Pace::Month.figures(&moments).iter().map(Option::is_some).collect();
        assert_eq!(known, [true, true, false, false, true]);
        assert_eq!(Pace::Block.figures(&moments).len(), 3);
    }
}
