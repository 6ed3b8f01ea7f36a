//! Has a release checked by another program before anyone sees it. The program shares no code with the warehouse; what it
//! refuses is put aside with its report, and the current release stays.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use super::{CutFault, CutId};
use crate::durable::{self, FileFault};

/// The program's name, beside the warehouse's own.
const PROGRAM: &str = "bufferlake-verify";

/// What it writes, beside the release that it refused.
const REPORT: &str = "report.txt";

/// Most refused releases that are kept aside; the oldest go.
const MOST_ASIDE: usize = 5;

/// How often a running check is looked at.
const LOOK: Duration = Duration::from_millis(50);

/// Who checks a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judge {
    /// The program; none if there is none.
    pub program: Option<PathBuf>,
    /// Longest that it may take.
    pub patience: Duration,
    /// Where refused releases go.
    pub aside: PathBuf,
}

impl Judge {
    /// The program that the operator names, or the one that lies beside the warehouse's own.
    #[must_use]
    pub fn program(configured: Option<&Path>) -> Option<PathBuf> {
        let beside = || std::env::current_exe().ok()?.parent().map(|directory| directory.join(PROGRAM));
        configured.map(Path::to_owned).or_else(|| beside().filter(|path| path.is_file()))
    }

    /// Checks the release in this directory. If it is refused, it is moved aside.
    pub(super) fn judge(&self, making: &Path, id: CutId) -> Result<(), CutFault> {
        let Some(program) = &self.program else {
            tracing::warn!(release = %id, "no {PROGRAM} was found: the release goes out unchecked");
            return Ok(());
        };
        // Beside the directory: it must hold nothing but the release.
        let report = making.with_extension("report");
        let written = File::create(&report).map_err(FileFault::when("create", &report))?;
        let also = written.try_clone().map_err(FileFault::when("open", &report))?;
        let started = Command::new(program)
            .arg(making)
            .stdin(Stdio::null())
            .stdout(written)
            .stderr(also)
            .spawn()
            .map_err(FileFault::when("start", program))?;
        let ended = self.wait(started).map_err(FileFault::when("wait for", program))?;
        if ended.is_some_and(|status| status.success()) {
            fs::remove_file(&report).map_err(FileFault::when("remove", &report))?;
            return Ok(());
        }
        let why = ended.map_or_else(|| "it took too long".to_owned(), |status| status.to_string());
        let aside = self.put_aside(making, &report, id)?;
        Err(CutFault::Refused { id, why, aside })
    }

    /// How it ended; none if it was ended because it took too long.
    fn wait(&self, mut child: Child) -> io::Result<Option<ExitStatus>> {
        let deadline = Instant::now() + self.patience;
        loop {
            if let Some(status) = child.try_wait()? {
                return Ok(Some(status));
            }
            if Instant::now() >= deadline {
                child.kill()?;
                child.wait()?;
                return Ok(None);
            }
            std::thread::sleep(LOOK);
        }
    }

    /// Moves a refused release and its report to a folder of their own.
    fn put_aside(&self, making: &Path, report: &Path, id: CutId) -> Result<PathBuf, FileFault> {
        fs::create_dir_all(&self.aside).map_err(FileFault::when("make directory", &self.aside))?;
        let mut kept = self.kept()?;
        let number = kept.iter().filter(|(of, ..)| *of == id).map(|(_, number, _)| number + 1).max().unwrap_or(1);
        let path = self.aside.join(format!("{id}-{number}"));
        fs::rename(report, making.join(REPORT)).map_err(FileFault::when("name", report))?;
        fs::rename(making, &path).map_err(FileFault::when("name", &path))?;
        durable::sync_directory(&self.aside).map_err(FileFault::when("sync", &self.aside))?;
        kept.sort_unstable();
        let too_many = (kept.len() + 1).saturating_sub(MOST_ASIDE);
        for (.., old) in kept.into_iter().take(too_many) {
            fs::remove_dir_all(&old).map_err(FileFault::when("remove", &old))?;
        }
        Ok(path)
    }

    /// The releases that lie aside.
    fn kept(&self) -> Result<Vec<(CutId, u32, PathBuf)>, FileFault> {
        let list = || fs::read_dir(&self.aside)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>();
        let paths = list().map_err(FileFault::when("list", &self.aside))?;
        let read = |path: PathBuf| {
            let (id, number) = path.file_name()?.to_str()?.rsplit_once('-')?;
            Some((id.parse().ok()?, number.parse().ok()?, path.clone()))
        };
        Ok(paths.into_iter().filter_map(read).collect())
    }
}
