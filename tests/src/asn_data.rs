//! Where ASN data comes from: the real data that `make setup` fetches, or the excerpt that this crate carries.

use std::fmt::Write as _;
use std::fs;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use intake::asn::build_mmdb;

use crate::simulator::network::{Network, world};

/// The day of the excerpt's data, 2026-06-17, in seconds since the Unix epoch.
const EXCERPT_UNIX_S: u64 = 1_781_654_400;

/// The range CSVs of `@ip-location-db/asn`, if `make setup` has fetched them.
#[must_use]
pub fn fetched() -> Option<[PathBuf; 2]> {
    let package = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/asn/node_modules/@ip-location-db/asn");
    let files = ["asn-ipv4.csv", "asn-ipv6.csv"].map(|name| package.join(name));
    files.iter().all(|file| file.exists()).then_some(files)
}

/// An `.mmdb` of the fetched data in this directory, built if it is not there or older than the data.
///
/// # Errors
/// If the data was not fetched, or the file cannot be written.
pub fn real_mmdb(directory: &Path) -> anyhow::Result<PathBuf> {
    let csvs = fetched().context("the ASN data is missing: `make setup` fetches it into deploy/asn/node_modules")?;
    let modified = |path: &Path| fs::metadata(path).and_then(|metadata| metadata.modified()).ok();
    let database = directory.join("asn.mmdb");
    if modified(&database).is_none_or(|built| csvs.iter().any(|csv| modified(csv).is_none_or(|new| new > built))) {
        fs::create_dir_all(directory).with_context(|| format!("making {}", directory.display()))?;
        build_mmdb(&csvs, &database, EXCERPT_UNIX_S).context("building the ASN database")?;
    }
    Ok(database)
}

/// An `.mmdb` of the simulator's own networks in this directory: small and the same everywhere.
///
/// # Errors
/// If it cannot be written.
pub fn excerpt_mmdb(directory: &Path) -> anyhow::Result<PathBuf> {
    renamed_mmdb(directory, |_| None)
}

/// The same with other names for some networks.
///
/// # Errors
/// If it cannot be written.
pub fn renamed_mmdb(directory: &Path, rename: impl Fn(&Network) -> Option<String>) -> anyhow::Result<PathBuf> {
    // Prefixes do not depend on the seed.
    let mut ranges: Vec<(IpAddr, IpAddr, Network)> = Vec::new();
    for network in world(0)? {
        ranges.push((network.ipv4.0.into(), network.ipv4.1.into(), network.clone()));
        if let Some((first, last)) = network.ipv6 {
            ranges.push((first.into(), last.into(), network));
        }
    }
    ranges.sort_by_key(|(first, ..)| *first);
    fs::create_dir_all(directory).with_context(|| format!("making {}", directory.display()))?;
    let mut csvs = Vec::new();
    for (name, is_v4) in [("asn-ipv4.csv", true), ("asn-ipv6.csv", false)] {
        let mut text = String::new();
        for (first, last, network) in ranges.iter().filter(|(first, ..)| first.is_ipv4() == is_v4) {
            let name = rename(network).unwrap_or_else(|| network.name.clone());
            writeln!(text, "{first},{last},{},\"{}\"", network.asn.get(), name.replace('"', "\"\""))?;
        }
        let path = directory.join(name);
        fs::write(&path, text).with_context(|| format!("writing {}", path.display()))?;
        csvs.push(path);
    }
    let database = directory.join("asn-excerpt.mmdb");
    let report = build_mmdb(&csvs, &database, EXCERPT_UNIX_S).context("building the excerpt's database")?;
    ensure!(report.ranges == ranges.len(), "{} of {} ranges were built", report.ranges, ranges.len());
    Ok(database)
}

#[cfg(test)]
mod tests {
    use intake::asn::{AsnConfig, AsnDatabase};
    use intake::client::ClientAddress;

    use super::*;
    use crate::simulator::client::Client;

    /// Aim: every simulated client's address is found in the excerpt as its own network's.
    #[test]
    fn simulated_clients_are_at_home_in_their_networks() {
        let directory = tempfile::tempdir().unwrap();
        let database = vec![excerpt_mmdb(directory.path()).unwrap()];
        let database = AsnDatabase::open(AsnConfig { database, ..AsnConfig::default() }).unwrap();
        for network in world(3).unwrap() {
            for index in 0..50 {
                let client = Client::of(&network, index, 3);
                let found = database.lookup(ClientAddress::new(client.address));
                assert_eq!(found.asn, Some(network.asn), "client {index} of {}", network.name);
            }
        }
    }
}
