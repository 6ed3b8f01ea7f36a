//! When people test: evenings more than nights, by the clock of their country.

use wire::Hour;

/// Relative number of tests in each hour of the local day.
const TESTS_BY_LOCAL_HOUR: [f64; 24] = [
    0.55, 0.35, 0.22, 0.16, 0.15, 0.20, 0.35, 0.55, 0.75, 0.90, 1.00, 1.05, //
    1.10, 1.10, 1.10, 1.15, 1.25, 1.40, 1.60, 1.85, 2.05, 2.00, 1.60, 0.95,
];

/// Sum of [`TESTS_BY_LOCAL_HOUR`].
const TESTS_PER_DAY: f64 = 23.38;

/// The hour of the local day, 0 to 23, in a country with this standard offset.
#[must_use]
pub fn local_hour(hour: Hour, utc_offset_minutes: i32) -> usize {
    let minutes = i64::from(hour.of_day()) * 60 + 30 + i64::from(utc_offset_minutes);
    usize::try_from(minutes.rem_euclid(24 * 60) / 60).unwrap_or_default()
}

/// Share of a day's tests that falls into this hour.
#[must_use]
pub fn share_of_day(hour: Hour, utc_offset_minutes: i32) -> f64 {
    TESTS_BY_LOCAL_HOUR[local_hour(hour, utc_offset_minutes)] / TESTS_PER_DAY
}

/// How loaded shared links are in this hour: 0 in the dead of night, 1 at the evening's peak.
#[must_use]
pub fn load(hour: Hour, utc_offset_minutes: i32) -> f64 {
    let highest = 2.05;
    (TESTS_BY_LOCAL_HOUR[local_hour(hour, utc_offset_minutes)] / highest).powi(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Aim: the shares of a day add up to one day, whatever the offset, and the peak is in the local evening.
    #[test]
    fn a_day_is_a_day_everywhere() {
        for offset in [-360, 0, 330, 345, 720] {
            let sum: f64 = (0..24).map(|hour| share_of_day(Hour(hour), offset)).sum();
            assert!((sum - 1.0).abs() < 1e-9, "offset {offset}: {sum}");
        }
        assert_eq!(local_hour(Hour(19), 60), 20);
        assert!(load(Hour(19), 60) > 0.99);
    }
}
