//! From range CSVs to one `.mmdb`, so that an agent maps a file instead of holding half a million ranges.
//!
//! The format is MaxMind DB 2.0 (<https://maxmind.github.io/MaxMind-DB/>): a binary tree over the bits of an address,
//! then the data that its leaves point to, then metadata. Why the writer is ours: `docs/decisions/2026-11-24-mmdb-writer.md`.

mod data;
mod tree;

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};

use super::ranges::{Range, Ranges};
use super::source::Source;
use super::{AsnFault, mmdb::Mmdb};
use tree::{Leaf, Tree};

/// What was built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BuildReport {
    /// Ranges in the CSVs.
    pub ranges: usize,
    /// Overlaps in the CSVs; the more specific range was kept.
    pub overlaps: usize,
    /// Nodes of the tree.
    pub nodes: usize,
    /// Pairs of number and organisation.
    pub entries: usize,
    /// Bytes of the file.
    pub bytes: usize,
}

/// Builds `out` from range CSVs and checks that every range's ends look up to what the CSV says. `built_unix_s` is the
/// day that records will carry as `asn_database_day`; take the day of the data, not of the conversion.
///
/// # Errors
/// [`AsnFault`] names the file and line that was wrong; `out` is replaced only by a whole, checked file.
pub fn build_mmdb(csvs: &[PathBuf], out: &Path, built_unix_s: u64) -> Result<BuildReport, AsnFault> {
    let ranges = Ranges::open(csvs)?;
    let mut data = data::Section::new();
    let mut places = HashMap::new();
    let mut tree = Tree::new();
    let mut leaf = |asn: wire::Asn, organisation: u32, data: &mut data::Section| -> Leaf {
        *places.entry((asn, organisation)).or_insert_with(|| data.add(asn.get(), ranges.organisation(organisation)))
    };
    for range in &ranges.sorted {
        let leaf = leaf(range.asn, range.organisation, &mut data);
        tree.insert(range.first, range.last, leaf);
    }
    let bytes = file_bytes(&tree, &data, built_unix_s)?;
    let temporary = out.with_extension("mmdb-new");
    let write_fault = |source| AsnFault::Write { path: out.to_owned(), source };
    write_durably(&temporary, &bytes).map_err(write_fault)?;
    check(&ranges, &temporary)?;
    fs::rename(&temporary, out).map_err(write_fault)?;
    Ok(BuildReport {
        ranges: ranges.sorted.len(),
        overlaps: ranges.overlaps,
        nodes: tree.len(),
        entries: places.len(),
        bytes: bytes.len(),
    })
}

fn file_bytes(tree: &Tree, data: &data::Section, built_unix_s: u64) -> Result<Vec<u8>, AsnFault> {
    let (mut bytes, record_bits) = tree.encode(data.bytes().len()).ok_or(AsnFault::TooLarge)?;
    bytes.extend([0; tree::SEPARATOR_BYTES]);
    bytes.extend(data.bytes());
    bytes.extend(data::metadata(tree.len(), record_bits, built_unix_s));
    Ok(bytes)
}

fn write_durably(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Reads the new file with the reader that will serve it, and compares the ends of every range.
fn check(ranges: &Ranges, path: &Path) -> Result<(), AsnFault> {
    let built = Source::Mmdb(Mmdb::open(path)?);
    let ends = ranges.sorted.iter().flat_map(|range| [(range.first, range), (range.last, range)]);
    for (bits, &Range { asn, organisation, .. }) in ends {
        let address = Ipv6Addr::from_bits(bits);
        // What lies in ::/96 is an IPv4 address, whose way into the tree is the one to check.
        let address = u32::try_from(bits).map_or(IpAddr::V6(address), |bits| IpAddr::V4(Ipv4Addr::from_bits(bits)));
        let found = built.network(address).map(|(asn, name, _)| (asn, name.unwrap_or_default()));
        if found.as_ref().map(|(asn, name)| (*asn, &**name)) != Some((asn, ranges.organisation(organisation))) {
            let what = format!("the range of AS{} that begins or ends at {address} was not kept", asn.get());
            return Err(AsnFault::Csv { path: path.to_owned(), line: 0, what });
        }
    }
    Ok(())
}
