//! The examples of `docs/api.md`.

use std::process::Command;

use anyhow::{Context as _, ensure};

use super::stage::Stage;

const DOCUMENT: &str = include_str!("../../../docs/api.md");

/// The address in the examples.
const EXAMPLE: &str = "https://bufferlake.example";

// Aim: each example of the documentation is answered as it stands.
#[test]
fn the_examples_run() -> anyhow::Result<()> {
    let stage = Stage::open("documented")?;
    stage.warehouse.command(&["publish"])?;
    let examples: Vec<&str> = DOCUMENT.lines().filter(|line| line.starts_with("curl ")).collect();
    ensure!(examples.len() > 10, "the examples were not found");
    for example in examples {
        let line = example.replace(EXAMPLE, &format!("http://{}", stage.warehouse.address()));
        let line = line.replacen("curl ", "curl --silent --show-error --fail-with-body ", 1);
        let output = Command::new("sh")
            .args(["-c", &line])
            .current_dir(stage.warehouse.dir())
            .output()
            .context("starting sh")?;
        let said = String::from_utf8_lossy(&output.stdout);
        ensure!(output.status.success(), "{example}: {said}{}", String::from_utf8_lossy(&output.stderr));
        ensure!(!said.is_empty() || example.contains(" -o "), "{example}: nothing came");
    }
    let parquet = std::fs::read(stage.warehouse.dir().join("rankings.parquet"))?;
    ensure!(parquet.starts_with(b"PAR1"), "the example of Parquet is none");
    Ok(())
}
