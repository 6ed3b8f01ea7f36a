//! First answers, to give again when a client repeats itself. How old one is, is measured by the steady clock: a clock that
//! is set makes no second result of a repetition.

use std::collections::{HashMap, HashSet, VecDeque};

use intake::retries::{RETRY_WINDOW_S, RetryKey};
use rusqlite::{Connection, params};

use super::StoreFault;
use super::accept::Accepted;
use super::writer::Moment;

/// Most answers that are remembered; the oldest go first.
const MAX_ANSWERS: usize = 65_536;

/// The index over the table `answers`, rebuilt from it at start and after a transaction that failed.
#[derive(Debug, Default)]
pub(super) struct Answers {
    /// The answer, and when it was given by the steady clock, in seconds.
    known: HashMap<RetryKey, (Accepted, i64)>,
    order: VecDeque<RetryKey>,
}

impl Answers {
    pub(super) fn load(connection: &Connection, now: Moment) -> Result<Self, StoreFault> {
        let mut answers = Self::default();
        let mut statement = connection.prepare_cached("SELECT key, local_id, received_s FROM answers ORDER BY id")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let accepted = Accepted { local_id: row.get(1)?, received_s: row.get(2)? };
            // One that lies ahead was written while the clock was ahead; nobody knows how long ago.
            let age = i64::try_from(now.wall.as_second().abs_diff(accepted.received_s)).unwrap_or(i64::MAX);
            answers.note(row.get(0)?, accepted, now.steady_s().saturating_sub(age));
        }
        Ok(answers)
    }

    /// The first answer, if this came within the window before.
    pub(super) fn find(&self, key: &RetryKey, now: Moment) -> Option<Accepted> {
        let (accepted, at_s) = self.known.get(key)?;
        (now.steady_s().saturating_sub(*at_s) < RETRY_WINDOW_S).then_some(*accepted)
    }

    /// Remembers a first answer.
    pub(super) fn remember(
        &mut self,
        connection: &Connection,
        key: RetryKey,
        client: &[u8; 16],
        accepted: Accepted,
        now: Moment,
    ) -> Result<(), StoreFault> {
        connection
            .prepare_cached("INSERT INTO answers (key, client, local_id, received_s) VALUES (?1, ?2, ?3, ?4)")?
            .execute(params![key, client, accepted.local_id, accepted.received_s])?;
        self.note(key, accepted, now.steady_s());
        Ok(())
    }

    fn note(&mut self, key: RetryKey, accepted: Accepted, at_s: i64) {
        self.known.insert(key, (accepted, at_s));
        self.order.push_back(key);
    }

    /// Forgets every answer to these clients. Returns the numbers of their results.
    pub(super) fn erase(
        &mut self,
        connection: &Connection,
        clients: &HashSet<[u8; 16]>,
    ) -> Result<Vec<i64>, StoreFault> {
        let mut rows = Vec::new();
        let mut keys = HashSet::new();
        let mut statement = connection.prepare_cached("SELECT id, local_id, key, client FROM answers")?;
        let mut found = statement.query([])?;
        while let Some(row) = found.next()? {
            if clients.contains(&row.get::<_, [u8; 16]>(3)?) {
                rows.push((row.get::<_, i64>(0)?, row.get(1)?));
                keys.insert(row.get::<_, RetryKey>(2)?);
            }
        }
        drop(found);
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        self.known.retain(|key, _| !keys.contains(key));
        self.order.retain(|key| !keys.contains(key));
        let mut delete = connection.prepare_cached("DELETE FROM answers WHERE id = ?1")?;
        for (id, _) in &rows {
            delete.execute([id])?;
        }
        Ok(rows.into_iter().map(|(_, local_id)| local_id).collect())
    }

    /// Forgets what is too old or too much.
    pub(super) fn prune(&mut self, connection: &Connection, now: Moment) -> Result<(), StoreFault> {
        let mut gone = 0_usize;
        while let Some(key) = self.order.front() {
            let known = self.known.get(key);
            let expired = known.is_none_or(|(_, at_s)| now.steady_s().saturating_sub(*at_s) >= RETRY_WINDOW_S);
            if !expired && self.order.len() <= MAX_ANSWERS {
                break;
            }
            self.known.remove(key);
            self.order.pop_front();
            gone += 1;
        }
        if gone > 0 {
            connection
                .prepare_cached("DELETE FROM answers WHERE id IN (SELECT id FROM answers ORDER BY id LIMIT ?1)")?
                .execute([gone])?;
        }
        Ok(())
    }
}
