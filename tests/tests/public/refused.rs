//! A release that the checking program refuses.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use anyhow::{Context as _, ensure};
use bufferlake_tests::harness::Scratch;

use super::stage::Stage;

/// Checks as the program does, unless it is told to refuse.
const CHECK: &str = "#!/bin/sh\n[ ! -e \"$0.refuse\" ] || { echo 'FAILED  ranks: row 7 differs'; exit 1; }\n";

// Aim: what the check refuses goes aside with its report, the command says where, the health page raises the alarm, and the
// public keeps what it had; the next release that holds ends it.
#[test]
fn a_refused_release_is_kept_aside_and_told() -> anyhow::Result<()> {
    let scratch = Scratch::new("refused-check")?;
    let check = scratch.join("check");
    fs::write(&check, CHECK)?;
    fs::set_permissions(&check, fs::Permissions::from_mode(0o755))?;
    let program = check.to_str().context("no text")?.to_owned();
    let environment = vec![("BUFFERLAKE_WAREHOUSE_RELEASE__VERIFY".to_owned(), program)];
    let mut stage = Stage::open_with("refused", environment)?;
    stage.warehouse.command(&["publish"])?;
    let first = stage.cut_document()?;

    fs::write(check.with_extension("refuse"), "")?;
    let agents = stage.warehouse.sql("SELECT agent FROM daily GROUP BY agent ORDER BY sum(votes) DESC LIMIT 1")?;
    let agent = agents[0]["agent"].as_str().context("no agent")?;
    stage.warehouse.command(&["withdraw", "--agent", agent, "--from", "2020-01-01", "--to", "2029-12-31"])?;
    let refused = stage.warehouse.command(&["publish"]);
    let said = format!("{:#}", refused.err().context("the release went out")?);
    let aside = stage.warehouse.dir().join("aside");
    ensure!(said.contains("was refused") && said.contains("aside"), "{said}");
    let lying: Vec<_> = fs::read_dir(&aside)?.collect::<Result<_, _>>()?;
    ensure!(lying.len() == 1, "{lying:?} lie aside");
    let report = fs::read_to_string(lying[0].path().join("report.txt"))?;
    ensure!(report.contains("row 7 differs") && lying[0].path().join("manifest.json").is_file(), "{report}");
    ensure!(stage.cut_document()? == first, "the public sees another release");
    let raised = |stage: &Stage| -> anyhow::Result<bool> {
        let health = stage.warehouse.get("/api/health")?.json()?;
        Ok(health["alarms"].as_array().context("no alarms")?.contains(&"release".into()))
    };
    ensure!(raised(&stage)?, "no alarm was raised");

    fs::remove_file(check.with_extension("refuse"))?;
    stage.warehouse.command(&["publish"])?;
    ensure!(stage.cut_document()?["release"] != first["release"], "no release came");
    ensure!(!raised(&stage)?, "the alarm does not end");
    stage.assert_sound()
}
