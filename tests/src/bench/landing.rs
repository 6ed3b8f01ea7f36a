//! Watches a warehouse while it is loaded: its memory and its landing zone, once a second.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::sample::{bytes_in, memory};

/// Samples until it is asked for what it saw.
#[derive(Debug)]
pub(super) struct Watch {
    over: Arc<AtomicBool>,
    thread: JoinHandle<Vec<Sample>>,
}

/// One look.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sample {
    /// Since the beginning of the watch.
    pub(super) at: Duration,
    /// Resident memory in MB.
    pub(super) resident_mb: f64,
    /// Bytes in the landing zone.
    pub(super) landing_bytes: u64,
}

/// How often it looks: several times between two seals, so that a high tide is not taken for a low one.
const LOOK_EVERY: Duration = Duration::from_millis(200);

impl Watch {
    /// Begins to watch this process and this landing zone.
    pub(super) fn begin(process: u32, landing: PathBuf) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let is_over = Arc::clone(&over);
        let thread = std::thread::spawn(move || {
            let began = Instant::now();
            let mut samples = Vec::new();
            while !is_over.load(Ordering::Relaxed) {
                if let Ok(memory) = memory(process) {
                    let landing_bytes = bytes_in(&landing);
                    samples.push(Sample { at: began.elapsed(), resident_mb: memory.resident_mb, landing_bytes });
                }
                std::thread::sleep(LOOK_EVERY);
            }
            samples
        });
        Self { over, thread }
    }

    /// Ends the watch and gives what it saw.
    pub(super) fn end(self) -> Vec<Sample> {
        self.over.store(true, Ordering::Relaxed);
        self.thread.join().unwrap_or_default()
    }
}

/// Mean size of the landing zone between two moments, in MB.
pub(super) fn mean_landing_mb(samples: &[Sample], from: Duration, to: Duration) -> f64 {
    mean(samples, from, to, |sample| {
        #[expect(clippy::cast_precision_loss, reason = "bytes far below 2^53")]
        let bytes = sample.landing_bytes as f64;
        bytes / 1e6
    })
}

/// Mean resident memory between two moments, in MB.
pub(super) fn mean_resident_mb(samples: &[Sample], from: Duration, to: Duration) -> f64 {
    mean(samples, from, to, |sample| sample.resident_mb)
}

fn mean(samples: &[Sample], from: Duration, to: Duration, value: impl Fn(&Sample) -> f64) -> f64 {
    let values: Vec<f64> = samples.iter().filter(|sample| (from..to).contains(&sample.at)).map(value).collect();
    #[expect(clippy::cast_precision_loss, reason = "a small count")]
    let count = values.len().max(1) as f64;
    values.iter().sum::<f64>() / count
}
