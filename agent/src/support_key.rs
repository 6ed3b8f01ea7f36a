//! The support desk's key: made at the first start, or given by the configuration.
//!
//! The file is read at every use, so that a running agent takes up a new key at once, and a key that was taken away is
//! taken away. Without a key the desk is closed, never open.

use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, chown};
use std::path::{Path, PathBuf};

use crate::config::{Hidden, SupportConfig};

/// Name of the key's file in the data directory.
const FILE_NAME: &str = "support.key";

/// Random bytes of a key that is made here; written as hexadecimal digits.
const KEY_BYTES: usize = 32;

/// Longest key that is looked at, in bytes.
pub const MAX_KEY_BYTES: usize = 512;

/// Keys shorter than this can be guessed, in characters; they are warned of.
const SHORT_KEY_CHARS: usize = 16;

/// Why there is no key; the desk is closed then.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyFault {
    /// The file cannot be read or made.
    #[error("the support key {} cannot be {doing}", .path.display())]
    Io {
        /// What was being done to the file.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// Others can read the file.
    #[error("the support key {} is readable by others: chmod 600 {}", .0.display(), .0.display())]
    Readable(PathBuf),
    /// The file is empty, or holds more than a key.
    #[error("the support key {} is no text of 1 to {MAX_KEY_BYTES} bytes", .0.display())]
    NoKey(PathBuf),
    /// The operating system gave no random numbers.
    #[error("the operating system gave no random numbers for a support key")]
    Random(#[source] getrandom::Error),
    /// The key stands in the configuration, where no program changes it.
    #[error("the support key stands in the configuration (support.key): change it there and start the agent anew")]
    Configured,
}

/// Where the key comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SupportKey {
    /// The configuration holds the key itself.
    Text(Hidden),
    /// A file holds it.
    File(PathBuf),
}

impl SupportKey {
    /// The key's place: `support.key` if it is set and not blank, else the file.
    #[must_use]
    pub fn of(config: &SupportConfig, data_dir: &Path) -> Self {
        match &config.key {
            Some(key) if !key.reveal().trim().is_empty() => Self::Text(Hidden::new(key.reveal().trim())),
            _ => Self::File(config.key_file.clone().unwrap_or_else(|| data_dir.join(FILE_NAME))),
        }
    }

    /// Makes the key if there is none, and says where it lies, once. Whatever goes wrong, the agent runs, with the desk
    /// closed until the cause is gone.
    pub fn prepare(&self) {
        match self {
            Self::File(path) if !path.exists() => match make(path) {
                Ok(_) => {
                    tracing::info!(path = %path.display(), "made a key for the support desk; it lies in this file")
                }
                Err(error) => closed(&error),
            },
            _ => match self.current() {
                Ok(key) if key.reveal().chars().count() < SHORT_KEY_CHARS => {
                    tracing::warn!(
                        "the support key is shorter than {SHORT_KEY_CHARS} characters: it can be guessed; \
                         leave it out, and the agent makes a better one"
                    );
                }
                Ok(_) => {}
                Err(error) => closed(&error),
            },
        }
    }

    /// The key that is in force. A file that is gone is made anew: whoever knew the old key is out.
    ///
    /// # Errors
    /// [`KeyFault`]: there is none, and the desk is closed.
    pub fn current(&self) -> Result<Hidden, KeyFault> {
        match self {
            Self::Text(key) => Ok(key.clone()),
            Self::File(path) => match std::fs::metadata(path) {
                Ok(file) if file.mode() & 0o077 != 0 => Err(KeyFault::Readable(path.clone())),
                Ok(file) if file.len() > MAX_KEY_BYTES as u64 => Err(KeyFault::NoKey(path.clone())),
                Ok(_) => read(path),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => make(path),
                Err(source) => Err(KeyFault::Io { doing: "read", path: path.clone(), source }),
            },
        }
    }

    /// Makes a new key in the place of the old one, and tells where it lies. A running agent takes it up at once.
    ///
    /// # Errors
    /// [`KeyFault`]; then the old key is still in force.
    pub fn rotate(&self) -> Result<(&Path, Hidden), KeyFault> {
        match self {
            Self::Text(_) => Err(KeyFault::Configured),
            Self::File(path) => Ok((path, make(path)?)),
        }
    }
}

fn closed(error: &KeyFault) {
    tracing::error!(error = error as &dyn std::error::Error, "the support desk is closed: it has no key");
}

fn read(path: &Path) -> Result<Hidden, KeyFault> {
    let bytes = std::fs::read(path).map_err(|source| KeyFault::Io { doing: "read", path: path.to_owned(), source })?;
    match String::from_utf8(bytes) {
        Ok(text) if !text.trim().is_empty() => Ok(Hidden::new(text.trim())),
        _ => Err(KeyFault::NoKey(path.to_owned())),
    }
}

