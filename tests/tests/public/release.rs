//! A release, read by the tools that researchers have.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, ensure};
use bufferlake_tests::harness::python;
use serde_json::Value;

use super::stage::Stage;

/// Tables of a release.
const TABLES: u64 = 26;

// Aim: digests, Data Package, Croissant, dictionary, views, citation and the README's own lines hold against the libraries of
// their makers, over every file of a release.
#[test]
fn a_release_is_what_it_says() -> anyhow::Result<()> {
    let mut stage = Stage::open("release")?;
    stage.warehouse.command(&["publish"])?;
    let release = stage.cut_document()?["release"].as_str().context("no id")?.to_owned();
    let folder = stage.warehouse.dir().join("public/releases").join(&release);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/public/release.py");
    let output = Command::new(python()?).arg(script).arg(&folder).output().context("starting Python")?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said: Value = serde_json::from_slice(&output.stdout).context("the script wrote no JSON")?;
    ensure!(said["views"].as_u64() == Some(TABLES), "{said}");
    ensure!(said["results"].as_u64() > Some(10_000), "too few results: {said}");
    stage.assert_sound()
}
