//! The picture beside a shared link (Open Graph, 1200 × 630): areas and words, laid out here, drawn to PNG by [`drawing`] with
//! the two fonts that are built into the program, so that it looks the same wherever it is drawn.

mod drawing;

use self::drawing::{BOLD, Element, Font, PLAIN, Side, draw};
use super::badge::COLOURS;
use super::chart::{GradeVotes, LETTERS};
use super::figures::{ms, ms_range, places, plain};
use super::trouble::Trouble;

/// Where words begin, and where they must end.
const LEFT: f32 = 70.0;
const RIGHT: f32 = 1_130.0;

/// Largest letters of a name; a long one has smaller letters, down to the others', and is cut off then.
const NAME_SIZE: f32 = 68.0;
const LEAST_NAME_SIZE: f32 = 38.0;

/// A part of the bar that is narrower has no letter.
const MIN_LETTER_WIDTH: f32 = 44.0;

const GROUND: &str = "#f3f5f8";
const ACCENT: &str = "#0b5c8f";
const INK: &str = "#17212c";
const SOFT: &str = "#4d5b6a";

/// Ground and ink of a grade that nobody knows.
const UNKNOWN: (&str, &str) = ("#dfe4ea", SOFT);

/// What a card says.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Card {
    /// The network or the country.
    pub(super) name: String,
    /// What stands in the place of a name that the fonts cannot write: `AS64500`.
    pub(super) key: String,
    /// `AS64500, Germany`.
    pub(super) place: String,
    pub(super) grade: Option<String>,
    /// Median increase with its interval, in ms.
    pub(super) median_ms: Option<(f64, f64, f64)>,
    /// Ends of the rank interval and number of ranked networks.
    pub(super) ranks: Option<(i64, i64, i64)>,
    pub(super) votes: GradeVotes,
    /// `Release 2026-11-22`.
    pub(super) release: String,
}

impl Card {
    /// The card as PNG.
    ///
    /// # Errors
    /// If it cannot be drawn, which no text can bring about.
    pub(super) fn png(&self) -> Result<Vec<u8>, Trouble> {
        draw(&self.layout()).map_err(|fault| Trouble::not_drawn(&fault))
    }

    fn layout(&self) -> Vec<Element> {
        let at = self.grade.as_deref().and_then(|grade| LETTERS.iter().position(|(letter, _)| *letter == grade));
        let (ground, ink) = at.map_or(UNKNOWN, |at| COLOURS[at]);
        let name = plain(&self.name);
        let name = if BOLD.can_write(&name) { name } else { self.key.clone() };
        let (name, size) = fitted(&BOLD, &name, NAME_SIZE, LEAST_NAME_SIZE);
        let (place, place_size) = fitted(&PLAIN, &plain(&self.place), 30.0, 24.0);
        let words = |font, x, y, size, colour, words: String| Element::Words {
            font,
            at: (x, y),
            size,
            colour,
            words,
            side: Side::Begin,
        };
        let mut elements = vec![
            area([0.0, 0.0, 1_200.0, 630.0], GROUND),
            area([0.0, 0.0, 1_200.0, 14.0], ACCENT),
            words(&*BOLD, LEFT, 92.0, 30.0, ACCENT, "Bufferlake".to_owned()),
            words(&*PLAIN, 262.0, 92.0, 30.0, SOFT, "latency under load".to_owned()),
            words(&*BOLD, LEFT, 200.0, size, INK, name),
            words(&*PLAIN, LEFT, 252.0, place_size, SOFT, place),
            area([LEFT, 300.0, 180.0, 150.0], ground),
            middle(160.0, 408.0, 96.0, ink, at.map_or("?", |at| LETTERS[at].0)),
        ];
        if let Some((median, low, high)) = self.median_ms {
            elements.push(words(&*BOLD, 290.0, 352.0, 54.0, INK, format!("+{} under load", ms(median))));
            let detail = format!("median; 95 % interval {}", ms_range(low, high));
            elements.push(words(&*PLAIN, 290.0, 396.0, 28.0, SOFT, detail));
        }
        if let Some((low, high, of)) = self.ranks {
            elements.push(words(&*PLAIN, 290.0, 444.0, 34.0, INK, format!("{} networks", places(low, high, of))));
        }
        elements.extend(bar(self.votes));
        elements.push(words(&*PLAIN, LEFT, 590.0, 24.0, SOFT, self.release.clone()));
        elements.push(Element::Words {
            font: &PLAIN,
            at: (RIGHT, 590.0),
            size: 24.0,
            colour: SOFT,
            words: "share of tests by grade, A+ to F".to_owned(),
            side: Side::End,
        });
        elements
    }
}

