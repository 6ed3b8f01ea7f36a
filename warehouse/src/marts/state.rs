//! What the cache says of itself: from which manifest it was made, how far days are closed, and under which rights.

use std::sync::LazyLock;

use wire::{AgentId, Asn, Day, Hour};

use super::{MartsFault, Rights, insert};
use crate::catalog;
use crate::digest::Sha256;
use crate::engine::{Engine, EngineFault, Param};
use crate::lake::paths::ManifestId;

/// The tables that hold what was made of closed days.
pub(super) const OF_CLOSED_DAYS: [&str; 8] = [
    "open_days",
    "open_bins",
    "open_grades",
    "open_countries",
    "blocks",
    "block_bins",
    "block_grades",
    "block_countries",
];

/// The other tables that hold what was made of the lake and of the operator's files.
const OF_THE_LAKE: [&str; 5] = ["state", "resume", "withdrawn_days", "bindings", "daily_parts"];

const SCHEMA: &str = include_str!("schema.sql");

/// Adds the live counts up, so that the table stays as small as its groups are few.
pub(super) const ADD_UP_PARTS: &str = "CREATE OR REPLACE TABLE daily_parts AS SELECT test_date, asn, test_type, agent, \
     CAST(sum(tests) AS BIGINT) AS tests, CAST(sum(votes) AS BIGINT) AS votes, \
     CAST(sum(unmeasured) AS BIGINT) AS unmeasured FROM daily_parts GROUP BY test_date, asn, test_type, agent";

/// The state of the marts after their last change.
#[derive(Debug, Clone, Default)]
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
            engine.run("defining daily", &format!("CREATE VIEW daily AS {}", catalog::DAILY.sql))?;
            fill_inputs(engine)?;
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
                Some(Param::Text(STATEMENTS_DIGEST.clone())),
            ]],
        )?;
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

/// Fills the tables of bins and policies, which are data of the program.
fn fill_inputs(engine: &Engine) -> Result<(), MartsFault> {
    let numbers = |line: &str| -> Vec<Option<i64>> { line.split(',').map(|cell| cell.parse().ok()).collect() };
    let bins = catalog::BINS_CSV.lines().skip(1).filter_map(|line| <[_; 5]>::try_from(numbers(line)).ok());
    engine.append("bins", bins.map(|row| row.map(|cell| cell.map(Param::Int))))?;
    for (policy, csv) in catalog::POLICIES {
        let rows = csv.lines().skip(1).filter_map(|line| {
            let (grade, thresholds) = line.split_once(',')?;
            let [increase, baseline] = <[_; 2]>::try_from(numbers(thresholds)).ok()?;
            Some([Some((*policy).into()), Some(grade.into()), increase.map(Param::Int), baseline.map(Param::Int)])
        });
        engine.append("policies", rows)?;
    }
    let thresholds = catalog::POLICY_THRESHOLDS;
    engine.run(thresholds.name, &format!("CREATE TABLE policy_thresholds AS {}", thresholds.sql))?;
    Ok(())
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
    all.push_str(catalog::BINS_CSV);
    all.extend(catalog::POLICIES.iter().map(|(name, csv)| format!("{name}\n{csv}")));
    Sha256::of(all.as_bytes()).to_string()
});
