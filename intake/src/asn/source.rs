//! One database, whatever its format.

use std::net::IpAddr;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use wire::{Asn, Country, Day};

use super::AsnFault;
use super::mmdb::Mmdb;
use super::ranges::Ranges;

/// A network with its organisation's name and a country, as a database tells them.
pub(super) type Network = (Asn, Option<Box<str>>, Option<Country>);

/// An opened database.
pub(super) enum Source {
    Mmdb(Mmdb),
    Ranges(Ranges),
}

impl Source {
    /// Opens one `.mmdb`, or one or more range CSVs.
    pub(super) fn open(paths: &[PathBuf]) -> Result<Self, AsnFault> {
        match paths {
            [path] if is_mmdb(path) => Mmdb::open(path).map(Self::Mmdb),
            paths => Ranges::open(paths).map(Self::Ranges),
        }
    }

    pub(super) fn network(&self, address: IpAddr) -> Option<Network> {
        match self {
            Self::Mmdb(mmdb) => mmdb.network(address),
            Self::Ranges(ranges) => {
                let (asn, name) = ranges.network(address)?;
                Some((asn, Some(name.into()), None))
            }
        }
    }

    pub(super) fn country(&self, address: IpAddr) -> Option<Country> {
        match self {
            Self::Mmdb(mmdb) => mmdb.country(address),
            Self::Ranges(_) => None,
        }
    }

    pub(super) fn day(&self) -> Option<Day> {
        match self {
            Self::Mmdb(mmdb) => Some(mmdb.day()),
            Self::Ranges(ranges) => ranges.day(),
        }
    }

    /// Calls `visit` for every range or prefix of the database.
    pub(super) fn for_each(&self, visit: &mut dyn FnMut(Asn, &str)) -> Result<(), AsnFault> {
        match self {
            Self::Mmdb(mmdb) => mmdb.for_each(visit),
            Self::Ranges(ranges) => {
                ranges.for_each(visit);
                Ok(())
            }
        }
    }
}

fn is_mmdb(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("mmdb"))
}

/// What files look like from outside: if it changes, they have been replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fingerprint(Vec<(u64, u64, i64, i64)>);

impl Fingerprint {
    /// Inode, length and time of each file; none if one is missing, as in the middle of a replacement.
    pub(super) fn of(paths: &[PathBuf]) -> Option<Self> {
        let look = |path: &PathBuf| {
            let found = std::fs::metadata(path).ok()?;
            Some((found.ino(), found.len(), found.mtime(), found.mtime_nsec()))
        };
        paths.iter().map(look).collect::<Option<Vec<_>>>().map(Self)
    }
}
