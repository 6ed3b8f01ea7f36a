//! Votes drawn from known distributions, the same in every run.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::catalog;

/// Lower edges of the bins.
static EDGES: LazyLock<Vec<u32>> = LazyLock::new(|| {
    let lines = catalog::BINS_CSV.lines().skip(1);
    lines.map(|line| line.split(',').nth(1).unwrap().parse().unwrap()).collect()
});

/// A generator of random numbers (SplitMix64).
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Between 0 and 1.
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
    fn uniform(&mut self) -> f64 {
        ((self.next() >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
    }

    /// A whole number below the bound.
    #[expect(clippy::cast_possible_truncation, reason = "it is below the bound")]
    pub(super) fn below(&mut self, bound: u32) -> u32 {
        (self.next() % u64::from(bound)) as u32
    }

    /// Normal with mean 0 and variance 1 (Box and Muller).
    pub(super) fn normal(&mut self) -> f64 {
        (-2.0 * self.uniform().ln()).sqrt() * (std::f64::consts::TAU * self.uniform()).cos()
    }

    /// A latency increase in hundredths of a ms whose ln(1 + ms) is normal.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is bounded")]
    pub(super) fn increase(&mut self, mean_ln: f64, spread: f64, whole_ms: bool) -> u32 {
        let ms = ((mean_ln + spread * self.normal()).exp() - 1.0).clamp(0.0, 60_000.0);
        if whole_ms { 100 * ms.round() as u32 } else { (100.0 * ms).round() as u32 }
    }
}

/// Votes by trial, network and bin.
#[derive(Default)]
pub(super) struct Votes {
    pub(super) bins: BTreeMap<(u32, u32, u32), u32>,
}

impl Votes {
    pub(super) fn add(&mut self, trial: u32, network: u32, hundredths: u32) {
        let bin = EDGES.partition_point(|edge| *edge <= hundredths) - 1;
        *self.bins.entry((trial, network, u32::try_from(bin).unwrap())).or_default() += 1;
    }
}
