//! Erases a client: every row that holds its address or leads to it, and the bytes of those rows.
//!
//! What goes: results in the history, deliveries of the webhook, the memory of votes and of first answers, the address in the
//! audit log, and records that are not sealed yet. Sealed batches hold no link to a client and stay. Rows go in
//! steps between other transactions; then [`scrub`] overwrites what SQLite leaves behind in its pages, and the
//! write-ahead log is cut.

mod scrub;

use std::collections::HashSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;

use intake::client::ClientAddress;
use intake::key::LocalKey;
use intake::votes::vote_key;
use ipnet::IpNet;
use rusqlite::{Connection, OptionalExtension, params};
use serde::Serialize;
use tokio::sync::oneshot;
use wire::TestType;

use super::answers::Answers;
use super::lookup::range;
use super::votes::{self, Voters};
use super::{Message, Reader, Store, StoreFault, client_tag, evict, webhooks};

/// Most clients that one erasure takes: an IPv4 /16, or 65,536 homes of IPv6. Each is known by a keyed hash only, which has
/// to be computed.
pub const MAX_CLIENTS: u32 = 1 << 16;

/// Results that one transaction erases: it bounds how long others wait for it.
const RESULTS_PER_STEP: u32 = 1_000;

/// Pages that are looked at by one look-up.
const PAGES_PER_LOOK: u32 = 4_096;

/// Pages that one transaction overwrites.
const PAGES_PER_STEP: usize = 256;

/// How long an answer waits for the log to be cut. Another program that reads the database can put it off.
const CUT_PATIENCE: Duration = Duration::from_millis(900);

/// The prefix has more clients than one erasure takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("one erasure takes at most {MAX_CLIENTS} clients; erase longer prefixes one after the other")]
pub struct TooBroad;

/// What to erase: an address or a prefix, and the keyed hashes under which its clients are remembered.
pub struct Erasure {
    prefix: IpNet,
    /// The prefix, at least as wide as one client.
    clients: IpNet,
    voters: HashSet<i64>,
    tags: HashSet<[u8; 16]>,
}

/// What was erased, in rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Erased {
    /// Results in the history.
    pub history: u64,
    /// Records that were not sealed yet: they will never leave.
    pub unsealed_records: u64,
    /// Deliveries of the webhook, waiting or set aside.
    pub webhooks: u64,
    /// Pairs of client and test type in the memory of votes.
    pub vote_keys: u64,
    /// First answers that were kept for repeated submissions.
    pub retry_keys: u64,
    /// Addresses in the audit log.
    pub audit_addresses: u64,
    /// True once no byte of the rows is left in the database's files. False: another program is reading the database, and
    /// the rest goes as soon as it lets go.
    pub overwritten: bool,
}

/// What one step erased, and whether another one must follow.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Step {
    pub(super) erased: Erased,
    /// Bytes by which the outbox became smaller.
    pub(super) outbox_bytes: u64,
    more: bool,
}

impl Erasure {
    /// Computes the keyed hashes of all clients in the prefix; it takes a while for many.
    ///
    /// # Errors
    /// [`TooBroad`].
    pub fn plan(prefix: IpNet, key: &LocalKey, ipv6_client_bits: u8) -> Result<Self, TooBroad> {
        let unit_bits = if prefix.addr().is_ipv4() { 32 } else { ipv6_client_bits.min(128) };
        let clients = IpNet::new(prefix.addr(), prefix.prefix_len().min(unit_bits)).map_err(|_| TooBroad)?.trunc();
        let count = 1_u32.checked_shl(u32::from(unit_bits - clients.prefix_len())).ok_or(TooBroad)?;
        if count > MAX_CLIENTS {
            return Err(TooBroad);
        }
        let mut plan = Self { prefix, clients, voters: HashSet::new(), tags: HashSet::new() };
        for number in 0..count {
            let address = match clients.addr() {
                IpAddr::V4(first) => Ipv4Addr::from_bits(first.to_bits() | number).into(),
                IpAddr::V6(first) => {
                    let shifted = u128::from(number).checked_shl(u32::from(128 - unit_bits)).unwrap_or(0);
                    Ipv6Addr::from_bits(first.to_bits() | shifted).into()
                }
            };
            let unit = ClientAddress::new(address).unit(ipv6_client_bits);
            for test_type in [TestType::Single, TestType::Household] {
                plan.voters.insert(votes::name(&vote_key(key, unit, test_type)));
            }
            plan.tags.insert(client_tag(key, unit));
        }
        Ok(plan)
    }

    /// One client under keyed hashes of a test's own.
    #[cfg(test)]
    pub(super) fn of(client: IpAddr, vote_key: &[u8; 16], tag: [u8; 16]) -> Self {
        let prefix = IpNet::from(client);
        Self { prefix, clients: prefix, voters: HashSet::from([votes::name(vote_key)]), tags: HashSet::from([tag]) }
    }
}

