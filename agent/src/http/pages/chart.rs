//! The chart of a customer's single tests: how far latency rose under load, test by test, the newest on the right. Only
//! geometry is computed here; `templates/chart.html` draws it, and the table below it says the same in words.
//!
//! It is made in two sizes, of which the style sheet shows one: letters of a wide chart would be too small on a phone.

use wire::TestType;

use super::figures::{count, day, figure, minute, ms};
use super::reading::{BLOAT_MS, Reading};
use super::verdict::is_bloat;
use crate::store::lookup::StoredResult;

/// Fewer measured tests than this make no chart.
const MIN_TESTS: usize = 2;

/// The axis reaches at least so far, in ms, so that a quiet line looks quiet.
const MIN_TOP_MS: f64 = 80.0;

/// Room left of the plot, above it, right of it and below it.
const LEFT: f64 = 52.0;
const TOP: f64 = 14.0;
const RIGHT: f64 = 14.0;
const BOTTOM: f64 = 44.0;

/// Width of a label of the lower axis, which keeps two of them apart.
const LABEL_WIDTH: f64 = 56.0;

/// A size of the chart.
#[derive(Debug, Clone, Copy)]
pub(super) struct Size {
    /// Its name in ids and classes.
    pub(super) name: &'static str,
    width: f64,
    height: f64,
    most_tests: usize,
}

/// For screens with room.
pub(super) const WIDE: Size = Size { name: "wide", width: 1040.0, height: 300.0, most_tests: 50 };

/// For phones.
pub(super) const NARROW: Size = Size { name: "narrow", width: 340.0, height: 260.0, most_tests: 12 };

/// A chart ready to be drawn: coordinates are texts.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Chart {
    pub(super) name: &'static str,
    pub(super) view_box: String,
    pub(super) left: String,
    pub(super) right: String,
    pub(super) bottom: String,
    pub(super) title: String,
    /// The chart in words, for who does not see it.
    pub(super) description: String,
    pub(super) up_axis: Vec<Tick>,
    pub(super) low_axis: Vec<Tick>,
    pub(super) threshold: Tick,
    pub(super) download: Series,
    pub(super) upload: Series,
    pub(super) middle: String,
    pub(super) axis_title_y: String,
    pub(super) half_height: String,
}

/// A mark of an axis.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tick {
    pub(super) at: String,
    pub(super) label: String,
}

/// One direction: its points, and the lines between those that follow each other.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Series {
    pub(super) lines: Vec<String>,
    pub(super) points: Vec<Point>,
}

/// One test in one direction.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Point {
    pub(super) x: String,
    pub(super) y: String,
    /// Corners of its triangle, for the direction that is drawn with one.
    pub(super) triangle: String,
    pub(super) label: String,
}

/// One test on the way into the chart.
struct Mark {
    received_ms: i64,
    reading: Reading,
}

/// The chart of these results (newest first) in each size, or none if too few of them were measured.
pub(super) fn charts(results: &[StoredResult]) -> Vec<Chart> {
    [WIDE, NARROW].into_iter().filter_map(|size| chart(results, size)).collect()
}

fn chart(results: &[StoredResult], size: Size) -> Option<Chart> {
    let mut marks: Vec<Mark> = results
        .iter()
        .filter(|result| result.test_type == TestType::Single)
        .map(|result| Mark { received_ms: result.received_ms, reading: Reading::of(result) })
        .filter(|mark| mark.reading.download_ms.is_some() || mark.reading.upload_ms.is_some())
        .take(size.most_tests)
        .collect();
    if marks.len() < MIN_TESTS {
        return None;
    }
    marks.reverse();
    let highest = marks.iter().flat_map(|mark| [mark.reading.download_ms, mark.reading.upload_ms]).flatten();
    let (top_ms, step_ms) = scale(highest.fold(MIN_TOP_MS, f64::max));
    let plot = Plot { size, top_ms, tests: marks.len() };
    let series = |name: &str, of: fn(&Reading) -> Option<f64>| plot.series(name, &marks, of);
    let bottom = size.height - BOTTOM;
    Some(Chart {
        name: size.name,
        view_box: format!("0 0 {} {}", size.width, size.height),
        left: px(LEFT),
        right: px(size.width - RIGHT),
        bottom: px(bottom),
        title: format!("Rise of latency under load in the newest {}", count(marks.len() as u64, "measured test")),
        description: describe(&marks),
        up_axis: plot.up_axis(step_ms),
        low_axis: plot.low_axis(&marks),
        threshold: Tick { at: px(plot.y(BLOAT_MS)), label: format!("{BLOAT_MS:.0} ms: bufferbloat") },
        download: series("Download", |reading| reading.download_ms),
        upload: series("Upload", |reading| reading.upload_ms),
        middle: px((LEFT + size.width - RIGHT) / 2.0),
        axis_title_y: px(size.height - 6.0),
        half_height: px((TOP + bottom) / 2.0),
    })
}

