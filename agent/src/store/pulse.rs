//! The writer's pulse: how long ago it last went round. A disk that never answers stops it.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

/// When the writer last went round; an idle one does so twice a second.
#[derive(Debug)]
pub struct Pulse {
    born: Instant,
    beat_ms: AtomicU64,
}

impl Default for Pulse {
    fn default() -> Self {
        Self { born: Instant::now(), beat_ms: AtomicU64::new(0) }
    }
}

impl Pulse {
    /// The writer goes round.
    pub(super) fn beat(&self) {
        self.beat_ms.store(self.now_ms(), Relaxed);
    }

    /// How long ago it last did.
    #[must_use]
    pub fn age(&self) -> Duration {
        Duration::from_millis(self.now_ms().saturating_sub(self.beat_ms.load(Relaxed)))
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.born.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}
