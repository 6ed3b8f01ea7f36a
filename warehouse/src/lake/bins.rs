//! The bins of latency: the finest grain at which the ranking knows a latency.
//!
//! `queries/bins.csv` is the one definition, read here when a row is sealed and published with every release.

use std::sync::LazyLock;

const BINS_CSV: &str = include_str!("../../../queries/bins.csv");

/// Lower edges in hundredths of a ms, rising; the bin's number is the position.
static LOWER_EDGES: LazyLock<Vec<u32>> = LazyLock::new(|| lower_edges(BINS_CSV).unwrap_or_default());

/// The bin in which a latency lies, given in hundredths of a ms. Latencies over the last edge lie in the last bin.
#[must_use]
pub(super) fn bin_of(hundredths: u32) -> u16 {
    let above = LOWER_EDGES.partition_point(|&edge| edge <= hundredths);
    u16::try_from(above.saturating_sub(1)).unwrap_or(u16::MAX)
}

/// Reads the first two columns; `None` if the numbers of the bins or their edges do not rise as they must.
fn lower_edges(csv: &str) -> Option<Vec<u32>> {
    let mut edges = Vec::new();
    let mut next_lower = 0;
    for (position, line) in csv.lines().skip(1).enumerate() {
        let mut columns = line.split(',');
        let bin: usize = columns.next()?.parse().ok()?;
        let lower: u32 = columns.next()?.parse().ok()?;
        let upper: u32 = columns.next()?.parse().ok()?;
        if bin != position || lower != next_lower || upper <= lower {
            return None;
        }
        next_lower = upper;
        edges.push(lower);
    }
    Some(edges)
}

#[cfg(test)]
mod tests {
    use wire::Latency;

    use super::*;

    /// Aim: the file in the repository is well-formed, since the lake would otherwise put every latency into bin 0.
    #[test]
    fn the_file_is_read_whole() {
        let edges = lower_edges(BINS_CSV).expect("bins.csv has rising bins without gaps");
        assert!(edges.len() > 500);
        assert_eq!(edges.len(), BINS_CSV.lines().count() - 1);
    }

    /// Aim: every latency that a record can hold lies in the bin whose line in the file covers it.
    #[test]
    fn every_latency_lies_between_its_bins_edges() {
        for line in BINS_CSV.lines().skip(1) {
            let numbers: Vec<u32> = line.split(',').take(3).map(|number| number.parse().unwrap()).collect();
            assert_eq!(u32::from(bin_of(numbers[1])), numbers[0], "lower edge");
            assert_eq!(u32::from(bin_of(numbers[2] - 1)), numbers[0], "just below the upper edge");
        }
        assert_eq!(bin_of(0), 0, "a true zero has a bin of its own");
        assert_eq!(bin_of(1), 1);
        assert_eq!(bin_of(u32::MAX), bin_of(Latency::MAX_HUNDREDTHS));
    }
}
