//! `agent asn-build`.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use intake::clock::{Clock as _, SystemClock};

pub(super) fn asn_build(csvs: &[PathBuf], out: &Path) -> anyhow::Result<()> {
    let now_s = u64::try_from(SystemClock.now().as_second()).unwrap_or(0);
    let report = intake::asn::build_mmdb(csvs, out, now_s).context("building the ASN database")?;
    println!("{}: {} ranges, {} bytes", out.display(), report.ranges, report.bytes);
    Ok(())
}
