//! What a process and its directories hold, read from the system.

use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;

/// Memory of a process.
#[derive(Debug, Clone, Copy)]
pub(super) struct Memory {
    /// Everything resident, in MB: its own memory and the pages of files that it maps.
    pub(super) resident_mb: f64,
    /// Its own memory alone, in MB.
    pub(super) anonymous_mb: f64,
}

/// Reads the memory of a running process.
pub(super) fn memory(process: u32) -> anyhow::Result<Memory> {
    let path = format!("/proc/{process}/status");
    let status = std::fs::read_to_string(&path).with_context(|| format!("reading {path}"))?;
    let megabytes = |field: &str| -> anyhow::Result<f64> {
        let line =
            status.lines().find(|line| line.starts_with(field)).with_context(|| format!("no {field} in {path}"))?;
        let kibibytes: f64 = line.split_ascii_whitespace().nth(1).unwrap_or_default().parse().context("no number")?;
        Ok(kibibytes * 1024.0 / 1e6)
    };
    Ok(Memory { resident_mb: megabytes("VmRSS:")?, anonymous_mb: megabytes("RssAnon:")? })
}

/// Length of a tick in which Linux tells processor time (`USER_HZ`).
const TICK: Duration = Duration::from_millis(10);

/// Processor time that a process has used since its start, all its threads together, those that ended, too.
pub(super) fn cpu_time(process: u32) -> anyhow::Result<Duration> {
    let path = format!("/proc/{process}/stat");
    let stat = std::fs::read_to_string(&path).with_context(|| format!("reading {path}"))?;
    // The name in parentheses may hold spaces; utime and stime are the twelfth and thirteenth fields behind it.
    let (_, fields) = stat.rsplit_once(')').with_context(|| format!("no name in {path}"))?;
    let ticks = fields.split_ascii_whitespace().skip(11).take(2).map(str::parse::<u32>);
    let ticks: u32 = ticks.sum::<Result<_, _>>().context("no number of ticks")?;
    Ok(TICK * ticks)
}

/// Bytes of the files directly in a directory; 0 if there is none.
pub(super) fn bytes_in(directory: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(directory) else { return 0 };
    // A file may go between being listed and being asked.
    entries.flatten().filter_map(|entry| entry.metadata().ok()).map(|metadata| metadata.len()).sum()
}

/// The value below which this share of the values lies; 0 of none. Sorts them.
pub(super) fn percentile(values: &mut [u32], share: f64) -> u32 {
    values.sort_unstable();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "an index"
    )]
    let index = (values.len() as f64 * share) as usize;
    values.get(index.min(values.len().saturating_sub(1))).copied().unwrap_or_default()
}