/// The end of the axis and the distance of its marks: four to seven of them, at round numbers.
fn scale(highest: f64) -> (f64, f64) {
    let mut step = 20.0;
    for factor in [2.5, 2.0, 2.0].into_iter().cycle() {
        if highest <= step * 6.0 {
            break;
        }
        step *= factor;
    }
    ((highest / step).ceil() * step, step)
}

struct Plot {
    size: Size,
    top_ms: f64,
    tests: usize,
}

impl Plot {
    #[expect(clippy::cast_precision_loss, reason = "a chart holds at most Size::most_tests tests")]
    fn x(&self, index: usize) -> f64 {
        let width = self.size.width - LEFT - RIGHT;
        LEFT + width * (index as f64 + 0.5) / self.tests as f64
    }

    fn y(&self, ms: f64) -> f64 {
        let height = self.size.height - TOP - BOTTOM;
        TOP + height * (1.0 - ms / self.top_ms)
    }

    fn up_axis(&self, step_ms: f64) -> Vec<Tick> {
        let marks = std::iter::successors(Some(0.0), |ms| Some(ms + step_ms));
        marks.take_while(|ms| *ms <= self.top_ms).map(|ms| Tick { at: px(self.y(ms)), label: figure(ms) }).collect()
    }

    /// A day under the first of its tests, if there is room.
    fn low_axis(&self, marks: &[Mark]) -> Vec<Tick> {
        let (mut ticks, mut last_day, mut free_from) = (Vec::new(), String::new(), f64::MIN);
        for (index, mark) in marks.iter().enumerate() {
            let (today, x) = (day(mark.received_ms), self.x(index));
            if today != last_day && x >= free_from {
                ticks.push(Tick { at: px(x), label: today.clone() });
                free_from = x + LABEL_WIDTH;
            }
            last_day = today;
        }
        ticks
    }

    fn series(&self, name: &str, marks: &[Mark], of: fn(&Reading) -> Option<f64>) -> Series {
        let mut series = Series { lines: Vec::new(), points: Vec::new() };
        let mut line: Vec<String> = Vec::new();
        let mut finish = |line: &mut Vec<String>| {
            if line.len() > 1 {
                series.lines.push(line.join(" "));
            }
            line.clear();
        };
        for (index, mark) in marks.iter().enumerate() {
            let Some(rise) = of(&mark.reading) else {
                finish(&mut line);
                continue;
            };
            let (x, y) = (self.x(index), self.y(rise));
            line.push(format!("{},{}", px(x), px(y)));
            series.points.push(Point {
                x: px(x),
                y: px(y),
                triangle: format!(
                    "{},{} {},{} {},{}",
                    px(x),
                    px(y - 5.5),
                    px(x - 5.0),
                    px(y + 4.0),
                    px(x + 5.0),
                    px(y + 4.0)
                ),
                label: format!("{name}, {} UTC: {}", minute(mark.received_ms), ms(rise)),
            });
        }
        finish(&mut line);
        series
    }
}

/// Tenths of a pixel are enough.
fn px(value: f64) -> String {
    let tenths = format!("{value:.1}");
    tenths.strip_suffix(".0").map_or(tenths.clone(), str::to_owned)
}

fn describe(marks: &[Mark]) -> String {
    let direction = |name: &str, of: fn(&Reading) -> Option<f64>| {
        let rises: Vec<f64> = marks.iter().filter_map(|mark| of(&mark.reading)).collect();
        let Some(newest) = rises.last() else { return format!("{name}: not measured.") };
        let low = rises.iter().copied().fold(f64::MAX, f64::min);
        let high = rises.iter().copied().fold(0.0, f64::max);
        let bad = rises.iter().filter(|rise| is_bloat(**rise)).count();
        format!(
            "{name}: between {} and {}, in the newest {}; {bad} of {} at {BLOAT_MS:.0} ms or more.",
            ms(low),
            ms(high),
            ms(*newest),
            count(rises.len() as u64, "test")
        )
    };
    let (first, last) =
        (marks.first().map_or(0, |mark| mark.received_ms), marks.last().map_or(0, |mark| mark.received_ms));
    format!(
        "From {} to {} UTC. {} {} Each test is in the table of the history.",
        minute(first),
        minute(last),
        direction("While uploading", |reading| reading.upload_ms),
        direction("While downloading", |reading| reading.download_ms)
    )
}

#[cfg(test)]
mod tests;
