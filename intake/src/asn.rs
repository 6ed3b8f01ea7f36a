//! Which network and which country an address belongs to.
//!
//! The order of the questions: a prefix that the operator overrides; a private or shared address, which belongs to the
//! operator's home network if there is one; the IPv4 address inside a NAT64 address; then the database. The outcome is
//! always said, so that "unknown" is never an ambiguous 0.

mod build;
mod config;
mod mmdb;
mod ranges;
mod reserved;
mod source;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::{Mutex, Weak};
use std::time::Duration;

use arc_swap::ArcSwap;
use ipnet::IpNet;
use wire::{Asn, AsnOutcome, Country, Day};

use crate::client::ClientAddress;

pub use build::{BuildReport, build_mmdb};
pub use config::{AsnConfig, PrefixOverride};
use source::{Fingerprint, Source};

/// What is known of an address's network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AsnFinding {
    /// The network, if it was found.
    pub asn: Option<Asn>,
    /// How it was found, or why not.
    pub outcome: AsnOutcome,
    /// The name of the network's organisation in the database. For the agent's history; never in a record.
    pub name: Option<Box<str>>,
    /// The country of the address.
    pub country: Option<Country>,
    /// Build day of the ASN database, if it was asked.
    pub database_day: Option<Day>,
}

/// Why a database cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum AsnFault {
    /// The file cannot be opened or read.
    #[error("cannot read the ASN database {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The file is no MaxMind database.
    #[error("{path} is not a MaxMind database that can be read")]
    Mmdb {
        /// The file.
        path: PathBuf,
        /// What the reader said.
        #[source]
        source: maxminddb::MaxMindDbError,
    },
    /// A line of a CSV is wrong.
    #[error("{path}, line {line}: {what}")]
    Csv {
        /// The file.
        path: PathBuf,
        /// Its line.
        line: u64,
        /// What was wrong.
        what: String,
    },
    /// The new file cannot be written.
    #[error("cannot write {path}")]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// More networks than a database of this format holds.
    #[error("the ranges make more nodes than the format can address")]
    TooLarge,
}

/// The databases of one moment.
struct Snapshot {
    networks: Option<Source>,
    countries: Option<Source>,
}

/// The look-up, whose databases can be replaced while it works.
pub struct AsnDatabase {
    config: AsnConfig,
    overrides: Vec<(IpNet, Asn)>,
    current: ArcSwap<Snapshot>,
    fingerprints: Mutex<[Option<Fingerprint>; 2]>,
}

impl AsnDatabase {
    /// Opens the databases of the configuration; without a path there is none, and every public address is a miss.
    ///
    /// # Errors
    /// [`AsnFault`] names the file that cannot be used.
    pub fn open(config: AsnConfig) -> Result<Self, AsnFault> {
        let fingerprints = config.fingerprints();
        let snapshot = Snapshot::open(&config)?;
        let mut overrides: Vec<_> = config.overrides.iter().map(|entry| (entry.prefix.trunc(), entry.asn)).collect();
        // The longest prefix wins, as in routing.
        overrides.sort_by_key(|(prefix, _)| std::cmp::Reverse(prefix.prefix_len()));
        Ok(Self { config, overrides, current: ArcSwap::from_pointee(snapshot), fingerprints: Mutex::new(fingerprints) })
    }

    /// Opens the databases again if a file has been replaced; true if so. Replace them by renaming a whole new file
    /// over the old one: a file that is written in place is read while it changes.
    ///
    /// # Errors
    /// [`AsnFault`] if the new file cannot be used. The old one stays in use, and the next call tries again.
    pub fn refresh(&self) -> Result<bool, AsnFault> {
        let mut known = self.fingerprints.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let found = self.config.fingerprints();
        if *known == found {
            return Ok(false);
        }
        self.current.store(Snapshot::open(&self.config)?.into());
        *known = found;
        Ok(true)
    }