/// Erases what one transaction may; what is in memory must be read anew if it is not committed.
pub(super) fn step(
    connection: &Connection,
    answers: &mut Answers,
    voters: &mut Voters,
    erasure: &Erasure,
) -> Result<Step, StoreFault> {
    let mut step = Step::default();
    let erased = &mut step.erased;
    erased.vote_keys = voters.erase(connection, &erasure.voters)?;
    let answered = answers.erase(connection, &erasure.tags)?;
    erased.retry_keys = answered.len() as u64;
    erased.webhooks = webhooks::erase(connection, erasure.prefix)?;
    erased.audit_addresses = erase_from_audit(connection, erasure)?;
    let results = results(connection, erasure.prefix)?;
    step.more = results.len() >= RESULTS_PER_STEP as usize;
    // A result that the history let go of is known by its first answer for some minutes.
    let unlinked = if erasure.clients == erasure.prefix { answered } else { Vec::new() };
    let mut record = connection.prepare_cached("DELETE FROM outbox WHERE local_id = ?1 RETURNING length(record)")?;
    for local_id in results.iter().chain(&unlinked) {
        if let Some(bytes) = record.query_row([local_id], |row| row.get::<_, u64>(0)).optional()? {
            step.erased.unsealed_records += 1;
            step.outbox_bytes += bytes + evict::ROW_OVERHEAD_BYTES;
        }
    }
    let mut result = connection.prepare_cached("DELETE FROM history WHERE local_id = ?1")?;
    for local_id in &results {
        step.erased.history += result.execute([local_id])? as u64;
    }
    Ok(step)
}

fn results(connection: &Connection, prefix: IpNet) -> Result<Vec<i64>, StoreFault> {
    let (first, last) = range(prefix);
    let mut statement =
        connection.prepare_cached("SELECT local_id FROM history WHERE client_ip BETWEEN ?1 AND ?2 LIMIT ?3")?;
    let rows = statement.query_map(params![first, last, RESULTS_PER_STEP], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The entries stay, without the addresses of the whole client: a look-up of its prefix names it as well.
fn erase_from_audit(connection: &Connection, erasure: &Erasure) -> Result<u64, StoreFault> {
    let (first, last) = range(erasure.clients);
    let mut erased = 0;
    for statement in [
        "UPDATE audit SET client_ip = NULL, prefix_bits = NULL WHERE client_ip BETWEEN ?1 AND ?2",
        "UPDATE audit SET caller_ip = NULL WHERE caller_ip BETWEEN ?1 AND ?2",
    ] {
        erased += connection.prepare_cached(statement)?.execute(params![first, last])? as u64;
    }
    Ok(erased)
}

impl Store {
    /// Erases rows and bytes; other transactions go on between the steps.
    ///
    /// # Errors
    /// [`StoreFault`] if the database does not take it; then a part may be erased, and the rest is at the next try.
    pub async fn erase(&self, erasure: Erasure, reader: &Reader) -> Result<Erased, StoreFault> {
        let erasure = Arc::new(erasure);
        let mut all = Erased::default();
        loop {
            let (answer, answered) = oneshot::channel();
            self.enqueue(Message::Erase(Arc::clone(&erasure), answer))?;
            let step = answered.await.map_err(|_| StoreFault::WriterGone)??;
            all.history += step.erased.history;
            all.unsealed_records += step.erased.unsealed_records;
            all.webhooks += step.erased.webhooks;
            all.vote_keys += step.erased.vote_keys;
            all.retry_keys += step.erased.retry_keys;
            all.audit_addresses += step.erased.audit_addresses;
            if !step.more {
                break;
            }
        }
        self.scrub(reader).await?;
        let (answer, answered) = oneshot::channel();
        self.enqueue(Message::CutLog(answer))?;
        all.overwritten = tokio::time::timeout(CUT_PATIENCE, answered).await.is_ok_and(|cut| cut.is_ok());
        Ok(all)
    }

    /// Overwrites what deleted rows left behind in pages. Pages are found beside the writer and looked at again by it.
    async fn scrub(&self, reader: &Reader) -> Result<(), StoreFault> {
        let mut next = 1;
        loop {
            let look = reader.read(move |connection| scrub::dirty(connection, next, PAGES_PER_LOOK)).await?;
            for pages in look.dirty.chunks(PAGES_PER_STEP).map(<[u32]>::to_vec) {
                self.write(move |connection| scrub::clean(connection, &pages)).await?;
            }
            match look.next {
                Some(page) => next = page,
                None => return Ok(()),
            }
        }
    }
}

#[cfg(test)]
mod tests;
