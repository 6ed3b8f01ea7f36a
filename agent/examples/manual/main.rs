//! Writes the agent's manual pages and shell completions: `cargo run --release -p bufferlake-agent --example manual -- DIR`.
//!
//! A program of its own, so that the agent's does not hold what is needed once, when it is packaged.

mod write;

use std::path::PathBuf;

use anyhow::Context as _;
use clap::CommandFactory as _;

fn main() -> anyhow::Result<()> {
    let out = std::env::args_os().nth(1).map(PathBuf::from).context("say into which directory to write")?;
    for file in write::manual(&agent::cli::Cli::command(), &out)? {
        println!("{}", file.display());
    }
    Ok(())
}
