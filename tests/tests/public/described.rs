//! The API against its own description.

use std::fs;
use std::process::Command;

use anyhow::{Context as _, ensure};
use bufferlake_tests::harness::python;

use super::stage::Stage;

/// Questions for each path and phase.
const EXAMPLES: &str = "40";

/// What no schema can say: household tests have no order by ms, only they have reported grades, and a cursor is what an answer
/// gave. A question that is well written may be refused there, so that one check stays out; the warehouse's own tests have it.
const EXCEPTIONS: &str =
    "[[operations]]\ninclude-path = \"/api/v1/rankings\"\nchecks.positive_data_acceptance.enabled = false\n";

// Aim: Schemathesis asks what the description allows and what it does not: no server error, no status, type or row that the
// description does not have, nothing allowed that is refused, and nothing refused that should be answered.
#[test]
fn the_api_keeps_its_description() -> anyhow::Result<()> {
    let stage = Stage::open("described")?;
    stage.warehouse.command(&["publish"])?;
    fs::write(stage.warehouse.dir().join("schemathesis.toml"), EXCEPTIONS)?;
    let tool = python()?.with_file_name("st");
    let output = Command::new(tool)
        .args(["run", &format!("http://{}/api/openapi.json", stage.warehouse.address())])
        .args(["--max-examples", EXAMPLES, "--seed", "1", "--no-color"])
        .args(["--phases", "examples,coverage,fuzzing", "--continue-on-failure", "--output-truncate", "true"])
        // It looks for its configuration where it stands, and keeps examples there.
        .current_dir(stage.warehouse.dir())
        .output()
        .context("starting Schemathesis; `make setup` installs it")?;
    let said = String::from_utf8_lossy(&output.stdout);
    ensure!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    ensure!(said.contains("Tested: 15"), "it asked for too little: {said}");
    Ok(())
}
