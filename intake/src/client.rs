//! Who is on the other end: the client's address behind the proxies that are trusted.
//!
//! Every hop appends the address it saw to the right of `X-Forwarded-For`, so that only the right-most entries were
//! written by proxies that we trust, and everything left of the first untrusted one is the client's own claim.

mod forwarded;

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use axum::http::HeaderMap;
use ipnet::IpNet;
use wire::IpVersion;

/// Most hops that are looked at: the bound of the work that a header can cause.
const MAX_HOPS: usize = 32;

/// A client's address. `Debug` and `Display` do not show it, so that it reaches no log by accident.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ClientAddress(IpAddr);

impl ClientAddress {
    /// Takes an address; an IPv4 address mapped into IPv6 becomes the IPv4 address that it is.
    #[must_use]
    pub fn new(address: IpAddr) -> Self {
        Self(address.to_canonical())
    }

    /// The address itself. Call it only to look the address up or to keep it in the agent's own history.
    #[must_use]
    pub fn ip(self) -> IpAddr {
        self.0
    }

    /// The version of the Internet Protocol of the address.
    #[must_use]
    pub fn ip_version(self) -> IpVersion {
        match self.0 {
            IpAddr::V4(_) => IpVersion::V4,
            IpAddr::V6(_) => IpVersion::V6,
        }
    }

    /// What counts as one client: the IPv4 address, or the IPv6 prefix of `ipv6_prefix_bits` bits.
    #[must_use]
    pub fn unit(self, ipv6_prefix_bits: u8) -> ClientUnit {
        ClientUnit(match self.0 {
            IpAddr::V4(address) => IpAddr::V4(address),
            IpAddr::V6(address) => {
                let kept = u32::from(ipv6_prefix_bits.min(128));
                let mask = u128::MAX.checked_shl(128 - kept).unwrap_or(0);
                IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & mask))
            }
        })
    }
}

impl fmt::Debug for ClientAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientAddress(hidden)")
    }
}

/// What counts as one client: an IPv4 address or an IPv6 prefix. `Debug` does not show it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ClientUnit(IpAddr);

impl ClientUnit {
    /// The bytes from which a keyed hash of the client is made: the version, then the address.
    #[must_use]
    pub fn key_bytes(self) -> [u8; 17] {
        let mut bytes = [0; 17];
        match self.0 {
            IpAddr::V4(address) => {
                bytes[0] = 4;
                bytes[1..5].copy_from_slice(&address.octets());
            }
            IpAddr::V6(address) => {
                bytes[0] = 6;
                bytes[1..].copy_from_slice(&address.octets());
            }
        }
        bytes
    }
}

impl fmt::Debug for ClientUnit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientUnit(hidden)")
    }
}

/// The text is neither an address nor a prefix.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is neither an IP address nor a prefix such as 10.0.0.0/8")]
pub struct BadPrefix(pub String);

/// The proxies whose word about the client is believed.
#[derive(Debug, Clone)]
pub struct TrustedProxies(Vec<IpNet>);

impl Default for TrustedProxies {
    /// Loopback only: the web server on the same machine.
    fn default() -> Self {
        let v4 = IpNet::new_assert(IpAddr::V4(Ipv4Addr::new(127, 0, 0, 0)), 8);
        let v6 = IpNet::new_assert(IpAddr::V6(Ipv6Addr::LOCALHOST), 128);
        Self(vec![v4, v6])
    }
}

impl TrustedProxies {
    /// Loopback, and these addresses or prefixes.
    ///
    /// # Errors
    /// [`BadPrefix`] names the first text that is neither.
    pub fn parse<'a>(prefixes: impl IntoIterator<Item = &'a str>) -> Result<Self, BadPrefix> {
        let mut trusted = Self::default();
        for text in prefixes {
            let prefix = text
                .trim()
                .parse::<IpNet>()
                .or_else(|_| text.trim().parse::<IpAddr>().map(IpNet::from))
                .map_err(|_| BadPrefix(text.to_owned()))?;
            trusted.0.push(prefix);
        }
        Ok(trusted)
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|prefix| prefix.contains(&address))
    }

    /// The client of a request: the peer, or, if the peer is a trusted proxy, the right-most hop that is not one.
    ///
    /// `X-Forwarded-For` is read if there is one, else `Forwarded` (RFC 7239). A hop that is no address (`unknown`, an
    /// obfuscated name, garbage) ends the walk: the last address before it is the best that trusted proxies vouch for.
    #[must_use]
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> ClientAddress {
        let mut client = peer.to_canonical();
        if self.trusts(client) {
            for hop in forwarded::hops_from_the_right(headers).take(MAX_HOPS) {
                let Some(address) = hop else { break };
                client = address;
                if !self.trusts(client) {
                    break;
                }
            }
        }
        ClientAddress::new(client)
    }

    /// True if a trusted proxy says that the client came to it over https. The first hop of `X-Forwarded-Proto` is the
    /// one nearest to the client; who forges it spoils only an answer to himself.
    #[must_use]
    pub fn came_over_https(&self, peer: IpAddr, headers: &HeaderMap) -> bool {
        let said = headers.get("x-forwarded-proto").and_then(|value| value.to_str().ok()).unwrap_or_default();
        let nearest = said.split(',').next().unwrap_or_default().trim();
        self.trusts(peer.to_canonical()) && nearest.eq_ignore_ascii_case("https")
    }
}

#[cfg(test)]
mod tests;