/// Writes a new key, whole or not at all, for the same user to whom the old one or the directory belongs: an
/// administrator may make it for the agent.
fn make(path: &Path) -> Result<Hidden, KeyFault> {
    let mut bytes = [0; KEY_BYTES];
    getrandom::fill(&mut bytes).map_err(KeyFault::Random)?;
    let key: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    write(path, &key).map_err(|source| KeyFault::Io { doing: "made", path: path.to_owned(), source })?;
    Ok(Hidden::new(key))
}

fn write(path: &Path, key: &str) -> std::io::Result<()> {
    let directory = match path.parent() {
        Some(directory) if !directory.as_os_str().is_empty() => directory,
        _ => Path::new("."),
    };
    let fresh = path.with_extension("key.new");
    let _ = std::fs::remove_file(&fresh);
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&fresh)?;
    let owner = std::fs::metadata(path).or_else(|_| std::fs::metadata(directory))?;
    if file.metadata()?.uid() != owner.uid() {
        chown(&fresh, Some(owner.uid()), Some(owner.gid()))?;
    }
    writeln!(file, "{key}")?;
    file.sync_all()?;
    std::fs::rename(&fresh, path)?;
    std::fs::File::open(directory)?.sync_all()
}

#[cfg(test)]
mod tests {
    //! Aim: there is always one key or none, it lies where only its owner reads it, and a new one is in force at once.

    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn in_directory(directory: &Path) -> SupportKey {
        SupportKey::of(&SupportConfig::default(), directory)
    }

    #[test]
    fn a_key_is_made_once_and_stays_until_it_is_rotated() {
        let directory = tempfile::tempdir().expect("a directory");
        let key = in_directory(directory.path());
        key.prepare();
        let first = key.current().expect("a key");
        assert_eq!(first.reveal().len(), 2 * KEY_BYTES);
        let file = directory.path().join("support.key");
        assert_eq!(std::fs::metadata(&file).expect("the file").mode() & 0o777, 0o600);
        in_directory(directory.path()).prepare();
        assert_eq!(in_directory(directory.path()).current().expect("a key"), first, "a second start makes no other");

        let rotating = in_directory(directory.path());
        let (path, second) = rotating.rotate().expect("a new key");
        assert_eq!(path, file);
        assert_ne!(second, first);
        assert_eq!(key.current().expect("a key"), second, "whoever has the place has the new key");
        assert_eq!(std::fs::metadata(&file).expect("the file").mode() & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(directory.path()).expect("a listing").count(), 1, "nothing else is left");
    }

    #[test]
    fn the_configuration_overrides_and_a_blank_one_does_not() {
        let directory = tempfile::tempdir().expect("a directory");
        let with = |key: &str| SupportConfig { key: Some(Hidden::new(key)), ..SupportConfig::default() };
        let configured = SupportKey::of(&with(" desk-key "), directory.path());
        configured.prepare();
        assert_eq!(configured.current().expect("a key").reveal(), "desk-key");
        assert!(matches!(configured.rotate(), Err(KeyFault::Configured)));
        assert_eq!(std::fs::read_dir(directory.path()).expect("a listing").count(), 0, "no file is made beside it");
        let blank = SupportKey::of(&with("  "), directory.path());
        assert_eq!(blank, in_directory(directory.path()));
        let elsewhere = SupportConfig { key_file: Some(directory.path().join("desk")), ..SupportConfig::default() };
        assert!(SupportKey::of(&elsewhere, directory.path()).rotate().expect("a key").0.ends_with("desk"));
    }

    #[test]
    fn a_key_that_others_read_and_a_file_without_one_close_the_desk() {
        let directory = tempfile::tempdir().expect("a directory");
        let key = in_directory(directory.path());
        key.prepare();
        let file = directory.path().join("support.key");
        let mode = |mode| std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).expect("a mode");
        mode(0o640);
        assert!(matches!(key.current(), Err(KeyFault::Readable(_))));
        mode(0o600);
        assert!(key.current().is_ok());
        for content in [&b""[..], b" \n", b"\xff\xfe", &[b'a'; MAX_KEY_BYTES + 1]] {
            std::fs::write(&file, content).expect("written");
            assert!(matches!(key.current(), Err(KeyFault::NoKey(_))), "{content:?}");
        }
        std::fs::remove_file(&file).expect("removed");
        assert!(key.current().is_ok(), "a file that is gone is made anew");
        assert!(in_directory(Path::new("/proc/no-such-place")).current().is_err());
    }

    // Aim: no text that could reach a log shows the key.
    #[test]
    fn a_key_is_never_shown() {
        let directory = tempfile::tempdir().expect("a directory");
        let key = SupportKey::Text(Hidden::new("desk-key"));
        assert!(!format!("{key:?} {:?}", key.current()).contains("desk-key"));
        let file = in_directory(directory.path());
        let made = file.current().expect("a key");
        assert!(!format!("{file:?} {:?} {:?}", file.current(), file.rotate()).contains(made.reveal()));
    }
}
