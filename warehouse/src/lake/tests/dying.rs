//! A disk that dies at a chosen moment and then takes back what was not synced.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use crate::durable::disk::{Disk, Observer, Step};

/// What a power cut leaves of names that were given or removed, and whose directory was not synced since.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unsynced {
    /// All of it is on the disk.
    Kept,
    /// Nothing of it.
    Lost,
    /// In each directory the first few, chosen by a number.
    Partly(u64),
}

/// The disk, shared with the [`Disk`] that reports to it.
#[derive(Debug, Clone, Default)]
pub(super) struct Dying(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    /// Half-steps (before a step, and after it) that were seen.
    seen: u64,
    /// At which of them the disk dies.
    dies_at: Option<u64>,
    dead: bool,
    /// Changes of names that are not synced, oldest first.
    pending: Vec<Pending>,
    /// Files whose bytes are synced.
    whole: BTreeSet<PathBuf>,
    /// Files that got their name before their bytes were synced.
    torn: Vec<PathBuf>,
}

#[derive(Debug)]
struct Pending {
    directory: PathBuf,
    change: Change,
}

#[derive(Debug)]
enum Change {
    Renamed { from: PathBuf, to: PathBuf, replaced: Option<Vec<u8>> },
    Removed { path: PathBuf, bytes: Vec<u8> },
    Made(PathBuf),
    Unmade(PathBuf),
}

impl Dying {
    /// The disk to hand to a lake.
    pub(super) fn disk(&self) -> Disk {
        Disk::observed(Arc::new(self.clone()))
    }

    /// Lets the disk die after so many further half-steps.
    pub(super) fn die_after(&self, half_steps: u64) {
        let mut state = self.state();
        state.dies_at = Some(state.seen + half_steps);
    }

    /// Half-steps that were seen so far.
    pub(super) fn seen(&self) -> u64 {
        self.state().seen
    }

    /// True if it has died.
    pub(super) fn is_dead(&self) -> bool {
        self.state().dead
    }

    /// Power comes back: undoes what is lost, and works again. Nothing may be at work on the disk.
    pub(super) fn revive(&self, unsynced: Unsynced) {
        let mut state = self.state();
        let pending = std::mem::take(&mut state.pending);
        for torn in std::mem::take(&mut state.torn) {
            if torn.exists() {
                fs::write(torn, b"").expect("a torn file is emptied");
            }
        }
        let mut kept: Vec<(PathBuf, u64)> = Vec::new();
        let mut lost = Vec::new();
        for Pending { directory, change } in pending {
            let at = kept.iter().position(|(known, _)| *known == directory).unwrap_or_else(|| {
                let length = match unsynced {
                    Unsynced::Kept => u64::MAX,
                    Unsynced::Lost => 0,
                    Unsynced::Partly(seed) => (seed >> (kept.len() % 16)) % 4,
                };
                kept.push((directory, length));
                kept.len() - 1
            });
            match &mut kept[at].1 {
                0 => lost.push(change),
                left => *left -= 1,
            }
        }
        lost.into_iter().rev().for_each(Change::undo);
        (state.dead, state.dies_at) = (false, None);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("no panic while it is held")
    }
}

impl Change {
    fn undo(self) {
        match self {
            Self::Renamed { from, to, replaced } => {
                fs::rename(&to, from).expect("the file is where it was renamed to");
                if let Some(bytes) = replaced {
                    fs::write(to, bytes).expect("the old file comes back");
                }
            }
            Self::Removed { path, bytes } => fs::write(path, bytes).expect("the removed file comes back"),
            Self::Made(path) => fs::remove_dir_all(path).expect("the directory goes again"),
            Self::Unmade(path) => fs::create_dir(path).expect("the directory comes back"),
        }
    }
}

impl State {
    fn half_step(&mut self) -> io::Result<()> {
        self.dead |= self.dies_at.is_some_and(|at| self.seen >= at);
        self.seen += 1;
        if self.dead { Err(io::Error::other("the disk died")) } else { Ok(()) }
    }
}

impl Observer for Dying {
    fn before(&self, step: Step<'_>) -> io::Result<()> {
        let mut state = self.state();
        state.half_step()?;
        let (directory, change) = match step {
            Step::Rename { from, to } => {
                if !state.whole.remove(from) {
                    state.torn.push(to.to_owned());
                }
                let replaced = fs::read(to).ok();
                (to.parent(), Change::Renamed { from: from.to_owned(), to: to.to_owned(), replaced })
            }
            Step::Remove(path) => (path.parent(), Change::Removed { path: path.to_owned(), bytes: fs::read(path)? }),
            Step::MakeDirectory(path) => (path.parent(), Change::Made(path.to_owned())),
            Step::RemoveDirectory(path) => (path.parent(), Change::Unmade(path.to_owned())),
            Step::SyncFile(_) | Step::SyncDirectory(_) => return Ok(()),
        };
        let directory = directory.unwrap_or(Path::new("/")).to_owned();
        state.pending.push(Pending { directory, change });
        Ok(())
    }

    fn after(&self, step: Step<'_>) -> io::Result<()> {
        let mut state = self.state();
        match step {
            Step::SyncFile(path) => drop(state.whole.insert(path.to_owned())),
            Step::SyncDirectory(path) => state.pending.retain(|pending| pending.directory != path),
            _ => {}
        }
        state.half_step()
    }
}
