//! Frames: the ranges of days over which blocks are added up. A block is in a frame if its last day is.

use wire::Day;

use crate::lake::paths::TestDate;

/// Windows of the rankings, in days.
pub const WINDOWS: [u32; 3] = [7, 30, 90];

/// A range of days with a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Frame {
    /// `30d`, `2026-10` or `2026-10-31`.
    pub(super) name: String,
    /// The same in a number, which never changes.
    pub(super) number: u32,
    /// `window`, `month` or `day`.
    pub(super) kind: &'static str,
    /// Length of a window.
    pub(super) window_days: Option<u32>,
    /// Its first day.
    pub(super) first: Day,
    /// Its last day; of a month that is not over, the last closed day.
    pub(super) last: Day,
}

/// The frames of a cut that are added up now, and what became of them since the cut before.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Frames {
    /// All of them: the windows, and the months and days of which something is new.
    pub(super) frames: Vec<Frame>,
    /// Days that have come into a frame since, by the frame's position.
    pub(super) entered: Vec<(usize, Day)>,
    /// Days that have left a window since.
    pub(super) left: Vec<(usize, Day)>,
}

impl Frames {
    /// The frames of a cut whose last day is `last`, after one whose last day was `since`; without one, all frames from
    /// the day on which the oldest block ended.
    pub(super) fn plan(oldest: Option<Day>, since: Option<Day>, last: Day) -> Self {
        let first_new = since.map_or_else(|| oldest.unwrap_or(last.plus(1)), |since| since.plus(1));
        let mut plan = Self::default();
        for days in WINDOWS {
            let first = Day(last.0.saturating_sub(days - 1));
            let position = plan.frames.len();
            plan.frames.push(Frame {
                name: format!("{days}d"),
                number: days,
                kind: "window",
                window_days: Some(days),
                first,
                last,
            });
            let from = if since.is_some() { first.max(first_new) } else { first };
            plan.entered.extend(range(from, last).map(|day| (position, day)));
            if let Some(since) = since {
                let first_before = Day(since.0.saturating_sub(days - 1));
                let last_left = since.min(Day(first.0.saturating_sub(1)));
                plan.left.extend(range(first_before, last_left).filter(|day| *day < first).map(|day| (position, day)));
            }
        }
        // The month of the last day is told anew even if no day is new.
        let shown_from = first_new.min(last);
        for (day, date) in range(shown_from, last).filter_map(|day| Some((day, TestDate::of(day)?))) {
            let name: String = date.to_string().chars().take(MONTH_CHARS).collect();
            let position = match plan.frames.iter().position(|frame| frame.name == name) {
                Some(position) => position,
                None => {
                    let first = date.month().day();
                    let number = FIRST_MONTH + first.0;
                    plan.frames.push(Frame { name, number, kind: "month", window_days: None, first, last: day });
                    plan.frames.len() - 1
                }
            };
            plan.frames[position].last = day;
            if day < first_new {
                continue;
            }
            plan.entered.push((position, day));
            plan.entered.push((plan.frames.len(), day));
            let (name, number) = (date.to_string(), FIRST_DAY + day.0);
            plan.frames.push(Frame { name, number, kind: "day", window_days: None, first: day, last: day });
        }
        plan
    }

    /// Every day of every frame.
    pub(super) fn days(&self) -> impl Iterator<Item = (&Frame, Day)> {
        self.frames.iter().flat_map(|frame| range(frame.first, frame.last).map(move |day| (frame, day)))
    }
}

/// `2026-10`.
const MONTH_CHARS: usize = 7;

/// Months and days are numbered by their first day from here on; windows by their length. Days since 1970 stay below.
const FIRST_MONTH: u32 = 1_000_000;
const FIRST_DAY: u32 = 2_000_000;

/// What is counted of single tests over all hours, and of the ranked quantity in parts of the day: hours, quantity, and
/// whether of months and days, too.
const COUNTED: [(&str, &str, bool); 6] = [
    ("all", "working", true),
    ("peak", "working", false),
    ("off_peak", "working", false),
    ("all", "download", false),
    ("all", "upload", false),
    ("all", "bidirectional", false),
];

/// A frame with what is counted in it: its number stands for these words where there are many rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Series {
    /// The number.
    pub(super) number: u32,
    /// Which part of the day.
    pub(super) hours: &'static str,
    /// Which latency increase.
    pub(super) quantity: &'static str,
}

impl Frame {
    /// Its series.
    pub(super) fn series(&self) -> impl Iterator<Item = Series> {
        let (number, is_window) = (self.number, self.kind == "window");
        (0..)
            .zip(COUNTED)
            .filter(move |(_, (_, _, always))| *always || is_window)
            .map(move |(at, (hours, quantity, _))| Series { number: number * 10 + at, hours, quantity })
    }
}

fn range(first: Day, last: Day) -> impl Iterator<Item = Day> {
    (first.0..=last.0).map(Day)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn day(text: &str) -> Day {
        text.parse::<TestDate>().unwrap().day()
    }

    /// Aim: windows end on the last day and hold as many days as they say; months are whole but for the last.
    #[test]
    fn frames_hold_the_days_they_say() {
        let last = day("2026-11-22");
        let plan = Frames::plan(Some(day("2026-09-29")), None, last);
        for (frame, days) in plan.frames.iter().zip(WINDOWS) {
            assert_eq!((range(frame.first, frame.last).count(), frame.last), (days as usize, last));
        }
        let months: Vec<_> = plan.frames.iter().filter(|frame| frame.kind == "month").collect();
        let said: Vec<_> = months.iter().map(|month| (month.name.as_str(), month.first, month.last)).collect();
        let expected = [
            ("2026-09", day("2026-09-01"), day("2026-09-30")),
            ("2026-10", day("2026-10-01"), day("2026-10-31")),
            ("2026-11", day("2026-11-01"), last),
        ];
        assert_eq!(said, expected);
        assert_eq!(plan.frames.iter().filter(|frame| frame.kind == "day").count(), 2 + 31 + 22);
        assert_eq!(plan.left, []);
    }

    proptest! {
        /// Aim: in whatever steps cuts are made, adding what entered and taking away what left gives in every frame
        /// exactly the days that it has.
        #[test]
        fn steps_add_up(steps in prop::collection::vec(0_u32..70, 1..8), oldest in 20_000_u32..20_100) {
            let oldest = Day(oldest);
            let mut held: BTreeSet<(String, Day)> = BTreeSet::new();
            let (mut since, mut last) = (None, oldest);
            for step in steps {
                last = last.plus(step);
                let plan = Frames::plan(Some(oldest), since, last);
                held.retain(|(name, _)| plan.frames.iter().any(|frame| frame.name == *name));
                for (position, day) in &plan.entered {
                    prop_assert!(held.insert((plan.frames[*position].name.clone(), *day)));
                }
                for (position, day) in &plan.left {
                    prop_assert!(held.remove(&(plan.frames[*position].name.clone(), *day)));
                }
                let expected: BTreeSet<_> = plan.days().map(|(frame, day)| (frame.name.clone(), day))
                    .filter(|(name, day)| *day >= oldest || name.ends_with('d')).collect();
                prop_assert_eq!(&held, &expected);
                since = Some(last);
            }
        }
    }
}
