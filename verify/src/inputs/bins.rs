//! Bins of latency: bin 0 is 0 ms, then each is 2 % wider than the one before.

use super::csv_table::number;
use super::{CsvTable, InputFault};

/// A bin. Edges and middle are in hundredths of a ms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bin {
    /// Its lower edge, which belongs to it.
    pub lower: i64,
    /// Its upper edge, which does not.
    pub upper: i64,
    /// What its votes count as.
    pub mid: i64,
    /// ln(1 + middle in ms), in millionths.
    pub ln: i64,
}

/// All bins, from 0 on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bins(Vec<Bin>);

/// How far a published logarithm may be from the true one, in millionths: it was rounded.
const LN_TOLERANCE: f64 = 0.51;

impl Bins {
    /// Reads and checks `bins.csv`: numbered from 0, without a gap, with true logarithms.
    ///
    /// # Errors
    /// [`InputFault`] names the first bin that is wrong.
    pub fn read(table: &CsvTable) -> Result<Self, InputFault> {
        table.expect(&["bin", "lower_hundredths", "upper_hundredths", "mid_hundredths", "mid_ln_millionths"])?;
        let mut bins: Vec<Bin> = Vec::new();
        for row in &table.rows {
            let bin = Bin { lower: number(row, 1)?, upper: number(row, 2)?, mid: number(row, 3)?, ln: number(row, 4)? };
            let begins = bins.last().map_or(0, |before| before.upper);
            let true_ln = 1e6 * (bin.mid as f64 / 100.0).ln_1p();
            let is_right = number::<usize>(row, 0)? == bins.len()
                && bin.lower == begins
                && (bin.lower..bin.upper).contains(&bin.mid)
                && (bin.ln as f64 - true_ln).abs() <= LN_TOLERANCE;
            if !is_right {
                return Err(InputFault(format!(
                    "bin {} does not follow the one before, or its middle is wrong",
                    row[0]
                )));
            }
            bins.push(bin);
        }
        if bins.is_empty() { Err(InputFault("holds no bin".to_owned())) } else { Ok(Self(bins)) }
    }

    /// A bin by its number.
    #[must_use]
    pub fn get(&self, bin: u16) -> Option<&Bin> {
        self.0.get(usize::from(bin))
    }

    /// The bin in which so many hundredths of a ms lie.
    #[must_use]
    pub fn of(&self, hundredths: i64) -> Option<u16> {
        let after = self.0.partition_point(|bin| bin.lower <= hundredths);
        u16::try_from(after.checked_sub(1)?).ok()
    }

    /// The lower edge that lies nearest to so many hundredths of a ms; of two as near, the lower one.
    #[must_use]
    pub fn edge_nearest_to(&self, hundredths: i64) -> i64 {
        let edges = self.0.iter().map(|bin| bin.lower);
        edges.min_by_key(|edge| (edge - hundredths).abs()).unwrap_or_default()
    }

    /// True if a bin begins here.
    #[must_use]
    pub fn has_edge(&self, hundredths: i64) -> bool {
        self.0.binary_search_by_key(&hundredths, |bin| bin.lower).is_ok()
    }

    /// The last bin whose logarithm is not above this one, and the bin after it.
    #[must_use]
    pub fn around(&self, ln: i64) -> Option<(&Bin, Option<&Bin>)> {
        let after = self.0.partition_point(|bin| bin.ln <= ln);
        Some((self.0.get(after.checked_sub(1)?)?, self.0.get(after)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inputs::samples::bins;

    // Aim: the house's bins pass, and a bin that was moved, left out or given another logarithm does not.
    #[test]
    fn bins_are_checked() {
        assert_eq!(bins().of(0), Some(0));
        assert_eq!(bins().get(bins().of(500).unwrap()).unwrap().lower, 500);
        let damaged = |from: &str, to: &str| {
            let text = include_str!("../../../queries/bins.csv");
            assert!(text.contains(from));
            Bins::read(&CsvTable::read(text.replace(from, to).as_bytes()).unwrap())
        };
        assert!(damaged("\n0,0,1,0,0\n", "\n").is_err());
        assert!(damaged("1,1,2,1,9950", "1,1,2,1,9952").is_err());
        assert!(damaged("1,1,2,1,9950", "1,1,3,1,9950").is_err());
    }
}
