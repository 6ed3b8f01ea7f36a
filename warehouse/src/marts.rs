//! The marts: what the lake adds up to, kept up to date in a DuckDB file that can be deleted at any time.
//!
//! [`Marts::refresh`] adds what was sealed since the last time to the live counts. [`Marts::close_days`] counts the days
//! that have closed and merges them into [`crate::blocks`]. Each is one transaction that also notes from which manifest
//! of the lake it was made: if the lake is not on that line any more, everything is made again.

mod accounts;

mod close;

mod figures;

mod frames;

mod inputs;

pub(crate) mod results;

mod retain;

mod rights;

mod state;

mod sums;

use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;

use wire::Day;

pub use close::Closed;
pub use figures::{Basis, Evidence, Since};
pub use frames::WINDOWS;
pub(crate) use retain::LATE_DAYS;
pub use rights::Rights;

use crate::blocks::BLOCK_VOTES;
use crate::catalog;
use crate::config::EngineConfig;
use crate::durable::FileFault;
use crate::engine::{Engine, EngineFault, Settings};
#[cfg(test)]
use crate::engine::{Table, quoted};
use crate::inputs::Inputs;
use crate::lake::manifest::Snapshot;
use crate::lake::{Lake, LakeError};
use crate::paths::DataDir;
use state::State;

/// Rows that refreshes may append to the live counts before these are added up anew.
const MOST_PARTS: i64 = 200_000;

/// Something that the marts did not do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MartsFault {
    /// The engine failed.
    #[error(transparent)]
    Engine(#[from] EngineFault),
    /// The lake could not be read.
    #[error(transparent)]
    Lake(#[from] LakeError),
    /// The file system refused.
    #[error(transparent)]
    File(#[from] FileFault),
    /// The cache was made by another version of the program.
    #[error("the marts were made by other statements")]
    Outdated,
    /// A check of `queries/checks` found rows that break its rule.
    #[error("the marts break the rule {rule} in {rows} rows, for example {example}")]
    Check {
        /// The check's name.
        rule: &'static str,
        /// How many rows it found.
        rows: usize,
        /// The first of them.
        example: String,
    },
}

/// The marts of one data directory. The caller holds the directory's lock.
pub struct Marts {
    engine: Engine,
    state: State,
    /// The manifest of the last refresh.
    snapshot: Option<Arc<Snapshot>>,
}

/// How marts stand: those of two moments with the same one say the same.
#[derive(Debug, Clone, PartialEq)]
pub struct Standing(State);

/// What a refresh found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Refreshed {
    /// True if everything had to be made again: the cache was new, damaged, or of another line of the lake.
    pub from_scratch: bool,
    /// Results that were added to the live counts.
    pub results: u64,
}

impl Marts {
    /// Opens the cache, or makes it. A file that cannot be used is removed: nothing in it is a source.
    ///
    /// # Errors
    /// [`MartsFault`] if not even a new file can be used.
    pub fn open(dir: &DataDir, config: &EngineConfig, inputs: &Inputs) -> Result<Self, MartsFault> {
        let cache = dir.cache();
        fs::create_dir_all(&cache).map_err(FileFault::when("make directory", &cache))?;
        fs::create_dir_all(dir.public()).map_err(FileFault::when("make directory", &dir.public()))?;
        let path = dir.marts();
        let (engine, mut state) = match open_cache(dir, config) {
            Ok(opened) => opened,
            Err(fault) => {
                tracing::warn!(error = %fault, cache = %path.display(), "the marts' cache cannot be used and is made anew");
                remove_cache(&path)?;
                open_cache(dir, config)?
            }
        };
        state.take_offsets(&engine, &inputs.offsets)?;
        engine.run("defining valid_results", &results::no_results())?;
        engine.run("defining valid_results", &view("valid_results", catalog::VALID_RESULTS.sql))?;
        Ok(Self { engine, state, snapshot: None })
    }

    /// The last day that is closed and counted in blocks; none before the first.
    #[must_use]
    pub fn closed_through(&self) -> Option<Day> {
        self.state.closed_through
    }

    /// The manifest that the live counts show; none before the first refresh.
    #[must_use]
    pub fn snapshot(&self) -> Option<&Snapshot> {
        self.snapshot.as_deref()
    }

    /// How they stand.
    #[must_use]
    pub fn standing(&self) -> Standing {
        Standing(self.state.clone())
    }

    /// Brings the live counts up to the lake's current manifest, and the rights of agents up to what is given.
    ///
    /// # Errors
    /// [`MartsFault`]; then nothing was changed.
    pub fn refresh(&mut self, lake: &Lake, rights: &Rights) -> Result<Refreshed, MartsFault> {
        let snapshot = lake.current();
        let on_line = match self.state.manifest {
            Some(manifest) => lake.is_ancestor(manifest),
            None => self.state.last_seal == 0,
        };
        let mut next = if on_line { self.state.clone() } else { self.state.emptied() };
        if on_line && self.state.manifest == Some(snapshot.id) && self.state.rights == *rights {
            self.snapshot = Some(snapshot);
            return Ok(Refreshed::default());
        }
        let files: Vec<_> = snapshot.files_after(next.last_seal).collect();
        let relation = results::of_files(lake.paths(), &files, next.last_seal)?;
        let results = self.engine.transaction(|| {
            if !on_line {
                self.engine.run("emptying the marts", &state::empty_all())?;
            }
            next.take_rights(&self.engine, rights)?;
            retain::apply(&self.engine, lake, &snapshot, &mut next)?;
            let results = if files.is_empty() { 0 } else { self.add_to_live_counts(&relation)? };
            accounts::replace(&self.engine, &snapshot.marks)?;
            next.manifest = Some(snapshot.id);
            next.last_seal = snapshot.last_seal;
            next.store(&self.engine)?;
            Ok::<_, MartsFault>(results)
        })?;
        let from_scratch = self.state.manifest.is_none() || !on_line;
        self.state = next;
        self.snapshot = Some(snapshot);
        Ok(Refreshed { from_scratch, results })
    }

    fn add_to_live_counts(&self, relation: &str) -> Result<u64, MartsFault> {
        let engine = &self.engine;
        engine.run("naming the new results", relation)?;
        let before = self.total("SELECT CAST(coalesce(sum(tests), 0) AS BIGINT) AS total FROM daily_parts")?;
        engine.run("counting new results", &insert("daily_parts", catalog::DAILY_PARTS.sql))?;
        let after = self.total("SELECT CAST(coalesce(sum(tests), 0) AS BIGINT) AS total FROM daily_parts")?;
        if self.total("SELECT count(*) AS total FROM daily_parts")? > MOST_PARTS {
            engine.run("adding the live counts up", state::ADD_UP_PARTS)?;
        }
        Ok(u64::try_from(after - before).unwrap_or(0))
    }

    fn total(&self, sql: &str) -> Result<i64, MartsFault> {
        let totals = self.engine.query("counting", sql, &[], |row| row.int("total"))?;
        Ok(totals.first().copied().unwrap_or(0))
    }

    /// Forgets everything, so that the next refresh makes it again.
    ///
    /// # Errors
    /// [`MartsFault::Engine`].
    pub fn forget(&mut self) -> Result<(), MartsFault> {
        let emptied = self.state.emptied();
        self.engine.transaction(|| {
            self.engine.run("emptying the marts", &state::empty_all())?;
            emptied.store(&self.engine)
        })?;
        self.state = emptied;
        Ok(())
    }

    /// Runs every check of `queries/checks`; each must find nothing. Blocks that were published are not looked at again.
    ///
    /// # Errors
    /// [`MartsFault::Check`] for the first that finds something.
    pub fn check(&self) -> Result<(), MartsFault> {
        for check in catalog::checks() {
            let since_day = self.published().map_or(Day(0), |since| since.day);
            let params = check.bind(&[("block_votes", BLOCK_VOTES.into()), ("since_day", since_day.into())]);
            let found = self.engine.query(check.name, check.sql, &params, |row| row.text("test_type"))?;
            if let Some(example) = found.first() {
                return Err(MartsFault::Check { rule: check.name, rows: found.len(), example: example.clone() });
            }
        }
        Ok(())
    }

    /// Answers one SELECT.
    ///
    /// # Errors
    /// [`MartsFault::Engine`] with what the engine says of the statement.
    #[cfg(test)]
    pub fn ask(&self, sql: &str) -> Result<Table, MartsFault> {
        let sql = sql.trim().trim_end_matches(';');
        Ok(self.engine.table("the statement", &format!("SELECT * FROM query({})", quoted(sql)))?)
    }

    /// The engine, for whoever writes files from the marts.
    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }
}

