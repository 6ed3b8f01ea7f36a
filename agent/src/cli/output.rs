//! What a command writes to standard output.

use std::io::{ErrorKind, Write as _};

use serde::Serialize;

/// Writes text. A reader that has gone (`agent history | head`) is no fault.
///
/// # Errors
/// If standard output does not take it.
pub(super) fn print(text: &str) -> anyhow::Result<()> {
    print_bytes(text.as_bytes())
}

/// Writes bytes as they are; see [`print`].
///
/// # Errors
/// If standard output does not take them.
pub(super) fn print_bytes(bytes: &[u8]) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

/// Writes a value as JSON.
///
/// # Errors
/// If standard output does not take it.
pub(super) fn print_json(value: &impl Serialize) -> anyhow::Result<()> {
    print(&(serde_json::to_string_pretty(value)? + "\n"))
}
