//! The ranges of days over which the statements add blocks up, as inputs for those who run them: windows, and every month and
//! day from the first block's last day on. This program does not need them; it checks that they are those that it used.

use std::collections::BTreeSet;

use crate::day::Day;
use crate::inputs::{CsvTable, InputFault};
use crate::release::Release;
use crate::report::{Check, Report};

/// A range of days with a name.
struct Frame {
    name: String,
    kind: &'static str,
    window_days: Option<u32>,
    first: Day,
    last: Day,
}

/// A list: its name, its columns, how many of them are not compared, and its rows.
type List<'a> = (&'a str, &'a [&'a str], usize, BTreeSet<Vec<String>>);

/// What is counted in a window beside the ranked quantity over all hours, which is counted in every frame.
const IN_WINDOWS: [(&str, &str); 5] =
    [("peak", "working"), ("off_peak", "working"), ("all", "download"), ("all", "upload"), ("all", "bidirectional")];

/// Days from the first block to the last day of a release, at most: more would be a mistake or a trap.
const DAYS_MOST: i32 = 20 * 366;

/// Compares the three lists; `oldest` is the day on which the first block ended.
pub(super) fn check(release: &Release, oldest: Option<Day>, report: &mut Report) {
    if let Some(oldest) = oldest.filter(|oldest| release.manifest.last_day.0 - oldest.0 > DAYS_MOST) {
        return report.found(Check::Inputs, "frames", format!("a block that ended on {oldest} is too old"));
    }
    let frames = frames(&release.manifest.windows, oldest, release.manifest.last_day);
    let text = |frame: &Frame| {
        let length = frame.window_days.map_or(String::new(), |days| days.to_string());
        vec![frame.name.clone(), frame.kind.to_owned(), length, frame.first.to_string(), frame.last.to_string()]
    };
    let days = frames.iter().flat_map(|frame| {
        (frame.first.0..=frame.last.0).map(|day| vec![frame.name.clone(), frame.kind.to_owned(), Day(day).to_string()])
    });
    let series = frames.iter().flat_map(|frame| {
        let more = if frame.window_days.is_some() { &IN_WINDOWS[..] } else { &[] };
        let counted = [("all", "working")].into_iter().chain(more.iter().copied());
        counted.map(|(hours, quantity)| [&frame.name, "single", hours, quantity].map(str::to_owned).to_vec())
    });
    let lists: [List<'_>; 3] = [
        ("frames", &["frame", "kind", "window_days", "first_day", "last_day"], 0, frames.iter().map(text).collect()),
        ("frame_days", &["frame", "kind", "day"], 0, days.collect()),
        // Their numbers are names, whatever they are.
        ("series", &["series", "frame", "test_type", "hours", "quantity"], 1, series.collect()),
    ];
    for (name, columns, from, expected) in lists {
        report.looked_at(Check::Inputs, 1);
        let compared = release.input(name).and_then(|table| compare(&table, columns, from, &expected));
        if let Err(fault) = compared {
            report.found(Check::Inputs, format!("{}inputs/{name}.csv", release.manifest.folder()), fault.to_string());
        }
    }
}

fn compare(
    table: &CsvTable,
    columns: &[&str],
    from: usize,
    expected: &BTreeSet<Vec<String>>,
) -> Result<(), InputFault> {
    table.expect(columns)?;
    let found: BTreeSet<Vec<String>> = table.rows.iter().map(|row| row[from..].to_vec()).collect();
    if let Some(row) = found.symmetric_difference(expected).next() {
        let what = if expected.contains(row) { "lacks" } else { "has without a reason" };
        return Err(InputFault(format!("{what} the row {}", row.join(","))));
    }
    if found.len() != table.rows.len() {
        return Err(InputFault("has a row twice".to_owned()));
    }
    Ok(())
}

fn frames(windows: &[u32], oldest: Option<Day>, last: Day) -> Vec<Frame> {
    let window = |days: &u32| Frame {
        name: format!("{days}d"),
        kind: "window",
        window_days: Some(*days),
        first: Day(last.0 - i32::try_from(*days).unwrap_or(i32::MAX) + 1),
        last,
    };
    let mut frames: Vec<Frame> = windows.iter().map(window).collect();
    // The running month is there even before its first block.
    let mut month = oldest.unwrap_or(last).first_of_month();
    while month <= last {
        let end = month.last_of_month();
        frames.push(Frame { name: month.month(), kind: "month", window_days: None, first: month, last: end.min(last) });
        month = Day(end.0 + 1);
    }
    let days = oldest.map(|oldest| oldest.0..=last.0).into_iter().flatten().map(Day);
    frames.extend(days.map(|day| Frame {
        name: day.to_string(),
        kind: "day",
        window_days: None,
        first: day,
        last: day,
    }));
    frames
}

#[cfg(test)]
mod tests {
    use super::*;

    // Aim: windows end on the last day, months are whole but for the last, and days begin with the first block.
    #[test]
    fn frames_are_the_days_that_they_say() {
        let day = |text: &str| text.parse::<Day>().unwrap();
        let told = |frame: &Frame| format!("{} {} to {}", frame.name, frame.first, frame.last);
        let all: Vec<String> = frames(&[7], Some(day("2026-10-31")), day("2026-11-01")).iter().map(told).collect();
        let expected = [
            "7d 2026-10-26 to 2026-11-01",
            "2026-10 2026-10-01 to 2026-10-31",
            "2026-11 2026-11-01 to 2026-11-01",
            "2026-10-31 2026-10-31 to 2026-10-31",
            "2026-11-01 2026-11-01 to 2026-11-01",
        ];
        assert_eq!(all, expected);
        assert_eq!(frames(&[7], None, day("2026-11-05")).len(), 2, "no day without a block");
    }
}
