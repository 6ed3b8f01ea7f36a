//! Who looked at what: every sign-in, look-up, erasure and refusal at the support desk.
//!
//! An entry is queued for the writer and nobody waits for it, so that a look-up is not slower than the disk; one that could
//! not be written is counted.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use intake::client::ClientAddress;
use intake::clock::Clock;
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use rusqlite::{Connection, Row, named_params};

use super::history::address_bytes;
use super::{Store, StoreFault};

/// Share of the log that refusals may fill.
const REFUSED_SHARE: u64 = 4;

/// Entries between two prunings: the log may be longer than its cap by so many.
const PRUNE_EVERY: i64 = 64;

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Somebody signed in at the page.
    SignIn,
    /// Somebody signed out.
    SignOut,
    /// The newest results of all clients were read.
    Recent,
    /// The results of one address or prefix were read.
    LookUp,
    /// The figures of the store were read.
    Stats,
    /// The audit log was read.
    Audit,
    /// A client was erased. Its address is not in the entry.
    Erase,
    /// Somebody without the key was refused.
    Refused,
    /// A new key was made.
    RotateKey,
}

impl Action {
    const ALL: [Self; 9] = [
        Self::SignIn,
        Self::SignOut,
        Self::Recent,
        Self::LookUp,
        Self::Stats,
        Self::Audit,
        Self::Erase,
        Self::Refused,
        Self::RotateKey,
    ];

    /// Its name in the database and in answers.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SignIn => "sign_in",
            Self::SignOut => "sign_out",
            Self::Recent => "recent",
            Self::LookUp => "look_up",
            Self::Stats => "stats",
            Self::Audit => "audit",
            Self::Erase => "erase",
            Self::Refused => "refused",
            Self::RotateKey => "rotate_key",
        }
    }

    fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.as_str() == name)
    }
}

/// By which way the caller came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Via {
    /// The API, with the key in a header.
    Api,
    /// The page, with the key in the form or a session.
    Page,
    /// A command on this machine.
    Command,
}

impl Via {
    /// Its name in the database and in answers.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Page => "page",
            Self::Command => "command",
        }
    }

    fn parse(name: &str) -> Option<Self> {
        [Self::Api, Self::Page, Self::Command].into_iter().find(|via| via.as_str() == name)
    }
}

/// One line of the log.
#[derive(Clone, PartialEq, Eq)]
pub struct Entry {
    /// When, in Unix milliseconds; 0 until it is noted.
    pub at_ms: i64,
    /// What was done.
    pub action: Action,
    /// By which way.
    pub via: Via,
    /// Whence; none for a command, and once it was erased.
    pub caller: Option<IpAddr>,
    /// The address or prefix that was asked for; none if none was, and once it was erased.
    pub subject: Option<IpNet>,
    /// Rows that were found or erased.
    pub rows: Option<u64>,
}

impl Entry {
    /// An entry about something that this caller did.
    #[must_use]
    pub fn new(action: Action, via: Via, caller: ClientAddress) -> Self {
        Self { at_ms: 0, action, via, caller: Some(caller.ip()), subject: None, rows: None }
    }

    /// What was asked for.
    #[must_use]
    pub fn about(self, subject: IpNet) -> Self {
        Self { subject: Some(subject), ..self }
    }

    /// How many rows were found or erased.
    #[must_use]
    pub fn with_rows(self, rows: u64) -> Self {
        Self { rows: Some(rows), ..self }
    }
}

impl std::fmt::Debug for Entry {
    /// Without the addresses, so that they reach no log by accident.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Entry").field("action", &self.action).field("via", &self.via).finish_non_exhaustive()
    }
}

/// Writes the log of a running agent; clones write the same.
#[derive(Clone)]
pub struct AuditLog {
    store: Store,
    clock: Arc<dyn Clock>,
    max_rows: u64,
}

impl AuditLog {
    /// A log that keeps the newest `max_rows` entries.
    #[must_use]
    pub fn new(store: Store, clock: Arc<dyn Clock>, max_rows: u64) -> Self {
        Self { store, clock, max_rows }
    }

    /// As [`AuditLog::note`], and completes when the entry is durable: for what changes something.
    pub async fn note_durably(&self, entry: Entry) {
        let (max_rows, at_ms) = (self.max_rows, self.clock.now().as_millisecond());
        let noted = self.store.write(move |connection| note(connection, &Entry { at_ms, ..entry }, max_rows)).await;
        if noted.is_err() {
            self.store.gauges().audit_lost.fetch_add(1, Relaxed);
        }
    }

    /// Notes what was done, now. It returns at once; an entry that cannot be written is counted
    /// (`Gauges::audit_lost`).
    pub fn note(&self, entry: Entry) {
        let (max_rows, at_ms) = (self.max_rows, self.clock.now().as_millisecond());
        self.store.write_later(
            |gauges| &gauges.audit_lost,
            move |connection| note(connection, &Entry { at_ms, ..entry }, max_rows),
        );
    }
}

/// Writes an entry and lets the oldest go.
///
/// # Errors
/// [`StoreFault`] if the database does not take it.
pub fn note(connection: &Connection, entry: &Entry, max_rows: u64) -> Result<(), StoreFault> {
    let subject = entry.subject.map(bits);
    connection
        .prepare_cached(
            "INSERT INTO audit (at_ms, action, via, caller_ip, client_ip, prefix_bits, rows)
             VALUES (:at_ms, :action, :via, :caller, :client, :bits, :rows)",
        )?
        .execute(named_params! {
            ":at_ms": entry.at_ms,
            ":action": entry.action.as_str(),
            ":via": entry.via.as_str(),
            ":caller": entry.caller.map(address_bytes),
            ":client": subject.map(|(first, _)| first),
            ":bits": subject.map(|(_, bits)| bits),
            ":rows": entry.rows,
        })?;
    if connection.last_insert_rowid() % PRUNE_EVERY == 0 {
        prune(connection, max_rows)?;
    }
    Ok(())
}

