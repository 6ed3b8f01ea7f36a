//! What files, databases and keys look like at this moment: what `check-config` tells beside the values.

use std::net::IpAddr;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use intake::asn::AsnDatabase;
use intake::clock::Clock;
use rusqlite::Connection;

use super::finding::Finding;
use super::load::Loaded;
use super::secret_file::OTHERS;
use super::{Config, Hidden, LOCALHOST};
use crate::store::{database_path, imports, schema, unplaced};

/// Age at which an ASN database is called old, in days: networks change hands every week.
const OLD_DATABASE_DAYS: i64 = 90;

/// Secrets shorter than this can be guessed, in characters.
const SHORT_SECRET_CHARS: usize = 16;

/// Bits of a file's mode for users who are neither its owner nor in its group.
const EVERYBODY: u32 = 0o007;

/// The secrets of the old program's sample file, which everybody knows.
const KNOWN_SECRETS: [&str; 2] = ["your-webhook-secret-key", "your-api-key-for-telemetry-access"];

/// All of them. Opens the ASN database and the agent's own, which may take a second.
pub(super) fn all(loaded: &Loaded, clock: &dyn Clock) -> Vec<Finding> {
    let mut found = quick(loaded);
    found.extend(home(&loaded.config));
    found.extend(asn_database(&loaded.config, clock));
    found
}

/// Those that are known at once.
pub(super) fn quick(loaded: &Loaded) -> Vec<Finding> {
    let config = &loaded.config;
    let mut found = Vec::new();
    if loaded.file.is_none() {
        found.push(Finding::note(
            super::USUAL_FILE,
            "is not there: the values are defaults, the old program's file and variables",
        ));
    }
    found.extend(upload(config));
    found.extend(webhook(config));
    found.extend(secrets(loaded));
    if config.legacy_file != Config::default().legacy_file && !config.legacy_file.as_os_str().is_empty() {
        let there = config.legacy_file.exists();
        found.extend((!there).then(|| Finding::warning("legacy_file", "is set, and there is no such file")));
    }
    found.extend(legacy_database(config));
    found
}

fn upload(config: &Config) -> Option<Finding> {
    let Some(warehouse) = &config.warehouse else {
        return Some(Finding::note("warehouse", "is not set: results stay here"));
    };
    if !config.telemetry {
        return Some(Finding::note("telemetry", "is false: results stay here, and nothing of them is ever uploaded"));
    }
    warehouse.secret().err().map(|error| Finding::broken("warehouse.secret_file", format!("{error:#}")))
}

/// The old program's database, if it is there and was not imported.
fn legacy_database(config: &Config) -> Option<Finding> {
    let path = config.legacy_database.canonicalize().ok().filter(|path| path.is_file())?;
    let imported = open(config).is_some_and(|connection| imports::is_finished(&connection, &path).unwrap_or(false));
    (!imported).then(|| {
        let says = format!(
            "the old program's results are there: `agent import-legacy {}` takes them into the history (they are never \
             uploaded); legacy_database = \"\" ends this hint",
            path.display()
        );
        Finding::note("legacy_database", says)
    })
}

/// The agent's database, for reading; none if there is none that can be read.
fn open(config: &Config) -> Option<Connection> {
    schema::open_read_only(&database_path(&config.data_dir)).ok()
}

fn home(config: &Config) -> Option<Finding> {
    if config.asn.home_asn.is_some() {
        return None;
    }
    let says = match unplaced(config) {
        Some(results @ 1..) => format!(
            "is not set, and {results} results of the history came from private or CGNAT addresses: they count for no \
             network"
        ),
        _ => "is not set: results from private or CGNAT addresses count for no network".to_owned(),
    };
    Some(Finding::warning("asn.home_asn", says))
}

fn asn_database(config: &Config, clock: &dyn Clock) -> Option<Finding> {
    let subject = "asn.database";
    if config.asn.database.is_empty() {
        return Some(Finding::warning(subject, "is not set: results from public addresses count for no network"));
    }
    match AsnDatabase::open(config.asn.clone()) {
        Err(error) => {
            let why = std::error::Error::source(&error).map_or_else(String::new, |source| format!(": {source}"));
            Some(Finding::broken(subject, format!("{error}{why}")))
        }
        Ok(database) => {
            let built = database.database_day()?;
            let age_days = i64::from(clock.hour().day().0) - i64::from(built.0);
            let says = format!("is {age_days} days old: networks have changed since; replace it every month");
            (age_days > OLD_DATABASE_DAYS).then(|| Finding::warning(subject, says))
        }
    }
}

/// Results that only `home_asn` could have placed; none if there is no database that can be read.
fn unplaced(config: &Config) -> Option<u64> {
    unplaced::count(&open(config)?).ok()
}

fn webhook(config: &Config) -> Vec<Finding> {
    let Some(webhook) = &config.webhook else { return Vec::new() };
    let mut found = Vec::new();
    match crate::webhook::keys(webhook) {
        Err(error) => found.push(Finding::broken("webhook.secret_file", format!("{error:#}"))),
        Ok(None) => found.push(Finding::warning(
            "webhook.secret_file",
            "is not set: deliveries are not signed, and whoever finds the URL can send false ones",
        )),
        Ok(Some(_)) => {}
    }
    let plain = webhook.endpoint().is_ok_and(|url| {
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
        let loopback = host.parse().map_or(host == LOCALHOST, |ip: IpAddr| ip.to_canonical().is_loopback());
        url.scheme() == "http" && !loopback
    });
    if plain {
        found.push(Finding::warning(
            "webhook.url",
            "is plain http: everybody on the way reads the addresses of clients",
        ));
    }
    found
}

fn secrets(loaded: &Loaded) -> Vec<Finding> {
    let config = &loaded.config;
    let webhook = config.webhook.as_ref().and_then(|webhook| webhook.secret.as_ref());
    let mut found = Vec::new();
    for (key, secret) in [("webhook.secret", webhook), ("support.key", config.support.key.as_ref())] {
        let Some(secret) = secret.map(Hidden::reveal) else { continue };
        if KNOWN_SECRETS.contains(&secret) {
            found.push(Finding::warning(key, "is the one of the sample file, which everybody knows: make your own"));
        } else if secret.chars().count() < SHORT_SECRET_CHARS {
            let says = format!("is shorter than {SHORT_SECRET_CHARS} characters: it can be guessed");
            found.push(Finding::warning(key, says));
        }
        if let Some(path) = loaded.origin(key).file()
            && is_open_to(EVERYBODY, path)
        {
            let says =
                format!("stands in {0}, which everybody on this machine can read: chmod o-r {0}", path.display());
            found.push(Finding::warning(key, says));
        }
    }
    let key_file = config.support.key_file.as_deref().filter(|path| is_open_to(OTHERS, path));
    found.extend(key_file.map(|path| {
        Finding::broken("support.key_file", format!("{0} is readable by others: chmod 600 {0}", path.display()))
    }));
    found
}

/// True if the file is there and these can do something with it.
fn is_open_to(who: u32, path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|file| file.mode() & who != 0)
}
