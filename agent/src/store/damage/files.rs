//! The files of a database, and their exchange for those of a salvaged one.
//!
//! Every step can be the last one before a crash: [`finish`] goes on from wherever it was. A write-ahead log never meets
//! a database that is not its own.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use jiff::Timestamp;

use crate::store::StoreFault;

/// Most damaged databases that are kept for a human to look at; the oldest go first.
pub const MAX_SET_ASIDE: usize = 2;

/// How long one is kept: it holds addresses, which the history's cap does not reach there.
pub const SET_ASIDE_KEPT: Duration = Duration::from_secs(31 * 86_400);

/// The files that lie under the database's names: the main file, and the write-ahead log if there is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) struct FileId {
    main: (u64, u64),
    log: Option<(u64, u64)>,
}

impl FileId {
    /// What lies there now; none if there is no database.
    pub(in crate::store) fn of(path: &Path) -> Option<Self> {
        let id = |path: &Path| fs::metadata(path).ok().map(|file| (file.dev(), file.ino()));
        Some(Self { main: id(path)?, log: id(&with_suffix(path, "-wal")) })
    }
}

/// When a damaged database was set aside: the end of its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stamp(String);

impl Stamp {
    /// The present moment, made unlike any that is in use.
    pub(super) fn new(path: &Path, now: Timestamp) -> Self {
        let second = now.strftime("%Y%m%dT%H%M%SZ").to_string();
        let mut stamp = Self(second.clone());
        for again in 1_u32.. {
            if !damaged(path, &stamp).exists() {
                break;
            }
            stamp = Self(format!("{second}-{again}"));
        }
        stamp
    }

    /// The name of the damaged database's file.
    pub(super) fn file_name(&self, path: &Path) -> String {
        damaged(path, self).file_name().unwrap_or_default().to_string_lossy().into_owned()
    }
}

/// The path with this at its end, as SQLite names its files.
pub(super) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    PathBuf::from(name)
}

fn damaged(path: &Path, stamp: &Stamp) -> PathBuf {
    with_suffix(path, &format!(".damaged-{}", stamp.0))
}

/// Where a new database is built.
pub(super) fn building(path: &Path) -> PathBuf {
    with_suffix(path, ".building")
}

fn ready(path: &Path, stamp: &Stamp) -> PathBuf {
    with_suffix(path, &format!(".ready-{}", stamp.0))
}

/// Puts the database that was built in the place of the damaged one, which is set aside with its log.
///
/// # Errors
/// [`StoreFault`] if the directory takes it not; the next [`finish`] goes on.
pub(super) fn exchange(path: &Path, stamp: &Stamp) -> Result<(), StoreFault> {
    let (built, ready) = (building(path), ready(path, stamp));
    sync(&built)?;
    rename(&built, &ready)?;
    sync_directory(path)?;
    rename(path, &damaged(path, stamp))?;
    put_in_place(path, stamp, &ready)
}

/// From here on the database's own name is free, and only a log may still lie beside it.
fn put_in_place(path: &Path, stamp: &Stamp, ready: &Path) -> Result<(), StoreFault> {
    let log = with_suffix(path, "-wal");
    if log.exists() {
        rename(&log, &with_suffix(&damaged(path, stamp), "-wal"))?;
    }
    remove(&with_suffix(path, "-shm"))?;
    sync_directory(path)?;
    rename(ready, path)?;
    sync_directory(path)?;
    forget(path, |index, _| index >= MAX_SET_ASIDE)
}

/// Goes on with an exchange that was interrupted, and removes what was built only in part.
///
/// # Errors
/// [`StoreFault`] if the directory cannot be read or changed.
pub(super) fn finish(path: &Path) -> Result<(), StoreFault> {
    for suffix in [".building", ".building-journal", ".building-wal", ".building-shm"] {
        remove(&with_suffix(path, suffix))?;
    }
    for stamp in stamps(path, ".ready-")? {
        let ready = ready(path, &stamp);
        if path.exists() {
            // The damaged one is still in its place: it is judged anew.
            remove(&ready)?;
        } else {
            put_in_place(path, &stamp, &ready)?;
        }
    }
    Ok(())
}

/// Removes damaged databases that were set aside long ago.
///
/// # Errors
/// [`StoreFault`] if the directory cannot be read or changed.
pub fn forget_old(path: &Path, now: SystemTime) -> Result<(), StoreFault> {
    forget(path, |_, file| {
        let changed = fs::metadata(file).and_then(|metadata| metadata.modified());
        changed.is_ok_and(|changed| now.duration_since(changed).is_ok_and(|age| age > SET_ASIDE_KEPT))
    })
}

/// Removes every damaged database that was set aside: a client's results lie there, too, and are to be erased. What could
/// be read of them is in the present one.
///
/// # Errors
/// [`StoreFault`] if the directory cannot be read or changed.
pub fn forget_all(path: &Path) -> Result<(), StoreFault> {
    forget(path, |_, _| true)
}

/// Removes those damaged databases for which this holds; it is told their place from the newest on.
fn forget(path: &Path, goes: impl Fn(usize, &Path) -> bool) -> Result<(), StoreFault> {
    let mut stamps = stamps(path, ".damaged-")?;
    stamps.sort_by(|a, b| b.0.cmp(&a.0));
    for (index, stamp) in stamps.iter().enumerate() {
        let file = damaged(path, stamp);
        if goes(index, &file) {
            for suffix in ["", "-wal", "-shm"] {
                remove(&with_suffix(&file, suffix))?;
            }
        }
    }
    Ok(())
}

/// The stamps of the files `<database><mark><stamp>`.
fn stamps(path: &Path, mark: &str) -> Result<Vec<Stamp>, StoreFault> {
    let fault = |source| StoreFault::File { doing: "listing the files beside", path: path.to_owned(), source };
    let start = format!("{}{mark}", path.file_name().unwrap_or_default().to_string_lossy());
    let mut found = Vec::new();
    for entry in fs::read_dir(directory(path)).map_err(fault)? {
        let name = entry.map_err(fault)?.file_name();
        let stamp = name.to_str().and_then(|name| name.strip_prefix(&start));
        found.extend(
            stamp.filter(|stamp| !stamp.ends_with("-wal") && !stamp.ends_with("-shm")).map(|s| Stamp(s.into())),
        );
    }
    Ok(found)
}

fn directory(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn rename(from: &Path, to: &Path) -> Result<(), StoreFault> {
    fs::rename(from, to).map_err(|source| StoreFault::File { doing: "renaming", path: from.to_owned(), source })
}

fn remove(path: &Path) -> Result<(), StoreFault> {
    match fs::remove_file(path) {
        Err(source) if source.kind() != ErrorKind::NotFound => {
            Err(StoreFault::File { doing: "removing", path: path.to_owned(), source })
        }
        _ => Ok(()),
    }
}

fn sync(path: &Path) -> Result<(), StoreFault> {
    let synced = File::open(path).and_then(|file| file.sync_all());
    synced.map_err(|source| StoreFault::File { doing: "making durable", path: path.to_owned(), source })
}

fn sync_directory(path: &Path) -> Result<(), StoreFault> {
    sync(directory(path))
}
