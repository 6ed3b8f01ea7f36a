//! Whether the clock can be believed when something is to be let go for its age.
//!
//! A clock that jumps years ahead would make everything old: unsent records, votes, deliveries. So age counts only while the
//! clock has gone on as time has, and fits what the database was written by. It is believed again when it shows what it
//! would without the jump, when the warehouse's clock agrees, or after a week without news.

use std::time::Duration;

use super::Moment;

/// How far the clock may be from where it should be, in seconds.
const MOST_APART_S: u64 = 3_600;

/// How long before a start the database may have been written last, in seconds. A longer pause is usual, too; then the
/// clock is believed a little later.
const LONGEST_PAUSE_S: i64 = 7 * 86_400;

/// How long a clock is doubted that nothing speaks against and nothing for.
const LONGEST_DOUBT: Duration = Duration::from_secs(7 * 86_400);

/// The clock's credit.
#[derive(Debug)]
pub(super) struct Trust {
    /// What time it is, by the last moment at which the clock was believed.
    believed: Option<Moment>,
    /// Since when it is doubted, by the steady clock.
    doubted: Option<Duration>,
    last: Moment,
}

impl Trust {
    /// At a start: `last_written_s` is the latest moment that the database knows, in Unix seconds.
    pub(super) fn at_start(now: Moment, last_written_s: Option<i64>) -> Self {
        let pause_s = last_written_s.map_or(0, |last| now.wall.as_second().saturating_sub(last));
        let sound = (-i64::try_from(MOST_APART_S).unwrap_or(0)..=LONGEST_PAUSE_S).contains(&pause_s);
        Self { believed: sound.then_some(now), doubted: (!sound).then_some(now.steady), last: now }
    }

    /// Looks at the clock; true if it can be believed. `warehouse` says how far the warehouse's clock is ahead, in
    /// seconds, and when that was heard by the steady clock.
    pub(super) fn look(&mut self, now: Moment, warehouse: Option<(i64, Duration)>) -> bool {
        let jumped = apart_s(self.last, now) > MOST_APART_S;
        self.last = now;
        if jumped && self.doubted.is_none() {
            tracing::warn!("the clock has jumped: nothing is let go for its age until it can be believed again");
            self.doubted = Some(now.steady);
        }
        let disagrees = |offset_s: i64| offset_s.unsigned_abs() > MOST_APART_S;
        match (self.doubted, warehouse) {
            (None, Some((offset_s, heard)))
                if disagrees(offset_s) && now.steady.saturating_sub(heard) < LONGEST_DOUBT =>
            {
                tracing::warn!(clock.offset_s = offset_s, "the warehouse's clock shows another time");
                self.doubted = Some(now.steady);
            }
            (Some(since), warehouse) => {
                let agrees = warehouse.is_some_and(|(offset_s, heard)| heard >= since && !disagrees(offset_s));
                let contradicted = warehouse.is_some_and(|(offset_s, heard)| heard >= since && disagrees(offset_s));
                let is_back = self.believed.is_some_and(|then| apart_s(then, now) <= MOST_APART_S);
                let is_old = now.steady.saturating_sub(since) >= LONGEST_DOUBT;
                if agrees || (!contradicted && (is_back || is_old)) {
                    tracing::info!("the clock is believed again");
                    self.doubted = None;
                }
            }
            _ => {}
        }
        if self.doubted.is_none() {
            self.believed = Some(now);
        }
        self.doubted.is_none()
    }
}

/// By how much the clock went on otherwise than time did, in seconds.
fn apart_s(then: Moment, now: Moment) -> u64 {
    let wall = i128::from(now.wall.as_second()) - i128::from(then.wall.as_second());
    let steady = i128::from(now.steady_s()) - i128::from(then.steady_s());
    u64::try_from((wall - steady).unsigned_abs()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    //! Aim: jumps of hours and years in both directions are doubted, and each way back to belief works.

    use jiff::Timestamp;

    use super::*;

    const START_S: i64 = 1_790_000_000;
    const YEAR_S: i64 = 365 * 86_400;

    fn at(wall_s: i64, steady_s: u64) -> Moment {
        let wall = Timestamp::from_second(START_S + wall_s).expect("a moment");
        Moment { wall, steady: Duration::from_secs(1_000 + steady_s) }
    }

    fn started() -> Trust {
        Trust::at_start(at(0, 0), Some(START_S - 60))
    }

    #[test]
    fn time_that_goes_by_is_believed() {
        let mut trust = started();
        for hour in 1..2_000 {
            assert!(trust.look(at(3_600 * hour, 3_600 * hour.unsigned_abs()), None));
        }
        // Small corrections, as a time service makes them, too.
        assert!(trust.look(at(3_600 * 2_000 + 600, 3_600 * 2_000), None));
    }

    #[test]
    fn a_jump_is_doubted_until_it_is_taken_back() {
        for jump in [2 * 3_600, -2 * 3_600, 10 * YEAR_S, -10 * YEAR_S] {
            let mut trust = started();
            assert!(!trust.look(at(60 + jump, 60), None), "{jump}");
            assert!(!trust.look(at(600 + jump, 600), None), "{jump}");
            assert!(trust.look(at(660, 660), None), "{jump}");
        }
    }

    #[test]
    fn the_warehouse_decides_if_it_is_heard() {
        let heard = |offset_s, steady_s: u64| Some((offset_s, Duration::from_secs(1_000 + steady_s)));
        let mut trust = started();
        assert!(!trust.look(at(60 + YEAR_S, 60), heard(0, 30)), "what was heard before the jump says nothing");
        assert!(trust.look(at(120 + YEAR_S, 120), heard(5, 110)), "the jump was a correction");
        assert!(!trust.look(at(180 + YEAR_S, 180), heard(-YEAR_S, 170)), "the warehouse disagrees");
        let week = LONGEST_DOUBT.as_secs();
        let late = at(180 + YEAR_S + i64::try_from(week).expect("seconds"), 180 + week);
        assert!(!trust.look(late, heard(-YEAR_S, 180 + week)), "and goes on to");
    }

    #[test]
    fn a_doubt_without_news_ends_after_a_week() {
        let mut trust = started();
        let week = LONGEST_DOUBT.as_secs();
        for day in 0..7 {
            let steady = 60 + day * 86_400;
            assert!(!trust.look(at(i64::try_from(steady).expect("seconds") + YEAR_S, steady), None), "day {day}");
        }
        assert!(trust.look(at(60 + YEAR_S + i64::try_from(week).expect("seconds"), 60 + week), None));
    }

    #[test]
    fn a_start_far_from_what_was_written_last_is_doubted() {
        for (last_written_s, sound) in [
            (None, true),
            (Some(START_S - 6 * 86_400), true),
            (Some(START_S + 600), true),
            (Some(START_S - 8 * 86_400), false),
            (Some(START_S + 2 * 3_600), false),
        ] {
            let mut trust = Trust::at_start(at(0, 0), last_written_s);
            assert_eq!(trust.look(at(1, 1), None), sound, "{last_written_s:?}");
        }
    }
}
