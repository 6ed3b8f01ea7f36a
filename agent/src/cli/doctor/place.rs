//! Where the agent lives: its directory, disk and database, and whether it runs.

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::unix::fs::MetadataExt as _;
use std::sync::mpsc;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode};

use super::check::Check;
use super::reach;
use crate::cli::database::{self, owner};
use crate::cli::status::{database_bytes, free_bytes};
use crate::cli::words::bytes;
use crate::config::Config;
use crate::lock::DataLock;
use crate::store::{database_path, schema};

/// Longest time that the database is examined.
const EXAMINATION: Duration = Duration::from_secs(20);

/// Faults of the database that are shown.
const MOST_FAULTS: u32 = 5;

/// Below this the disk is as good as full, in bytes.
const FULL_BYTES: u64 = 32 << 20;

/// What the history, the log and the queue of deliveries may grow by beside the outbox, in bytes.
const BESIDE_OUTBOX_BYTES: u64 = 256 << 20;

pub(super) fn checks(config: &Config) -> Vec<Check> {
    let directory = directory(config);
    if config.data_dir.exists() {
        vec![directory, disk(config), sound(config), agent(config)]
    } else {
        vec![directory, agent(config)]
    }
}

fn directory(config: &Config) -> Check {
    const CHECK: &str = "data directory";
    let place = config.data_dir.display();
    let found = match std::fs::metadata(&config.data_dir) {
        Ok(found) => found,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let advice =
                "the agent makes it at its first start; if it has run before, data_dir is another directory now";
            return Check::warn(CHECK, format!("{place} is not there"), advice);
        }
        Err(error) => {
            let advice = "data_dir names it";
            return Check::fail(CHECK, format!("{place}: {error}"), advice);
        }
    };
    if !found.is_dir() {
        return Check::fail(CHECK, format!("{place} is no directory"), "set data_dir to another place");
    }
    let user = owner(&config.data_dir).unwrap_or_default();
    if std::fs::read_dir(&config.data_dir).is_err() {
        let advice = format!("run the doctor as that user: sudo -u {user} agent doctor");
        return Check::fail(CHECK, format!("{place} belongs to the user {user}, and this one may not read it"), advice);
    }
    if let Err(error) = rustix::fs::access(&config.data_dir, rustix::fs::Access::WRITE_OK) {
        let advice = "results cannot be kept: is the disk mounted read-only?";
        return Check::fail(CHECK, format!("{place} cannot be written: {error}"), advice);
    }
    if found.mode() & 0o077 != 0 {
        let advice = format!("chmod 700 {place}");
        return Check::warn(CHECK, format!("{place} is open to others, and addresses lie in it"), advice);
    }
    Check::ok(CHECK, format!("{place}, of the user {user}"))
}

fn disk(config: &Config) -> Check {
    const CHECK: &str = "disk";
    let Some(free) = free_bytes(&config.data_dir) else {
        return Check::warn(CHECK, format!("the disk of {} cannot be looked at", config.data_dir.display()), "");
    };
    let says = format!("{} free", bytes(free));
    let wanted = config.outbox.max_bytes + BESIDE_OUTBOX_BYTES;
    if free < FULL_BYTES {
        Check::fail(CHECK, says, "make room: results are refused once the disk is full")
    } else if free < wanted {
        Check::warn(CHECK, says, format!("outbox and history may grow by {}", bytes(wanted)))
    } else {
        Check::ok(CHECK, says)
    }
}

fn sound(config: &Config) -> Check {
    const CHECK: &str = "database";
    let path = database_path(&config.data_dir);
    if !path.exists() && std::fs::read_dir(&config.data_dir).is_ok() {
        let advice = "the agent makes it at its first start";
        return Check::warn(CHECK, format!("there is none yet: {}", path.display()), advice);
    }
    let connection = match database::read(&config.data_dir) {
        Ok(connection) => connection,
        Err(error) => return Check::fail(CHECK, format!("{error:#}"), ""),
    };
    let size = bytes(database_bytes(&path));
    match faults(connection) {
        Ok(Some(faults)) if faults.is_empty() => {
            Check::ok(CHECK, format!("sound; {size}, version {}", schema::VERSION))
        }
        Ok(Some(faults)) => {
            let advice = "stop the agent, copy the directory, start it: it sets the damaged part aside";
            Check::fail(CHECK, format!("damaged: {}", faults.join("; ")), advice)
        }
        Ok(None) => {
            let says = format!("{size}; no fault found in {} s, and not looked at to its end", EXAMINATION.as_secs());
            Check::warn(CHECK, says, "run the doctor again when the disk is quiet")
        }
        Err(error) => {
            let error = database::explain(&path, error.into());
            Check::fail(CHECK, format!("cannot be examined: {error:#}"), "")
        }
    }
}

/// What SQLite finds wrong; none if there was not time enough.
fn faults(connection: Connection) -> rusqlite::Result<Option<Vec<String>>> {
    let handle = connection.get_interrupt_handle();
    let (done, finished) = mpsc::channel::<()>();
    let timer = std::thread::spawn(move || {
        if finished.recv_timeout(EXAMINATION) == Err(mpsc::RecvTimeoutError::Timeout) {
            handle.interrupt();
        }
    });
    let examine = || -> rusqlite::Result<Vec<String>> {
        let mut statement = connection.prepare(&format!("PRAGMA quick_check({MOST_FAULTS})"))?;
        let lines: Vec<String> = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
        Ok(lines.into_iter().filter(|line| line != "ok").collect())
    };
    let found = examine();
    drop(done);
    let _ = timer.join();
    match found {
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::OperationInterrupted) => Ok(None),
        found => found.map(Some),
    }
}

fn agent(config: &Config) -> Check {
    const CHECK: &str = "agent";
    match DataLock::is_held(&config.data_dir) {
        Ok(true) => {}
        Ok(false) => return Check::warn(CHECK, "does not run", "systemctl start bufferlake-agent"),
        Err(error) => return Check::warn(CHECK, format!("cannot see whether it runs: {error}"), ""),
    }
    let address = own(config.listen);
    match reach::health(address) {
        Ok((200, health)) => {
            let version = health["version"].as_str().unwrap_or("of unknown version").to_owned();
            let says = format!("runs (version {version}) and takes results at {}", config.listen);
            if version == env!("CARGO_PKG_VERSION") {
                Check::ok(CHECK, says)
            } else {
                Check::warn(
                    CHECK,
                    format!("{says}; this program is {}", env!("CARGO_PKG_VERSION")),
                    "restart the agent",
                )
            }
        }
        Ok((status, _)) => {
            let advice = "its log says why: journalctl -u bufferlake-agent";
            Check::fail(CHECK, format!("runs and takes no results (status {status} at {address})"), advice)
        }
        Err(why) => {
            let advice = "is `listen` the one it was started with? Restart it after a change; its log says more";
            Check::fail(CHECK, format!("runs, and does not answer at {address}: {why}"), advice)
        }
    }
}

/// The address at which a listener on all addresses is reached from here.
fn own(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}
