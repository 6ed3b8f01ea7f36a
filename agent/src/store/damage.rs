//! Damage: bits that changed by themselves, files that were cut off, keys that are gone.
//!
//! What happens when a database is opened:
//! 1. [`files`] ends an exchange of files that a crash interrupted;
//! 2. [`header`] and [`log`] mend what can be mended to the bit, before SQLite looks at it;
//! 3. SQLite opens it, [`check`] looks at every page, and at the values that programs rely on;
//! 4. if that finds damage, [`salvage`] reads what can be read into a new file, and the old one is set aside.
//!
//! Whatever was lost is counted in the table `damage`, and records that were lost are reported to the warehouse as
//! dropped. The same is done when damage shows while the agent runs.
//!
//! **What may have reached the warehouse is never sent again as something else.** A batch is offered only after the
//! database's main file holds it (`Store::write_through`), so a lost write-ahead log loses only what was never sent.
//! Numbers go on under the same epoch as long as `identity` fits its checksum; otherwise a new epoch begins with what was
//! never offered.

pub mod check;

pub mod files;

mod header;

pub mod key;

mod log;

mod pages;

mod salvage;

use std::collections::BTreeMap;
use std::path::Path;

use jiff::Timestamp;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, params};
use serde::{Deserialize, Serialize};

use self::check::Verdict;
use super::{StoreFault, schema};

/// What can be damaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Part {
    /// The database as a whole: its file was set aside, and what could be read is in a new one.
    Database,
    /// The first bytes of the database; mended.
    Header,
    /// The write-ahead log: mended (nothing lost), or cut where it breaks (transactions lost).
    Log,
    /// An index; made anew.
    Index,
    /// Who the database is: a new epoch began.
    Identity,
    /// Results in the history.
    History,
    /// Records that waited for sealing.
    Outbox,
    /// Sealed batches.
    Batches,
    /// What was set aside for a human.
    SetAside,
    /// The memory of votes: those clients may vote again.
    Votes,
    /// First answers: a repeated submission may count twice.
    Answers,
    /// The key under which clients are remembered.
    LocalKey,
    /// Everything else in the database.
    Other,
}

impl Part {
    /// Its name in the database, in metrics and in answers.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Database => "database",
            Self::Header => "header",
            Self::Log => "log",
            Self::Index => "index",
            Self::Identity => "identity",
            Self::History => "history",
            Self::Outbox => "outbox",
            Self::Batches => "batches",
            Self::SetAside => "set_aside",
            Self::Votes => "votes",
            Self::Answers => "answers",
            Self::LocalKey => "local_key",
            Self::Other => "other",
        }
    }

    /// The part that a table is.
    fn of_table(table: &str) -> Self {
        match table {
            "identity" => Self::Identity,
            "history" => Self::History,
            "outbox" => Self::Outbox,
            "batches" => Self::Batches,
            "set_aside" => Self::SetAside,
            "votes" => Self::Votes,
            "answers" => Self::Answers,
            _ => Self::Other,
        }
    }

    fn parse(name: &str) -> Self {
        serde_json::from_value(serde_json::Value::String(name.to_owned())).unwrap_or(Self::Other)
    }
}

/// Damage of one part, over the life of a database.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Counted {
    /// How often it was found.
    pub times: u64,
    /// Rows that are lost, as far as they can be counted; transactions for the log.
    pub lost: u64,
    /// When it was found last, in Unix seconds.
    pub last_s: i64,
    /// Name of the file in the data directory that was set aside last.
    pub file: Option<String>,
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Found {
    part: Part,
    lost: u64,
    file: Option<String>,
}

impl Found {
    fn mended(part: Part) -> Self {
        Self::lost(part, 0)
    }

    fn lost(part: Part, lost: u64) -> Self {
        Self { part, lost, file: None }
    }
}

