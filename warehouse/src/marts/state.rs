//! What the cache says of itself: from which manifest it was made, how far days are closed, and under which rights.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use wire::{AgentId, Asn, Country, Day, Hour};

use super::figures::Since;
use super::{MartsFault, Rights, close, inputs, insert, sums};
use crate::catalog::{self, Query};
use crate::digest::Sha256;
use crate::engine::{Engine, EngineFault, Param};
use crate::lake::paths::ManifestId;

/// Tables that queries fill; they are made from the contracts, which a test holds against the statements.
const FILLED: [Query; 6] = [
    catalog::DAILY_PARTS,
    catalog::BLOCKS,
    catalog::BLOCK_PARTS,
    catalog::BLOCK_BINS,
    catalog::BLOCK_GRADES,
    catalog::BLOCK_AGENTS,
];

/// The tables that hold what was made of closed days.
pub(super) const OF_CLOSED_DAYS: [&str; 9] = [
    "waiting_parts",
    "waiting_bins",
    "waiting_grades",
    "waiting_agents",
    "blocks",
    "block_parts",
    "block_bins",
    "block_grades",
    "block_agents",
];

/// The other tables that hold what was made of the lake and of the operator's files.
const OF_THE_LAKE: [&str; 6] = ["state", "resume", "withdrawn_days", "bindings", "daily_parts", "accounts"];

const SCHEMA: &str = include_str!("schema.sql");

/// Adds the live counts up, so that the table stays as small as its groups are few.
pub(super) const ADD_UP_PARTS: &str = "CREATE OR REPLACE TABLE daily_parts AS SELECT test_date, came_on, asn, test_type, agent, \
     CAST(sum(tests) AS BIGINT) AS tests, CAST(sum(votes) AS BIGINT) AS votes, \
     CAST(sum(unmeasured) AS BIGINT) AS unmeasured FROM daily_parts GROUP BY test_date, came_on, asn, test_type, agent";

/// The state of the marts after their last change.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct State {
    /// The manifest of the lake from which they were made; none if they are empty.
    pub(super) manifest: Option<ManifestId>,
    /// The last seal that is in the live counts.
    pub(super) last_seal: u64,
    /// The last day whose counts are in blocks or wait for more votes.
    pub(super) closed_through: Option<Day>,
    /// True if the blocks were closed under other rights and must be made again.
    pub(super) reopened: bool,
    /// Digest of the lake's resume file that was applied; none if no month was ever dropped.
    pub(super) resume: Option<String>,
    /// What was published last; none if blocks have changed since otherwise than by new ones.
    pub(super) published: Option<Since>,
    /// What was published last of blocks that are still the same, though old ones may have gone since; none if blocks were
    /// closed anew.
    pub(super) released: Option<Since>,
    /// Digest of the countries' standard times by which peak hours were told.
    pub(super) offsets: Option<String>,
    /// The rights in force.
    pub(super) rights: Rights,
}

impl State {
    /// Reads the state of a cache; makes the tables of a new one.
    pub(super) fn open(engine: &Engine) -> Result<Self, MartsFault> {
        let known = "SELECT count(*) AS found FROM information_schema.tables WHERE table_name = 'state'";
        let known = engine.query("looking for the marts", known, &[], |row| row.int("found"))?;
        if known.first() == Some(&0) {
            return Self::create(engine);
        }
        let what = "reading the marts' state";
        let rows = engine.query(what, "SELECT * FROM state", &[], |row| {
            let manifest = row.maybe_text("manifest")?.map(|text| text.parse::<ManifestId>());
            let state = Self {
                manifest: manifest.transpose().map_err(|_| row.shape("manifest"))?,
                last_seal: row.u64("last_seal")?,
                closed_through: row.maybe_day("closed_through")?,
                reopened: row.bool("reopened")?,
                resume: row.maybe_text("resume")?,
                published: row
                    .maybe_text("published")?
                    .zip(row.maybe_day("published_day")?)
                    .map(|(name, day)| Since { name, day }),
                released: row
                    .maybe_text("released")?
                    .zip(row.maybe_day("released_day")?)
                    .map(|(name, day)| Since { name, day }),
                offsets: row.maybe_text("offsets")?,
                rights: Rights::default(),
            };
            Ok((row.text("statements")?, state))
        })?;
        match rows.into_iter().next() {
            Some((statements, state)) if statements == *STATEMENTS_DIGEST => {
                Ok(Self { rights: read_rights(engine)?, ..state })
            }
            _ => Err(MartsFault::Outdated),
        }
    }

    fn create(engine: &Engine) -> Result<Self, MartsFault> {
        engine.transaction(|| {
            engine.run("making the marts' tables", SCHEMA)?;
            for query in FILLED {
                engine.run(query.name, &table_of(query.relation(), query)?)?;
            }
            for (query, table) in close::COUNTED {
                engine.run(query.name, &table_of(table, query)?)?;
            }
            for (table, query) in sums::KEPT {
                engine.run(query.name, &table_of(table, query)?)?;
            }
            for query in [catalog::DAILY, catalog::DAILY_EXCLUSIONS] {
                engine.run(query.name, &format!("CREATE VIEW {} AS {}", query.relation(), query.sql))?;
            }
            inputs::fill_built_in(engine)?;
            let state = Self::default();
            state.store(engine)?;
            Ok(state)
        })
    }

