//! What tests look like in each country: percentiles of Measurement Lab's NDT (see `figures/README.md`).

use anyhow::{Context as _, ensure};
use wire::Country;

const FIGURES: &str = include_str!("figures/countries.csv");

/// The percentiles that the figures give, as shares.
const SHARES: [f64; 9] = [0.01, 0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95, 0.99];

/// A distribution known at nine percentiles.
#[derive(Debug, Clone)]
pub struct Percentiles([f64; 9]);

/// One country's figures.
#[derive(Debug, Clone)]
pub struct CountryFigures {
    /// The country.
    pub country: Country,
    /// Standard offset from UTC of where most of its people live, in minutes.
    pub utc_offset_minutes: i32,
    /// NDT tests in the month: how many people there measure.
    pub tests: u64,
    /// Download throughput in Mbit/s.
    pub download_mbps: Percentiles,
    /// Upload throughput in Mbit/s.
    pub upload_mbps: Percentiles,
    /// Round-trip time of the idle line in ms.
    pub rtt_ms: Percentiles,
}

impl Percentiles {
    /// The value below which this share of all values lies, with the logarithm drawn as a straight line between the
    /// known percentiles, and flat outside of them.
    #[must_use]
    pub fn at(&self, share: f64) -> f64 {
        let values = &self.0;
        let above = SHARES.partition_point(|known| *known < share);
        if above == 0 {
            return values[0];
        }
        if above == SHARES.len() {
            return values[SHARES.len() - 1];
        }
        let (low, high) = (SHARES[above - 1], SHARES[above]);
        let part = (share - low) / (high - low);
        (values[above - 1].ln() * (1.0 - part) + values[above].ln() * part).exp()
    }
}

/// Every country that takes part.
///
/// # Errors
/// If the figures carried in this crate are damaged.
pub fn all() -> anyhow::Result<Vec<CountryFigures>> {
    let mut countries = Vec::new();
    for line in FIGURES.lines().skip(1) {
        countries.push(parse(line).with_context(|| format!("countries.csv has a bad line: {line}"))?);
    }
    Ok(countries)
}

fn parse(line: &str) -> anyhow::Result<CountryFigures> {
    let cells: Vec<&str> = line.split(',').collect();
    ensure!(cells.len() == 3 + 3 * SHARES.len(), "it has {} cells", cells.len());
    let percentiles = |first: usize| -> anyhow::Result<Percentiles> {
        let mut values = [0.0; SHARES.len()];
        for (value, cell) in values.iter_mut().zip(&cells[first..]) {
            // A percentile below a hundredth was rounded to 0, of which there is no logarithm.
            *value = cell.parse::<f64>()?.max(0.01);
        }
        ensure!(values.is_sorted(), "percentiles fall from column {first} on");
        Ok(Percentiles(values))
    };
    Ok(CountryFigures {
        country: Country::parse(cells[0])?,
        utc_offset_minutes: cells[1].parse()?,
        tests: cells[2].parse()?,
        download_mbps: percentiles(3)?,
        upload_mbps: percentiles(12)?,
        rtt_ms: percentiles(21)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Aim: the carried figures are read as what they are: known countries, rising percentiles, latency not inverted.
    #[test]
    fn figures_are_plausible() {
        let countries = all().unwrap();
        assert!(countries.len() > 60);
        let germany = countries.iter().find(|found| found.country.as_str() == "DE").unwrap();
        assert!((10.0..30.0).contains(&germany.rtt_ms.at(0.5)));
        assert!(germany.rtt_ms.at(0.95) > 2.0 * germany.rtt_ms.at(0.5));
        assert!((40.0..60.0).contains(&germany.download_mbps.at(0.5)));
    }
}
