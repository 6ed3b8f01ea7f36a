//! The networks that take part: real numbers, names and prefixes; how good each is, is invented from the seed.

use std::net::{Ipv4Addr, Ipv6Addr};

use anyhow::Context as _;
use wire::Asn;

use super::country::{self, CountryFigures};
use super::dice::Dice;

const FIGURES: &str = include_str!("figures/networks.csv");

/// Index of the Pareto law of network sizes: below 2, so that a few networks hold much of the world.
const SIZE_TAIL: f64 = 1.15;

/// One network.
#[derive(Debug, Clone)]
pub struct Network {
    /// Its number.
    pub asn: Asn,
    /// The organisation behind it.
    pub name: String,
    /// Where its clients are.
    pub country: CountryFigures,
    /// First and last IPv4 address of its largest range.
    pub ipv4: (Ipv4Addr, Ipv4Addr),
    /// First and last IPv6 address of its largest range, if it has one.
    pub ipv6: Option<(Ipv6Addr, Ipv6Addr)>,
    /// Its share of all tests; the world's shares add up to 1.
    pub share: f64,
    /// Position of its median client among its country's clients, in standard deviations: faster above 0.
    pub luck: f64,
    /// Working-latency increase of its median client at quiet hours, in ms.
    pub increase_ms: f64,
    /// How much the evening adds: at full load the increase is `1 + evening` times the quiet one.
    pub evening: f64,
    /// A change of its quality during the history, if one was planted.
    pub change: Option<PlannedChange>,
}

/// A network that became better or worse at a known moment, so that trends have something true to find.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PlannedChange {
    /// When, as the share of the history that has passed.
    pub after: f64,
    /// What the increase is multiplied by from then on: below 1 is better.
    pub factor: f64,
}

/// How networks come: the share of all networks, the median increase in ms, and the spread of its logarithm.
const KINDS: [(f64, f64, f64); 4] = [
    (0.26, 4.5, 0.45),   // queues are managed (FQ-CoDel, CAKE, low-latency DOCSIS)
    (0.44, 22.0, 0.55),  // ordinary
    (0.22, 85.0, 0.50),  // bloated
    (0.08, 260.0, 0.35), // badly bloated
];

/// Every network, with its quality drawn from the seed, largest first.
///
/// # Errors
/// If the figures carried in this crate are damaged.
pub fn world(seed: u64) -> anyhow::Result<Vec<Network>> {
    let countries = country::all()?;
    let mut networks = Vec::new();
    for line in FIGURES.lines().skip(1) {
        let network = parse(line, &countries, seed).with_context(|| format!("networks.csv has a bad line: {line}"))?;
        networks.push(network);
    }
    let total: f64 = networks.iter().map(|network| network.share).sum();
    for network in &mut networks {
        network.share /= total;
    }
    networks.sort_by(|a, b| b.share.total_cmp(&a.share));
    plant_changes(&mut networks, seed);
    Ok(networks)
}

fn parse(line: &str, countries: &[CountryFigures], seed: u64) -> anyhow::Result<Network> {
    // Only the name may be quoted, and it lies between columns that cannot hold a comma.
    let (asn, rest) = line.split_once(',').context("no asn")?;
    let (code, rest) = rest.split_once(',').context("no country")?;
    let mut from_the_right = rest.rsplitn(5, ',');
    let mut cell = || from_the_right.next().context("too few cells");
    let (v6_last, v6_first, v4_last, v4_first, name) = (cell()?, cell()?, cell()?, cell()?, cell()?);
    let name = name.strip_prefix('"').and_then(|name| name.strip_suffix('"')).unwrap_or(name).replace("\"\"", "\"");
    let asn: u32 = asn.parse()?;
    let country = countries.iter().find(|figures| figures.country.as_str() == code).context("unknown country")?;

    let mut dice = Dice::of(&[seed, u64::from(asn)]);
    let size = (1.0 - dice.uniform()).powf(-1.0 / SIZE_TAIL).min(80.0);
    let kind = dice.uniform();
    let mut below = 0.0;
    let (_, median, sigma) = KINDS
        .into_iter()
        .find(|(share, ..)| {
            below += share;
            kind < below
        })
        .unwrap_or(KINDS[1]);
    #[expect(clippy::cast_precision_loss, reason = "a count of tests is far below 2^53")]
    let measured = country.tests as f64;
    Ok(Network {
        asn: Asn::new(asn).context("asn 0")?,
        name,
        country: country.clone(),
        ipv4: (v4_first.parse()?, v4_last.parse()?),
        ipv6: if v6_first.is_empty() { None } else { Some((v6_first.parse()?, v6_last.parse()?)) },
        // The square root keeps the two giants of the figures from leaving nothing to the rest of the world.
        share: measured.sqrt() * size,
        luck: 0.5 * dice.normal(),
        increase_ms: dice.around(median, sigma),
        evening: (0.5 * dice.normal().abs()).min(2.0),
        change: None,
    })
}

/// Plants four improvements and two faults in networks that are large enough for them to be seen.
fn plant_changes(networks: &mut [Network], seed: u64) {
    let mut dice = Dice::of(&[seed, 0xC4A6E]);
    let seen = networks.len().min(60);
    for factor in [0.15, 0.25, 0.3, 0.4, 3.0, 5.0] {
        let eligible: Vec<usize> = (0..seen)
            .filter(|index| {
                networks[*index].change.is_none() && (networks[*index].increase_ms > 30.0) == (factor < 1.0)
            })
            .collect();
        let pick = dice.below(eligible.len() as u64);
        let after = 0.3 + 0.4 * dice.uniform();
        if let Some(index) = usize::try_from(pick).ok().and_then(|pick| eligible.get(pick)) {
            networks[*index].change = Some(PlannedChange { after, factor });
        }
    }
}

impl Network {
    /// Median increase at quiet hours when this share of the history has passed, in ms.
    #[must_use]
    pub fn increase_ms_at(&self, passed: f64) -> f64 {
        match self.change {
            Some(change) if passed >= change.after => self.increase_ms * change.factor,
            _ => self.increase_ms,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Aim: a world is the same for the same seed, another for another, heavy-tailed, and has its planted changes.
    #[test]
    fn worlds_follow_from_their_seed() {
        let world_7 = world(7).unwrap();
        let again = world(7).unwrap();
        let other = world(8).unwrap();
        let increases =
            |world: &[Network]| world.iter().map(|network| network.increase_ms.to_bits()).collect::<Vec<_>>();
        assert_eq!(increases(&world_7), increases(&again));
        assert_ne!(increases(&world_7), increases(&other));
        assert!(world_7.len() > 200);
        let top_tenth: f64 = world_7.iter().take(world_7.len() / 10).map(|network| network.share).sum();
        assert!(top_tenth > 0.3, "the largest tenth holds {top_tenth}");
        assert_eq!(world_7.iter().filter(|network| network.change.is_some()).count(), 6);
        assert!(world_7.iter().any(|network| network.name.contains(',')));
    }
}
