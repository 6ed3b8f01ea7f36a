//! Starting and ending the programs under test.

use std::ffi::OsStr;
use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};

use super::patience::until;
use crate::http;

/// How long a program may take to recover and answer.
const READY_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a program may take to end when it is asked to.
const STOP_TIMEOUT: Duration = Duration::from_secs(20);

/// One of our programs, running. It is killed when dropped.
#[derive(Debug)]
pub struct Program {
    name: String,
    child: Child,
    log: PathBuf,
}

/// Where the program of this name lies: beside the running program, or beside the directory `deps` of a test program.
/// It is built first if it is not there.
///
/// # Errors
/// If it cannot be built.
pub fn binary(name: &str) -> anyhow::Result<PathBuf> {
    let this = std::env::current_exe().context("finding the running program")?;
    let mut directory = this.parent().context("the running program has no directory")?;
    if directory.ends_with("deps") {
        directory = directory.parent().context("deps has no parent")?;
    }
    let path = directory.join(name);
    if !path.exists() {
        build(name)?;
    }
    ensure!(path.exists(), "{} is missing; `cargo build --release --bins` makes it", path.display());
    Ok(path)
}

fn build(name: &str) -> anyhow::Result<()> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    // Its package is none of those that are built without a name.
    let package: &[&str] = if name == "bufferlake-verify" { &["-p", name] } else { &[] };
    let status = Command::new(cargo)
        .args(["build", "--release", "--bin", name])
        .args(package)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status()
        .context("starting cargo")?;
    ensure!(status.success(), "cargo build --release --bin {name} ended with {status}");
    Ok(())
}

/// Runs a program to its end and gives its standard output.
///
/// # Errors
/// If it does not start or ends with an error; the error holds what it wrote to standard error.
pub fn run<S: AsRef<OsStr>>(name: &str, arguments: &[S]) -> anyhow::Result<String> {
    let Output { status, stdout, stderr } =
        Command::new(binary(name)?).args(arguments).output().with_context(|| format!("starting {name}"))?;
    let shown: Vec<_> = arguments.iter().map(|argument| argument.as_ref().to_string_lossy()).collect();
    ensure!(
        status.success(),
        "{name} {} ended with {status}: {}",
        shown.join(" "),
        String::from_utf8_lossy(&stderr).trim()
    );
    String::from_utf8(stdout).with_context(|| format!("{name} wrote no text"))
}

/// A port on which nobody listens now.
///
/// # Errors
/// If the system has none.
pub fn free_port() -> anyhow::Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("asking for a free port")?;
    Ok(listener.local_addr().context("reading the free port")?.port())
}

impl Program {
    /// Starts a program; with these variables added to its environment; what it writes is appended to `log`.
    ///
    /// # Errors
    /// If it cannot be started.
    pub fn start<S: AsRef<OsStr>>(
        name: &str,
        arguments: &[S],
        environment: &[(String, String)],
        log: &Path,
    ) -> anyhow::Result<Self> {
        Self::start_file(&binary(name)?, arguments, environment, log)
    }

    /// As [`Program::start`], for a program that is not ours.
    ///
    /// # Errors
    /// If it cannot be started.
    pub fn start_file<S: AsRef<OsStr>>(
        program: &Path,
        arguments: &[S],
        environment: &[(String, String)],
        log: &Path,
    ) -> anyhow::Result<Self> {
        let name = program.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let file = File::options()
            .create(true)
            .append(true)
            .open(log)
            .with_context(|| format!("opening {}", log.display()))?;
        let child = Command::new(program)
            .args(arguments)
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(file.try_clone().context("sharing a log file")?)
            .stderr(file)
            .spawn()
            .with_context(|| format!("starting {name}"))?;
        Ok(Self { name, child, log: log.to_owned() })
    }

    /// Waits until it answers on a way of the caller's; gives up at once if it ends.
    ///
    /// # Errors
    /// If it ends or is not ready in time; the error holds the end of its log.
    pub fn wait_until_ready(&mut self, patience: Duration, mut ready: impl FnMut() -> bool) -> anyhow::Result<()> {
        let child = &mut self.child;
        let ended = until(&format!("{} becomes ready", self.name), patience, || match child.try_wait() {
            Ok(Some(status)) => Some(Some(status)),
            _ => ready().then_some(None),
        });
        match ended {
            Ok(None) => Ok(()),
            Ok(Some(status)) => bail!("{} ended with {status} at its start: {}", self.name, self.log_tail()),
            Err(error) => Err(error.context(self.log_tail())),
        }
    }

    /// Waits until its health page answers.
    ///
    /// # Errors
    /// As [`Program::wait_until_ready`].
    pub fn wait_until_healthy(&mut self, address: SocketAddr) -> anyhow::Result<()> {
        self.wait_until_ready(READY_TIMEOUT, || {
            http::get(address, "/api/health").is_ok_and(|response| response.status == 200)
        })
    }

    /// Fails if it has ended, or has panicked, be it in one of its threads.
    ///
    /// # Errors
    /// That it did.
    pub fn assert_sound(&mut self) -> anyhow::Result<()> {
        if let Some(status) = self.ended() {
            bail!("{} has ended with {status}", self.name);
        }
        self.assert_no_panic()
    }

    /// Fails if its log tells of a panic.
    ///
    /// # Errors
    /// That it does, with the log.
    pub fn assert_no_panic(&self) -> anyhow::Result<()> {
        let text = std::fs::read_to_string(&self.log).with_context(|| format!("reading {}", self.log.display()))?;
        ensure!(!text.contains("panicked"), "a panic stands in {}:\n{text}", self.log.display());
        Ok(())
    }

    /// Process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Where its output goes.
    #[must_use]
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// Its exit status if it has ended.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Ends it as a power cut would (SIGKILL).
    ///
    /// # Errors
    /// If it had ended by itself before: then there was nothing to kill.
    pub fn kill(&mut self) -> anyhow::Result<()> {
        if let Some(status) = self.ended() {
            bail!("{} had ended with {status} before it was to be killed: {}", self.name, self.log_tail());
        }
        self.child.kill().with_context(|| format!("killing {}", self.name))?;
        self.child.wait().with_context(|| format!("waiting for {}", self.name))?;
        Ok(())
    }

    /// Asks it to end (SIGTERM) and waits.
    ///
    /// # Errors
    /// If it does not end in time, or not well.
    pub fn stop(&mut self) -> anyhow::Result<()> {
        if let Some(status) = self.ended() {
            ensure!(status.success(), "{} had ended with {status}: {}", self.name, self.log_tail());
            return Ok(());
        }
        self.signal(Signal::TERM)?;
        let child = &mut self.child;
        let status =
            until(&format!("{} ends after SIGTERM", self.name), STOP_TIMEOUT, || child.try_wait().ok().flatten())?;
        ensure!(status.success(), "{} ended with {status}: {}", self.name, self.log_tail());
        Ok(())
    }

    /// Sends it a signal.
    ///
    /// # Errors
    /// If there is no such process any more.
    pub fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        let id = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw).context("no process id")?;
        kill_process(id, signal).with_context(|| format!("sending {signal:?} to {}", self.name))
    }

    fn log_tail(&self) -> String {
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = log.lines().rev().take(15).collect();
        let lines: Vec<&str> = lines.into_iter().rev().collect();
        format!("the end of {}:\n{}", self.log.display(), lines.join("\n"))
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if self.ended().is_none() {
            // Nothing more can be done here if this fails.
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}
