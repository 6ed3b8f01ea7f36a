//! What lies in deploy/agent/, and what the agent refuses to be installed with.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure};
use bufferlake_tests::harness::{Scratch, binary};

use super::installed;

/// Most that `systemd-analyze security` may find exposed, of 10.
const MOST_EXPOSURE: f64 = 2.0;

/// The folder of what an operator copies.
pub(super) fn deploy() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/agent")
}

// Aim: systemd understands every line of the unit, and the unit leaves the agent little to do harm with.
#[test]
fn the_unit_is_understood_and_tight() -> anyhow::Result<()> {
    if !installed("systemd-analyze") {
        return Ok(());
    }
    let scratch = Scratch::new("agent-unit")?;
    let unit = std::fs::read_to_string(deploy().join("bufferlake-agent.service"))?;
    let program = binary("agent")?;
    let program = program.to_str().context("a path that is text")?;
    let verify = |name: &str, text: &str| -> anyhow::Result<(bool, String)> {
        let path = scratch.join(name);
        // The program is where it was built.
        std::fs::write(&path, text.replace("/usr/bin/agent", program))?;
        let output = Command::new("systemd-analyze").args(["verify", "--man=no"]).arg(&path).output()?;
        Ok((output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned()))
    };
    let (good, said) = verify("bufferlake-agent.service", &unit)?;
    ensure!(good && said.trim().is_empty(), "{said}");
    let (_, said) = verify("wrong.service", &unit.replace("ProtectSystem=", "ProtectSytsem="))?;
    ensure!(said.contains("ProtectSytsem"), "a misspelt line is not found: {said}");

    let output = Command::new("systemd-analyze")
        .args(["security", "--offline=true", "--no-pager"])
        .arg(scratch.join("bufferlake-agent.service"))
        .output()?;
    let said = String::from_utf8_lossy(&output.stdout);
    let exposure = said.lines().rev().find_map(|line| line.split("exposure level for").nth(1)?.split(": ").nth(1));
    let exposure: f64 = exposure.and_then(|text| text.split(' ').next()?.parse().ok()).context(said.into_owned())?;
    println!("exposure of the unit: {exposure}");
    ensure!(exposure <= MOST_EXPOSURE, "the unit's exposure is {exposure}");
    Ok(())
}

// Aim: systemd makes the user that the unit runs under.
#[test]
fn the_user_can_be_made() -> anyhow::Result<()> {
    if !installed("systemd-sysusers") {
        return Ok(());
    }
    let file = deploy().join("sysusers.conf").canonicalize()?;
    let output = Command::new("systemd-sysusers").arg("--dry-run").arg(&file).output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{said}");
    let unit = std::fs::read_to_string(deploy().join("bufferlake-agent.service"))?;
    let text = std::fs::read_to_string(file)?;
    let user = text.lines().find_map(|line| line.strip_prefix("u ")?.split(' ').next()).context("no user")?;
    ensure!(unit.contains(&format!("User={user}\nGroup={user}\n")), "the unit runs under another user than {user}");
    Ok(())
}

// Aim: an agent that would send batches over plain http through a network does not start, and says why.
#[test]
fn batches_go_over_plain_http_only_to_loopback() -> anyhow::Result<()> {
    let scratch = Scratch::new("agent-plain-http")?;
    let config = scratch.join("agent.toml");
    let secret = scratch.join("secret");
    for (url, good) in [
        ("http://192.0.2.1:8080", false),
        ("http://warehouse.example", false),
        ("http://127.0.0.1.example", false),
        ("http://0.0.0.0:8080", false),
        ("http://127.0.0.1:8080", true),
        ("http://[::1]:8080", true),
        ("https://warehouse.example", true),
    ] {
        let text = format!(
            "data_dir = {:?}\n[warehouse]\nurl = {url:?}\nagent_id = \"isp-one\"\nsecret_file = {secret:?}\n",
            scratch.join("data")
        );
        std::fs::write(&config, text)?;
        std::fs::write(&secret, "0".repeat(64))?;
        std::fs::set_permissions(&secret, std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
        let commands: &[&str] = if good { &["check-config"] } else { &["check-config", "run"] };
        for command in commands {
            let output = Command::new(binary("agent")?).arg("--config").arg(&config).arg(command).output()?;
            let said = String::from_utf8_lossy(&output.stderr);
            let code = output.status.code();
            ensure!(code == Some(if good { 0 } else { 78 }), "{command} with {url} ended with {code:?}: {said}");
            ensure!(good || said.contains("https"), "{command} with {url} says: {said}");
        }
    }
    Ok(())
}

// Aim: a form of the log that does not exist is refused by name.
#[test]
fn an_unknown_form_of_the_log_is_refused() -> anyhow::Result<()> {
    let scratch = Scratch::new("agent-log-format")?;
    let config = scratch.join("agent.toml");
    std::fs::write(&config, "log_format = \"xml\"\n")?;
    let output = Command::new(binary("agent")?).arg("--config").arg(&config).arg("check-config").output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.code() == Some(78) && said.contains("log_format"), "{:?}: {said}", output.status.code());
    Ok(())
}
