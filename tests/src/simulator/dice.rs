//! Chance that can be repeated: every draw follows from a seed and from what it is drawn for.

/// A stream of pseudo-random numbers (SplitMix64). The same seed gives the same stream on every machine and in every
/// later version, which the standard generators of the `rand` crate do not promise.
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// The stream that belongs to these keys, for example `[seed, network, client]`.
    #[must_use]
    pub fn of(keys: &[u64]) -> Self {
        let mut dice = Self(0x9E37_79B9_7F4A_7C15);
        for key in keys {
            dice.0 = dice.0.wrapping_add(*key);
            dice.0 = dice.bits();
        }
        dice
    }

    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Uniform in 0 (inclusive) to 1 (exclusive).
    pub fn uniform(&mut self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "53 bits fit a double exactly")]
        let numerator = (self.bits() >> 11) as f64;
        numerator / (1_u64 << 53) as f64
    }

    /// Uniform in 0 to `bound` (exclusive); 0 if `bound` is 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        let wide = u128::from(self.bits()) * u128::from(bound);
        (wide >> 64) as u64
    }

    /// True with this probability.
    pub fn chance(&mut self, probability: f64) -> bool {
        self.uniform() < probability
    }

    /// Standard normal (Box and Muller).
    pub fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.uniform()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.uniform()).cos()
    }

    /// Log-normal around a median: `sigma` is the standard deviation of the logarithm.
    pub fn around(&mut self, median: f64, sigma: f64) -> f64 {
        median * (sigma * self.normal()).exp()
    }

    /// A whole number whose mean is `mean`: its whole part, and one more with the probability of the rest.
    pub fn rounded(&mut self, mean: f64) -> u64 {
        let whole = mean.max(0.0).floor();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small count, not negative")]
        let count = whole as u64;
        count + u64::from(self.chance(mean - whole))
    }
}

/// Share of a standard normal below `x`, by the logistic curve that differs from it by less than 0.01.
#[must_use]
pub fn normal_share(x: f64) -> f64 {
    1.0 / (1.0 + (-1.702 * x).exp())
}