    /// Takes up replaced files every `interval`, for as long as somebody else holds the database. `failed` is called
    /// for each new file that cannot be used, after it was logged.
    pub async fn follow(database: Weak<Self>, interval: Duration, failed: impl Fn()) {
        let mut ticks = tokio::time::interval(interval);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let Some(database) = database.upgrade() else { return };
            match tokio::task::spawn_blocking(move || database.refresh()).await {
                Ok(Ok(true)) => tracing::info!("the ASN database was replaced"),
                Ok(Ok(false)) | Err(_) => {}
                Ok(Err(error)) => {
                    tracing::error!(
                        error = &error as &dyn std::error::Error,
                        "the new ASN database cannot be used; the old one stays"
                    );
                    failed();
                }
            }
        }
    }

    /// Looks an address up.
    #[must_use]
    pub fn lookup(&self, client: ClientAddress) -> AsnFinding {
        let snapshot = self.current.load();
        let address = client.ip();
        let country = snapshot.country(address);
        if let Some((_, asn)) = self.overrides.iter().find(|(prefix, _)| prefix.contains(&address)) {
            return self.named(&snapshot, *asn, country);
        }
        if let Some(inner) = reserved::nat64(address) {
            if !reserved::is_private(inner) {
                let found = snapshot.network(inner);
                return AsnFinding { outcome: AsnOutcome::Nat64, country: snapshot.country(inner), ..found };
            }
        } else if !reserved::is_private(address) {
            let found = snapshot.network(address);
            return AsnFinding { country: country.or(found.country), ..found };
        }
        match self.config.home_asn {
            Some(asn) => self.named(&snapshot, asn, country),
            None => AsnFinding { asn: None, outcome: AsnOutcome::Private, name: None, country, database_day: None },
        }
    }

    /// Build day of the ASN database, if there is one.
    #[must_use]
    pub fn database_day(&self) -> Option<Day> {
        self.current.load().networks.as_ref().and_then(Source::day)
    }

    /// The organisation's name of each network in the ASN database; of several, the most frequent, then the first.
    ///
    /// # Errors
    /// [`AsnFault`] if the database turns out to be damaged on the way.
    pub fn names(&self) -> Result<BTreeMap<Asn, String>, AsnFault> {
        let snapshot = self.current.load();
        let mut counts: BTreeMap<Asn, BTreeMap<String, u64>> = BTreeMap::new();
        if let Some(source) = &snapshot.networks {
            source.for_each(&mut |asn, name| {
                let names = counts.entry(asn).or_default();
                match names.get_mut(name) {
                    Some(count) => *count += 1,
                    None => {
                        names.insert(name.to_owned(), 1);
                    }
                }
            })?;
        }
        let most = |names: BTreeMap<String, u64>| {
            names.into_iter().rev().max_by_key(|(_, count)| *count).map(|(name, _)| name)
        };
        Ok(counts.into_iter().filter_map(|(asn, names)| Some((asn, most(names)?))).collect())
    }

    fn named(&self, snapshot: &Snapshot, asn: Asn, country: Option<Country>) -> AsnFinding {
        let name = self.config.names.get(&asn.get().to_string()).map(|name| name.as_str().into());
        let database_day = snapshot.networks.as_ref().and_then(Source::day);
        AsnFinding { asn: Some(asn), outcome: AsnOutcome::Override, name, country, database_day }
    }
}

impl Snapshot {
    fn open(config: &AsnConfig) -> Result<Self, AsnFault> {
        let networks = if config.database.is_empty() { None } else { Some(Source::open(&config.database)?) };
        let countries = config.country_database.as_ref().map(|path| Source::open(std::slice::from_ref(path)));
        Ok(Self { networks, countries: countries.transpose()? })
    }

    fn network(&self, address: IpAddr) -> AsnFinding {
        let missing =
            AsnFinding { asn: None, outcome: AsnOutcome::Miss, name: None, country: None, database_day: None };
        let Some(source) = &self.networks else { return missing };
        let database_day = source.day();
        match source.network(address) {
            Some((asn, name, country)) => {
                AsnFinding { asn: Some(asn), outcome: AsnOutcome::Hit, name, country, database_day }
            }
            None => AsnFinding { database_day, ..missing },
        }
    }

    fn country(&self, address: IpAddr) -> Option<Country> {
        self.countries.as_ref()?.country(address)
    }
}

impl std::fmt::Debug for AsnDatabase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AsnDatabase").field("config", &self.config).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
