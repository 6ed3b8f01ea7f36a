//! Draws areas and words to PNG. Letters stand one after the other as wide as the font says, which is right for scripts that
//! write so, from left to right; words of others are not drawn at all ([`Font::can_write`]).

use std::sync::LazyLock;

use tiny_skia::{Color, FillRule, Paint, Path, PathBuilder, Pixmap, Rect, Transform};
use ttf_parser::{Face, OutlineBuilder};

/// Size of the picture, in px.
const WIDTH: u32 = 1_200;
const HEIGHT: u32 = 630;

/// DejaVu Sans: it has the letters of most names.
pub(super) static PLAIN: LazyLock<Font> = LazyLock::new(|| Font::of(dejavu::sans::regular()));

/// The same, bold.
pub(super) static BOLD: LazyLock<Font> = LazyLock::new(|| Font::of(dejavu::sans::bold()));

/// A font; without one, nothing is written.
pub(super) struct Font(Option<Face<'static>>);

/// What a picture is made of.
pub(super) enum Element {
    /// A filled box: x, y, width and height.
    Area { place: [f32; 4], colour: &'static str },
    /// A line of words.
    Words { font: &'static Font, at: (f32, f32), size: f32, colour: &'static str, words: String, side: Side },
}

/// Which part of the words stands at their place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Begin,
    Middle,
    End,
}

/// A picture that could not be made.
#[derive(Debug, thiserror::Error)]
pub(super) enum DrawFault {
    #[error("there is no room for a picture")]
    Room,
    #[error("writing a PNG: {0}")]
    Png(String),
}

impl Font {
    fn of(bytes: &'static [u8]) -> Self {
        Self(Face::parse(bytes, 0).ok())
    }

    /// True if every letter is in the font, and of a script whose letters stand one after the other, from left to right.
    pub(super) fn can_write(&self, words: &str) -> bool {
        let Some(face) = &self.0 else { return false };
        words.chars().all(|c| face.glyph_index(c).is_some() && !is_joined(c))
    }

    /// The width of words in letters of size 1.
    pub(super) fn width(&self, words: &str) -> f32 {
        let Some(face) = &self.0 else { return 0.0 };
        let wide = words.chars().filter_map(|c| face.glyph_hor_advance(face.glyph_index(c)?)).map(f32::from);
        wide.sum::<f32>() / f32::from(face.units_per_em())
    }

    /// The outline of words that begin here.
    fn outline(&self, words: &str, (mut x, y): (f32, f32), size: f32) -> Option<Path> {
        let face = self.0.as_ref()?;
        let scale = size / f32::from(face.units_per_em());
        let mut pen = Pen { path: PathBuilder::new(), x, y, scale };
        for glyph in words.chars().filter_map(|c| face.glyph_index(c)) {
            pen.x = x;
            face.outline_glyph(glyph, &mut pen);
            x += scale * f32::from(face.glyph_hor_advance(glyph).unwrap_or(0));
        }
        pen.path.finish()
    }
}

/// Hebrew to N'Ko and their forms for presentation: from right to left, mostly joined.
fn is_joined(c: char) -> bool {
    matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{feff}')
}

/// Moves a glyph, whose upward is a picture's downward, to its place.
struct Pen {
    path: PathBuilder,
    x: f32,
    y: f32,
    scale: f32,
}

impl Pen {
    fn to(&self, x: f32, y: f32) -> (f32, f32) {
        (self.x + self.scale * x, self.y - self.scale * y)
    }
}

impl OutlineBuilder for Pen {
    fn move_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.to(x, y);
        self.path.move_to(x, y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.to(x, y);
        self.path.line_to(x, y);
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        let ((x1, y1), (x, y)) = (self.to(x1, y1), self.to(x, y));
        self.path.quad_to(x1, y1, x, y);
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        let ((x1, y1), (x2, y2), (x, y)) = (self.to(x1, y1), self.to(x2, y2), self.to(x, y));
        self.path.cubic_to(x1, y1, x2, y2, x, y);
    }

    fn close(&mut self) {
        self.path.close();
    }
}

/// The picture as PNG.
pub(super) fn draw(elements: &[Element]) -> Result<Vec<u8>, DrawFault> {
    let mut pixels = Pixmap::new(WIDTH, HEIGHT).ok_or(DrawFault::Room)?;
    for element in elements {
        match element {
            Element::Area { place: [x, y, width, height], colour } => {
                if let Some(area) = Rect::from_xywh(*x, *y, *width, *height) {
                    pixels.fill_rect(area, &paint(colour), Transform::identity(), None);
                }
            }
            Element::Words { font, at, size, colour, words, side } => {
                let width = size * font.width(words);
                let x = match side {
                    Side::Begin => at.0,
                    Side::Middle => at.0 - width / 2.0,
                    Side::End => at.0 - width,
                };
                if let Some(path) = font.outline(words, (x, at.1), *size) {
                    pixels.fill_path(&path, &paint(colour), FillRule::Winding, Transform::identity(), None);
                }
            }
        }
    }
    pixels.encode_png().map_err(|fault| DrawFault::Png(fault.to_string()))
}

/// A colour as `#0b5c8f`; what is none is black.
fn paint(colour: &str) -> Paint<'static> {
    let part =
        |from: usize| colour.get(from..from + 2).and_then(|digits| u8::from_str_radix(digits, 16).ok()).unwrap_or(0);
    let mut paint = Paint::default();
    paint.set_color(Color::from_rgba8(part(1), part(3), part(5), u8::MAX));
    paint
}
