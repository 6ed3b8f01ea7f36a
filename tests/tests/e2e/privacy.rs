//! The privacy canary: addresses go in through every door, and are then searched for in every byte that was stored, logged,
//! measured or sent. Each test also plants an address in each kind of place, so that a search that finds nothing means
//! something.

mod agent;
mod network;
mod places;
mod warehouse;
mod webhook;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use bufferlake_tests::asn_data::excerpt_mmdb;
use bufferlake_tests::canary::Canary;
use bufferlake_tests::simulator::network::{Network, world};

/// What the tests look for.
struct Sentinels {
    /// Both belong to this network, so that looking them up has an effect that can be seen.
    network: Network,
    v4: Ipv4Addr,
    v6: Ipv6Addr,
    canary: Canary,
    /// The ASN database that knows the network.
    database: PathBuf,
}

impl Sentinels {
    /// Two addresses of a real network, with no zeros that other figures might have by chance.
    fn in_directory(directory: &Path) -> anyhow::Result<Self> {
        let network = world(0)?.into_iter().find(|network| network.ipv6.is_some()).context("no network has IPv6")?;
        let (first, last) = network.ipv4;
        let v4 = Ipv4Addr::from_bits((first.to_bits() | 0xF1E7) & last.to_bits());
        let prefix = network.ipv6.context("no IPv6")?.0;
        let v6 = Ipv6Addr::from_bits(prefix.to_bits() | 0x7A11_42C3_9B5D_E6F7_1D3B);
        anyhow::ensure!(first < v4 && v4 < last, "{v4} is not amid {first} to {last}");
        let canary = Canary::of(&[v4.into(), v6.into()])?;
        Ok(Self { network, v4, v6, canary, database: excerpt_mmdb(directory)? })
    }

    fn both(&self) -> [IpAddr; 2] {
        [self.v4.into(), self.v6.into()]
    }
}

/// The body of a good result that mentions this text wherever a client may write some.
fn result_that_says(text: &str) -> String {
    serde_json::json!({
        "telemetry_enabled": true, "timestamp": text, "note": text, "user": {"address": text},
        "server_info": {"server_name": text},
        "results": {
            "test_type": "single", "note": text, "client_version": text,
            "grades": {"overall": "B", "download": "A", "upload": "B", "bidirectional": "C"},
            "metrics": {"baseline_latency_ms": 18, "download_latency_increase_ms": 45,
                "upload_latency_increase_ms": 67, "bidirectional_latency_increase_ms": 89,
                "download_throughput_mbps": 95.3, "upload_throughput_mbps": 12.7, "test_duration_seconds": 40,
                "from": text}}})
    .to_string()
}
