//! Addresses that no database can place.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The well-known NAT64 prefix 64:ff9b::/96 (RFC 6052).
const NAT64: u128 = 0x0064_ff9b_u128 << 96;

/// True for addresses that are only meaningful inside a network: private (RFC 1918), shared (RFC 6598), link-local,
/// loopback, unspecified, and unique local (RFC 4193).
pub(super) fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            let shared = address.to_bits() >> 22 == Ipv4Addr::new(100, 64, 0, 0).to_bits() >> 22;
            address.is_private()
                || shared
                || address.is_link_local()
                || address.is_loopback()
                || address.is_unspecified()
        }
        IpAddr::V6(address) => {
            address.is_unique_local()
                || address.is_unicast_link_local()
                || address.is_loopback()
                || address.is_unspecified()
        }
    }
}

/// The IPv4 address inside a NAT64 address.
pub(super) fn nat64(address: IpAddr) -> Option<IpAddr> {
    let IpAddr::V6(address) = address else { return None };
    let bits = Ipv6Addr::to_bits(address);
    #[expect(clippy::cast_possible_truncation, reason = "the lowest 32 bits are the IPv4 address")]
    let inner = bits as u32;
    (bits >> 32 == NAT64 >> 32).then(|| IpAddr::V4(Ipv4Addr::from_bits(inner)))
}
