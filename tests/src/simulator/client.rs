//! A client: a household or phone behind one address, with a line and a router of its own.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::dice::{Dice, normal_share};
use super::network::Network;

/// Share of clients that test all the time: enthusiasts and probes.
pub const HEAVY_SHARE: f64 = 0.005;

/// Share of a network's tests that its heavy testers make.
const HEAVY_TESTS: f64 = 0.12;

/// Tests that an ordinary client makes in 30 days, on average.
const TESTS_PER_CLIENT: f64 = 1.6;

/// One client of one network; follows from its index alone.
#[derive(Debug, Clone)]
pub struct Client {
    /// Position in its network, from 0.
    pub index: u64,
    /// Where it sends from: an IPv4 address, or an IPv6 address in a /56 of its own.
    pub address: IpAddr,
    /// Share of the country's lines that are slower than this one.
    pub line: f64,
    /// Round-trip time of the idle line, in ms.
    pub rtt_ms: f64,
    /// What its router and access line make of the network's increase.
    pub bloat: f64,
    /// Whether its program calls the household test's type `virtual_household` and writes grades as objects.
    pub speaks_dialect: bool,
    /// When its program becomes the newer one, as a share of the history; beyond 1 it does not.
    pub updates: f64,
}

/// How many clients stand behind this many tests in 30 days; at least 20.
#[must_use]
pub fn population(tests_in_30_days: f64) -> u64 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of tests, not negative")]
    let clients = (tests_in_30_days / TESTS_PER_CLIENT) as u64;
    clients.max(20)
}

/// Which of the population makes the next test: one of the heavy testers (the first of the population), or anyone.
pub fn next_tester(population: u64, dice: &mut Dice) -> u64 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "counts")]
    let heavy = ((population as f64 * HEAVY_SHARE) as u64).max(1);
    if dice.chance(HEAVY_TESTS) { dice.below(heavy) } else { dice.below(population) }
}

impl Client {
    /// The client with this index in this network.
    #[must_use]
    pub fn of(network: &Network, index: u64, seed: u64) -> Self {
        let mut dice = Dice::of(&[seed, u64::from(network.asn.get()), index, 0xC11E]);
        let line = normal_share(network.luck + dice.normal());
        // Fast lines are near and fibre, slow ones far and radio: half of the round-trip time's spread goes with the line.
        let far = normal_share(-0.5 * network.luck - 0.5 * (line - 0.5) * 2.0 + 0.8 * dice.normal());
        Self {
            index,
            address: address(network, index, &mut dice),
            line,
            rtt_ms: network.country.rtt_ms.at(far).max(1.0),
            bloat: dice.around(1.0, 0.7),
            speaks_dialect: dice.chance(0.2),
            updates: 0.4 + 0.8 * dice.uniform(),
        }
    }

    /// The version of its program when this share of the history has passed.
    #[must_use]
    pub fn version(&self, passed: f64) -> &'static str {
        if passed < self.updates { "1.0.0" } else { "1.1.0" }
    }
}

fn address(network: &Network, index: u64, dice: &mut Dice) -> IpAddr {
    if let Some((first, last)) = network.ipv6
        && dice.chance(0.4)
    {
        let (first, last) = (u128::from(first), u128::from(last));
        let prefixes = ((last - first) >> 72).max(1);
        let prefix = first + ((u128::from(index) % prefixes) << 72);
        return Ipv6Addr::from((prefix + u128::from(dice.bits() >> 1)).min(last)).into();
    }
    let (first, last) = (u32::from(network.ipv4.0), u32::from(network.ipv4.1));
    // A step that is prime to every range size spreads neighbours in index over the whole range.
    let offset = (index * 2_654_435_761 + dice.below(16)) % u64::from(last - first + 1);
    Ipv4Addr::from(first + u32::try_from(offset).unwrap_or_default()).into()
}
