//! What changed from one period to the next, with an interval made of the intervals of both.

/// A figure with its interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Figure {
    /// The figure.
    pub at: i64,
    /// Lower end of its interval.
    pub low: i64,
    /// Upper end.
    pub high: i64,
}

impl Figure {
    /// The change since the figure before.
    #[must_use]
    pub fn since(self, before: Self) -> Self {
        let reach = |own: i64, other: i64| {
            let (own, other) = (own as f64, other as f64);
            (own * own + other * other).sqrt()
        };
        let change = (self.at - before.at) as f64;
        Self {
            at: self.at - before.at,
            low: (change - reach(self.at - self.low, before.high - before.at)).floor() as i64,
            high: (change + reach(self.high - self.at, before.at - before.low)).ceil() as i64,
        }
    }

    /// What a change says if more is better, or the other way round.
    #[must_use]
    pub fn says(self, more_is_better: bool) -> &'static str {
        match (self.low > 0, self.high < 0) {
            (true, _) if more_is_better => "better",
            (_, true) if !more_is_better => "better",
            (true, _) | (_, true) => "worse",
            _ => NO_CLEAR_CHANGE,
        }
    }
}

/// Nothing is said to have changed, which is not "no change".
pub const NO_CLEAR_CHANGE: &str = "no clear change";

#[cfg(test)]
mod tests {
    use super::*;

    // Aim: from 20.00 (18 to 23) to 26.00 (23 to 30) ms is a rise of 6 between 6 - √(3² + 3²) and 6 + √(4² + 2²).
    #[test]
    fn a_change_has_an_interval_of_both() {
        let before = Figure { at: 2_000, low: 1_800, high: 2_300 };
        let now = Figure { at: 2_600, low: 2_300, high: 3_000 };
        // 600 - 424.26 and 600 + 447.21, rounded outwards.
        let change = now.since(before);
        assert_eq!(change, Figure { at: 600, low: 175, high: 1_048 });
        assert_eq!((change.says(false), change.says(true)), ("worse", "better"));
        let back = before.since(now);
        assert_eq!((back.at, back.says(false), back.says(true)), (-600, "better", "worse"));
        assert_eq!(Figure { at: 1, low: 0, high: 3 }.says(false), NO_CLEAR_CHANGE);
    }
}
