//! `agent`: see `agent --help`.

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    match agent::cli::Cli::parse().execute() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("agent: {error:#}");
            ExitCode::FAILURE
        }
    }
}