    /// Writes the state; part of the transaction that made it true.
    pub(super) fn store(&self, engine: &Engine) -> Result<(), MartsFault> {
        engine.run("replacing the marts' state", "DELETE FROM state")?;
        engine.append(
            "state",
            [[
                self.manifest.map(|id| Param::Text(id.to_string())),
                Some(Param::Int(i64::try_from(self.last_seal).unwrap_or(i64::MAX))),
                self.closed_through.map(Param::Day),
                Some(Param::Bool(self.reopened)),
                self.resume.clone().map(Param::Text),
                self.published.as_ref().map(|since| Param::Text(since.name.clone())),
                self.published.as_ref().map(|since| Param::Day(since.day)),
                self.released.as_ref().map(|since| Param::Text(since.name.clone())),
                self.released.as_ref().map(|since| Param::Day(since.day)),
                self.offsets.clone().map(Param::Text),
                Some(Param::Text(STATEMENTS_DIGEST.clone())),
            ]],
        )?;
        Ok(())
    }

    /// The state of emptied marts.
    pub(super) fn emptied(&self) -> Self {
        Self { offsets: self.offsets.clone(), ..Self::default() }
    }

    /// Puts other standard times in force; blocks that were closed under others are marked as reopened.
    pub(super) fn take_offsets(&mut self, engine: &Engine, offsets: &BTreeMap<Country, i16>) -> Result<(), MartsFault> {
        let lines: String = offsets.iter().map(|(country, minutes)| format!("{country},{minutes}\n")).collect();
        let digest = Some(Sha256::of(lines.as_bytes()).to_string());
        if self.offsets == digest {
            return Ok(());
        }
        let mut next = Self { offsets: digest, ..self.clone() };
        next.reopened |= next.closed_through.is_some();
        engine.transaction(|| {
            inputs::replace_offsets(engine, offsets)?;
            next.store(engine)
        })?;
        *self = next;
        Ok(())
    }

    /// Puts new rights in force; blocks that were closed under others are marked as reopened.
    pub(super) fn take_rights(&mut self, engine: &Engine, rights: &Rights) -> Result<(), MartsFault> {
        if self.rights == *rights && self.manifest.is_some() {
            return Ok(());
        }
        self.reopened |= self.rights.reopens(rights, self.closed_through);
        engine.run("replacing the rights", "DELETE FROM bindings; DELETE FROM withdrawn_days")?;
        let bindings = rights.bindings.iter().map(|((agent, asn), since)| {
            [Some(agent.as_str().into()), Some(asn.get().into()), Some(Param::Hour(*since))]
        });
        engine.append("bindings", bindings)?;
        let days = rights.withdrawn.iter().map(|(agent, day)| [Some(agent.as_str().into()), Some(Param::Day(*day))]);
        engine.append("withdrawn_days", days)?;
        self.rights = rights.clone();
        Ok(())
    }
}

/// Statements that empty every table that was made of the lake.
pub(super) fn empty_all() -> String {
    empty(&OF_CLOSED_DAYS) + &empty(&OF_THE_LAKE)
}

/// Statements that empty these tables.
pub(super) fn empty(tables: &[&str]) -> String {
    tables.iter().map(|table| format!("DELETE FROM {table};")).collect()
}

/// A table with the columns of a query's contract.
fn table_of(table: &str, query: Query) -> Result<String, MartsFault> {
    let contract = query.contract().map_err(|_| MartsFault::Outdated)?;
    let columns: Vec<String> =
        contract.columns.iter().map(|column| format!("{} {}", column.name, column.r#type)).collect();
    Ok(format!("CREATE TABLE {table} ({})", columns.join(", ")))
}

fn read_rights(engine: &Engine) -> Result<Rights, EngineFault> {
    let mut rights = Rights::default();
    let bindings = "SELECT agent, asn, CAST(epoch(bound_at) / 3600 AS BIGINT) AS hour FROM bindings";
    let bindings = engine.query("reading the bindings", bindings, &[], |row| {
        let agent = AgentId::parse(&row.text("agent")?).map_err(|_| row.shape("agent"))?;
        let asn = Asn::new(row.u32("asn")?).ok_or_else(|| row.shape("asn"))?;
        Ok(((agent, asn), Hour(row.u32("hour")?)))
    })?;
    rights.bindings.extend(bindings);
    let days = "SELECT agent, test_date FROM withdrawn_days";
    let days = engine.query("reading the withdrawals", days, &[], |row| {
        let agent = AgentId::parse(&row.text("agent")?).map_err(|_| row.shape("agent"))?;
        Ok((agent, row.day("test_date")?))
    })?;
    rights.withdrawn.extend(days);
    Ok(rights)
}

/// Digest of everything that makes the marts what they are: another program makes another cache.
static STATEMENTS_DIGEST: LazyLock<String> = LazyLock::new(|| {
    let mut all = SCHEMA.to_owned();
    all.extend(catalog::ALL.iter().map(|query| insert(query.name, query.sql)));
    all.extend(catalog::ALL.iter().map(Query::contract_text));
    all.push_str(catalog::BINS_CSV);
    all.push_str(catalog::RATE_BINS_CSV);
    all.push_str(catalog::CRITICAL_VALUES_CSV);
    all.extend(catalog::POLICIES.iter().map(|(name, csv)| format!("{name}\n{csv}")));
    Sha256::of(all.as_bytes()).to_string()
});
