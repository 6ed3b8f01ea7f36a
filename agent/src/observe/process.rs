//! What the process costs the machine, under the names that Prometheus' own client libraries use. Linux tells it in
//! `/proc/self`; what cannot be read there is left out.

use std::fmt::Write as _;

/// A second in the ticks of `/proc/self/stat`: the same on every Linux.
const TICKS_PER_SECOND: f64 = 100.0;

/// Appends the figures in Prometheus' text format.
pub(super) fn render(started_s: i64, text: &mut String) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let memory = |name| kibibytes(&status, name).map(|kib| (kib * 1_024).to_string());
    let open = std::fs::read_dir("/proc/self/fd").map(Iterator::count).ok();
    let mut figure = |name: &str, kind: &str, help: &str, value: Option<String>| {
        if let Some(value) = value {
            // Writing into a String cannot fail.
            let _ = write!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}\n\n");
        }
    };
    figure("process_start_time_seconds", "gauge", "Start of the process in Unix time.", Some(started_s.to_string()));
    figure("process_cpu_seconds_total", "counter", "CPU time used, user and system.", cpu_seconds(&stat));
    figure(
        "process_resident_memory_bytes",
        "gauge",
        "Resident memory, with the pages of mapped files.",
        memory("VmRSS:"),
    );
    figure(
        "process_anonymous_memory_bytes",
        "gauge",
        "Resident memory that no file backs: what the system can take from nobody else.",
        memory("RssAnon:"),
    );
    figure("process_open_fds", "gauge", "Open file descriptors.", open.map(|open| open.to_string()));
}

fn kibibytes(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

fn cpu_seconds(stat: &str) -> Option<String> {
    // The name of the program, in parentheses, may hold anything; the fields behind it are numbers. User and system
    // time are the 14th and 15th field of the line, so the 12th and 13th behind the name.
    let (_, fields) = stat.rsplit_once(')')?;
    let mut ticks = fields.split_whitespace().skip(11).map(str::parse::<f64>);
    let (user, system) = (ticks.next()?.ok()?, ticks.next()?.ok()?);
    Some(((user + system) / TICKS_PER_SECOND).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    // Aim: the figures are found where Linux writes them, also for a program with an awkward name, and lead to lines.
    #[test]
    fn the_process_is_measured() {
        assert_eq!(kibibytes("Name:\tagent\nVmRSS:\t    1234 kB\nRssAnon:\t 56 kB\n", "RssAnon:"), Some(56));
        let stat = "7 (a) b (c) S 1 7 7 0 -1 4194560 1 2 3 4 150 75 0 0 20 0 6 0 100 200 300";
        assert_eq!(cpu_seconds(stat).as_deref(), Some("2.25"));
        assert_eq!(cpu_seconds("nonsense"), None);

        let mut text = String::new();
        render(1_700_000_000, &mut text);
        for name in ["start_time_seconds", "cpu_seconds_total", "resident_memory_bytes", "anonymous_memory_bytes"] {
            let value = text.lines().find_map(|line| line.strip_prefix(&format!("process_{name} ")));
            assert!(value.is_some_and(|value| value.parse::<f64>().is_ok()), "{name} is not in\n{text}");
        }
    }
}