fn area(place: [f32; 4], colour: &'static str) -> Element {
    Element::Area { place, colour }
}

fn middle(x: f32, y: f32, size: f32, colour: &'static str, words: &str) -> Element {
    Element::Words { font: &BOLD, at: (x, y), size, colour, words: words.to_owned(), side: Side::Middle }
}

/// The whole, divided at the letters.
fn bar(votes: GradeVotes) -> Vec<Element> {
    let (mut elements, mut x) = (Vec::new(), LEFT);
    for (((letter, _), (ground, ink)), share) in LETTERS.iter().zip(COLOURS).zip(votes.shares().unwrap_or_default()) {
        let width = (RIGHT - LEFT) * share as f32;
        if width > 0.0 {
            elements.push(area([x, 490.0, (width - 2.0).max(1.0), 48.0], ground));
        }
        if width >= MIN_LETTER_WIDTH {
            elements.push(middle(x + width / 2.0, 523.0, 26.0, ink, letter));
        }
        x += width;
    }
    elements
}

/// Words with the largest size at which they fit; cut off if none does.
fn fitted(font: &Font, words: &str, largest: f32, least: f32) -> (String, f32) {
    let room = RIGHT - LEFT;
    let size = (room / font.width(words).max(f32::EPSILON)).clamp(least, largest);
    let mut kept = words.to_owned();
    while size * font.width(&kept) > room {
        let whole = kept.trim_end_matches('…').len();
        let Some((last, _)) = kept[..whole].char_indices().next_back() else { break };
        kept.truncate(last);
        kept.truncate(kept.trim_end().len());
        kept.push('…');
    }
    (kept, size)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn card(name: &str) -> Card {
        Card {
            name: name.to_owned(),
            key: "AS64500".to_owned(),
            place: "AS64500, Germany".to_owned(),
            grade: Some("A".to_owned()),
            median_ms: Some((24.0, 21.0, 27.0)),
            ranks: Some((4, 9, 312)),
            votes: GradeVotes([400, 300, 200, 60, 30, 10]),
            release: "Release 2026-11-22".to_owned(),
        }
    }

    fn words(card: &Card) -> Vec<String> {
        let words = |element| if let Element::Words { words, .. } = element { Some(words) } else { None };
        card.layout().into_iter().filter_map(words).collect()
    }

    // Aim: a card is a PNG of the size that is announced, small enough to be sent often, and not empty.
    #[test]
    fn a_card_is_a_png() {
        for card in [card("Example Net"), Card::default()] {
            let png = card.png().unwrap();
            assert_eq!(png[..8], *b"\x89PNG\r\n\x1a\n");
            assert_eq!(png[16..24], [&1_200_u32.to_be_bytes()[..], &630_u32.to_be_bytes()].concat());
            assert!((4_000..150_000).contains(&png.len()), "{}", png.len());
        }
        assert_ne!(card("Example Net").png().unwrap(), card("Example Nets").png().unwrap());
    }

    // Aim: figures stand on the card; what is not known is left out.
    #[test]
    fn a_card_says_what_is_known() {
        let all = words(&card("Example Net"));
        for part in ["Example Net", "A", "+24 ms under load", "4th to 9th of 312 networks", "Release 2026-11-22"] {
            assert!(all.iter().any(|words| words == part), "{part}: {all:?}");
        }
        let none = words(&Card::default());
        assert!(
            none.contains(&"?".to_owned())
                && !none.iter().any(|words| words.contains(" ms") || words.contains("networks"))
        );
    }

    // Aim: words stay inside of the picture, however long a name is; one that the fonts cannot write is told by its number.
    #[test]
    fn a_name_fits() {
        for name in ["M", "Network of Networks and Sons", &"W".repeat(500), &"Network ".repeat(50)] {
            for element in card(name).layout() {
                let Element::Words { font, at, size, words, side, .. } = element else { continue };
                let width = size * font.width(&words);
                let end = match side {
                    Side::Begin => at.0 + width,
                    Side::Middle => at.0 + width / 2.0,
                    Side::End => at.0,
                };
                assert!(end <= RIGHT + 0.5, "{words}: {end}");
            }
        }
        assert!(words(&card(&"W".repeat(500))).iter().any(|words| words.ends_with("WW…")));
        for (name, told) in
            [("Ростелеком", "Ростелеком"), ("الاتصالات", "AS64500"), ("भारत", "AS64500"), ("日本", "AS64500")]
        {
            assert_eq!(words(&card(name))[2], told);
        }
    }
}
