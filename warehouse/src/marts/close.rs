//! Closing days: the results that count on them are counted, and the counts are merged into blocks.

use wire::Day;

use super::{Marts, MartsFault, insert, results, state};
use crate::blocks::{self, OpenDay};
use crate::catalog::{self, Query};
use crate::lake::manifest::{FileEntry, Snapshot};
use crate::lake::paths::LakePaths;

/// Rows of the lake that are counted in one go, unless a single day has more: bounds the engine's work.
const MOST_ROWS_AT_ONCE: u64 = 1_000_000;

/// Counts of days that close, and the tables in which the rest of them waits for more votes.
pub(super) const COUNTED: [(Query, &str); 4] = [
    (catalog::OPEN_PARTS, "waiting_parts"),
    (catalog::OPEN_BINS, "waiting_bins"),
    (catalog::OPEN_GRADES, "waiting_grades"),
    (catalog::OPEN_AGENTS, "waiting_agents"),
];

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
    /// [`MartsFault`]; days that were closed before it stay closed.
    pub fn close_days(&mut self, lake: &LakePaths, snapshot: &Snapshot, through: Day) -> Result<Closed, MartsFault> {
        let reopened = self.state.reopened;
        if reopened {
            self.reopen()?;
        }
        let mut closed = Closed { reopened, ..Closed::default() };
        let oldest = snapshot.files.first().map(|file| file.test_date().day());
        let Some(mut from) = self.state.closed_through.map(|day| day.plus(1)).or(oldest) else { return Ok(closed) };
        while from <= through {
            let to = last_of_portion(&snapshot.files, from, through);
            closed.blocks += self.close_portion(lake, snapshot, from, to)?;
            closed.days += to.0 - from.0 + 1;
            from = to.plus(1);
        }
        Ok(closed)
    }

    /// Forgets every block and what waits for one.
    fn reopen(&mut self) -> Result<(), MartsFault> {
        let mut next = self.state.clone();
        (next.closed_through, next.reopened, next.published, next.released) = (None, false, None, None);
        self.engine.transaction(|| {
            self.engine.run("reopening the blocks", &state::empty(&state::OF_CLOSED_DAYS))?;
            next.store(&self.engine)
        })?;
        self.state = next;
        Ok(())
    }

    /// Closes these days: counts them, and merges them with those that wait. Gives the number of new blocks.
    fn close_portion(&mut self, lake: &LakePaths, snapshot: &Snapshot, from: Day, to: Day) -> Result<u64, MartsFault> {
        let mut next = self.state.clone();
        next.closed_through = Some(to);
        // Only what comes of it is in the transaction: the engine knows nothing of the size of tables that are not
        // committed, and joins them in bad order.
        let engine = &self.engine;
        for (query, waiting) in COUNTED {
            let open = format!("CREATE OR REPLACE TEMP TABLE {} AS SELECT * FROM {waiting}", query.relation());
            engine.run("recalling what waits", &open)?;
        }
        self.count_days(lake, snapshot, from, to)?;
        let closing = self.merge_days()?;
        let block_votes = [("block_votes", blocks::BLOCK_VOTES.into())];
        engine.transaction(|| {
            for query in CLOSED {
                engine.execute(query.name, &insert(query.relation(), query.sql), &query.bind(&block_votes))?;
            }
            for (query, waiting) in COUNTED {
                let rest = format!(
                    "SELECT o.* FROM {} AS o ANTI JOIN closing_days AS c \
                     ON c.asn = o.asn AND c.test_type = o.test_type AND c.counts_on = o.counts_on",
                    query.relation()
                );
                engine.run("keeping what waits", &format!("DELETE FROM {waiting}; {}", insert(waiting, &rest)))?;
            }
            next.store(engine)
        })?;
        for relation in COUNTED.iter().map(|(query, _)| query.relation()).chain([catalog::PART_PLACES.relation()]) {
            engine.run("forgetting the counts", &format!("DROP TABLE {relation}"))?;
        }
        self.state = next;
        Ok(closing)
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
        for (query, _) in COUNTED {
            engine.run(query.name, &insert(query.relation(), query.sql))?;
        }
        engine.run("forgetting the days' results", "DROP TABLE counted_results")?;
        Ok(())
    }

    /// Says which of the open days make a block, and where each of their counts goes in it. Gives the number of blocks.
    fn merge_days(&self) -> Result<u64, MartsFault> {
        let engine = &self.engine;
        let open = "SELECT asn, test_type, counts_on, CAST(sum(votes) AS BIGINT) AS votes FROM open_parts \
                    GROUP BY asn, test_type, counts_on ORDER BY asn, test_type, counts_on";
        let open = engine.query("reading the open days", open, &[], |row| {
            Ok(OpenDay {
                asn: row.u32("asn")?,
                test_type: row.text("test_type")?,
                counts_on: row.day("counts_on")?,
                votes: row.u64("votes")?,
            })
        })?;
        let closing = blocks::merge(&open);
        engine.run("forgetting the closing days", "DELETE FROM closing_days")?;
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
        let places = catalog::PART_PLACES;
        let table = format!("CREATE OR REPLACE TEMP TABLE {} AS {}", places.relation(), places.sql);
        engine.execute(places.name, &table, &places.bind(&[("block_votes", blocks::BLOCK_VOTES.into())]))?;
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
pub(super) fn may_count(file: &FileEntry, from: Day, to: Day, late_binding: bool) -> bool {
    let day = file.test_date().day();
    day <= to && (day >= from || file.max_arrived_hour >= from.first_hour() || late_binding)
}
