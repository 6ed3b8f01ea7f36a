//! The key under which clients are remembered: beside the database, so that a copy of the database alone names nobody
//! by its votes.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anyhow::Context as _;
use intake::key::LocalKey;

/// Reads the key of this data directory, or makes it at the first start (mode 0600).
///
/// # Errors
/// If the file cannot be read or made, or is damaged.
pub fn load_or_create(data_dir: &Path) -> anyhow::Result<LocalKey> {
    let path = data_dir.join("local.key");
    match std::fs::read(&path) {
        Ok(bytes) => {
            let bytes =
                bytes.try_into().ok().with_context(|| format!("{} is not a key of 32 bytes", path.display()))?;
            Ok(LocalKey::from_bytes(bytes))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let key = LocalKey::generate().context("making the local key")?;
            let fresh = data_dir.join("local.key.new");
            let _ = std::fs::remove_file(&fresh);
            let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&fresh)?;
            file.write_all(key.bytes())?;
            file.sync_all()?;
            std::fs::rename(&fresh, &path)?;
            std::fs::File::open(data_dir)?.sync_all()?;
            Ok(key)
        }
        Err(error) => Err(error).with_context(|| format!("reading {}", path.display())),
    }
}
