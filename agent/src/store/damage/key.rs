//! The key under which clients are remembered, seen from the database: votes and answers that were made under another one
//! know nobody any more. Then votes are made anew from the history, as far as it goes back.

use std::net::{IpAddr, Ipv6Addr};

use intake::client::ClientAddress;
use intake::key::LocalKey;
use intake::votes::{VOTE_MEMORY_DAYS, vote_key};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension};
use wire::{Hour, TestType};

use super::{Part, note};
use crate::store::StoreFault;
use crate::store::votes::Voters;

/// By which the database knows a key again.
pub type KeyCheck = [u8; 16];

/// The check value of a key: it says nothing of any client.
#[must_use]
pub fn check_of(key: &LocalKey) -> KeyCheck {
    key.tag(&[b"key check"])
}

/// Under which key the database was kept, if it knows.
///
/// # Errors
/// [`StoreFault`] if it cannot be read.
pub fn known(connection: &Connection) -> Result<Option<KeyCheck>, StoreFault> {
    let known = connection.query_row("SELECT key_check FROM identity", [], |row| row.get::<_, Option<Vec<u8>>>(0));
    Ok(known.optional()?.flatten().and_then(|bytes| bytes.try_into().ok()))
}

/// Makes this the key of the database. If it was another one, votes are made anew from the history and the first answers
/// are forgotten; clients that the history does not show may vote a second time within a month, and are counted. Returns
/// how many those are.
///
/// # Errors
/// [`StoreFault`] if the database does not take it.
pub fn bind(connection: &Connection, key: &LocalKey, ipv6_client_bits: u8, now: Timestamp) -> Result<u64, StoreFault> {
    let check = check_of(key);
    let known = known(connection)?;
    if known == Some(check) {
        return Ok(0);
    }
    connection.execute("UPDATE identity SET key_check = ?1", [check])?;
    if known.is_none() {
        return Ok(0);
    }
    let before = Voters::load(connection)?.clients();
    connection.execute_batch("DELETE FROM votes; DELETE FROM answers")?;
    let mut voters = Voters::load(connection)?;
    let from_day = Hour::of_unix_s(now.as_second()).day().0.saturating_sub(VOTE_MEMORY_DAYS);
    // The tests that could vote, in the order in which they came.
    let mut statement = connection.prepare(
        "SELECT client_ip, test_type, received_ms FROM history
         WHERE received_ms >= ?1 AND CASE test_type WHEN 'single'
             THEN download_latency_increase_ms IS NOT NULL AND upload_latency_increase_ms IS NOT NULL
             ELSE overall_grade IS NOT NULL END
         ORDER BY received_ms, local_id",
    )?;
    let mut rows = statement.query([i64::from(from_day) * 86_400_000])?;
    while let Some(row) = rows.next()? {
        let client = ClientAddress::new(IpAddr::V6(Ipv6Addr::from(row.get::<_, [u8; 16]>(0)?)));
        let household = row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)? == TestType::Household.as_str();
        let test_type = if household { TestType::Household } else { TestType::Single };
        let day = Hour::of_unix_s(row.get::<_, i64>(2)?.div_euclid(1_000)).day();
        voters.vote(connection, &vote_key(key, client.unit(ipv6_client_bits), test_type), day)?;
    }
    let lost = before.saturating_sub(voters.clients());
    // Found once, whatever was lost.
    note(connection, Part::LocalKey, lost.max(1), now.as_second())?;
    Ok(lost)
}

#[cfg(test)]
mod tests {
    //! Aim: under another key nobody whom the history shows votes again, and those whom it does not show are counted.

    use wire::Day;

    use super::*;
    use crate::store::schema;

    const DAY: u32 = 20_000;

    #[test]
    fn another_key_doubles_no_vote_that_the_history_shows() {
        let directory = tempfile::tempdir().expect("a directory");
        let connection = schema::open(&directory.path().join("agent.sqlite")).expect("a database");
        let now = Timestamp::from_second(i64::from(DAY) * 86_400 + 3_600).expect("a moment");
        let (old, new) = (LocalKey::from_bytes([1; 32]), LocalKey::from_bytes([2; 32]));
        assert_eq!(bind(&connection, &old, 56, now).expect("the first key"), 0);
        let client = |n: u8| ClientAddress::new([192, 0, 2, n].into());
        let name = |key: &LocalKey, n: u8| vote_key(key, client(n).unit(56), TestType::Single);
        let mut voters = Voters::load(&connection).expect("votes");
        for n in 1..=3 {
            assert!(voters.vote(&connection, &name(&old, n), Day(DAY)).expect("a decision").month);
        }
        // The history shows the first two only.
        for n in 1..=2_u8 {
            let address = Ipv6Addr::from([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, n]).octets();
            connection
                .execute(
                    "INSERT INTO history (local_id, test_id, received_ms, client_ip, test_type,
                         download_latency_increase_ms, upload_latency_increase_ms) VALUES (?1, 'x', ?2, ?3, 'single', 1, 1)",
                    rusqlite::params![n, now.as_millisecond(), address],
                )
                .expect("a row");
        }
        assert_eq!(bind(&connection, &old, 56, now).expect("the same key"), 0);
        assert_eq!(bind(&connection, &new, 56, now).expect("another key"), 1);
        assert_eq!(bind(&connection, &new, 56, now).expect("the same key"), 0);
        let mut voters = Voters::load(&connection).expect("votes");
        let votes: Vec<bool> = (1..=3)
            .map(|n| voters.vote(&connection, &name(&new, n), Day(DAY + 1)).expect("a decision").month)
            .collect();
        assert_eq!(votes, [false, false, true]);
    }
}
