//! Aim: every chart says in words and in its table what it draws, whatever is missing, and nothing that was put in becomes
//! markup.

use super::histogram::{BINS, EDGES_MS};
use super::*;

/// The texts of a chart's drawings, which must be the same size for size.
fn marks(chart: &Chart) -> [&str; 2] {
    let [wide, narrow] = chart.drawings.as_slice() else { panic!("{} drawings", chart.drawings.len()) };
    assert_eq!((wide.size, narrow.size), ("wide", "narrow"));
    [&wide.marks.0, &narrow.marks.0]
}

fn moment(day: u32, label: &str, value: f64, interval: Option<(f64, f64)>) -> Moment {
    Moment { day, label: label.to_owned(), votes: 1_200, value, interval }
}

fn line(name: &str, moments: Vec<Moment>) -> Line {
    Line { name: name.to_owned(), moments }
}

// Aim: a trend tells its ends and extremes, and its table has the newest moment first.
#[test]
fn a_trend_is_told() {
    let moments = vec![
        moment(100, "Aug 2026", 41.0, Some((38.0, 45.5))),
        moment(131, "Sep 2026", 18.2, Some((17.0, 19.0))),
        moment(161, "Oct 2026", 24.0, None),
    ];
    let chart = trend("trend", "Trend", Unit::Ms, "month", &[line("Example", moments)]).unwrap();
    assert_eq!(
        chart.words,
        "From 41 ms in Aug 2026 to 24 ms in Oct 2026; lowest 18 ms in Sep 2026, highest 41 ms in Aug 2026."
    );
    assert_eq!(chart.table.head, ["Month", "Median", "95 % interval", "Votes"]);
    assert_eq!(chart.table.rows[0], ["Oct 2026", "24 ms", "not known", "1,200 votes"]);
    assert_eq!(chart.table.rows[2], ["Aug 2026", "41 ms", "38 to 46 ms", "1,200 votes"]);
    for drawn in marks(&chart) {
        assert_eq!((drawn.matches("<circle").count(), drawn.matches("class=\"band").count()), (3, 1), "{drawn}");
        assert!(drawn.contains("median increase, ms") && drawn.contains(">Oct 2026<"), "{drawn}");
    }
}

// Aim: one moment is a dot with its interval, and the words say that there is one only; none is no chart.
#[test]
fn a_trend_of_one_moment_is_a_dot() {
    let one = line("Example", vec![moment(100, "Oct 2026", 24.0, Some((20.0, 31.0)))]);
    let chart = trend("trend", "Trend", Unit::Ms, "month", &[one]).unwrap();
    assert_eq!(chart.words, "one month only, Oct 2026: 24 ms (20 to 31 ms).");
    for drawn in marks(&chart) {
        assert!(drawn.contains("whisker") && !drawn.contains("band") && !drawn.contains("NaN"), "{drawn}");
    }
    assert_eq!(trend("trend", "Trend", Unit::Ms, "month", &[line("Example", Vec::new())]), None);
}

// Aim: several lines have names, dashes and shapes of their own; a fifth is not drawn in the looks of the first.
#[test]
fn lines_are_told_apart_without_colour() {
    let lines: Vec<Line> = ["A", "B", "C", "D", "E"]
        .map(|name| line(name, vec![moment(1, "x", 0.5, None), moment(2, "y", 0.75, Some((0.7, 0.8)))]))
        .into();
    let chart = trend("trend", "Trend", Unit::Share, "month", &lines).unwrap();
    assert_eq!(chart.legend.iter().map(|key| key.meaning.as_str()).collect::<Vec<_>>(), ["A", "B", "C", "D"]);
    assert!(chart.words.contains("B: from 50 % in x to 75 % in y"), "{}", chart.words);
    assert_eq!(chart.table.rows[0], ["y", "A", "75 %", "70 to 80 %", "1,200 votes"]);
    let [wide, _] = marks(&chart);
    for shape in
        ["<circle class=\"dot s0", "<polygon class=\"dot s1", "<rect class=\"dot s2", "<polygon class=\"dot s3"]
    {
        assert!(wide.contains(shape), "{shape}");
    }
    assert!(wide.contains(">100 %<"));
}

fn votes(filled: &[(f64, i64)]) -> [i64; BINS] {
    let mut votes = [0; BINS];
    for (edge, number) in filled {
        votes[EDGES_MS.iter().position(|known| known == edge).unwrap()] = *number;
    }
    votes
}

