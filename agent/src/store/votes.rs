//! One client, one vote: the memory of 31 days, by keyed hash.
//!
//! The table is written in order and pruned from the front; the index over the clients is in memory. Keyed hashes are
//! random: a table sorted by them would touch a page for each new client.

use std::collections::{HashMap, HashSet};

use intake::votes::{LastSeen, VOTE_MEMORY_DAYS, VOTE_MONTH_DAYS, Votes, decide};
use rusqlite::{Connection, params};
use wire::Day;

use super::StoreFault;

/// Most pairs of client and test type that are remembered: what half a million places of the index hold, in 9 MB.
/// Beyond it those seen longest ago are forgotten and may vote again.
const MAX_CLIENTS: usize = 458_752;

/// Most rows that one transaction prunes.
const MAX_PRUNED_ROWS: usize = 4_096;

/// The index over the table `votes`, rebuilt from it at start and after a transaction that failed.
#[derive(Debug)]
pub(super) struct Voters {
    seen: HashMap<i64, LastSeen>,
    max_clients: usize,
    /// Clients that were forgotten while their vote still counted.
    pub(super) forgotten: u64,
}

/// A row of the table: each day of a client has one, and its last one is in force.
struct Row {
    id: i64,
    client: i64,
    seen: LastSeen,
}

impl Voters {
    pub(super) fn load(connection: &Connection) -> Result<Self, StoreFault> {
        let mut voters = Self { seen: HashMap::new(), max_clients: MAX_CLIENTS, forgotten: 0 };
        let mut statement =
            connection.prepare_cached("SELECT id, client, tested_day, voted_day FROM votes ORDER BY id")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let Row { client, seen, .. } = read(row)?;
            voters.seen.insert(client, seen);
        }
        Ok(voters)
    }

    /// Decides about a valid test and remembers it.
    pub(super) fn vote(&mut self, connection: &Connection, key: &[u8; 16], today: Day) -> Result<Votes, StoreFault> {
        let client = name(key);
        let last = self.seen.get(&client).copied();
        let (votes, seen) = decide(last, today);
        if last != Some(seen) {
            connection
                .prepare_cached("INSERT INTO votes (client, tested_day, voted_day) VALUES (?1, ?2, ?3)")?
                .execute(params![client, seen.tested.0, seen.voted.0])?;
            self.seen.insert(client, seen);
        }
        Ok(votes)
    }

    /// Forgets these clients, as they are named by [`name`]. Returns how many there were.
    pub(super) fn erase(&mut self, connection: &Connection, clients: &HashSet<i64>) -> Result<u64, StoreFault> {
        let known: HashSet<i64> = clients.iter().copied().filter(|client| self.seen.contains_key(client)).collect();
        if known.is_empty() {
            return Ok(0);
        }
        let mut statement = connection.prepare_cached("SELECT id, client FROM votes")?;
        let rows = statement.query_map([], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)))?;
        let mut ids = Vec::new();
        for row in rows {
            let (id, client) = row?;
            if known.contains(&client) {
                ids.push(id);
            }
        }
        let mut delete = connection.prepare_cached("DELETE FROM votes WHERE id = ?1")?;
        for id in ids {
            delete.execute([id])?;
        }
        self.seen.retain(|client, _| !known.contains(client));
        Ok(known.len() as u64)
    }

    /// Pairs of client and test type that are remembered.
    pub(super) fn clients(&self) -> u64 {
        self.seen.len() as u64
    }

    /// Brings days that lie ahead back to today, when the clock can be believed: they were written while it was ahead.
    /// Those clients have had their vote; without this they would have no other one until that day.
    pub(super) fn calm(&mut self, connection: &Connection, today: Day) -> Result<(), StoreFault> {
        let ahead = |seen: &LastSeen| seen.tested.max(seen.voted).0 > today.0.saturating_add(1);
        if !self.seen.values().any(ahead) {
            return Ok(());
        }
        for seen in self.seen.values_mut().filter(|seen| ahead(seen)) {
            *seen = LastSeen { tested: seen.tested.min(today), voted: seen.voted.min(today) };
        }
        connection.execute(
            "UPDATE votes SET tested_day = min(tested_day, ?1), voted_day = min(voted_day, ?1)
             WHERE max(tested_day, voted_day) > ?1 + 1",
            [today.0],
        )?;
        Ok(())
    }

    /// True if clients must be forgotten before the next maintenance.
    pub(super) fn is_full(&self) -> bool {
        self.seen.len() > self.max_clients
    }

    /// Forgets clients that decide nothing any more, and the longest unseen if there are too many.
    pub(super) fn prune(&mut self, connection: &Connection, today: Day) -> Result<(), StoreFault> {
        let from = today.0.saturating_sub(VOTE_MEMORY_DAYS);
        let mut last = None;
        let mut statement =
            connection.prepare_cached("SELECT id, client, tested_day, voted_day FROM votes ORDER BY id LIMIT ?1")?;
        let mut rows = statement.query([MAX_PRUNED_ROWS])?;
        while let Some(row) = rows.next()? {
            let Row { id, client, seen } = read(row)?;
            let in_force = self.seen.get(&client) == Some(&seen);
            if in_force && seen.tested.0 >= from {
                if !self.is_full() {
                    break;
                }
                self.forgotten += u64::from(today.0 < seen.voted.0.saturating_add(VOTE_MONTH_DAYS));
            }
            if in_force {
                self.seen.remove(&client);
            }
            last = Some(id);
        }
        drop(rows);
        if let Some(last) = last {
            connection.prepare_cached("DELETE FROM votes WHERE id <= ?1")?.execute([last])?;
        }
        Ok(())
    }
}

