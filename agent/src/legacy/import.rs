//! The import itself: first a plan that changes nothing, then the work in small transactions beside a running agent.
//!
//! The history keeps its cap: results of this agent stay, and of those of the old system the newest have the places that
//! are left. So the plan reads all rows once and finds the moment from which on they have a place.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use rusqlite::{Connection, Row, TransactionBehavior};
use serde::Serialize;

use super::row::{Left, Read, Reader};
use super::source::Source;
use crate::store::imports::{self, Import, MAX_IMPORTS};
use crate::store::{StoreFault, history};

/// Rows in one transaction: few enough that a client of a running agent hardly waits for it.
const ROWS_AT_ONCE: u32 = 500;

/// Longest pause between two transactions, in which a running agent has its turn.
const MAX_PAUSE: Duration = Duration::from_millis(200);

const BUSY: &str = "the agent's database is busy; run the command again, it goes on";

/// Takes the old system's results into a history.
pub struct Importer<'a> {
    source: &'a Source,
    timezone: &'a TimeZone,
    now: Timestamp,
    /// Most results in the history.
    cap: u64,
    import: Import,
    /// The last row of the file now: an import comes to its end also while the old system goes on.
    last_row: i64,
}

/// What an import will do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Plan {
    /// Rows of the old file.
    pub rows: u64,
    /// Rows with which an earlier run has dealt.
    pub done_before: u64,
    /// Rows whose result is in the history already.
    pub already_there: u64,
    /// Rows that cannot be taken, by reason.
    pub left: BTreeMap<Left, u64>,
    /// Values of other rows that cannot be read and stay empty.
    pub values_left_empty: u64,
    /// Rows that are older than those which have a place.
    pub beyond_cap: u64,
    /// Results that will be taken.
    pub to_take: u64,
    /// When the first of them was received, in Unix milliseconds.
    pub first_ms: Option<i64>,
    /// When the last of them was received, in Unix milliseconds.
    pub last_ms: Option<i64>,
    /// Results of earlier imports that will give their places to newer ones.
    pub to_evict: u64,
    /// Most results in the history.
    pub history_max_rows: u64,
    /// Results of this agent in it, which stay.
    pub own_results: u64,
    /// Results received from this moment on have a place, in Unix milliseconds.
    #[serde(skip)]
    floor_ms: i64,
}

/// What an import did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Done {
    /// Results that were taken.
    pub taken: u64,
    /// Results of earlier imports that gave their places.
    pub evicted: u64,
}

impl<'a> Importer<'a> {
    /// Prepares an import: finds out whether the file was imported before.
    ///
    /// # Errors
    /// If the file or the database cannot be read.
    pub fn new(
        connection: &Connection,
        source: &'a Source,
        timezone: &'a TimeZone,
        now: Timestamp,
        cap: u64,
    ) -> anyhow::Result<Self> {
        let import = match imports::newest(connection, source.path())? {
            Some(import) if is_the_same(source, &import)? => import,
            _ => imports::next(connection)?,
        };
        anyhow::ensure!(import.number < MAX_IMPORTS, "this database has taken {MAX_IMPORTS} files; it takes no more");
        Ok(Self { source, timezone, now, cap, import, last_row: source.last_row()? })
    }

