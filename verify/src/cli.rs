//! The command line.

use std::process::ExitCode;

use clap::Parser;

use crate::checks;
use crate::progress::Progress;
use crate::release::Release;
use crate::report::Report;
use crate::source::Source;

/// Something in the release does not hold.
const EXIT_DAMAGED: u8 = 1;

/// The release could not be read, so nothing is known of it.
const EXIT_UNREADABLE: u8 = 2;

/// Stands below the help.
const AFTER_HELP: &str = "\
What it does:
  It reads every file of the release again and holds it against the release's own manifest; looks whether tables are what
  their contracts say, whether anything in them is an address, and whether blocks hold ten votes or more and add up; and
  derives every published ranking, latency, country and trend from blocks and inputs by itself. Every value must be equal
  to the last digit. It uses Polars and shares no code with the program that made the release.
  It cannot tell whether the results that providers counted are true: see docs/verify.md.

Examples:
  bufferlake-verify https://bufferlake.example/data/v1                        the newest release
  bufferlake-verify https://bufferlake.example/data/v1/releases/2026-11-22    a release by its name
  bufferlake-verify mirror/public --json > report.json                        of a mirror on this machine

Exit codes: 0 everything holds; 1 something does not; 2 the release could not be read, or wrong usage.";

/// Checks a Bufferlake release without trusting who made it.
#[derive(Debug, Parser)]
#[command(name = "bufferlake-verify", version, after_help = AFTER_HELP)]
pub struct Cli {
    /// A release's folder (…/releases/2026-11-22) or a public directory, whose newest release is meant; on this machine or as a URL.
    release: String,
    /// Prints the report as JSON: every check with its result and what it found.
    #[arg(long)]
    json: bool,
}

impl Cli {
    /// Checks the release, prints the report, and says what came of it.
    #[must_use]
    pub fn execute(&self) -> ExitCode {
        match self.check() {
            Ok(report) => {
                if self.json {
                    println!("{:#}", report.to_json());
                } else {
                    print!("{report}");
                }
                if report.holds() { ExitCode::SUCCESS } else { ExitCode::from(EXIT_DAMAGED) }
            }
            Err(error) => {
                eprintln!("bufferlake-verify: {error:#}");
                ExitCode::from(EXIT_UNREADABLE)
            }
        }
    }

    fn check(&self) -> anyhow::Result<Report> {
        let mut report = Report::new(&self.release);
        let source = Source::open(&self.release)?;
        let mut release = Release::find(source, &mut report)?;
        checks::run(&mut release, &mut report, &Progress::on_terminal())?;
        Ok(report)
    }
}
