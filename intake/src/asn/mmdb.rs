//! MaxMind databases, mapped into memory: the pages are the system's file cache, not the program's memory.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use maxminddb::{MaxMindDbError, Mmap, PathElement, Reader, WithinOptions};
use serde::{Deserialize, Deserializer, de};
use wire::{Asn, Country, Day, Hour};

use super::AsnFault;
use super::source::Network;

/// A mapped database.
pub(super) struct Mmdb {
    path: PathBuf,
    reader: Reader<Mmap>,
}

/// The members that the known databases use for a network.
#[derive(Deserialize)]
struct Entry<'a> {
    /// GeoLite2-ASN, DB-IP ASN Lite.
    autonomous_system_number: Option<u32>,
    #[serde(borrow)]
    autonomous_system_organization: Option<&'a str>,
    /// IPinfo Lite.
    #[serde(default)]
    asn: Option<PrefixedAsn>,
    as_name: Option<&'a str>,
    country_code: Option<&'a str>,
}

/// `AS13335`, as IPinfo writes it.
struct PrefixedAsn(u32);

impl<'de> Deserialize<'de> for PrefixedAsn {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <&str>::deserialize(deserializer)?;
        let digits = text.strip_prefix("AS").unwrap_or(text);
        digits.parse().map(Self).map_err(de::Error::custom)
    }
}

impl Mmdb {
    pub(super) fn open(path: &Path) -> Result<Self, AsnFault> {
        #[expect(unsafe_code, reason = "operators replace databases by rename, which leaves the mapped file unchanged")]
        // SAFETY: the mapping is read-only. A file that is cut short while it is mapped would end the program with
        // SIGBUS; the documentation asks for replacement by rename.
        let opened = unsafe { Reader::open_mmap(path) };
        let reader = opened.map_err(|source| match source {
            MaxMindDbError::Io(source) => AsnFault::Read { path: path.to_owned(), source },
            source => AsnFault::Mmdb { path: path.to_owned(), source },
        })?;
        Ok(Self { path: path.to_owned(), reader })
    }

    pub(super) fn network(&self, address: IpAddr) -> Option<Network> {
        // A damaged entry is a miss: one bad page must not stop the intake. `asn-build` and `doctor` verify whole files.
        let entry: Entry<'_> = self.reader.lookup(address).ok()?.decode().ok()??;
        let number = entry.autonomous_system_number.or(entry.asn.map(|asn| asn.0))?;
        let name = entry.autonomous_system_organization.or(entry.as_name).map(Into::into);
        let country = entry.country_code.and_then(|code| Country::parse(code).ok());
        Some((Asn::new(number)?, name, country))
    }

    pub(super) fn country(&self, address: IpAddr) -> Option<Country> {
        let found = self.reader.lookup(address).ok()?;
        let flat = || found.decode_path::<&str>(&[PathElement::Key("country_code")]).ok().flatten();
        let nested =
            || found.decode_path::<&str>(&[PathElement::Key("country"), PathElement::Key("iso_code")]).ok().flatten();
        flat().or_else(nested).and_then(|code| Country::parse(code).ok())
    }

    pub(super) fn day(&self) -> Day {
        let built = i64::try_from(self.reader.metadata().build_epoch).unwrap_or(0);
        Hour::of_unix_s(built).day()
    }

    pub(super) fn for_each(&self, visit: &mut dyn FnMut(Asn, &str)) -> Result<(), AsnFault> {
        let fault = |source| AsnFault::Mmdb { path: self.path.clone(), source };
        for network in self.reader.networks(WithinOptions::default()).map_err(fault)? {
            let Some(entry) = network.map_err(fault)?.decode::<Entry<'_>>().map_err(fault)? else { continue };
            let number = entry.autonomous_system_number.or(entry.asn.map(|asn| asn.0));
            let name = entry.autonomous_system_organization.or(entry.as_name);
            if let (Some(asn), Some(name)) = (number.and_then(Asn::new), name) {
                visit(asn, name);
            }
        }
        Ok(())
    }
}
