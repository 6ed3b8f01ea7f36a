//! How often a test with an element of chance is tried.

/// The variable that asks for all trials: `BUFFERLAKE_TRIALS=all`, or a number.
const VARIABLE: &str = "BUFFERLAKE_TRIALS";

/// A number of trials, and what their success says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trials(u32);

impl Trials {
    /// `few` trials, or `all` if the environment asks for all, or the number that it names.
    #[must_use]
    pub fn few_or_all(few: u32, all: u32) -> Self {
        Self::asked(std::env::var(VARIABLE).ok().as_deref(), few, all)
    }

    fn asked(wish: Option<&str>, few: u32, all: u32) -> Self {
        match wish {
            None => Self(few),
            Some("all") => Self(all),
            Some(number) => Self(number.parse().unwrap_or(few).max(1)),
        }
    }

    /// The numbers of the trials, from 0.
    pub fn each(self) -> std::ops::Range<u32> {
        0..self.0
    }

    /// Prints what so many trials without a failure bound: with `n` of them, a fault that shows in more than `3/n` of
    /// cases would have been seen in 19 of 20 runs.
    pub fn passed(self, what: &str) {
        let bound = 100.0 * (1.0 - 0.05_f64.powf(1.0 / f64::from(self.0)));
        println!("{what}: {} trials passed; 95 % sure that it fails in less than {bound:.1} % of cases", self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Aim: the environment decides, and nonsense in it asks for few.
    #[test]
    fn the_environment_decides() {
        assert_eq!(Trials::asked(None, 4, 100), Trials(4));
        assert_eq!(Trials::asked(Some("all"), 4, 100), Trials(100));
        assert_eq!(Trials::asked(Some("7"), 4, 100), Trials(7));
        assert_eq!(Trials::asked(Some("many"), 4, 100), Trials(4));
        assert_eq!(Trials::asked(Some("0"), 4, 100).each().len(), 1);
    }
}
