//! `warehouse asn-build`.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use intake::asn::build_mmdb;
use intake::clock::{Clock as _, SystemClock};

/// Turns range CSVs into one database, which is mapped instead of held in memory.
pub(super) fn build(csvs: &[PathBuf], out: &Path) -> anyhow::Result<()> {
    let now_s = u64::try_from(SystemClock.now().as_second()).unwrap_or(0);
    let report = build_mmdb(csvs, out, now_s).context("the ASN database was not built")?;
    println!("{}: {} ranges, {} bytes", out.display(), report.ranges, report.bytes);
    Ok(())
}