    /// Reads all rows and says what will be done; nothing is changed. `progress` hears how many rows were read.
    ///
    /// # Errors
    /// If the file or the database cannot be read.
    pub fn plan(&self, connection: &Connection, mut progress: impl FnMut(u64)) -> anyhow::Result<Plan> {
        let one = |sql: &str| -> Result<u64, StoreFault> { Ok(connection.query_row(sql, [], |row| row.get(0))?) };
        let own_results = one("SELECT count(*) FROM history WHERE local_id > 0")?;
        let mut places = Places::new(self.cap.saturating_sub(own_results));
        let mut statement = connection.prepare("SELECT received_ms FROM history WHERE local_id < 0")?;
        let mut earlier = statement.query([])?;
        while let Some(row) = earlier.next()? {
            places.offer(row.get(0)?, false);
        }
        let mut plan = Plan { history_max_rows: self.cap, own_results, ..Plan::default() };
        let mut fault = None;
        let mut after = Some(i64::MIN);
        while let Some(last) = after {
            after = self.source.next(last, self.last_row, ROWS_AT_ONCE, |number, row| {
                plan.rows += 1;
                match self.judge(number, row) {
                    Judged::Done => plan.done_before += 1,
                    Judged::Left(left) => *plan.left.entry(left).or_default() += 1,
                    Judged::New(read) => match history::holds(connection, &read.result) {
                        Ok(true) => plan.already_there += 1,
                        Ok(false) => {
                            plan.values_left_empty += read.left_empty;
                            places.offer(read.result.received_ms, true);
                        }
                        Err(error) => fault = Some(error),
                    },
                }
            })?;
            if let Some(fault) = fault {
                return Err(fault.into());
            }
            progress(plan.rows);
        }
        places.settle(&mut plan);
        Ok(plan)
    }

    /// Does what the plan says. `progress` hears after each transaction how many rows of the file are done.
    ///
    /// # Errors
    /// If the file cannot be read or the database does not take the results. What is done is done; the next run goes on.
    pub fn carry_out(
        mut self,
        connection: &mut Connection,
        plan: &Plan,
        mut progress: impl FnMut(u64),
    ) -> anyhow::Result<Done> {
        let mut done = Done { taken: 0, evicted: let_go(connection, plan)? };
        let before = self.import.clone();
        self.import.done_from_ms = before.done_from_ms.min(plan.floor_ms);
        self.import.finished_s = None;
        let (mut after, mut rows) = (Some(i64::MIN), 0);
        while let Some(last) = after {
            // Read before the transaction begins: a running agent must not wait for the old file.
            let mut results = Vec::new();
            after = self.source.next(last, self.last_row, ROWS_AT_ONCE, |number, row| {
                rows += 1;
                if let Judged::New(read) = self.judge_by(&before, number, row)
                    && read.result.received_ms >= plan.floor_ms
                {
                    results.push(read.result);
                }
            })?;
            match after {
                Some(reached) if reached > self.import.last_row => {
                    self.import.last_row = reached;
                    self.import.last_timestamp = self.source.timestamp(reached)?.flatten();
                }
                Some(_) => {}
                None => self.import.finished_s = Some(self.now.as_second()),
            }
            if results.is_empty() && after.is_some() {
                // Nothing to write: how far the import is goes down with the next results.
                progress(rows);
                continue;
            }
            done.taken += in_turn(connection, |transaction| {
                let mut taken = 0;
                for result in &results {
                    if !history::holds(transaction, result)? {
                        history::keep(transaction, result)?;
                        taken += 1;
                    }
                }
                self.import.taken += taken;
                imports::save(transaction, self.source.path(), &self.import)?;
                Ok(taken)
            })?;
            progress(rows);
        }
        Ok(done)
    }

    fn judge(&self, number: i64, row: Option<&Row<'_>>) -> Judged {
        self.judge_by(&self.import, number, row)
    }

    /// What is to become of a row, when this is how far the import was before.
    fn judge_by(&self, before: &Import, number: i64, row: Option<&Row<'_>>) -> Judged {
        let Some(local_id) = before.local_id(number) else { return Judged::Left(Left::BadRowNumber) };
        let Some(row) = row else { return Judged::Left(Left::TooLong) };
        let reader = Reader { timezone: self.timezone, now: self.now };
        match reader.read(row, number, local_id) {
            Ok(read) if before.is_done(number, read.result.received_ms) => Judged::Done,
            Ok(read) => Judged::New(Box::new(read)),
            Err(left) => Judged::Left(left),
        }
    }
}

