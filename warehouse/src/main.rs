//! The warehouse's program.

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    warehouse::cli::Cli::parse().run()
}