#[cfg(test)]
impl Standing {
    /// Marts that hold so many seals.
    pub(crate) fn example(last_seal: u64) -> Self {
        Self(State { last_seal, ..State::default() })
    }
}

fn open_cache(dir: &DataDir, config: &EngineConfig) -> Result<(Engine, State), MartsFault> {
    let settings = Settings {
        memory_mib: config.memory_mib,
        threads: config.threads,
        directories: vec![dir.lake(), dir.cache(), dir.public()],
        spill_dir: dir.cache().join("spill"),
    };
    let engine = Engine::open(&dir.marts(), &settings)?;
    let state = State::open(&engine)?;
    Ok((engine, state))
}

/// Removes the cache and what the engine keeps beside it.
fn remove_cache(path: &Path) -> Result<(), FileFault> {
    for path in [path.to_owned(), path.with_extension("duckdb.wal")] {
        match fs::remove_file(&path) {
            Err(fault) if fault.kind() != io::ErrorKind::NotFound => {
                return Err(FileFault::when("remove", &path)(fault));
            }
            _ => {}
        }
    }
    Ok(())
}

fn view(name: &str, sql: &str) -> String {
    format!("CREATE OR REPLACE TEMP VIEW {name} AS {sql}")
}

fn insert(table: &str, sql: &str) -> String {
    format!("INSERT INTO {table} {sql}")
}

#[cfg(test)]
pub(crate) mod tests;
