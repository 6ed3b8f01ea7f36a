//! Results as they come in now, one after the other, from the clients of some networks.

use std::net::IpAddr;

use wire::Hour;

use super::body;
use super::calendar;
use super::client::{self, Client};
use super::dice::Dice;
use super::measurement::measure;
use super::network::Network;

/// A result on its way: what a client posts, and from where.
#[derive(Debug, Clone)]
pub struct Post {
    /// The address that the test server's proxy writes into `X-Forwarded-For`.
    pub address: IpAddr,
    /// The body.
    pub body: String,
}

/// Draws results of these networks, those with more tests in this hour more often.
#[derive(Debug)]
pub struct Live<'a> {
    networks: Vec<&'a Network>,
    tests_in_30_days: f64,
    seed: u64,
    dice: Dice,
}

impl<'a> Live<'a> {
    /// Results of these networks in a world of so many tests in 30 days; another `stream` gives other results of the
    /// same clients.
    #[must_use]
    pub fn new(networks: Vec<&'a Network>, tests_in_30_days: f64, seed: u64, stream: u64) -> Self {
        Self { networks, tests_in_30_days, seed, dice: Dice::of(&[seed, stream, 0x11FE]) }
    }

    /// The next result, made in this hour; `None` if there are no networks.
    pub fn next(&mut self, hour: Hour, sent_at: &str) -> Option<Post> {
        let weight =
            |network: &Network| network.share * calendar::share_of_day(hour, network.country.utc_offset_minutes);
        let total: f64 = self.networks.iter().map(|network| weight(network)).sum();
        let mut left = self.dice.uniform() * total;
        let network = *self.networks.iter().find(|network| {
            left -= weight(network);
            left < 0.0
        })?;
        let population = client::population(network.share * self.tests_in_30_days);
        let client = Client::of(network, client::next_tester(population, &mut self.dice), self.seed);
        let measurement = measure(network, &client, hour, 1.0, &mut self.dice);
        Some(Post { address: client.address, body: body::of(&measurement, &client, 1.0, sent_at) })
    }
}
