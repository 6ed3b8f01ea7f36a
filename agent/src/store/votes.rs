//! One client, one vote: the memory of 31 days, by keyed hash.

use intake::votes::{LastSeen, VOTE_MEMORY_DAYS, Votes, decide};
use rusqlite::{Connection, OptionalExtension, params};
use wire::Day;

use super::StoreFault;

/// Decides about a valid test and remembers it.
pub(super) fn vote(connection: &Connection, client: &[u8; 16], today: Day) -> Result<Votes, StoreFault> {
    let last = connection
        .prepare_cached("SELECT tested_day, voted_day FROM votes WHERE client = ?1")?
        .query_row([client], |row| Ok(LastSeen { tested: Day(row.get(0)?), voted: Day(row.get(1)?) }))
        .optional()?;
    let (votes, seen) = decide(last, today);
    if last != Some(seen) {
        connection
            .prepare_cached("INSERT OR REPLACE INTO votes (client, tested_day, voted_day) VALUES (?1, ?2, ?3)")?
            .execute(params![client, seen.tested.0, seen.voted.0])?;
    }
    Ok(votes)
}

/// Forgets clients that decide nothing any more.
pub(super) fn forget_old(connection: &Connection, today: Day) -> Result<(), StoreFault> {
    let from = today.0.saturating_sub(VOTE_MEMORY_DAYS);
    connection.prepare_cached("DELETE FROM votes WHERE tested_day < ?1")?.execute([from])?;
    Ok(())
}