/// Takes the results of a file out of the history again, as if it had not been imported. Returns how many; none if it
/// was never imported.
///
/// # Errors
/// If the database does not take it. What is done is done; the next run goes on.
pub fn undo(connection: &mut Connection, path: &Path) -> anyhow::Result<Option<u64>> {
    let Some(import) = imports::newest(connection, path)? else { return Ok(None) };
    let mut undone = 0;
    loop {
        match in_turn(connection, |transaction| imports::undo(transaction, &import, ROWS_AT_ONCE))? {
            0 => return Ok(Some(undone)),
            rows => undone += rows,
        }
    }
}

/// Lets results of earlier imports go whose places newer ones will have.
fn let_go(connection: &mut Connection, plan: &Plan) -> anyhow::Result<u64> {
    let mut gone = 0;
    while gone < plan.to_evict {
        let rows = in_turn(connection, |transaction| {
            let sql = "DELETE FROM history WHERE local_id IN
                           (SELECT local_id FROM history WHERE local_id < 0 AND received_ms < ?1 LIMIT ?2)";
            Ok(transaction.execute(sql, (plan.floor_ms, ROWS_AT_ONCE))? as u64)
        })?;
        if rows == 0 {
            break;
        }
        gone += rows;
    }
    Ok(gone)
}

/// A transaction, and then a pause as long as it took: a running agent has its turn.
fn in_turn(
    connection: &mut Connection,
    work: impl FnOnce(&Connection) -> Result<u64, StoreFault>,
) -> anyhow::Result<u64> {
    let begun = Instant::now();
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).context(BUSY)?;
    let rows = work(&transaction)?;
    transaction.commit().context("the agent's database did not take it")?;
    std::thread::sleep(begun.elapsed().min(MAX_PAUSE));
    Ok(rows)
}

/// What is to become of a row.
enum Judged {
    New(Box<Read>),
    Done,
    Left(Left),
}

/// True if the file is still the one of that import: another database at its place has other rows.
fn is_the_same(source: &Source, import: &Import) -> anyhow::Result<bool> {
    if source.last_row()? < import.last_row {
        return Ok(false);
    }
    // A row that the old system deleted since tells nothing.
    Ok(source.timestamp(import.last_row)?.is_none_or(|timestamp| timestamp == import.last_timestamp))
}

/// The newest results, as many as there are places: what the memory of a plan grows with.
struct Places {
    count: u64,
    /// When each was received, and whether it is new.
    taken: BinaryHeap<Reverse<(i64, bool)>>,
    /// Results from here on have a place, in Unix milliseconds.
    floor_ms: i64,
    new: u64,
    earlier: u64,
}

impl Places {
    fn new(count: u64) -> Self {
        Self { count, taken: BinaryHeap::new(), floor_ms: i64::MIN, new: 0, earlier: 0 }
    }

    fn offer(&mut self, moment_ms: i64, new: bool) {
        if new {
            self.new += 1;
        } else {
            self.earlier += 1;
        }
        self.taken.push(Reverse((moment_ms, new)));
        if self.taken.len() as u64 > self.count
            && let Some(Reverse((oldest_ms, _))) = self.taken.pop()
        {
            // Those of the same moment have no place either: the cap holds.
            self.floor_ms = self.floor_ms.max(oldest_ms.saturating_add(1));
        }
    }

    fn settle(&self, plan: &mut Plan) {
        plan.floor_ms = self.floor_ms;
        let mut kept = 0;
        for Reverse((moment_ms, new)) in self.taken.iter().filter(|Reverse((moment, _))| *moment >= self.floor_ms) {
            if *new {
                plan.to_take += 1;
                plan.first_ms = Some(plan.first_ms.map_or(*moment_ms, |first| first.min(*moment_ms)));
                plan.last_ms = Some(plan.last_ms.map_or(*moment_ms, |last| last.max(*moment_ms)));
            } else {
                kept += 1;
            }
        }
        plan.beyond_cap = self.new - plan.to_take;
        plan.to_evict = self.earlier - kept;
    }
}

#[cfg(test)]
mod tests;
