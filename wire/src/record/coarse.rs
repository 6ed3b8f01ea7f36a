//! Measured values, coarsened to three significant digits before they leave the agent.

use serde::{Deserialize, Serialize};

/// A latency in hundredths of a millisecond, three significant digits, 0 to 60 s.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct Latency(u32);

/// A throughput in hundredths of a Mbit/s, three significant digits, 0 to 100 Gbit/s.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct Rate(u32);

/// Why a number is not a measured value on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CoarseFault {
    /// More than three significant digits: the sender did not coarsen.
    #[error("{0} has more than three significant digits")]
    TooPrecise(u32),
    /// Above the bound of the type.
    #[error("{value} is over {max} hundredths")]
    TooLarge {
        /// What was sent.
        value: u32,
        /// The largest value of the type.
        max: u32,
    },
}

/// Rounds half up to three significant digits.
fn three_digits(value: u32) -> u32 {
    let mut step = 1;
    while value / step >= 1_000 {
        step *= 10;
    }
    // Rounding 999.5 up gives 1000, which still has three significant digits.
    (value + step / 2) / step * step
}

macro_rules! coarse {
    ($name:ident, $max:expr, $unit:literal) => {
        impl $name {
            /// The largest value, in hundredths.
            pub const MAX_HUNDREDTHS: u32 = $max;

            #[doc = concat!("Coarsens a measurement in ", $unit, "; `None` if it is not a number in 0 to the maximum.")]
            #[must_use]
            pub fn coarsen(value: f64) -> Option<Self> {
                let hundredths = (value * 100.0).round();
                if !(0.0..=f64::from(Self::MAX_HUNDREDTHS)).contains(&hundredths) {
                    return None;
                }
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "the range was checked above"
                )]
                let hundredths = hundredths as u32;
                Some(Self(three_digits(hundredths)))
            }

            #[doc = concat!("The value in hundredths of a ", $unit, ".")]
            #[must_use]
            pub fn hundredths(self) -> u32 {
                self.0
            }
        }

        impl From<$name> for u32 {
            fn from(value: $name) -> Self {
                value.0
            }
        }

        impl TryFrom<u32> for $name {
            type Error = CoarseFault;

            fn try_from(value: u32) -> Result<Self, CoarseFault> {
                if value > Self::MAX_HUNDREDTHS {
                    return Err(CoarseFault::TooLarge { value, max: Self::MAX_HUNDREDTHS });
                }
                if three_digits(value) != value {
                    return Err(CoarseFault::TooPrecise(value));
                }
                Ok(Self(value))
            }
        }
    };
}

coarse!(Latency, 6_000_000, "ms");
coarse!(Rate, 10_000_000, "Mbit/s");
