//! The key under which clients are remembered: beside the database, so that a copy of the database alone names nobody
//! by its votes.
//!
//! The database knows a check value of its key. So a flipped bit of the key is found and put back; a key that is lost is
//! replaced, and the database makes its memory of votes anew (`store::damage::key`).

use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use intake::clock::Clock;
use intake::key::LocalKey;

use crate::store::damage::key::{self, KeyCheck};
use crate::store::damage::{self, Part};
use crate::store::{Store, schema};

/// Bytes of a key.
const KEY_BYTES: usize = 32;

/// Pause before what the disk did not let is tried again.
const TRY_AGAIN: Duration = Duration::from_secs(1);

/// A key, and whether it lies on the disk.
#[derive(Debug)]
pub struct Loaded {
    /// The key.
    pub key: LocalKey,
    /// False if the disk does not take it now.
    pub saved: bool,
    /// True if there was a key and no database any more.
    pub database_is_gone: bool,
}

fn path(data_dir: &Path) -> PathBuf {
    data_dir.join("local.key")
}

/// True if there is something of this database.
fn is_there(database: &Path) -> bool {
    std::fs::metadata(database).is_ok_and(|file| file.len() > 0)
}

/// The check value of the key under which this database was kept, as far as it can be read.
fn known_to(database: &Path) -> Option<KeyCheck> {
    if !is_there(database) {
        return None;
    }
    // What is wrong with the database is the store's to find.
    schema::open_read_only(database).and_then(|connection| key::known(&connection)).ok().flatten()
}

/// Reads the key of this data directory, or makes it at the first start (mode 0600). The database tells the right one; a
/// damaged one is mended if a flipped bit explains it. A file that holds no key is set aside as `local.key.damaged`.
///
/// # Errors
/// If the file is there and cannot be read, or the system gives no random numbers.
pub fn load(data_dir: &Path, database: &Path) -> anyhow::Result<Loaded> {
    // The first start makes the key before the database.
    let database_is_gone = path(data_dir).exists() && !is_there(database);
    if database_is_gone {
        tracing::error!(path = %database.display(), "the database is gone: a new one is made, and what it held is lost");
    }
    Ok(Loaded { database_is_gone, ..load_known(data_dir, known_to(database))? })
}

fn load_known(data_dir: &Path, known: Option<KeyCheck>) -> anyhow::Result<Loaded> {
    let path = path(data_dir);
    match std::fs::read(&path) {
        Ok(bytes) => match understood(&bytes, known) {
            Some(key) if key.bytes()[..] == bytes[..] => Ok(Loaded { key, saved: true, database_is_gone: false }),
            Some(key) => {
                tracing::warn!(path = %path.display(), "the local key was damaged; the database proves what it was");
                Ok(written(data_dir, key))
            }
            None => {
                let aside = path.with_extension("key.damaged");
                tracing::error!(path = %aside.display(), "the local key is damaged; it is set aside, and a new one is made");
                let _ = std::fs::rename(&path, aside);
                made(data_dir)
            }
        },
        Err(error) if error.kind() == ErrorKind::NotFound => made(data_dir),
        Err(error) => Err(error).with_context(|| format!("reading {}", path.display())),
    }
}

/// What key these bytes are: the one that is known, if they are it but for a flipped bit or bytes at the end; else
/// whatever key they are.
fn understood(bytes: &[u8], known: Option<KeyCheck>) -> Option<LocalKey> {
    let first: [u8; KEY_BYTES] = bytes.get(..KEY_BYTES)?.try_into().ok()?;
    let is_known = |key: &LocalKey| Some(key::check_of(key)) == known;
    let flipped = (0..KEY_BYTES * 8).map(|bit| {
        let mut bytes = first;
        bytes[bit / 8] ^= 1 << (bit % 8);
        LocalKey::from_bytes(bytes)
    });
    let as_it_is = LocalKey::from_bytes(first);
    if is_known(&as_it_is) {
        return Some(as_it_is);
    }
    let mended = if known.is_some() { flipped.into_iter().find(is_known) } else { None };
    mended.or_else(|| (bytes.len() == KEY_BYTES).then_some(as_it_is))
}

fn made(data_dir: &Path) -> anyhow::Result<Loaded> {
    Ok(written(data_dir, LocalKey::generate().context("making the local key")?))
}

