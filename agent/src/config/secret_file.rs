//! Files that hold one secret: small, and readable by nobody else.

use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use anyhow::{Context as _, ensure};

use super::Hidden;

/// Longest secret that is read, in bytes.
const MAX_SECRET_BYTES: u64 = 4 << 10;

/// Bits of a file's mode that let others than its owner at it.
pub(super) const OTHERS: u32 = 0o077;

/// Reads the secret in a file; white space around it is not part of it.
///
/// # Errors
/// If the file cannot be read, is readable by others, or holds no secret.
pub(super) fn read(path: &Path) -> anyhow::Result<Hidden> {
    let shown = path.display();
    let file = std::fs::File::open(path).with_context(|| format!("reading the secret {shown}"))?;
    let mode = file.metadata().with_context(|| format!("reading the secret {shown}"))?.mode();
    ensure!(mode & OTHERS == 0, "the secret {shown} is readable by others: chmod 600 {shown}");
    let mut text = String::new();
    // The error would not show the file's content, but it would not say more than this either.
    file.take(MAX_SECRET_BYTES + 1)
        .read_to_string(&mut text)
        .with_context(|| format!("the secret {shown} is not text"))?;
    ensure!(text.len() as u64 <= MAX_SECRET_BYTES, "the secret {shown} is longer than {MAX_SECRET_BYTES} bytes");
    let secret = text.trim();
    ensure!(!secret.is_empty(), "the secret {shown} is empty");
    Ok(Hidden::new(secret))
}
