//! The moments at which the warehouse is killed, told by inotify.

use std::fs;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use rustix::fs::inotify::{self, CreateFlags, ReadFlags, WatchFlags};
use rustix::io::Errno;
use warehouse::lake::paths::LakePaths;
use warehouse::paths::DataDir;

/// Longest wait for a moment: the senders make one every few milliseconds.
const PATIENCE: Duration = Duration::from_secs(20);

/// Pause between two looks: far shorter than the fsync that follows each moment.
const LOOK_EVERY: Duration = Duration::from_micros(30);

/// A step after which the disk says something that it says at no other time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Moment {
    /// A landing file has its temporary name.
    LandingBegun,
    /// A landing file has its name, and nobody was told.
    LandingNamed,
    /// A day's Parquet file has its temporary name.
    SealBegun,
    /// A day's Parquet file has its name, and no manifest names it.
    SealNamed,
    /// A manifest has its name, and `CURRENT` names the one before.
    ManifestWritten,
    /// `CURRENT` names the new manifest, and the landing files are still there.
    ManifestSwitched,
}

pub(super) const ALL: [Moment; 6] = [
    Moment::LandingBegun,
    Moment::LandingNamed,
    Moment::SealBegun,
    Moment::SealNamed,
    Moment::ManifestWritten,
    Moment::ManifestSwitched,
];

impl Moment {
    /// In which directories it shows, by what event, and at names that end how.
    fn sign(self, data_dir: &Path) -> anyhow::Result<(Vec<PathBuf>, ReadFlags, &'static str)> {
        let lake = LakePaths::in_data_dir(data_dir);
        let landing = vec![DataDir::new(data_dir).landing()];
        let days = || -> anyhow::Result<Vec<PathBuf>> {
            fs::read_dir(lake.results())?.map(|entry| Ok(entry?.path())).collect()
        };
        Ok(match self {
            Self::LandingBegun => (landing, ReadFlags::CREATE, ".tmp"),
            Self::LandingNamed => (landing, ReadFlags::MOVED_TO, ".landed"),
            Self::SealBegun => (days()?, ReadFlags::CREATE, ".tmp"),
            Self::SealNamed => (days()?, ReadFlags::MOVED_TO, ".parquet"),
            Self::ManifestWritten => (vec![lake.manifests()], ReadFlags::MOVED_TO, ".json"),
            Self::ManifestSwitched => (vec![lake.root().to_owned()], ReadFlags::MOVED_TO, "CURRENT"),
        })
    }
}

/// A watch on the disk that waits for a moment.
pub(super) struct Watch {
    queue: OwnedFd,
    event: ReadFlags,
    ending: &'static str,
}

impl Watch {
    pub(super) fn for_moment(moment: Moment, data_dir: &Path) -> anyhow::Result<Self> {
        let (directories, event, ending) = moment.sign(data_dir)?;
        Self::on(&directories, event, ending)
    }

    /// Watches for names with this ending that come into these directories by this event.
    pub(super) fn on(directories: &[PathBuf], event: ReadFlags, ending: &'static str) -> anyhow::Result<Self> {
        let queue = inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC).context("opening inotify")?;
        for directory in directories {
            inotify::add_watch(&queue, directory, WatchFlags::CREATE | WatchFlags::MOVED_TO)
                .with_context(|| format!("watching {}", directory.display()))?;
        }
        Ok(Self { queue, event, ending })
    }

    /// Waits until the moment has come so many times.
    pub(super) fn wait(&self, times: u32) -> anyhow::Result<()> {
        let mut buffer = [MaybeUninit::uninit(); 16 << 10];
        let mut events = inotify::Reader::new(&self.queue, &mut buffer);
        let deadline = Instant::now() + PATIENCE;
        let mut seen = 0;
        while seen < times {
            match events.next() {
                Ok(event) => {
                    let named = event.file_name().is_some_and(|name| name.to_bytes().ends_with(self.ending.as_bytes()));
                    seen += u32::from(named && event.events().contains(self.event));
                }
                Err(Errno::AGAIN) if Instant::now() < deadline => std::thread::sleep(LOOK_EVERY),
                Err(Errno::AGAIN) => {
                    bail!("waited {PATIENCE:?} in vain: {seen} of {times} names end in {}", self.ending)
                }
                Err(error) => return Err(error).context("reading inotify"),
            }
        }
        Ok(())
    }
}
