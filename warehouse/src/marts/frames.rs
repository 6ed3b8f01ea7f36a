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
    /// `window`, `month` or `day`.
    pub(super) kind: &'static str,
    /// Length of a window.
    pub(super) window_days: Option<u32>,
    /// Its first day.
    pub(super) first: Day,
    /// Its last day; of a month that is not over, the last closed day.
    pub(super) last: Day,
}

/// The windows that end on `last`.
pub(super) fn windows(last: Day) -> Vec<Frame> {
    let window = |days: u32| Frame {
        name: format!("{days}d"),
        kind: "window",
        window_days: Some(days),
        first: Day(last.0.saturating_sub(days - 1)),
        last,
    };
    WINDOWS.into_iter().map(window).collect()
}

/// The months and days from `first` to `last`.
pub(super) fn periods(first: Day, last: Day) -> Vec<Frame> {
    let mut frames: Vec<Frame> = Vec::new();
    for (day, date) in (first.0..=last.0).filter_map(|day| Some((Day(day), TestDate::of(Day(day))?))) {
        let month = date.month();
        let name: String = month.to_string().chars().take("2026-10".len()).collect();
        match frames.iter_mut().find(|frame| frame.name == name) {
            Some(frame) => frame.last = day,
            None => frames.push(Frame { name, kind: "month", window_days: None, first: month.day(), last: day }),
        }
        frames.push(Frame { name: date.to_string(), kind: "day", window_days: None, first: day, last: day });
    }
    frames
}

impl Frame {
    /// Every day of it.
    pub(super) fn days(&self) -> impl Iterator<Item = Day> + use<> {
        (self.first.0..=self.last.0).map(Day)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        text.parse::<TestDate>().unwrap().day()
    }

    /// Aim: windows end on the last day and hold as many days as they say; months are whole but for the last.
    #[test]
    fn frames_hold_the_days_they_say() {
        let last = day("2026-11-22");
        for (frame, days) in windows(last).iter().zip(WINDOWS) {
            assert_eq!((frame.days().count(), frame.last), (days as usize, last));
        }
        let frames = periods(day("2026-09-29"), last);
        let months: Vec<_> = frames.iter().filter(|frame| frame.kind == "month").collect();
        let said: Vec<_> = months.iter().map(|month| (month.name.as_str(), month.first, month.last)).collect();
        let expected = [
            ("2026-09", day("2026-09-01"), day("2026-09-30")),
            ("2026-10", day("2026-10-01"), day("2026-10-31")),
            ("2026-11", day("2026-11-01"), last),
        ];
        assert_eq!(said, expected);
        assert_eq!(frames.iter().filter(|frame| frame.kind == "day").count(), 2 + 31 + 22);
    }
}
