//! How long something took, as a histogram in fixed buckets: three additions an observation, and no memory that grows.
//!
//! The recorder of the crate `metrics` keeps every observation until somebody asks for it, which nobody may do.

use std::fmt::Write as _;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

/// Upper edges of the buckets, as Prometheus writes them in seconds, and in microseconds.
const EDGES: [(&str, u64); 12] = [
    ("0.0005", 500),
    ("0.001", 1_000),
    ("0.0025", 2_500),
    ("0.005", 5_000),
    ("0.01", 10_000),
    ("0.025", 25_000),
    ("0.05", 50_000),
    ("0.1", 100_000),
    ("0.25", 250_000),
    ("1", 1_000_000),
    ("2.5", 2_500_000),
    ("10", 10_000_000),
];

/// Durations since start.
#[derive(Debug, Default)]
pub struct Durations {
    /// How many fell into each bucket and into none of those before it; the last is for the longest.
    counts: [AtomicU64; EDGES.len() + 1],
    sum_us: AtomicU64,
}

impl Durations {
    /// Counts one.
    pub fn observe(&self, took: Duration) {
        let took_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let bucket = EDGES.iter().position(|(_, edge_us)| took_us <= *edge_us).unwrap_or(EDGES.len());
        self.counts[bucket].fetch_add(1, Relaxed);
        self.sum_us.fetch_add(took_us, Relaxed);
    }

    /// Appends them as a histogram in Prometheus' text format.
    pub fn render(&self, name: &str, help: &str, text: &mut String) {
        let mut below = 0;
        let mut bucket = |edge: &str, count: &AtomicU64| {
            below += count.load(Relaxed);
            format!("{name}_bucket{{le=\"{edge}\"}} {below}\n")
        };
        let (last, counts) = self.counts.split_last().map_or((None, [].as_slice()), |(last, rest)| (Some(last), rest));
        let mut lines: String = EDGES.iter().zip(counts).map(|((edge, _), count)| bucket(edge, count)).collect();
        lines.extend(last.map(|count| bucket("+Inf", count)));
        let sum_s = Duration::from_micros(self.sum_us.load(Relaxed)).as_secs_f64();
        // Writing into a String cannot fail.
        let _ = write!(
            text,
            "# HELP {name} {help}\n# TYPE {name} histogram\n{lines}{name}_sum {sum_s}\n{name}_count {below}\n\n"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Aim: each duration is counted once, in the first bucket whose edge it does not pass, and the buckets add up.
    #[test]
    fn buckets_add_up() {
        let durations = Durations::default();
        for took_us in [0, 500, 501, 1_000, 60_000_000] {
            durations.observe(Duration::from_micros(took_us));
        }
        let mut text = String::new();
        durations.render("x_seconds", "Time of x.", &mut text);
        for line in [
            "# HELP x_seconds Time of x.",
            "# TYPE x_seconds histogram",
            "x_seconds_bucket{le=\"0.0005\"} 2",
            "x_seconds_bucket{le=\"0.001\"} 4",
            "x_seconds_bucket{le=\"10\"} 4",
            "x_seconds_bucket{le=\"+Inf\"} 5",
            "x_seconds_count 5",
            "x_seconds_sum 60.002001",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
        }
        let edges: Vec<f64> = EDGES.iter().map(|(edge, _)| edge.parse().expect("a number")).collect();
        for ((_, edge_us), edge_s) in EDGES.iter().zip(edges) {
            assert_eq!(Duration::from_micros(*edge_us), Duration::from_secs_f64(edge_s));
        }
    }
}