/// A client's name in the table: half of its keyed hash names half a million clients with a chance of confusion far below
/// one in a million.
pub(super) fn name(key: &[u8; 16]) -> i64 {
    let (half, _) = key.as_chunks::<8>();
    half.first().copied().map_or(0, i64::from_be_bytes)
}

fn read(row: &rusqlite::Row<'_>) -> Result<Row, StoreFault> {
    let seen = LastSeen { tested: Day(row.get(2)?), voted: Day(row.get(3)?) };
    Ok(Row { id: row.get(0)?, client: row.get(1)?, seen })
}

#[cfg(test)]
mod tests {
    //! Aim: votes survive a restart, are forgotten after a month and not before, and a full memory says so.

    use super::*;
    use crate::store::schema;

    fn key(client: u64) -> [u8; 16] {
        let mut key = [0; 16];
        key[..8].copy_from_slice(&client.to_be_bytes());
        key
    }

    fn rows(connection: &Connection) -> u64 {
        connection.query_row("SELECT count(*) FROM votes", [], |row| row.get(0)).expect("a count")
    }

    #[test]
    fn a_client_votes_once_in_a_month_across_restarts() {
        let directory = tempfile::tempdir().expect("a directory");
        let connection = schema::open(&directory.path().join("agent.sqlite")).expect("a database");
        let mut days = Vec::new();
        for day in 20_000..20_070 {
            let mut voters = Voters::load(&connection).expect("the votes");
            for _ in 0..2 {
                let votes = voters.vote(&connection, &key(1), Day(day)).expect("a decision");
                days.extend(votes.month.then_some(day));
            }
            voters.prune(&connection, Day(day)).expect("pruned");
            assert_eq!(voters.forgotten, 0);
        }
        assert_eq!(days, [20_000, 20_030, 20_060]);
        assert_eq!(rows(&connection), 1, "only the last day of a client stays");

        let mut voters = Voters::load(&connection).expect("the votes");
        voters.prune(&connection, Day(20_069 + VOTE_MEMORY_DAYS)).expect("pruned");
        assert_eq!(rows(&connection), 1, "it still counts on its last day");
        voters.prune(&connection, Day(20_070 + VOTE_MEMORY_DAYS)).expect("pruned");
        assert_eq!((rows(&connection), voters.seen.len(), voters.forgotten), (0, 0, 0));
    }

    #[test]
    fn a_full_memory_forgets_the_longest_unseen_and_counts_them() {
        let directory = tempfile::tempdir().expect("a directory");
        let connection = schema::open(&directory.path().join("agent.sqlite")).expect("a database");
        let mut voters = Voters::load(&connection).expect("the votes");
        voters.max_clients = 3;
        for (client, day) in [(1, 20_000), (2, 20_000), (1, 20_001), (3, 20_001), (4, 20_001)] {
            voters.vote(&connection, &key(client), Day(day)).expect("a decision");
        }
        assert!(voters.is_full());
        voters.prune(&connection, Day(20_001)).expect("pruned");
        assert!(!voters.is_full());
        assert_eq!(voters.forgotten, 1);
        let mut again = Voters::load(&connection).expect("the votes");
        assert_eq!(again.seen, voters.seen, "a restart knows the same");
        assert!(!again.vote(&connection, &key(1), Day(20_001)).expect("a decision").day);
        assert!(again.vote(&connection, &key(2), Day(20_001)).expect("a decision").month);
    }
}
