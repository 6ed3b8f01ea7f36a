//! How far apart two scores must be to be surely different, by how many networks are compared.

use std::collections::BTreeMap;

use super::csv_table::number;
use super::{CsvTable, InputFault};

/// z = Φ⁻¹(1 - 0.025 / (N - 1)) for some N.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Critical(BTreeMap<i64, i64>);

/// How far off a published z may be, as a part of the probability beyond it: it was rounded to millionths.
const TOLERANCE: f64 = 1e-5;

/// Terms of the continued fraction of the normal distribution's tail; from z = 1.9 on far more than it needs.
const TERMS: u32 = 400;

impl Critical {
    /// Reads and checks `critical_values.csv`.
    ///
    /// # Errors
    /// [`InputFault`] names the first value that is wrong.
    pub fn read(table: &CsvTable) -> Result<Self, InputFault> {
        table.expect(&["networks", "z_millionths"])?;
        let mut values = BTreeMap::new();
        for row in &table.rows {
            let (networks, z): (i64, i64) = (number(row, 0)?, number(row, 1)?);
            let wanted = 0.025 / (networks - 1) as f64;
            if networks < 2 || (beyond(z as f64 / 1e6) / wanted - 1.0).abs() > TOLERANCE {
                return Err(InputFault(format!("z of {networks} networks is not Φ⁻¹(1 - 0.025 / (N - 1))")));
            }
            values.insert(networks, z);
        }
        Ok(Self(values))
    }

    /// Of pairs of networks and z in millionths.
    #[cfg(test)]
    pub(crate) fn of(values: impl IntoIterator<Item = (i64, i64)>) -> Self {
        Self(values.into_iter().collect())
    }

    /// z for so many networks: that of the next larger number; none beyond the largest.
    #[must_use]
    pub fn z(&self, networks: i64) -> Option<f64> {
        self.0.range(networks..).map(|(_, z)| *z as f64 / 1e6).next()
    }
}

/// The probability of a standard normal value above z, for z > 0: φ(z) / (z + 1 / (z + 2 / (z + 3 / …))).
fn beyond(z: f64) -> f64 {
    let fraction = (1..=TERMS).rev().fold(z, |below, term| z + f64::from(term) / below);
    (-z * z / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt() / fraction
}

#[cfg(test)]
mod tests {
    use super::*;

    // Aim: the house's values are those of the normal distribution, and a smaller one is found.
    #[test]
    fn values_are_checked() {
        let text = include_str!("../../../queries/critical_values.csv");
        let read = |text: &str| Critical::read(&CsvTable::read(text.as_bytes()).unwrap());
        let critical = read(text).unwrap();
        assert_eq!((critical.z(1), critical.z(3)), (Some(1.959_964), Some(2.241_403)));
        assert!(read(&text.replace("3,2241403", "3,2241303")).is_err());
        assert!((beyond(1.959_964) - 0.025).abs() < 1e-8);
    }
}
