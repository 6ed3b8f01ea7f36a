//! Aim: the chart shows what was measured, at the right place, and says it in words, too.

use super::*;
use crate::http::pages::sample::{NOW_MS, household, single};
use wire::Grade;

fn numbers(text: &str) -> Vec<f64> {
    text.split([' ', ',']).map(|number| number.parse().expect("a number")).collect()
}

#[test]
fn few_tests_make_no_chart() {
    let unmeasured = [single(1, None, None), single(2, None, None), household(3, Some(Grade::A), Grade::A)];
    assert!(charts(&unmeasured).is_empty());
    assert!(charts(&[single(1, Some(1.0), Some(2.0))]).is_empty());
    assert_eq!(charts(&[single(1, Some(1.0), Some(2.0)), single(2, Some(1.0), None)]).len(), 2);
}

#[test]
fn the_newest_is_on_the_right_and_the_highest_at_the_top() {
    let results = [single(1, Some(12.0), Some(310.0)), single(30, Some(9.0), Some(40.0)), single(50, Some(10.0), None)];
    for chart in charts(&results) {
        let upload = &chart.upload;
        assert_eq!(upload.points.len(), 2, "what was not measured is no point");
        let (old, new) = (&upload.points[0], &upload.points[1]);
        assert!(numbers(&old.x) < numbers(&new.x) && numbers(&old.y) > numbers(&new.y), "{old:?} {new:?}");
        assert_eq!(new.label, "Upload, 2026-11-25 13:02 UTC: 310 ms");
        assert_eq!(chart.download.lines.len(), 1);
        let box_size = numbers(&chart.view_box);
        for point in upload.points.iter().chain(&chart.download.points) {
            let (x, y) = (numbers(&point.x)[0], numbers(&point.y)[0]);
            assert!(x > LEFT && x < box_size[2] && y >= TOP && y <= box_size[3] - BOTTOM, "{point:?}");
        }
        assert!(chart.up_axis.iter().any(|tick| tick.label == "0" && tick.at == chart.bottom));
        assert!(
            chart.description.contains(
                "While uploading: between 40 ms and 310 ms, in the newest 310 ms; 1 of 2 tests at 60 ms or more."
            ),
            "{}",
            chart.description
        );
    }
}

// Aim: a gap in a direction breaks its line, so that nothing is drawn that nobody measured.
#[test]
fn a_gap_breaks_the_line() {
    let upload = |hours, rise| single(hours, Some(5.0), rise);
    let results =
        [upload(1, Some(10.0)), upload(2, Some(20.0)), upload(3, None), upload(4, Some(30.0)), upload(5, Some(40.0))];
    let chart = &charts(&results)[0];
    assert_eq!(chart.upload.lines.iter().map(|line| line.split(' ').count()).collect::<Vec<_>>(), [2, 2]);
    assert_eq!(chart.download.lines[0].split(' ').count(), 5);
}

#[test]
fn axes_end_at_round_numbers_and_labels_keep_apart() {
    for (highest, end) in
        [(80.0, (80.0, 20.0)), (121.0, (150.0, 50.0)), (310.0, (400.0, 100.0)), (60_000.0, (60_000.0, 10_000.0))]
    {
        assert_eq!(scale(highest), end);
    }
    for highest in 80..60_000 {
        let (top, step) = scale(f64::from(highest));
        let marks = top / step;
        assert!(top >= f64::from(highest) && (2.0..=6.0).contains(&marks), "{highest}: {top} by {step}");
    }
    let daily: Vec<StoredResult> = (0..60).map(|day| single(day * 24, Some(5.0), Some(9.0))).collect();
    for chart in charts(&daily) {
        let at: Vec<f64> = chart.low_axis.iter().map(|tick| numbers(&tick.at)[0]).collect();
        assert!(at.windows(2).all(|pair| pair[1] - pair[0] >= LABEL_WIDTH), "{at:?}");
        assert!(chart.low_axis.len() > 2);
    }
    assert_eq!(day(NOW_MS), "25 Nov");
}
