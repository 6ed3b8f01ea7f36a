//! The badge of a network: a small picture that its own pages and others show beside their words. It loads nothing, not even a
//! font: widths are reckoned, and the text is told to keep them.

use askama::Template;

use super::chart::LETTERS;
use super::figures::ms;

/// What stands left of the grade.
const LABEL: &str = "bufferbloat";

/// Room at both ends of each half, in px.
const PADDING: f64 = 7.0;

/// A badge ready to be drawn.
#[derive(Debug, Clone, PartialEq, Template)]
#[template(path = "chart/badge.svg", escape = "html")]
pub(super) struct Badge {
    label: &'static str,
    value: String,
    label_width: f64,
    value_width: f64,
    ground: &'static str,
    ink: &'static str,
}

impl Badge {
    /// The badge of this grade and median increase in ms; without a grade it says that there are too few tests.
    pub(super) fn new(grade: Option<&str>, median_ms: Option<f64>) -> Self {
        let known = grade.and_then(|grade| LETTERS.iter().position(|(letter, _)| *letter == grade));
        let (value, (ground, ink)) = match (known, median_ms) {
            (Some(at), Some(median)) => (format!("{}, +{}", LETTERS[at].0, ms(median)), COLOURS[at]),
            (Some(at), None) => (LETTERS[at].0.to_owned(), COLOURS[at]),
            (None, _) => ("too few tests".to_owned(), ("#5b6875", "#ffffff")),
        };
        Self { label: LABEL, label_width: width(LABEL), value_width: width(&value), value, ground, ink }
    }

    fn label_box(&self) -> f64 {
        self.label_width + 2.0 * PADDING
    }

    fn whole(&self) -> f64 {
        self.label_box() + self.value_width + 2.0 * PADDING
    }

    fn value_at(&self) -> f64 {
        self.label_box() + PADDING
    }

    fn padding(&self) -> f64 {
        PADDING
    }
}

/// Colours of the letters, ground and text, as `templates/chart/chart.css` has them: a badge sees no style sheet.
pub(super) const COLOURS: [(&str, &str); 6] = [
    ("#00598f", "#ffffff"),
    ("#56b4e9", "#17212c"),
    ("#9fd6c4", "#17212c"),
    ("#f0d468", "#17212c"),
    ("#e69f00", "#17212c"),
    ("#b03a00", "#ffffff"),
];

/// About the width of a text in px, in a sans-serif font of 11 px.
fn width(text: &str) -> f64 {
    let letter = |c: char| match c {
        'i' | 'j' | 'l' | '.' | ',' | ' ' | ':' => 3.9,
        'f' | 'r' | 't' => 4.6,
        'm' | 'w' | '+' => 9.4,
        'A'..='Z' => 7.6,
        _ => 6.9,
    };
    text.chars().map(letter).sum::<f64>().round()
}

#[cfg(test)]
mod tests {
    use super::*;

    // Aim: the badge says grade and increase, in picture and label; nothing is told of a network with too few tests.
    #[test]
    fn a_badge_says_the_grade() {
        let badge = Badge::new(Some("A"), Some(24.0)).render().unwrap();
        assert!(badge.contains("aria-label=\"bufferbloat: A, +24 ms\"") && badge.contains("#56b4e9"), "{badge}");
        assert!(Badge::new(Some("F"), None).render().unwrap().contains("bufferbloat: F\""));
        for (grade, median) in [(None, Some(24.0)), (Some("<E>"), Some(24.0)), (None, None)] {
            let badge = Badge::new(grade, median).render().unwrap();
            assert!(badge.contains("too few tests") && !badge.contains("24"), "{badge}");
        }
    }

    // Aim: the badge grows with its text and holds it, loads nothing, and has no style that a policy would refuse.
    #[test]
    fn a_badge_stands_alone() {
        let (short, long) = (Badge::new(Some("A"), Some(2.0)), Badge::new(Some("A+"), Some(12_345.0)));
        assert!(short.whole() < long.whole());
        for badge in [short, long] {
            let text = badge.render().unwrap();
            assert!(text.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\""), "{text}");
            for refused in ["href", "url(", "style", "<script", "class"] {
                assert!(!text.contains(refused), "{refused}: {text}");
            }
        }
    }
}
