//! What the support desk needs: networks with names, and a key that only it knows.

use std::io::ErrorKind;

use intake::asn::AsnDatabase;
use intake::clock::Clock;

use super::check::Check;
use crate::config::Config;
use crate::support_key::SupportKey;

/// Age from which on an ASN database is old, in days: networks change hands every week.
const OLD_DAYS: i64 = 60;

pub(super) fn asn_database(config: &Config, clock: &dyn Clock) -> Check {
    const CHECK: &str = "asn database";
    let advice = "deploy/asn/README.md says where to get one; without it public addresses count for no network";
    if config.asn.database.is_empty() {
        return Check::warn(CHECK, "asn.database is not set", advice);
    }
    match AsnDatabase::open(config.asn.clone()) {
        Err(error) => {
            let why = std::error::Error::source(&error).map_or_else(String::new, |source| format!(": {source}"));
            Check::fail(CHECK, format!("{error}{why}"), advice)
        }
        Ok(database) => match database.database_day() {
            None => Check::ok(CHECK, "can be read; it does not say of which day it is"),
            Some(day) => {
                let age = i64::from(clock.hour().day().0) - i64::from(day.0);
                let says = format!("{age} days old");
                if age > OLD_DAYS {
                    Check::warn(CHECK, says, "replace the file every month; a running agent takes it up")
                } else {
                    Check::ok(CHECK, says)
                }
            }
        },
    }
}

pub(super) fn support_key(config: &Config) -> Check {
    const CHECK: &str = "support key";
    let key = SupportKey::of(&config.support, &config.data_dir);
    // To ask for a key that is not there would make it.
    if let SupportKey::File(path) = &key
        && std::fs::metadata(path).is_err_and(|error| error.kind() == ErrorKind::NotFound)
    {
        let says = format!("there is none yet: {}", path.display());
        return Check::warn(CHECK, says, "the agent makes it at its next start; until then the support desk is closed");
    }
    match (key.current(), &key) {
        (Ok(_), SupportKey::File(path)) => Check::ok(CHECK, format!("in {}, private", path.display())),
        (Ok(_), SupportKey::Text(_)) => Check::ok(CHECK, "in the configuration"),
        (Err(error), _) => {
            let why = std::error::Error::source(&error).map_or_else(String::new, |source| format!(": {source}"));
            Check::fail(CHECK, format!("{error}{why}"), "until then the support desk is closed")
        }
    }
}
