//! Whose figures: a network, a country or the world.

use std::fmt;

/// A country as ISO 3166 writes it in two letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Country([u8; 2]);

impl Country {
    /// Reads two capital letters.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let letters: [u8; 2] = text.as_bytes().try_into().ok()?;
        letters.iter().all(u8::is_ascii_uppercase).then_some(Self(letters))
    }
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [first, second] = self.0.map(char::from);
        write!(f, "{first}{second}")
    }
}

/// Whose votes are added up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Subject {
    /// A network, by its number.
    Network(u32),
    /// The clients in a country, of whatever network.
    Country(Country),
    /// Everybody.
    World,
}

impl Subject {
    /// The subjects of which votes of this network from this country are a part.
    pub fn of(asn: u32, country: Option<Country>) -> impl Iterator<Item = Self> {
        [Some(Self::Network(asn)), country.map(Self::Country), Some(Self::World)].into_iter().flatten()
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Network(asn) => write!(f, "AS{asn}"),
            Self::Country(country) => country.fmt(f),
            Self::World => f.write_str("world"),
        }
    }
}
