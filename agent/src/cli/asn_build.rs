//! `agent asn-build`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use intake::clock::{Clock as _, SystemClock};
use serde_json::json;

use super::EXIT_CODES;
use super::output::{print, print_json};

/// Turns range CSVs of @ip-location-db into one .mmdb, which is mapped instead of held in memory.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub(super) struct AsnBuild {
    /// The CSVs, IPv4 and IPv6.
    #[arg(required = true)]
    csvs: Vec<PathBuf>,
    /// The database to write.
    #[arg(long)]
    out: PathBuf,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

impl AsnBuild {
    pub(super) fn run(&self) -> anyhow::Result<ExitCode> {
        let now_s = u64::try_from(SystemClock.now().as_second()).unwrap_or(0);
        let report = intake::asn::build_mmdb(&self.csvs, &self.out, now_s).context("building the ASN database")?;
        if self.json {
            print_json(&json!({ "path": self.out, "ranges": report.ranges, "bytes": report.bytes }))?;
        } else {
            print(&format!("{}: {} ranges, {} bytes\n", self.out.display(), report.ranges, report.bytes))?;
        }
        Ok(ExitCode::SUCCESS)
    }
}
