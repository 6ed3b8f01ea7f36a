//! How an operator sets the look-up.

use std::collections::BTreeMap;
use std::path::PathBuf;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use wire::Asn;

use super::source::Fingerprint;

/// The databases and the operator's own knowledge.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AsnConfig {
    /// The ASN database: one `.mmdb` (GeoLite2-ASN, DB-IP ASN Lite, IPinfo Lite, or one made by `asn-build`), or the
    /// range CSVs of `@ip-location-db/asn` (IPv4 and IPv6).
    pub database: Vec<PathBuf>,
    /// A country database (`.mmdb`); without it the country of the ASN database is used, if it has one.
    pub country_database: Option<PathBuf>,
    /// The network of private, shared (CGNAT) and unique local clients.
    pub home_asn: Option<Asn>,
    /// Prefixes whose network the operator knows better than the database.
    pub overrides: Vec<PrefixOverride>,
    /// Names of networks that `home_asn` or an override gives, by number.
    pub names: BTreeMap<String, String>,
}

/// A prefix and its network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PrefixOverride {
    /// Addresses.
    pub prefix: IpNet,
    /// Their network.
    pub asn: Asn,
}

impl AsnConfig {
    /// What the files of both databases look like from outside.
    pub(super) fn fingerprints(&self) -> [Option<Fingerprint>; 2] {
        [Fingerprint::of(&self.database), Fingerprint::of(self.country_database.as_slice())]
    }
}
