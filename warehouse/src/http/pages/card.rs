//! The picture beside a shared link (Open Graph, 1200 × 630): a template of SVG, drawn to PNG with the two fonts that are built
//! into the program, so that it looks the same wherever it is drawn.

use std::sync::{Arc, LazyLock};

use askama::Template;
use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::fontdb::Database;
use resvg::usvg::{Options, Tree};

use super::badge::COLOURS;
use super::chart::{GradeVotes, LETTERS};
use super::figures::{ms, ms_range, places, plain};
use super::trouble::Trouble;

/// Size of the picture, in px.
const WIDTH: u32 = 1_200;
const HEIGHT: u32 = 630;

/// Room for the grades' bar, in px.
const BAR: f64 = 1_060.0;

/// Most letters of a name in each size; longer ones end in an ellipsis.
const LARGE_CHARS: usize = 24;
const SMALL_CHARS: usize = 44;

/// What a card says.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Card {
    /// The network or the country.
    pub(super) name: String,
    /// `AS64500, Germany`.
    pub(super) place: String,
    pub(super) grade: Option<String>,
    /// Median increase with its interval, in ms.
    pub(super) median_ms: Option<(f64, f64, f64)>,
    /// Rank interval and number of ranked networks.
    pub(super) ranks: Option<(i64, i64, i64)>,
    pub(super) votes: GradeVotes,
    /// `Release 2026-11-22`.
    pub(super) release: String,
}

#[derive(Debug, Template)]
#[template(path = "chart/card.svg", escape = "html")]
struct Picture {
    name: String,
    name_size: u32,
    place: String,
    grade: String,
    ground: &'static str,
    ink: &'static str,
    headline: String,
    detail: String,
    ranks: String,
    bars: Vec<Bar>,
    release: String,
}

#[derive(Debug)]
struct Bar {
    x: f64,
    width: f64,
    middle: f64,
    ground: &'static str,
    ink: &'static str,
    letter: &'static str,
}

/// DejaVu Sans, regular and bold: it has the letters of most of the world's names.
static FONTS: LazyLock<Arc<Database>> = LazyLock::new(|| {
    let mut fonts = Database::new();
    fonts.load_font_data(dejavu::sans::regular().to_vec());
    fonts.load_font_data(dejavu::sans::bold().to_vec());
    fonts.set_sans_serif_family("DejaVu Sans");
    Arc::new(fonts)
});

impl Card {
    /// The card as PNG.
    ///
    /// # Errors
    /// If it cannot be drawn, which no text can bring about.
    pub(super) fn png(&self) -> Result<Vec<u8>, Trouble> {
        let svg = self.picture().render().map_err(|fault| Trouble::not_drawn(&fault))?;
        let options =
            Options { fontdb: Arc::clone(&FONTS), font_family: "DejaVu Sans".to_owned(), ..Options::default() };
        let tree = Tree::from_str(&svg, &options).map_err(|fault| Trouble::not_drawn(&fault))?;
        let mut pixels = Pixmap::new(WIDTH, HEIGHT).ok_or_else(|| Trouble::not_drawn(&"no room for a picture"))?;
        resvg::render(&tree, Transform::identity(), &mut pixels.as_mut());
        pixels.encode_png().map_err(|fault| Trouble::not_drawn(&fault))
    }

    fn picture(&self) -> Picture {
        let name = plain(&self.name);
        let name_size = if name.chars().count() <= LARGE_CHARS { 68 } else { 40 };
        let at = self.grade.as_deref().and_then(|grade| LETTERS.iter().position(|(letter, _)| *letter == grade));
        let (ground, ink) = at.map_or(("#e9edf2", "#4d5b6a"), |at| COLOURS[at]);
        Picture {
            name: shortened(&name, SMALL_CHARS),
            name_size,
            place: shortened(&plain(&self.place), SMALL_CHARS + 16),
            grade: at.map_or_else(|| "?".to_owned(), |at| LETTERS[at].0.to_owned()),
            ground,
            ink,
            headline: self.median_ms.map_or_else(String::new, |(median, _, _)| format!("+{} under load", ms(median))),
            detail: self
                .median_ms
                .map_or_else(String::new, |(_, low, high)| format!("median; 95 % interval {}", ms_range(low, high))),
            ranks: self.ranks.map_or_else(
                || "not ranked".to_owned(),
                |(low, high, of)| format!("{} networks", places(low, high, of)),
            ),
            bars: bars(self.votes),
            release: self.release.clone(),
        }
    }
}

fn bars(votes: GradeVotes) -> Vec<Bar> {
    let (mut bars, mut x) = (Vec::new(), 70.0);
    let shares = votes.shares().unwrap_or_default();
    for (((letter, _), (ground, ink)), share) in LETTERS.iter().zip(COLOURS).zip(shares) {
        let width = BAR * share;
        if width > 0.0 {
            // A part that has no room for its letter stands for itself.
            let letter = if width >= 40.0 { *letter } else { "" };
            bars.push(Bar { x, width, middle: x + width / 2.0, ground, ink, letter });
        }
        x += width;
    }
    bars
}

fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn card(name: &str) -> Card {
        Card {
            name: name.to_owned(),
            place: "AS64500, Germany".to_owned(),
            grade: Some("A".to_owned()),
            median_ms: Some((24.0, 21.0, 27.0)),
            ranks: Some((4, 9, 312)),
            votes: GradeVotes([400, 300, 200, 60, 30, 10]),
            release: "Release 2026-11-22".to_owned(),
        }
    }

    // Aim: a card is a PNG of the size that is announced, small enough to be sent often.
    #[test]
    fn a_card_is_a_png() {
        for card in [card("Example Net"), Card::default()] {
            let png = card.png().unwrap();
            assert_eq!(png[..8], *b"\x89PNG\r\n\x1a\n");
            assert_eq!(png[16..24], [&WIDTH.to_be_bytes()[..], &HEIGHT.to_be_bytes()].concat());
            assert!(png.len() < 150_000, "{}", png.len());
        }
    }

    // Aim: figures stand on the card; a name of any kind is text, on one line, inside of the picture.
    #[test]
    fn a_card_says_what_is_known() {
        let text = card("<text>&\"\u{202e}").picture().render().unwrap();
        for part in ["&#60;text&#62;&#38;&#34;<", ">+24 ms under load<", ">4th to 9th of 312 networks<", "21 to 27 ms"]
        {
            assert!(text.contains(part), "{part}: {text}");
        }
        let long = card(&"Network ".repeat(50)).picture();
        assert_eq!((long.name.chars().count(), long.name_size), (SMALL_CHARS, 40));
        let unknown = Card::default().picture();
        assert_eq!((unknown.grade.as_str(), unknown.ranks.as_str(), unknown.bars.len()), ("?", "not ranked", 0));
    }
}
