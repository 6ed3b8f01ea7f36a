//! The agent's last log lines, from its journal or a file.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use crate::cli::words::printable;

/// Most lines.
const LINES: usize = 300;

/// Most characters of a line.
const LINE_CHARS: usize = 1_000;

/// How much of the end of a file is read, in bytes.
const END_BYTES: u64 = 256 << 10;

/// Longest wait for the journal.
const PATIENCE: Duration = Duration::from_secs(10);

/// The unit of `deploy/agent/`.
const UNIT: &str = "bufferlake-agent.service";

/// The last lines, and where they come from or why there are none.
pub(super) fn last_lines(file: Option<&Path>) -> (Vec<String>, String) {
    let (text, from) = match file {
        Some(path) => match end_of(path) {
            Ok(text) => (text, path.display().to_string()),
            Err(error) => return (Vec::new(), format!("{} cannot be read: {error}", path.display())),
        },
        None => match journal() {
            Some(text) if !text.trim().is_empty() => (text, format!("journal of {UNIT}")),
            _ => return (Vec::new(), format!("no lines in the journal of {UNIT}; --log names a file")),
        },
    };
    let mut lines: Vec<String> =
        text.lines().rev().take(LINES).map(|line| printable(line).chars().take(LINE_CHARS).collect()).collect();
    lines.reverse();
    (lines, from)
}

fn end_of(path: &Path) -> std::io::Result<String> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(END_BYTES)))?;
    let mut bytes = Vec::new();
    file.take(END_BYTES).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn journal() -> Option<String> {
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || {
        let output = Command::new("journalctl")
            .args(["--unit", UNIT, "--lines", &LINES.to_string(), "--no-pager", "--quiet", "--output", "cat"])
            .stdin(Stdio::null())
            .output();
        let _ = tell.send(output);
    });
    let output = told.recv_timeout(PATIENCE).ok()?.ok()?;
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}