/// All damage that this database knows of.
///
/// # Errors
/// [`StoreFault`] if it cannot be read.
pub fn read(connection: &Connection) -> Result<BTreeMap<Part, Counted>, StoreFault> {
    let mut statement = connection.prepare_cached("SELECT part, times, lost, last_s, file FROM damage")?;
    let rows = statement.query_map([], |row| {
        let counted = Counted { times: row.get(1)?, lost: row.get(2)?, last_s: row.get(3)?, file: row.get(4)? };
        Ok((Part::parse(&row.get::<_, String>(0)?), counted))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Counts rows that are lost; none is no damage.
///
/// # Errors
/// [`StoreFault`] if the database does not take it.
pub fn note(connection: &Connection, part: Part, lost: u64, now_s: i64) -> Result<(), StoreFault> {
    if lost == 0 {
        return Ok(());
    }
    tracing::error!(damage.part = part.name(), damage.lost = lost, "damaged rows were found and given up");
    write(connection, &Found::lost(part, lost), now_s)
}

fn write(connection: &Connection, found: &Found, now_s: i64) -> Result<(), StoreFault> {
    connection
        .prepare_cached(
            "INSERT INTO damage (part, times, lost, last_s, file) VALUES (?1, 1, ?2, ?3, ?4)
             ON CONFLICT (part) DO UPDATE SET times = times + 1, lost = lost + excluded.lost,
                 last_s = excluded.last_s, file = coalesce(excluded.file, file)",
        )?
        .execute(params![found.part.name(), found.lost, now_s, found.file])?;
    Ok(())
}

/// Opens the database, checked and mended; what could not be mended was set aside and counted.
///
/// # Errors
/// [`StoreFault`] if there is no room, the disk takes nothing or gives nothing, or the file is of a newer version. Then
/// nothing was given up, and it can be tried again.
pub fn open(path: &Path, now: Timestamp) -> Result<Connection, StoreFault> {
    let now_s = now.as_second();
    files::finish(path)?;
    let mut found = Vec::new();
    found.extend(header::mend(path)?);
    let log = log::mend(path)?;
    log::drop_if_older(path)?;
    let mut index = None;
    let mut opened = open_checked(path, log.doubtful.is_none(), &mut index);
    match (log.doubtful, &opened) {
        (Some(doubtful), Err(fault)) if fault.is_damage() => {
            found.push(doubtful.cut(path)?);
            log::drop_if_older(path)?;
            opened = open_checked(path, true, &mut index);
        }
        _ => {
            let log_was_damaged = log.found.is_some();
            found.extend(log.found);
            // What a damaged log breaks, it breaks alone: everything that was ever sent lies in the main file.
            if log_was_damaged && opened.as_ref().is_err_and(StoreFault::is_damage) && check::is_sound_without_log(path)
            {
                found.push(log::drop(path)?);
                opened = open_checked(path, true, &mut index);
            }
        }
    }
    let connection = match opened {
        Ok(connection) => {
            found.extend(index);
            connection
        }
        Err(fault) if fault.is_damage() => {
            tracing::error!(
                error = &fault as &dyn std::error::Error,
                "the database is damaged: it is set aside, and what can be read goes into a new one"
            );
            let stamp = files::Stamp::new(path, now);
            found.extend(salvage::salvage(path, &stamp, now_s)?);
            files::exchange(path, &stamp)?;
            schema::open(path)?
        }
        Err(fault) => return Err(fault),
    };
    let mut connection = connection;
    let transaction = connection.transaction()?;
    found.extend(check::values(&transaction)?);
    for found in &found {
        write(&transaction, found, now_s)?;
    }
    transaction.commit()?;
    found.iter().for_each(tell);
    Ok(connection)
}

/// Opens the database if no damage is to be seen. Otherwise its log stays as it is: nothing of it goes into the main file.
fn open_checked(path: &Path, may_write: bool, index: &mut Option<Found>) -> Result<Connection, StoreFault> {
    let mut connection = schema::open(path)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    if check::schema_differs(&connection)? {
        return Err(StoreFault::Damaged("the schema"));
    }
    match check::pages(&mut connection)? {
        Verdict::Sound => {}
        Verdict::Unfinished => {
            tracing::warn!("the database is too large to be checked within {:?} at a start", check::MOST_TIME);
        }
        Verdict::IndexDamaged if may_write => {
            connection.execute_batch("REINDEX")?;
            if check::pages(&mut connection)? == Verdict::IndexDamaged {
                return Err(StoreFault::Damaged("an index"));
            }
            *index = Some(Found::mended(Part::Index));
        }
        Verdict::IndexDamaged => return Err(StoreFault::Damaged("an index")),
        Verdict::Damaged(what) => {
            tracing::error!(%what, "the check of the database found damage");
            return Err(StoreFault::Damaged("a page"));
        }
    }
    if check::numbers_in_use(&connection, &super::identity::read(&connection)?)? {
        return Err(StoreFault::Damaged("identity"));
    }
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)?;
    Ok(connection)
}

fn tell(found: &Found) {
    let (part, lost) = (found.part.name(), found.lost);
    match &found.file {
        Some(file) => tracing::error!(damage.part = part, damage.lost = lost, %file, "damage; the file was set aside"),
        None if lost == 0 => tracing::warn!(damage.part = part, "damage was found and mended; nothing is lost"),
        None => tracing::error!(damage.part = part, damage.lost = lost, "damage; this is lost"),
    }
}