fn written(data_dir: &Path, key: LocalKey) -> Loaded {
    let saved = match write(data_dir, &key) {
        Ok(()) => true,
        Err(error) => {
            tracing::error!(%error, "the local key cannot be written; it is tried again and again");
            false
        }
    };
    Loaded { key, saved, database_is_gone: false }
}

impl Loaded {
    /// Makes this the key of the database, whose memory of votes may have to be made anew. What the disk does not let
    /// now is tried again and again by the future that is returned.
    pub async fn look_after(
        self,
        data_dir: &Path,
        store: &Store,
        ipv6_client_bits: u8,
        clock: &Arc<dyn Clock>,
    ) -> Option<impl Future<Output = ()> + Send + use<>> {
        let Self { key, mut saved, database_is_gone: gone } = self;
        let (data_dir, store, clock) = (data_dir.to_owned(), store.clone(), Arc::clone(clock));
        let mut bound = bind(&store, &key, ipv6_client_bits, gone, &clock).await;
        if saved && bound {
            return None;
        }
        Some(async move {
            while !(saved && bound) {
                tokio::time::sleep(TRY_AGAIN).await;
                saved = saved || write(&data_dir, &key).is_ok();
                bound = bound || bind(&store, &key, ipv6_client_bits, gone, &clock).await;
            }
            tracing::info!("the local key is written and known to the database");
        })
    }
}

/// Makes the key that of the database, and counts a database that is gone; false if the database does not take it now.
async fn bind(store: &Store, key: &LocalKey, ipv6_client_bits: u8, gone: bool, clock: &Arc<dyn Clock>) -> bool {
    let (key, now) = (key.clone(), clock.now());
    let job = move |connection: &_| {
        damage::note(connection, Part::Database, gone.into(), now.as_second())?;
        key::bind(connection, &key, ipv6_client_bits, now)
    };
    match store.write_and_reload(job).await {
        Ok(0) => true,
        Ok(lost) => {
            tracing::error!(
                votes.lost = lost,
                "the local key is another one than before: so many clients may vote a second time within a month"
            );
            true
        }
        Err(_) => false,
    }
}

fn write(data_dir: &Path, key: &LocalKey) -> std::io::Result<()> {
    let fresh = data_dir.join("local.key.new");
    let _ = std::fs::remove_file(&fresh);
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&fresh)?;
    file.write_all(key.bytes())?;
    file.sync_all()?;
    std::fs::rename(&fresh, path(data_dir))?;
    std::fs::File::open(data_dir)?.sync_all()
}

#[cfg(test)]
mod tests {
    //! Aim: a key is made once; a flipped bit and bytes at its end are mended by what the database knows; one that is lost
    //! is replaced, and the damaged file stays for a human.

    use super::*;

    #[test]
    fn a_damaged_key_is_mended_or_replaced() {
        let directory = tempfile::tempdir().expect("a directory");
        let file = directory.path().join("local.key");
        let load = |known| load_known(directory.path(), known).expect("a key");
        let first = load(None);
        assert!(first.saved);
        let bytes = *first.key.bytes();
        let known = Some(key::check_of(&first.key));
        assert_eq!(load(None).key.bytes(), &bytes, "a second start makes no other");

        for bit in [0, 77, 255] {
            let mut flipped = bytes;
            flipped[bit / 8] ^= 1 << (bit % 8);
            std::fs::write(&file, flipped).expect("written");
            assert_eq!(load(known).key.bytes(), &bytes, "bit {bit}");
            assert_eq!(std::fs::read(&file).expect("the file"), bytes);
        }
        std::fs::write(&file, [&bytes[..], b"\n"].concat()).expect("written");
        assert_eq!(load(known).key.bytes(), &bytes);

        // A whole key of somebody else is taken: the operator may have put it there. The database notices.
        std::fs::write(&file, [7; 32]).expect("written");
        assert_eq!(load(known).key.bytes(), &[7; 32]);
        for content in [&b""[..], &[1; 31], &[1; 40]] {
            std::fs::write(&file, content).expect("written");
            let made = load(known);
            assert!(made.saved && made.key.bytes() != &bytes);
            assert_eq!(std::fs::read(directory.path().join("local.key.damaged")).expect("set aside"), content);
            assert_eq!(std::fs::read(&file).expect("the new key"), made.key.bytes());
        }
    }

    // Aim: a disk that takes nothing does not keep the agent from starting.
    #[test]
    fn a_key_that_cannot_be_written_is_used_all_the_same() {
        let loaded = load_known(Path::new("/proc/no-such-place"), None).expect("a key");
        assert!(!loaded.saved);
    }
}
