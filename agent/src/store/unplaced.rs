//! How many results came from addresses that no database can place, so that only `asn.home_asn` could.

use std::net::{Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use rusqlite::Connection;

use super::{StoreFault, lookup};

/// Private (RFC 1918), shared (RFC 6598) and unique local (RFC 4193) addresses: what customers of a provider have.
const PREFIXES: [IpNet; 5] = [
    IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::new(10, 0, 0, 0), 8)),
    IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::new(172, 16, 0, 0), 12)),
    IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::new(192, 168, 0, 0), 16)),
    IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::new(100, 64, 0, 0), 10)),
    IpNet::V6(Ipv6Net::new_assert(Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7)),
];

/// Counts the results in the history that are of no network for that reason.
///
/// # Errors
/// [`StoreFault`] if they cannot be read.
pub fn count(connection: &Connection) -> Result<u64, StoreFault> {
    let mut statement =
        connection.prepare("SELECT count(*) FROM history WHERE asn IS NULL AND client_ip BETWEEN ?1 AND ?2")?;
    let mut sum = 0;
    for prefix in PREFIXES {
        sum += statement.query_row(<[_; 2]>::from(lookup::range(prefix)), |row| row.get::<_, u64>(0))?;
    }
    Ok(sum)
}
