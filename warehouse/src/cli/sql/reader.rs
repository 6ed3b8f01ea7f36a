//! An open `analytics.duckdb`, which answers and cannot be changed.

use std::io::Write;

use super::{Answer, Failure, Format};
use crate::analytics::Place;
use crate::engine::{Engine, EngineFault, Settings, quoted};
use crate::export::Sheet;

/// The file, open to be read.
pub(super) struct Reader {
    place: Place,
    engine: Engine,
}

impl Reader {
    /// Opens the file that lies there now.
    pub(super) fn open(place: &Place) -> anyhow::Result<Self> {
        let dir = &place.dir;
        let settings = Settings {
            memory_mib: place.engine.memory_mib,
            threads: place.engine.threads,
            directories: vec![dir.lake(), dir.public()],
            spill_dir: std::env::temp_dir().join(format!("warehouse-sql-{}", std::process::id())),
        };
        let engine = Engine::open_to_read(&place.path, &settings)
            .map_err(|fault| anyhow::anyhow!("cannot read {}: {}", place.path.display(), fault.said()))?;
        Ok(Self { place: place.clone(), engine })
    }

    /// Opens the file that lies there now in the place of this one.
    pub(super) fn reopen(&mut self) -> anyhow::Result<()> {
        *self = Self::open(&self.place)?;
        Ok(())
    }

    /// Writes the answer to a statement, piece by piece.
    ///
    /// # Errors
    /// What the engine says of the statement, or the output.
    pub(super) fn answer(&self, statement: &str, format: Format, sink: impl Write + Send) -> Result<(), Failure> {
        let mut answer = Answer::begin(format, sink);
        let sql = read_only(statement);
        let done = self.engine.stream("the statement", &sql, |rows| answer.take(Sheet::new(rows)));
        match done {
            // Enough for a terminal.
            Err(Failure::Enough) | Ok(()) => answer.end(),
            Err(fault) => Err(fault),
        }
    }

    /// The rows of a statement of our own, as texts.
    ///
    /// # Errors
    /// What the engine says.
    pub(super) fn texts<const N: usize>(&self, sql: &str, columns: [&str; N]) -> Result<Vec<[String; N]>, EngineFault> {
        self.engine.query("looking at the tables", sql, &[], |row| {
            let mut texts = [const { String::new() }; N];
            for (text, column) in texts.iter_mut().zip(columns) {
                *text = row.maybe_text(column)?.unwrap_or_default();
            }
            Ok(texts)
        })
    }
}

/// The statement as one that can only read: `query` of the engine takes a single SELECT, or what is short for one.
fn read_only(statement: &str) -> String {
    let statement = statement.trim().trim_end_matches(';');
    for prefix in ["EXPLAIN ANALYZE ", "EXPLAIN "] {
        let found = statement.get(..prefix.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(prefix));
        if found {
            return format!("{prefix}{}", read_only(&statement[prefix.len()..]));
        }
    }
    format!("SELECT * FROM query({})", quoted(statement))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Aim: a statement stands inside a text, whatever quotes it has, and EXPLAIN stands before it.
    #[test]
    fn statements_are_enclosed() {
        assert_eq!(read_only(" SELECT 'a';\n"), "SELECT * FROM query('SELECT ''a''')");
        assert_eq!(read_only("explain FROM daily"), "EXPLAIN SELECT * FROM query('FROM daily')");
        assert_eq!(read_only("Explain Analyze FROM daily"), "EXPLAIN ANALYZE SELECT * FROM query('FROM daily')");
        assert_eq!(read_only("é"), "SELECT * FROM query('é')");
    }
}