// Aim: shares, the middle vote and thresholds are told; who has no vote is left out; no vote at all is no chart.
#[test]
fn a_histogram_is_told() {
    let panel = |name: &str, votes| Panel {
        name: name.to_owned(),
        distributions: vec![
            Distribution { name: "Example".to_owned(), votes },
            Distribution { name: "World".to_owned(), votes: [10; BINS] },
            Distribution { name: "Nowhere".to_owned(), votes: [0; BINS] },
        ],
    };
    let download = panel("While downloading", votes(&[(0.0, 10), (15.0, 20), (200.0, 10)]));
    let chart = histogram("spread", "Spread", &[download, panel("While uploading", [0; BINS])]).unwrap();
    assert_eq!(
        chart.words,
        "While downloading: Example has its middle vote at 15 to 20 ms, 75 % below 30 ms (World 33 %), 25 % at 200 ms or \
         more (World 28 %)."
    );
    assert_eq!(chart.legend.len(), 2);
    assert_eq!(chart.table.head, ["Increase", "While downloading, Example", "While downloading, World"]);
    assert_eq!(chart.table.rows[3], ["15 to 20 ms", "50 %", "6 %"]);
    assert_eq!(chart.table.rows[17], ["1,000 ms or more", "0 %", "6 %"]);
    for drawn in marks(&chart) {
        assert_eq!(drawn.matches("<rect class=\"column").count(), BINS);
        assert_eq!(drawn.matches("<polyline class=\"outline").count(), 1);
        // Every grade stands below, in its letter and its colour.
        for letter in ["A+", "A", "B", "C", "D", "F"] {
            assert!(drawn.contains(&format!(">{letter}</text>")), "{letter}");
        }
    }
    assert_eq!(histogram("spread", "Spread", &[panel("x", [0; BINS])]), None);
    assert_eq!(histogram("spread", "Spread", &[]), None);
}

// Aim: shares are told by letter; a subject without votes is a line that says so, and a chart without any is none.
#[test]
fn grades_are_told() {
    let subject = |name: &str, votes| Shares { name: name.to_owned(), votes: GradeVotes(votes) };
    let chart =
        shares("grades", "Grades", &[subject("Example", [50, 25, 0, 24, 1, 0]), subject("Empty", [0; 6])]).unwrap();
    assert_eq!(chart.words, "Example: of 100 votes, A+ 50 %, A 25 %, C 24 %, D 1 %. Empty: no votes.");
    assert_eq!(chart.table.rows[0], ["Example", "50 %", "25 %", "0 %", "24 %", "1 %", "0 %", "100 votes"]);
    assert_eq!(chart.table.rows[1][1..7], ["none"; 6].map(str::to_owned));
    let [wide, narrow] = marks(&chart);
    assert!(wide.contains(">A+ 50 %<") && narrow.contains(">A+ 50 %<"));
    // A hundredth has no room for its letter, but is told when pointed at.
    assert!(wide.contains("grade D: 1 %") && !wide.contains(">D<"), "{wide}");
    assert!(wide.contains("no votes"));
    assert_eq!(shares("grades", "Grades", &[subject("Empty", [0; 6])]), None);
}

// Aim: evening and day are told apart only where their intervals are.
#[test]
fn the_evening_is_told() {
    let hours = |median_ms, interval_ms| Some(Hours { votes: 200, median_ms, interval_ms });
    let told = |peak_hours, other| {
        peak("peak", "Evening", &[("Example".to_owned(), peak_hours, other)]).map(|chart| chart.words)
    };
    let clear = told(hours(40.0, Some((35.0, 47.0))), hours(24.0, Some((22.0, 27.0))));
    assert_eq!(
        clear.as_deref(),
        Some("Example: 40 ms in the peak hours, 24 ms otherwise; clearly worse in the evening.")
    );
    let unclear = told(hours(25.0, Some((20.0, 47.0))), hours(24.0, Some((22.0, 27.0))));
    assert_eq!(unclear.as_deref(), Some("Example: 25 ms in the peak hours, 24 ms otherwise; their intervals overlap."));
    let unknown = told(hours(25.0, None), hours(0.0, None));
    assert_eq!(unknown.as_deref(), Some("Example: 25 ms in the peak hours, 0 ms otherwise."));
    assert_eq!(told(None, hours(24.0, None)), None);
    // Who cannot be drawn beside others is told of.
    let world = ("World".to_owned(), hours(33.0, None), hours(28.0, None));
    let chart = peak("peak", "Evening", &[("Example".to_owned(), None, hours(24.0, None)), world]).unwrap();
    assert!(
        chart.words.starts_with("Example: too few tests to tell the evening from the rest. World: "),
        "{}",
        chart.words
    );
}

