//! The ASN look-up on one core, with the real database mapped.

use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use intake::asn::{AsnConfig, AsnDatabase};
use intake::client::ClientAddress;

use super::Settings;
use super::report::{Goal, Row};
use crate::asn_data;
use crate::simulator::dice::Dice;

/// What must be reached, in look-ups a second on a core.
const GOAL: f64 = 2e6;
/// Different addresses, spread over all of IPv4 so that caches help no more than in the field.
const ADDRESSES: usize = 200_000;
/// How long each is measured.
const TIME: Duration = Duration::from_secs(3);

/// Measures it.
pub(super) fn measure(settings: &Settings) -> anyhow::Result<Vec<Row>> {
    let mmdb = asn_data::real_mmdb(Path::new("target/asn"))?;
    let mut dice = Dice::of(&[settings.seed, 0xA5]);
    let addresses: Vec<IpAddr> =
        (0..ADDRESSES).map(|_| Ipv4Addr::from(u32::try_from(dice.below(1 << 32)).unwrap_or_default()).into()).collect();

    let ours = AsnDatabase::open(AsnConfig { database: vec![mmdb.clone()], ..AsnConfig::default() })?;
    let rate = rate(&addresses, |address| {
        black_box(ours.lookup(ClientAddress::new(address)));
    });
    let hits = addresses.iter().filter(|address| ours.lookup(ClientAddress::new(**address)).asn.is_some()).count();
    anyhow::ensure!(hits * 2 > ADDRESSES, "only {hits} of {ADDRESSES} addresses were found");

    let reader = maxminddb::Reader::open_readfile(&mmdb).context("opening the database for the peer")?;
    let peer = self::rate(&addresses, |address| {
        let found = reader.lookup(address).ok().and_then(|found| found.decode::<maxminddb::geoip2::Asn<'_>>().ok());
        black_box(found);
    });
    Ok(vec![
        Row::new("asn_lookup.rate", rate, "look-ups/s on a core")
            .with_goal(Goal::AtLeast(GOAL))
            .with_peer("maxminddb, same file, decoding number and name", peer),
    ])
}

fn rate(addresses: &[IpAddr], look_up: impl Fn(IpAddr)) -> f64 {
    let began = Instant::now();
    let mut count = 0_u32;
    while began.elapsed() < TIME {
        for address in addresses {
            look_up(*address);
        }
        count += 1;
    }
    #[expect(clippy::cast_precision_loss, reason = "a constant")]
    let each = ADDRESSES as f64;
    f64::from(count) * each / began.elapsed().as_secs_f64()
}
