//! Closing days: the results that count on them are counted, and the counts are merged into blocks.

use wire::Day;

use super::{Marts, MartsFault, insert, results, state};
use crate::blocks::{self, OpenDay};
use crate::catalog::{self, Query};
use crate::lake::manifest::{FileEntry, Snapshot};
use crate::lake::paths::LakePaths;

/// Rows of the lake that are counted in one go, unless a single day has more: bounds the engine's work.
const MOST_ROWS_AT_ONCE: u64 = 4_000_000;

/// Counts of closed days; each waits in the table of its name for its block.
const COUNTED: [Query; 4] = [catalog::OPEN_PARTS, catalog::OPEN_BINS, catalog::OPEN_GRADES, catalog::OPEN_AGENTS];

/// What stays of blocks that close, in the tables of these names.
const CLOSED: [Query; 5] =
    [catalog::BLOCKS, catalog::BLOCK_PARTS, catalog::BLOCK_BINS, catalog::BLOCK_GRADES, catalog::BLOCK_AGENTS];

/// What closing days brought.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Closed {
    /// Days that were closed now.
    pub days: u32,
    /// Blocks that were closed now.
    pub blocks: u64,
    /// True if older blocks were reopened first: something was withdrawn, or a right changed backwards.
    pub reopened: bool,
}

impl Marts {
    /// Closes every day up to this one. The caller has refreshed, and knows that nothing of these days is still on its way.
    ///
    /// The blocks depend only on the lake and the rights, not on how often this is called.
    ///
    /// # Errors
    /// [`MartsFault`]; then nothing was changed.
    pub fn close_days(&mut self, lake: &LakePaths, snapshot: &Snapshot, through: Day) -> Result<Closed, MartsFault> {
        let mut next = self.state.clone();
        let reopened = next.reopened;
        if reopened {
            (next.closed_through, next.reopened, next.published) = (None, false, None);
        }
        let first_file = snapshot.files.first().map(|file| file.test_date().day());
        let Some(first) = next.closed_through.map(|day| day.plus(1)).or(first_file).filter(|day| *day <= through)
        else {
            if !reopened {
                return Ok(Closed::default());
            }
            next.closed_through = None;
            self.engine.transaction(|| {
                self.engine.run("reopening the blocks", &state::empty(&state::OF_CLOSED_DAYS))?;
                next.store(&self.engine)
            })?;
            self.state = next;
            return Ok(Closed { reopened, ..Closed::default() });
        };
        let blocks = self.engine.transaction(|| {
            if reopened {
                self.engine.run("reopening the blocks", &state::empty(&state::OF_CLOSED_DAYS))?;
            }
            let mut from = first;
            while from <= through {
                let to = last_of_portion(&snapshot.files, from, through);
                self.count_days(lake, snapshot, from, to)?;
                from = to.plus(1);
            }
            next.closed_through = Some(through);
            next.store(&self.engine)?;
            self.merge_days()
        })?;
        self.state = next;
        Ok(Closed { days: through.0 - first.0 + 1, blocks, reopened })
    }

    /// Counts the results that count on these days.
    fn count_days(&self, lake: &LakePaths, snapshot: &Snapshot, from: Day, to: Day) -> Result<(), MartsFault> {
        let late_binding = self.state.rights.bindings.values().any(|since| (from..=to).contains(&since.day()));
        let files: Vec<&FileEntry> =
            snapshot.files.iter().filter(|file| may_count(file, from, to, late_binding)).collect();
        if files.is_empty() {
            return Ok(());
        }
        let engine = &self.engine;
        engine.run("naming the days' results", &results::of_files(lake, &files, 0)?)?;
        let counted = catalog::COUNTED_RESULTS;
        let table = format!("CREATE OR REPLACE TEMP TABLE counted_results AS {}", counted.sql);
        engine.execute(counted.name, &table, &[("from_day", from.into()), ("to_day", to.into())])?;
        for query in COUNTED {
            engine.run(query.name, &insert(query.relation(), query.sql))?;
        }
        engine.run("forgetting the days' results", "DROP TABLE counted_results")?;
        Ok(())
    }

    /// Merges the days that wait into blocks, and moves their counts there.
    fn merge_days(&self) -> Result<u64, MartsFault> {
        let engine = &self.engine;
        let waiting = "SELECT asn, test_type, counts_on, CAST(sum(votes) AS BIGINT) AS votes FROM open_parts \
                       GROUP BY asn, test_type, counts_on ORDER BY asn, test_type, counts_on";
        let waiting = engine.query("reading the days that wait", waiting, &[], |row| {
            Ok(OpenDay {
                asn: row.u32("asn")?,
                test_type: row.text("test_type")?,
                counts_on: row.day("counts_on")?,
                votes: row.u64("votes")?,
            })
        })?;
        let closing = blocks::merge(&waiting);
        let rows = closing.iter().map(|day| {
            [
                Some(day.asn.into()),
                Some(day.test_type.as_str().into()),
                Some(day.counts_on.into()),
                Some(day.first_day.into()),
                Some(day.last_day.into()),
            ]
        });
        engine.append("closing_days", rows)?;
        let block_votes = [("block_votes", blocks::BLOCK_VOTES.into())];
        let places = catalog::PART_PLACES;
        let table = format!("CREATE OR REPLACE TEMP TABLE {} AS {}", places.relation(), places.sql);
        engine.execute(places.name, &table, &places.bind(&block_votes))?;
        for query in CLOSED {
            engine.execute(query.name, &insert(query.relation(), query.sql), &query.bind(&block_votes))?;
        }
        engine.run("forgetting the places", "DROP TABLE part_places")?;
        for query in COUNTED {
            let table = query.relation();
            let moved = format!(
                "DELETE FROM {table} AS o USING closing_days AS c \
                 WHERE c.asn = o.asn AND c.test_type = o.test_type AND c.counts_on = o.counts_on"
            );
            engine.run("moving counts into blocks", &moved)?;
        }
        engine.run("forgetting the closing days", "DELETE FROM closing_days")?;
        Ok(closing.iter().filter(|day| day.counts_on == day.last_day).count() as u64)
    }
}

/// The last day of the next portion that begins with `from`: as many days as hold [`MOST_ROWS_AT_ONCE`], at least one.
fn last_of_portion(files: &[FileEntry], from: Day, through: Day) -> Day {
    let mut rows = 0;
    // The manifest's files are sorted by day.
    for file in files.iter().filter(|file| file.test_date().day() >= from) {
        rows += file.rows;
        let day = file.test_date().day();
        if rows > MOST_ROWS_AT_ONCE {
            return if day > from { Day(day.0 - 1).min(through) } else { from };
        }
    }
    through
}

/// Whether a file may hold results that count on these days: those of the days, and of earlier days those that came
/// late or that a binding of these days released.
fn may_count(file: &FileEntry, from: Day, to: Day, late_binding: bool) -> bool {
    let day = file.test_date().day();
    day <= to && (day >= from || file.max_arrived_hour >= from.first_hour() || late_binding)
}
