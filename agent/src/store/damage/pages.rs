//! Reads the rows of a damaged table around the pages that cannot be read.
//!
//! A look-up by number goes from the root to one page and touches no other, so the rows on both sides of a damaged page
//! are reached: from the left until it fails, then behind it in steps that double, and back to it from the right.

use rusqlite::{Connection, Row};

/// Look-ups that fail before the rest of a table is given up.
const MOST_FAILED: u32 = 20_000;

/// Numbers between which some rows are lost, both inclusive; an open end is the smallest or largest number there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Gap {
    pub(super) from: i64,
    pub(super) to: i64,
}

impl Gap {
    const ALL: Self = Self { from: i64::MIN, to: i64::MAX };

    fn is_empty(self) -> bool {
        self.from > self.to
    }
}

/// A table of the damaged database.
pub(super) struct Table<'a> {
    pub(super) connection: &'a Connection,
    pub(super) name: &'a str,
    /// What is read of each row, beside its number.
    pub(super) columns: &'a str,
    failed: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Direction {
    Up,
    Down,
}

impl<'a> Table<'a> {
    pub(super) fn new(connection: &'a Connection, name: &'a str, columns: &'a str) -> Self {
        Self { connection, name, columns, failed: 0 }
    }

    /// Gives every row that can be read to `take`, its number in the first column. Returns where rows are lost.
    pub(super) fn read(&mut self, mut take: impl FnMut(&Row<'_>)) -> Vec<Gap> {
        let mut lost = Vec::new();
        let mut left = vec![Gap::ALL];
        while let Some(gap) = left.pop() {
            let Some(gap) = self.read_from(Direction::Up, gap, &mut take) else { continue };
            let Some(gap) = self.read_from(Direction::Down, gap, &mut take) else { continue };
            match self.behind(gap) {
                Some((before, after)) => {
                    // The nearer part ends at the damage, the other one goes on with rows.
                    lost.extend(self.read_from(Direction::Down, before, &mut take));
                    left.push(after);
                }
                None => lost.push(gap),
            }
        }
        lost
    }

    /// Reads rows of this range until one cannot be read; then what is left of the range.
    fn read_from(&mut self, direction: Direction, gap: Gap, take: &mut impl FnMut(&Row<'_>)) -> Option<Gap> {
        if gap.is_empty() {
            return None;
        }
        let order = if direction == Direction::Up { "ASC" } else { "DESC" };
        let sql = format!(
            "SELECT rowid, {} FROM {} WHERE rowid BETWEEN ?1 AND ?2 ORDER BY rowid {order}",
            self.columns, self.name
        );
        let mut left = gap;
        let mut read = || -> rusqlite::Result<()> {
            let mut statement = self.connection.prepare_cached(&sql)?;
            let mut rows = statement.query([gap.from, gap.to])?;
            while let Some(row) = rows.next()? {
                let number: i64 = row.get(0)?;
                take(row);
                match direction {
                    Direction::Up => left.from = number.saturating_add(1),
                    Direction::Down => left.to = number.saturating_sub(1),
                }
            }
            Ok(())
        };
        match read() {
            Ok(()) => None,
            Err(_) if left.is_empty() => None,
            Err(_) => {
                self.failed += 1;
                Some(left)
            }
        }
    }

    /// Finds a readable place inside a range that cannot be read from either end: the range up to it, and that from it on.
    fn behind(&mut self, gap: Gap) -> Option<(Gap, Gap)> {
        // From an open left end there is nothing to count from but the right one, and numbers begin near 0.
        let from = if gap.from == i64::MIN { 0.min(gap.to) } else { gap.from };
        for step in 0..i64::BITS - 2 {
            let place = from.checked_add(1_i64 << step).filter(|place| *place <= gap.to)?;
            if self.failed >= MOST_FAILED {
                return None;
            }
            let sql = format!("SELECT rowid FROM {} WHERE rowid BETWEEN ?1 AND ?2 ORDER BY rowid LIMIT 1", self.name);
            let found = self
                .connection
                .prepare_cached(&sql)
                .and_then(|mut statement| statement.query([place, gap.to])?.next().map(|row| row.is_some()));
            match found {
                Ok(_) => return Some((Gap { from: gap.from, to: place - 1 }, Gap { from: place, to: gap.to })),
                Err(_) => self.failed += 1,
            }
        }
        None
    }
}
