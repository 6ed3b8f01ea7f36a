//! Debian's Chromium over the pages of our programs: a test starts the programs, says what it made of them, and has a
//! script of `tests/browser/` look at their pages.
//!
//! Where Chromium or the packages that drive it are missing, such a test does nothing and says so; under `CI=true` it fails.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::Value;

use crate::harness::{Scratch, until};

/// Longest that one script may take.
const PATIENCE: Duration = Duration::from_secs(480);

/// Where Debian puts Chromium; `BUFFERLAKE_CHROMIUM` names another.
const CHROMIUM: &str = "/usr/bin/chromium";

/// What a stranger might send, or write into a list, to be more than text.
pub const PAYLOADS: [&str; 8] = [
    "<script>globalThis.hit=1</script>",
    "\"><img src=x onerror=globalThis.hit=1>",
    "'><svg onload=globalThis.hit=1>",
    "</textarea><script>globalThis.hit=1</script>",
    "</title></svg><iframe src=//evil.example>",
    "{{ 7*7 }}${7*7}<%= 7*7 %>{% include payload %}",
    "&lt;script&gt;globalThis.hit=1&lt;/script&gt;",
    "javascript:globalThis.hit=1//\\\"-->]]>",
];

/// What a script needs.
#[derive(Debug)]
struct Tools {
    chromium: PathBuf,
    scripts: PathBuf,
}

impl Tools {
    fn find(chromium: PathBuf) -> Result<Self, String> {
        if !chromium.exists() {
            return Err(format!("{} is missing (apt-get install chromium)", chromium.display()));
        }
        let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("browser");
        let packages = scripts.join("node_modules/playwright-core");
        if !packages.exists() {
            return Err(format!("{} is missing (`make setup` fetches it)", packages.display()));
        }
        Ok(Self { chromium, scripts })
    }
}

/// Runs a script of tests, such as `support/journey.mjs`, which finds `facts` in its module `stage.mjs`.
///
/// # Errors
/// If the script finds a fault, with all that it wrote; if it does not end in time; or, under `CI=true`, if its tools
/// are missing.
pub fn drive(script: &str, facts: &Value) -> anyhow::Result<()> {
    let in_ci = std::env::var("CI").is_ok_and(|ci| ci == "true");
    match Tools::find(chromium()) {
        Ok(tools) => {
            let said = run(&tools, &["--test", "--test-reporter=spec"], script, facts)?;
            ensure!(said.contains("pass "), "{script} ran no test:\n{said}");
            println!("{said}");
            Ok(())
        }
        Err(missing) => do_without(script, &missing, in_ci),
    }
}

/// Runs a script that measures, and gives the JSON in its last line.
///
/// # Errors
/// If its tools are missing, it fails or takes too long, or its last line is no JSON.
pub fn measure(script: &str, facts: &Value) -> anyhow::Result<Value> {
    let tools = Tools::find(chromium()).map_err(anyhow::Error::msg)?;
    let said = run(&tools, &[], script, facts)?;
    let last = said.lines().last().unwrap_or_default();
    serde_json::from_str(last).with_context(|| format!("{script} measured nothing:\n{said}"))
}

fn chromium() -> PathBuf {
    std::env::var_os("BUFFERLAKE_CHROMIUM").map_or_else(|| CHROMIUM.into(), PathBuf::from)
}

/// What a missing browser means: nothing on a developer's machine, a fault where all tests must run.
fn do_without(script: &str, missing: &str, in_ci: bool) -> anyhow::Result<()> {
    ensure!(!in_ci, "{script} cannot run: {missing}");
    eprintln!("skipped {script}: {missing}");
    Ok(())
}

/// Runs a script and gives all that it wrote.
fn run(tools: &Tools, arguments: &[&str], script: &str, facts: &Value) -> anyhow::Result<String> {
    let scratch = Scratch::new("browser")?;
    let log = scratch.join("log");
    let file = File::create(&log).context("making the script's log")?;
    let mut child = std::os::unix::process::CommandExt::process_group(&mut Command::new("node"), 0)
        .args(arguments)
        .arg(tools.scripts.join(script))
        .env("BUFFERLAKE_FACTS", facts.to_string())
        .env("BUFFERLAKE_CHROMIUM", &tools.chromium)
        .env("TMPDIR", scratch.path())
        .stdin(Stdio::null())
        .stdout(file.try_clone().context("sharing the script's log")?)
        .stderr(file)
        .spawn()
        .context("starting node")?;
    let ended = until(&format!("{script} ends"), PATIENCE, || child.try_wait().ok().flatten());
    if ended.is_err() {
        // The script and its browser are one group; nothing more can be done if this fails.
        if let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
            let _ = kill_process_group(group, Signal::KILL);
        }
        let _ = child.wait();
    }
    let said = std::fs::read_to_string(&log).unwrap_or_default();
    let status = ended.with_context(|| format!("{script} said:\n{said}"))?;
    ensure!(status.success(), "{script} ended with {status}:\n{said}");
    Ok(said)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Aim: without a browser the tests are skipped where one may be missing, and fail where none may.
    #[test]
    fn a_missing_browser_is_no_success_in_ci() {
        let missing = Tools::find(PathBuf::from("no/such/browser")).unwrap_err();
        assert!(missing.contains("no/such/browser is missing"), "{missing}");
        assert!(do_without("a.mjs", &missing, false).is_ok());
        assert!(do_without("a.mjs", &missing, true).is_err());
    }
}
