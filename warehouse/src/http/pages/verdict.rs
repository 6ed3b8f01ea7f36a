//! A subject in plain words: its grade, what that means at home, and the figures on which it rests.

use super::chart::{LETTERS, MEANINGS};
use super::figures::{count, ms, ms_range, percent, percent_range};
use super::subject::Told;

/// What stands at the top of a page.
pub(super) struct Verdict {
    pub(super) grade: Option<String>,
    /// `Grade A: games and calls stay smooth`.
    pub(super) headline: String,
    /// What was measured, in a sentence.
    pub(super) sentence: String,
    /// Its place among others, in a sentence; empty where there is none.
    pub(super) place: String,
    pub(super) figures: Vec<Figure>,
}

/// A figure with its name and what else belongs to it.
pub(super) struct Figure {
    pub(super) name: &'static str,
    pub(super) value: String,
    pub(super) more: String,
}

impl Verdict {
    /// The verdict on these figures of a kind of test.
    pub(super) fn of(told: &Told, mode: &str, window_days: i64) -> Self {
        let grade = told.text("grade");
        let meaning = grade.as_deref().and_then(meaning);
        Self {
            headline: match (&grade, meaning) {
                (Some(grade), Some(meaning)) => format!("Grade {grade}: {meaning}"),
                _ => "No grade yet".to_owned(),
            },
            sentence: sentence(told, mode, window_days),
            place: String::new(),
            figures: figures(told),
            grade,
        }
    }

    /// The last part of the class that colours the grade.
    pub(super) fn grade_class(&self) -> String {
        self.grade.as_deref().unwrap_or("unknown").to_ascii_lowercase().replace('+', "-plus")
    }
}

/// What a grade means at home.
fn meaning(grade: &str) -> Option<&'static str> {
    let at = LETTERS.iter().position(|(letter, _)| *letter == grade)?;
    MEANINGS.get(at).copied()
}

fn sentence(told: &Told, mode: &str, window_days: i64) -> String {
    let votes = count(told.int("votes").unwrap_or(0), "client");
    match (told.median_ms(), told.share()) {
        (Some((median, low, high)), _) => format!(
            "While the line is busy, half of the tests see their latency rise by {} or more (95 % interval {}). {votes} \
             tested in {window_days} days; each counts once.",
            ms(median),
            ms_range(low, high)
        ),
        (None, Some((share, low, high))) => format!(
            "{} of {} came out at A or better (95 % interval {}). {votes} tested in {window_days} days; each counts once.",
            percent(share),
            if mode == "household" { "household tests" } else { "tests" },
            percent_range(low, high)
        ),
        (None, None) => String::new(),
    }
}

fn figures(told: &Told) -> Vec<Figure> {
    let mut figures = Vec::new();
    let mut add = |name, value, more| figures.push(Figure { name, value, more });
    if let Some((median, low, high)) = told.median_ms() {
        add("Latency grows by", ms(median), format!("median; {}", ms_range(low, high)));
    }
    if let (Some(p95), Some(low), Some(high)) =
        (told.float("p95_ms"), told.float("p95_low_ms"), told.float("p95_high_ms"))
    {
        add("In one test of 20, by more than", ms(p95), format!("95th percentile; {}", ms_range(low, high)));
    }
    if let Some((share, low, high)) = told.share() {
        add("Good tests", percent(share), format!("graded A or better; {}", percent_range(low, high)));
    }
    let tests = count(told.int("tests").unwrap_or(0), "test");
    let days = told.int("vote_days").map_or_else(String::new, |days| format!(" on {}", count(days, "day")));
    add("Votes", super::figures::whole(told.int("votes").unwrap_or(0)), format!("of {tests}{days}"));
    figures
}