// Aim: a hundred squares are a hundred, whatever the votes, and no vote at all is no chart.
#[test]
fn a_hundred_tests_are_a_hundred() {
    for votes in [[1, 1, 1, 0, 0, 0], [999_999, 1, 0, 0, 0, 0], [1; 6], [0, 0, 0, 0, 0, 7], [i64::MAX / 6; 6]] {
        let votes = GradeVotes(votes);
        assert_eq!(votes.of_hundred().unwrap().iter().map(|part| u32::from(*part)).sum::<u32>(), 100, "{votes:?}");
        for drawn in marks(&homes("homes", "World", votes).unwrap()) {
            assert_eq!(drawn.matches("<rect").count(), 100);
        }
    }
    let chart = homes("homes", "World", GradeVotes([50, 25, 0, 24, 1, 0])).unwrap();
    assert!(
        chart.words.starts_with("Of 100 tests 50 get A+ (no delay that anybody notices), 25 get A ("),
        "{}",
        chart.words
    );
    assert_eq!(homes("homes", "World", GradeVotes([0; 6])), None);
}

// Aim: places are told in words; a sure one, one among one, and the last one are drawn inside.
#[test]
fn a_place_is_told() {
    for ((rank, low, high, of), label) in [
        ((4, 3, 9, 312), "Place 4 of 312, surely between 3 and 9."),
        ((1, 1, 1, 1), "Place 1 of 1."),
        ((312, 312, 312, 312), "Place 312 of 312."),
        ((1, 1, 1_200, 1_200), "Place 1 of 1,200, surely between 1 and 1,200."),
    ] {
        let cell = interval(rank, low, high, of).to_string();
        assert!(cell.contains(&format!("role=\"img\" aria-label=\"{label}\"")), "{cell}");
        assert!(cell.contains("class=\"span\"") && !cell.contains("NaN") && !cell.contains("=\"-"), "{cell}");
    }
}

// Aim: a gap stays a gap, one period is a dot, none is nothing.
#[test]
fn a_sparkline_is_told() {
    let cell = sparkline(&[Some(40.0), Some(30.0), None, Some(20.0), Some(24.0)], Unit::Ms).unwrap().to_string();
    assert!(cell.contains("aria-label=\"From 40 ms to 24 ms in 5 periods.\""), "{cell}");
    assert_eq!(cell.matches("<polyline").count(), 2);
    let one = sparkline(&[None, Some(3.0)], Unit::Ms).unwrap().to_string();
    assert!(one.contains("One period only: 3 ms.") && !one.contains("NaN"), "{one}");
    assert_eq!(sparkline(&[], Unit::Ms), None);
    assert_eq!(sparkline(&[None], Unit::Ms), None);
}

// Aim: a name from a list is text in every place where a chart shows it.
#[test]
fn names_are_no_markup() {
    const EVIL: &str = "<script>alert(1)</script>\"'&";
    let moments = vec![moment(1, EVIL, 1.0, None), moment(2, EVIL, 2.0, None)];
    let charts = [
        trend("a", EVIL, Unit::Ms, "month", &[line(EVIL, moments.clone()), line(EVIL, moments)]),
        shares("b", EVIL, &[Shares { name: EVIL.to_owned(), votes: GradeVotes([1; 6]) }]),
        histogram(
            "c",
            EVIL,
            &[Panel {
                name: EVIL.to_owned(),
                distributions: vec![Distribution { name: EVIL.to_owned(), votes: [1; BINS] }],
            }],
        ),
        peak(
            "d",
            EVIL,
            &[(
                EVIL.to_owned(),
                Some(Hours { votes: 1, median_ms: 1.0, interval_ms: None }),
                Some(Hours { votes: 1, median_ms: 1.0, interval_ms: None }),
            )],
        ),
        homes("e", EVIL, GradeVotes([1; 6])),
    ];
    for chart in charts {
        let text = chart.unwrap().render().unwrap();
        assert!(text.contains("&#60;script&#62;") && !text.contains("<script") && !text.contains("\"'&"), "{text}");
    }
}

// Aim: the figure names itself and its table for who does not see it.
#[test]
fn a_figure_is_labelled() {
    let chart = shares("grades", "Grades", &[Shares { name: "World".to_owned(), votes: GradeVotes([1; 6]) }]).unwrap();
    let text = chart.render().unwrap();
    assert_eq!(text.matches("role=\"img\" aria-labelledby=\"grades-title grades-words\"").count(), 2);
    for part in
        ["id=\"grades-title\"", "id=\"grades-words\"", "<caption", "scope=\"col\"", "scope=\"row\"", "tabindex=\"0\""]
    {
        assert!(text.contains(part), "{part}");
    }
    assert!(!text.contains(" style=") && !text.replace(" on-", " ").contains(" on"), "{text}");
}
