//! `bufferlake-verify`: see `bufferlake-verify --help`.

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    bufferlake_verify::cli::Cli::parse().execute()
}
