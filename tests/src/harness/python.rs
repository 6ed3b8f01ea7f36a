//! Python with the packages of `tests/requirements.txt`, for tests that want an independent opinion.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context as _, ensure};

/// The variable that names another interpreter.
const VARIABLE: &str = "BUFFERLAKE_PYTHON";

/// The interpreter of the virtual environment that `make setup` makes in the target directory.
///
/// # Errors
/// If there is none: it says how to get it.
pub fn python() -> anyhow::Result<PathBuf> {
    if let Some(path) = std::env::var_os(VARIABLE) {
        return Ok(path.into());
    }
    let this = std::env::current_exe().context("finding the running program")?;
    // The running program lies in `target/release/deps` or in `target/release`.
    let found = this.ancestors().map(|directory| directory.join("venv/bin/python")).find(|path| path.is_file());
    found.with_context(|| {
        format!("there is no venv/bin/python in the target directory: run `make setup`, or set {VARIABLE}")
    })
}

/// Runs a script with this input and gives what it prints.
///
/// # Errors
/// If it fails; the error holds what it wrote.
pub fn run_python(script: &str, input: &[u8]) -> anyhow::Result<String> {
    let mut child = Command::new(python()?)
        .args(["-c", script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("starting Python")?;
    child.stdin.take().context("no standard input")?.write_all(input).context("writing to Python")?;
    let output = child.wait_with_output().context("waiting for Python")?;
    ensure!(output.status.success(), "Python says: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).context("Python wrote no text")
}