fn prune(connection: &Connection, max_rows: u64) -> Result<(), StoreFault> {
    connection
        .prepare_cached(
            "DELETE FROM audit WHERE action = 'refused'
             AND id <= (SELECT id FROM audit WHERE action = 'refused' ORDER BY id DESC LIMIT 1 OFFSET ?1)",
        )?
        .execute([max_rows / REFUSED_SHARE])?;
    connection
        .prepare_cached("DELETE FROM audit WHERE id <= (SELECT id FROM audit ORDER BY id DESC LIMIT 1 OFFSET ?1)")?
        .execute([max_rows])?;
    Ok(())
}

/// The newest entries, newest first.
///
/// # Errors
/// [`StoreFault`] if they cannot be read.
pub fn recent(connection: &Connection, limit: u32) -> Result<Vec<Entry>, StoreFault> {
    let mut statement = connection.prepare_cached(
        "SELECT at_ms, action, via, caller_ip, client_ip, prefix_bits, rows FROM audit ORDER BY id DESC LIMIT ?1",
    )?;
    let entries = statement.query_map([limit], read)?.collect::<Result<Vec<_>, _>>()?;
    // Entries of a later version of this program are not shown.
    Ok(entries.into_iter().flatten().collect())
}

fn read(row: &Row<'_>) -> rusqlite::Result<Option<Entry>> {
    let (action, via): (String, String) = (row.get(1)?, row.get(2)?);
    let (Some(action), Some(via)) = (Action::parse(&action), Via::parse(&via)) else { return Ok(None) };
    let caller: Option<[u8; 16]> = row.get(3)?;
    let (first, bits): (Option<[u8; 16]>, Option<u8>) = (row.get(4)?, row.get(5)?);
    Ok(Some(Entry {
        at_ms: row.get(0)?,
        action,
        via,
        caller: caller.map(|bytes| Ipv6Addr::from(bytes).to_canonical()),
        subject: first.zip(bits).and_then(|(first, bits)| net(first, bits)),
        rows: row.get(6)?,
    }))
}

/// Bits before the IPv4 address in the 128.
const MAPPED_BITS: u8 = 96;

fn bits(subject: IpNet) -> ([u8; 16], u8) {
    let offset = if subject.addr().is_ipv4() { MAPPED_BITS } else { 0 };
    (address_bytes(subject.network()), offset + subject.prefix_len())
}

fn net(first: [u8; 16], bits: u8) -> Option<IpNet> {
    let first = Ipv6Addr::from(first);
    match first.to_ipv4_mapped() {
        Some(v4) if bits >= MAPPED_BITS => Ipv4Net::new(v4, bits - MAPPED_BITS).ok().map(IpNet::V4),
        _ => Ipv6Net::new(first, bits).ok().map(IpNet::V6),
    }
}

#[cfg(test)]
mod tests {
    //! Aim: what was noted is read again, the log has an end, and a flood of refusals pushes no look-up out.

    use super::*;
    use crate::store::schema;

    fn caller() -> ClientAddress {
        ClientAddress::new([192, 0, 2, 9].into())
    }

    #[test]
    fn every_kind_of_entry_is_read_as_it_was_written() {
        let directory = tempfile::tempdir().expect("a directory");
        let connection = schema::open(&directory.path().join("agent.sqlite")).expect("a database");
        let mut written = Vec::new();
        for action in Action::ALL {
            for via in [Via::Api, Via::Page, Via::Command] {
                written.push(Entry { at_ms: 1_790_000_000_123, ..Entry::new(action, via, caller()) });
            }
        }
        for subject in ["192.0.2.1/32", "192.0.2.0/24", "0.0.0.0/0", "2001:db8:1::/56", "2001:db8::1/128", "::/0"] {
            let subject = subject.parse().expect("a prefix");
            written.push(Entry::new(Action::LookUp, Via::Api, caller()).about(subject).with_rows(3));
        }
        written.push(Entry { caller: None, ..Entry::new(Action::RotateKey, Via::Command, caller()) });
        for entry in &written {
            note(&connection, entry, 1_000).expect("noted");
        }
        written.reverse();
        assert!(recent(&connection, 1_000).expect("the log") == written);
        assert!(recent(&connection, 2).expect("the log") == written[..2]);
        assert!(!format!("{written:?}").contains("192"), "an entry shows no address");
    }

    #[test]
    fn a_flood_of_refusals_pushes_nothing_else_out() {
        let directory = tempfile::tempdir().expect("a directory");
        let connection = schema::open(&directory.path().join("agent.sqlite")).expect("a database");
        // Durability is not what is tested here; it would only cost time.
        connection.pragma_update(None, "synchronous", "off").expect("a pragma");
        let note_many = |action, count| {
            for _ in 0..count {
                note(&connection, &Entry::new(action, Via::Api, caller()), 100).expect("noted");
            }
        };
        note_many(Action::LookUp, 50);
        note_many(Action::Refused, 1_000);
        let log = recent(&connection, 10_000).expect("the log");
        let of = |action| log.iter().filter(|entry| entry.action == action).count();
        assert_eq!(of(Action::LookUp), 50);
        assert!((25..=90).contains(&of(Action::Refused)), "{} refusals", of(Action::Refused));
        note_many(Action::LookUp, 1_000);
        let kept = recent(&connection, 10_000).expect("the log").len();
        assert!((100..=164).contains(&kept), "{kept} entries");
    }
}
