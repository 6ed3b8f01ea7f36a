//! `trends`: each subject by block (or day) and by month, and what changed since its period before.

use std::collections::HashMap;

use super::{Row, row};
use crate::day::Day;
use crate::formulas::change::{Figure, NO_CLEAR_CHANGE};
use crate::formulas::quantiles::Latency;
use crate::formulas::shares::Share;
use crate::inputs::Inputs;
use crate::subject::Subject;
use crate::sums::PeriodSums;
use crate::words::TestType;

/// Length of a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// A day, or a network's block that ended on it.
    Day,
    /// A calendar month.
    Month,
}

impl Kind {
    /// The word in the table.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Month => "month",
        }
    }
}

/// A derived row and the period to which it belongs.
#[derive(Debug, Clone)]
pub struct PeriodRow {
    /// Length of the period.
    pub kind: Kind,
    /// Its last day.
    pub last_day: Day,
    /// The row.
    pub row: Row,
}

/// What is remembered of a subject's last period.
#[derive(Debug, Clone, Copy)]
struct Before {
    last_day: Day,
    p50: Option<Figure>,
    share: Figure,
}

/// Periods in their order, and what each subject's last one said.
#[derive(Debug, Clone, Default)]
pub struct Periods {
    before: HashMap<(Kind, TestType, Subject), Before>,
}

/// A range of days that is told as one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    kind: Kind,
    first: Day,
    last: Day,
}

impl Periods {
    /// The rows of a day; `begins` gives the first day of the block of a network that ended on it.
    pub fn day(
        &mut self,
        day: Day,
        sums: &PeriodSums,
        inputs: &Inputs,
        begins: impl Fn(TestType, u32) -> Option<Day>,
    ) -> Vec<PeriodRow> {
        self.rows(Span { kind: Kind::Day, first: day, last: day }, sums, inputs, begins)
    }

    /// The rows of a month that lasts, or has lasted so far, from one day to another.
    pub fn month(&mut self, [first, last]: [Day; 2], sums: &PeriodSums, inputs: &Inputs) -> Vec<PeriodRow> {
        self.rows(Span { kind: Kind::Month, first, last }, sums, inputs, |_, _| None)
    }

    fn rows(
        &mut self,
        span: Span,
        sums: &PeriodSums,
        inputs: &Inputs,
        begins: impl Fn(TestType, u32) -> Option<Day>,
    ) -> Vec<PeriodRow> {
        let mut rows = Vec::new();
        for ((test_type, subject), grades) in &sums.grades {
            let Some(share) = Share::of(*grades) else { continue };
            let counts = sums.bins.get(subject).filter(|_| *test_type == TestType::Single);
            let latency = counts.and_then(|counts| Latency::of(counts, &inputs.bins, inputs.parameters.p95_votes));
            let first = match subject {
                Subject::Network(asn) => begins(*test_type, *asn).unwrap_or(span.first),
                _ => span.first,
            };
            let row = self.row(Span { first, ..span }, *test_type, *subject, latency, share);
            rows.push(PeriodRow { kind: span.kind, last_day: span.last, row });
        }
        rows
    }

    fn row(
        &mut self,
        span: Span,
        test_type: TestType,
        subject: Subject,
        latency: Option<Latency>,
        share: Share,
    ) -> Row {
        let p50 = latency.map(|told| Figure { at: told.p50.at, low: told.p50.low, high: told.p50.high });
        let figure = Figure { at: share.share, low: share.low, high: share.high };
        let now = Before { last_day: span.last, p50, share: figure };
        let before = self.before.insert((span.kind, test_type, subject), now);
        let p50_change = before.and_then(|before| before.p50).zip(p50).map(|(before, now)| now.since(before));
        let share_change = before.map(|before| figure.since(before.share));
        let change = before.map(|_| match test_type {
            TestType::Single => p50_change.map_or(NO_CLEAR_CHANGE, |change| change.says(false)),
            TestType::Household => share_change.map_or(NO_CLEAR_CHANGE, |change| change.says(true)),
        });
        let frame = match span.kind {
            Kind::Day => span.last.to_string(),
            Kind::Month => span.last.month(),
        };
        row![
            span.kind.name(),
            frame,
            test_type.name(),
            subject.to_string(),
            span.first,
            span.last,
            share.votes,
            p50.map(|p50| p50.at),
            p50.map(|p50| p50.low),
            p50.map(|p50| p50.high),
            share.grades[0],
            share.grades[1],
            share.grades[2],
            share.grades[3],
            share.grades[4],
            share.grades[5],
            share.share,
            share.low,
            share.high,
            before.map(|before| before.last_day),
            p50_change.map(|change| change.at),
            p50_change.map(|change| change.low),
            p50_change.map(|change| change.high),
            share_change.map(|change| change.at),
            share_change.map(|change| change.low),
            share_change.map(|change| change.high),
            change,
        ]
    }
}
