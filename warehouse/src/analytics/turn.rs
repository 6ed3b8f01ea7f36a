//! When the file's turn has come.

use std::time::{Duration, Instant};

use crate::config::AnalyticsConfig;
use crate::cut::CutId;
use crate::marts::Standing;

/// What a file says: two with the same one say the same.
#[derive(Debug, Clone, PartialEq)]
pub struct Content {
    /// How the marts stand.
    pub marts: Standing,
    /// The current release.
    pub cut: Option<CutId>,
}

/// What was published last by this process, and when.
#[derive(Debug)]
pub struct Turn {
    every: Duration,
    last: Option<(Content, Instant)>,
}

impl Turn {
    /// Nothing was published yet.
    #[must_use]
    pub fn new(config: &AnalyticsConfig) -> Self {
        Self { every: Duration::from_secs(u64::from(config.every_minutes) * 60), last: None }
    }

    /// True if the last file says all that a new one would.
    #[must_use]
    pub fn is_current(&self, content: &Content) -> bool {
        self.last.as_ref().is_some_and(|(last, _)| last == content)
    }

    /// True if a new one would say something else and it is time: the interval is over, or there is a new release, which also
    /// makes others of the files that views name.
    #[must_use]
    pub fn has_come(&self, content: &Content, now: Instant) -> bool {
        match &self.last {
            None => true,
            Some((last, at)) => {
                last != content && (last.cut != content.cut || now.saturating_duration_since(*at) >= self.every)
            }
        }
    }

    /// This was published now.
    pub fn took(&mut self, content: Content, now: Instant) {
        self.last = Some((content, now));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Aim: a file is made at the start, then only if something changed and the interval is over, or at once for a new release.
    #[test]
    fn a_file_is_made_when_its_turn_has_come() {
        let mut turn = Turn::new(&AnalyticsConfig { every_minutes: 10, ..AnalyticsConfig::default() });
        let content = |results: u64, cut: Option<&str>| Content {
            marts: Standing::example(results),
            cut: cut.map(|id| id.parse().unwrap()),
        };
        let start = Instant::now();
        let minutes = |minutes: u64| start + Duration::from_secs(minutes * 60);
        assert!(turn.has_come(&content(1, None), start) && !turn.is_current(&content(1, None)));
        turn.took(content(1, None), start);
        assert!(turn.is_current(&content(1, None)));
        assert!(!turn.has_come(&content(1, None), minutes(60)), "nothing changed");
        assert!(!turn.has_come(&content(2, None), minutes(9)), "the interval is not over");
        assert!(turn.has_come(&content(2, None), minutes(10)));
        assert!(turn.has_come(&content(1, Some("2026-11-22")), minutes(0)), "there is a new release");
    }
}
