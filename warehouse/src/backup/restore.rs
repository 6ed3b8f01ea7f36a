//! Restores a backup into an empty data directory.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, BufReader, BufWriter};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use serde::Serialize;
use sha2::Digest as _;
use wire::{AgentId, Epoch, Seq};

use super::list::{self, BadList, ListedFile};
use super::{BackupFault, LIST_NAME, is_empty};
use crate::digest::Sha256;
use crate::durable::{self, FileFault, PUBLIC_MODE, SECRET_MODE};
use crate::lake::Lake;
use crate::lake::manifest::Snapshot;
use crate::landing::frame;
use crate::lock::DirLock;
use crate::paths::DataDir;

const SECRET_DIRECTORY_MODE: u32 = 0o700;
const PUBLIC_DIRECTORY_MODE: u32 = 0o755;

/// What is moved into place when all is whole; the lake last, without which nothing starts.
const PARTS: [&str; 5] = ["public", "withdrawals.json", "agents", "landing", "lake"];

/// What was restored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Restored {
    /// Files of the backup.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// The lake's manifest, the first of a new line.
    pub manifest: String,
    /// Rows in the lake; those in the landing zone come on top.
    pub rows: u64,
    /// What each epoch of each agent will be asked for.
    pub expected: Vec<Expectation>,
}

/// The batch that the warehouse expects next. An agent that has sent more is answered 409 with this number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Expectation {
    /// Who.
    pub agent: AgentId,
    /// In which of its databases.
    pub epoch: Epoch,
    /// The next batch.
    pub expected_seq: Seq,
}

/// Restores the backup in `from`. Every byte is compared with its digest before anything is moved into its place, and the
/// lake begins a new line of manifests, so that no cache of what was there before goes on.
///
/// # Errors
/// [`BackupFault`]; the data directory then holds no warehouse: empty it and try again.
pub fn restore(from: &Path, dir: &DataDir, now: jiff::Timestamp) -> Result<Restored, BackupFault> {
    let files = read_list(from)?;
    let _lock = DirLock::take_to_restore(dir)?;
    let staging = dir.restoring();
    // A restore that was broken off before anything was moved is begun again.
    if !is_empty(dir.root(), &[&dir.lock(), &staging])? {
        return Err(BackupFault::NotEmpty(dir.root().to_owned()));
    }
    remove_tree(&staging)?;
    make_directory(&staging, SECRET_DIRECTORY_MODE)?;
    durable::sync_directory(dir.root()).map_err(FileFault::when("sync", dir.root()))?;

    let mut bytes = 0;
    for file in &files {
        bytes += copy(from, &staging, file)?;
    }
    let snapshot = Lake::begin_new_line(&staging, now)?;
    let expected = expectations(&DataDir::new(&staging), &snapshot)?;
    sync_tree(&staging)?;
    for part in PARTS {
        let staged = staging.join(part);
        if staged.exists() {
            let place = dir.root().join(part);
            fs::rename(&staged, &place).map_err(FileFault::when("move into place", &place))?;
        }
    }
    durable::sync_directory(dir.root()).map_err(FileFault::when("sync", dir.root()))?;
    // While this is there, no warehouse starts here.
    remove_tree(&staging)?;
    durable::sync_directory(dir.root()).map_err(FileFault::when("sync", dir.root()))?;
    let (manifest, rows) = (snapshot.id.to_string(), snapshot.rows());
    Ok(Restored { files: files.len() as u64, bytes, manifest, rows, expected })
}

fn read_list(from: &Path) -> Result<Vec<ListedFile>, BackupFault> {
    let bad = |source| BackupFault::List { path: from.to_owned(), source };
    let path = from.join(LIST_NAME);
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(bad(BadList::Missing)),
        Err(error) => return Err(FileFault::when("read", &path)(error).into()),
    };
    list::parse(&text).map_err(bad)
}

/// Copies a file and compares its digest; its size.
fn copy(from: &Path, to: &Path, file: &ListedFile) -> Result<u64, BackupFault> {
    let (source, target) = (from.join(&file.path), to.join(&file.path));
    let keys = file.path.starts_with("agents");
    if let Some(parent) = target.parent() {
        make_directory(parent, if keys { SECRET_DIRECTORY_MODE } else { PUBLIC_DIRECTORY_MODE })?;
    }
    let secret = file.path.extension().is_some_and(|ending| ending == "keys");
    let mode = if secret { SECRET_MODE } else { PUBLIC_MODE };
    let mut reader = BufReader::with_capacity(1 << 20, File::open(&source).map_err(FileFault::when("open", &source))?);
    let created = OpenOptions::new().write(true).create_new(true).mode(mode).open(&target);
    let created = created.map_err(FileFault::when("create", &target))?;
    let mut writer = Hashing { sink: BufWriter::with_capacity(1 << 20, created), hash: sha2::Sha256::new() };
    let bytes = io::copy(&mut reader, &mut writer).map_err(FileFault::when("copy", &source))?;
    let written = writer.sink.into_inner().map_err(io::IntoInnerError::into_error);
    written.and_then(|file| file.sync_all()).map_err(FileFault::when("sync", &target))?;
    if Sha256(writer.hash.finalize().into()) != file.sha256 {
        return Err(BackupFault::Altered(source));
    }
    Ok(bytes)
}

struct Hashing {
    sink: BufWriter<File>,
    hash: sha2::Sha256,
}

impl io::Write for Hashing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.sink.write(bytes)?;
        self.hash.update(&bytes[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.sink.flush()
    }
}

/// What the lake and the landing zone together know of each epoch.
fn expectations(staging: &DataDir, snapshot: &Snapshot) -> Result<Vec<Expectation>, FileFault> {
    let mut last: BTreeMap<(AgentId, Epoch), Seq> =
        snapshot.marks.iter().map(|mark| ((mark.agent.clone(), mark.epoch), mark.seq)).collect();
    let landing = staging.landing();
    let landed = if landing.is_dir() { list_paths(&landing)? } else { Vec::new() };
    for path in landed {
        let bytes = fs::read(&path).map_err(FileFault::when("read", &path))?;
        // One that was damaged before the backup is set aside at the start, and says nothing here either.
        for batch in frame::decode_all(&bytes).unwrap_or_default() {
            let known = last.entry((batch.agent, batch.epoch)).or_insert(batch.seq);
            *known = batch.seq.max(*known);
        }
    }
    let of_agents = last.into_iter().filter(|((agent, _), _)| agent.as_str() != AgentId::DIRECT);
    Ok(of_agents.map(|((agent, epoch), seq)| Expectation { agent, epoch, expected_seq: seq.next() }).collect())
}

fn list_paths(directory: &Path) -> Result<Vec<PathBuf>, FileFault> {
    let entries = fs::read_dir(directory).map_err(FileFault::when("list", directory))?;
    entries.map(|entry| entry.map(|entry| entry.path()).map_err(FileFault::when("list", directory))).collect()
}

fn make_directory(path: &Path, mode: u32) -> Result<(), FileFault> {
    DirBuilder::new().recursive(true).mode(mode).create(path).map_err(FileFault::when("make directory", path))
}

fn remove_tree(path: &Path) -> Result<(), FileFault> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(FileFault::when("remove", path)(error)),
        _ => Ok(()),
    }
}

/// Makes the names of everything below a directory last.
fn sync_tree(directory: &Path) -> Result<(), FileFault> {
    for path in list_paths(directory)? {
        if path.is_dir() {
            sync_tree(&path)?;
        }
    }
    durable::sync_directory(directory).map_err(FileFault::when("sync", directory))
}
