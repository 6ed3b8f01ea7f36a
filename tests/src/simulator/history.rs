//! The month before now: what the agents of some providers recorded, day by day, in seconds.
//!
//! Each result goes through the same door as a live one: its body is parsed, judged and coarsened by `intake`.

use anyhow::Context as _;
use wire::{AgentId, Day, Hour, Record};

use super::body;
use super::calendar;
use super::client::{self, Client};
use super::dice::Dice;
use super::door::Door;
use super::measurement::measure;
use super::network::Network;

/// A provider: one agent, and the networks for which it speaks.
#[derive(Debug, Clone)]
pub struct Provider {
    /// Its agent's name.
    pub agent: AgentId,
    /// Its networks, in one country or in a few neighbours of the alphabet.
    pub networks: Vec<Network>,
}

/// The time that the history covers, and how much happened in it.
#[derive(Debug, Clone, Copy)]
pub struct Month {
    /// Its first day.
    pub first: Day,
    /// The hour that runs now; results until its beginning are history.
    pub now: Hour,
    /// Results of all providers together, on average over seeds.
    pub results: u32,
}

/// Divides the world among so many providers, none of them empty unless there are fewer networks.
///
/// # Errors
/// If a name cannot be made.
pub fn providers(mut world: Vec<Network>, count: usize) -> anyhow::Result<Vec<Provider>> {
    world.sort_by_key(|network| (network.country.country, network.asn));
    let (count, networks) = (count.max(1), world.len());
    let mut providers = Vec::new();
    let mut rest = world.into_iter();
    for index in 0..count {
        let size = networks * (index + 1) / count - networks * index / count;
        let networks: Vec<Network> = rest.by_ref().take(size).collect();
        let Some(first) = networks.first() else { continue };
        let name = format!("demo-{}-{}", first.country.country.as_str().to_lowercase(), index + 1);
        let agent = AgentId::parse(&name).with_context(|| format!("naming the agent {name}"))?;
        providers.push(Provider { agent, networks });
    }
    Ok(providers)
}

impl Month {
    /// The days that it touches, the last of them in part.
    pub fn days(&self) -> impl Iterator<Item = Day> + use<> {
        (self.first.0..=self.now.day().0).map(Day)
    }

    /// The hours of a day that have passed.
    fn hours(&self, day: Day) -> impl Iterator<Item = Hour> + use<> {
        let end = day.plus(1).first_hour().min(self.now);
        (day.first_hour().0..end.0).map(Hour)
    }

    fn hours_in_all(&self) -> f64 {
        f64::from(self.now.0 - self.first.first_hour().0)
    }

    /// Share of the month that had passed at this hour.
    #[must_use]
    pub fn passed(&self, hour: Hour) -> f64 {
        f64::from(hour.0.saturating_sub(self.first.first_hour().0)) / self.hours_in_all()
    }

    /// Results that a world of this size makes in 30 days.
    #[must_use]
    pub fn results_in_30_days(&self) -> f64 {
        f64::from(self.results) * 720.0 / self.hours_in_all()
    }
}

/// One provider's history as it unfolds; days must be asked for in their order.
#[derive(Debug)]
pub struct ProviderHistory {
    provider: Provider,
    month: Month,
    seed: u64,
    dice: Dice,
    door: Door,
}

impl ProviderHistory {
    /// The history of this provider in the world of this seed.
    #[must_use]
    pub fn new(provider: Provider, month: Month, seed: u64) -> Self {
        let key = provider.networks.first().map_or(0, |network| u64::from(network.asn.get()));
        Self { dice: Dice::of(&[seed, key, 0x0415]), door: Door::default(), provider, month, seed }
    }

    /// Whose history it is.
    #[must_use]
    pub fn provider(&self) -> &Provider {
        &self.provider
    }

    /// What the agent recorded on this day.
    ///
    /// # Errors
    /// If the door refuses a simulated result: then the simulator does not speak the clients' language.
    pub fn day(&mut self, day: Day) -> anyhow::Result<Vec<Record>> {
        let mut records = Vec::new();
        let in_30_days = self.month.results_in_30_days();
        for hour in self.month.hours(day) {
            let passed = self.month.passed(hour);
            let sent_at = rfc3339(hour)?;
            for network in &self.provider.networks {
                let population = client::population(network.share * in_30_days);
                let share = calendar::share_of_day(hour, network.country.utc_offset_minutes);
                let tests = self.dice.rounded(network.share * in_30_days / 30.0 * share);
                for _ in 0..tests {
                    let index = client::next_tester(population, &mut self.dice);
                    let client = Client::of(network, index, self.seed);
                    let measurement = measure(network, &client, hour, passed, &mut self.dice);
                    let body = body::of(&measurement, &client, passed, &sent_at);
                    records.push(self.door.record(&body, network, &client, hour)?);
                }
            }
        }
        Ok(records)
    }
}

fn rfc3339(hour: Hour) -> anyhow::Result<String> {
    let moment = jiff::Timestamp::from_second(hour.unix_s()).context("an hour beyond the calendar")?;
    Ok(moment.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulator::network::world;

    /// Aim: a month has about as many results as asked for, votes among them, zeros kept apart from true zeros, and is
    /// the same for the same seed.
    #[test]
    fn a_month_is_plausible_and_repeats() {
        let month = Month { first: Day(20_000), now: Day(20_030).first_hour(), results: 40_000 };
        let make = || {
            let mut records = Vec::new();
            for provider in providers(world(7).unwrap(), 60).unwrap() {
                let mut history = ProviderHistory::new(provider, month, 7);
                for day in month.days() {
                    records.extend(history.day(day).unwrap());
                }
            }
            records
        };
        let records = make();
        assert!((38_000..42_000).contains(&records.len()), "{} results", records.len());
        let votes = records.iter().filter(|record| record.vote_month).count();
        assert!(votes * 100 > records.len() * 40 && votes < records.len(), "{votes} votes");
        assert!(records.iter().any(|record| record.download_increase.is_none() && record.baseline.is_some()));
        assert!(records.iter().any(|record| record.download_increase.is_some_and(|found| found.hundredths() == 0)));
        assert_eq!(records, make());
    }

    /// Aim: every provider has networks, no network is lost, and the names are names of agents.
    #[test]
    fn the_world_is_divided_among_providers() {
        let world = world(7).unwrap();
        let networks = world.len();
        let providers = providers(world, 60).unwrap();
        assert_eq!(providers.len(), 60);
        assert_eq!(providers.iter().map(|provider| provider.networks.len()).sum::<usize>(), networks);
    }
}
