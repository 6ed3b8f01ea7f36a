//! Results that are told apart by their numbers.

use std::net::{IpAddr, Ipv4Addr};

use intake::asn::AsnFinding;
use intake::client::ClientAddress;
use intake::submission::{Parsed, parse};
use wire::AsnOutcome;

use crate::store::accept::Incoming;

/// The client of result `number`.
pub(super) fn client(number: u32) -> IpAddr {
    Ipv4Addr::from(0x4900_0000 + number).into()
}

/// What stands for the keyed hashes of result `number` and its client.
pub(super) fn key(number: u32) -> [u8; 16] {
    let mut key = [0; 16];
    key[..4].copy_from_slice(&number.to_be_bytes());
    key
}

/// Result `number`, which its two throughputs carry.
pub(in super::super) fn incoming(number: u32) -> Incoming {
    let (download, upload) = (100 + number / 900, 100 + number % 900);
    let body = format!(
        r#"{{"results":{{"test_type":"single","metrics":{{"baseline_latency_ms":20,"download_latency_increase_ms":10,"upload_latency_increase_ms":30,"download_throughput_mbps":{download},"upload_throughput_mbps":{upload}}}}}}}"#
    );
    let Ok(Parsed::Kept(submission)) = parse(body.as_bytes()) else { panic!("a good body is refused") };
    let key = key(number);
    Incoming {
        client: ClientAddress::new(client(number)),
        client_tag: key,
        vote_key: key,
        retry_key: key,
        submission,
        finding: AsnFinding { asn: None, outcome: AsnOutcome::Miss, name: None, country: None, database_day: None },
        user_agent: None,
    }
}
