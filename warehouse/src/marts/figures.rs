//! Figures: all that is published beside blocks, made of blocks and inputs by the statements of `queries/`.
//!
//! What is kept of them for the next time is kept in one transaction with what was published: both are of one day. The
//! relations of `rankings/` and `trends/` read blocks, inputs and each other, and nothing else: whoever has a cut can
//! make them again. Those of `provenance/` read also who sent votes, which no block tells: they are the warehouse's word.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use wire::{Asn, Day};

use super::frames::Frames;
use super::{Marts, MartsFault, inputs, sums};
use crate::catalog::{self, Query};
use crate::engine::{Engine, EngineFault, Param};
use crate::inputs::Inputs;

/// What it takes to stand in a ranking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// Votes from which a network is listed.
    pub listed_votes: u32,
    /// Votes from which a network is ranked.
    pub ranked_votes: u32,
    /// Days with votes from which a network is ranked.
    pub ranked_days: u32,
    /// Votes from which a 95th percentile is told.
    pub p95_votes: u32,
}

/// What figures are made by, beside blocks.
#[derive(Debug, Clone)]
pub struct Basis {
    /// The last closed day.
    pub last_day: Day,
    /// What it takes to be ranked.
    pub evidence: Evidence,
    /// Names of networks.
    pub names: BTreeMap<Asn, String>,
    /// The operator's lists.
    pub inputs: Inputs,
}

/// Every relation of figures beside the sums, each after those that it reads.
const STAGES: [Query; 22] = [
    catalog::SUBJECT_GRADES,
    catalog::QUANTILES,
    catalog::GRADE_SHARES,
    catalog::AVERAGES,
    catalog::NETWORKS,
    catalog::MEASURES,
    catalog::PRIORS,
    catalog::SCORES,
    catalog::PLACES,
    catalog::RANK_INTERVALS,
    catalog::RANKINGS,
    catalog::RANKINGS_BY_POLICY,
    catalog::LATENCIES,
    catalog::HISTOGRAMS,
    catalog::AREAS,
    catalog::PERIODS,
    catalog::TRENDS,
    catalog::SOURCE_VOTES,
    catalog::SOURCE_FIGURES,
    catalog::ASN_SOURCES,
    catalog::LEFT_OUT,
    catalog::ASN_PROVENANCE,
];

/// Large relations and their last readers: after these they make room.
const LAST_READERS: [(Query, Query); 2] =
    [(catalog::GRADE_SHARES, catalog::SUBJECT_GRADES), (catalog::SOURCE_FIGURES, catalog::SOURCE_VOTES)];

/// What was published last from the same blocks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Since {
    /// Its name, as its publisher gave it.
    pub name: String,
    /// Its last day.
    pub day: Day,
}

impl Marts {
    /// What was published last; none if the blocks have changed since otherwise than by new ones.
    pub(crate) fn published(&self) -> Option<&Since> {
        self.state.published.as_ref()
    }

    /// What was published last of blocks that are still the same, though old ones may have been dropped since.
    pub(crate) fn released(&self) -> Option<&Since> {
        self.state.released.as_ref()
    }

    /// Makes every figure, lets `work` read the relations by their names and publish them under a name, and forgets them.
    /// `work` also hears on which day the oldest block ended. Months and days are made that have come since the last
    /// publication, or all if `anew`.
    ///
    /// # Errors
    /// What `work` gives, or [`MartsFault`]; then what is kept is as it was.
    pub(crate) fn with_figures<T, E: From<MartsFault> + From<EngineFault>>(
        &mut self,
        basis: &Basis,
        anew: bool,
        work: impl FnOnce(&Engine, Option<Day>) -> Result<(T, String), E>,
    ) -> Result<T, E> {
        let since = self.state.published.as_ref().map(|since| since.day).filter(|day| !anew && *day <= basis.last_day);
        // Not in one transaction with the rest: the engine knows nothing of the size of tables that are not committed,
        // and joins them in bad order.
        let done = make(self.engine(), basis, since).and_then(|oldest| work(self.engine(), oldest)).and_then(
            |(done, name)| {
                let mut next = self.state.clone();
                let since = Since { name, day: basis.last_day };
                (next.published, next.released) = (Some(since.clone()), Some(since));
                self.engine().transaction(|| {
                    sums::keep(self.engine())?;
                    next.store(self.engine()).map_err(E::from)
                })?;
                Ok((done, next))
            },
        );
        for query in STAGES.iter().chain(&sums::RELATIONS) {
            let forgotten = format!("DROP TABLE IF EXISTS temp.{}", query.relation());
            self.engine().run("forgetting figures", &forgotten)?;
        }
        let (done, next) = done?;
        self.state = next;
        Ok(done)
    }
}

/// Makes every figure; gives the day on which the oldest block ended.
fn make<E: From<MartsFault> + From<EngineFault>>(
    engine: &Engine,
    basis: &Basis,
    since: Option<Day>,
) -> Result<Option<Day>, E> {
    let oldest = oldest_block(engine)?;
    sums::bring_up(engine, &Frames::plan(oldest, since, basis.last_day), since.is_none())?;
    set_inputs(engine, basis)?;
    for query in STAGES {
        let table = format!("CREATE OR REPLACE TEMP TABLE {} AS {}", query.relation(), query.sql);
        engine.run(query.name, &table)?;
        if query == catalog::PERIODS && since.is_some() {
            sums::recall_periods(engine)?;
        }
        for (_, read) in LAST_READERS.iter().filter(|(reader, _)| *reader == query) {
            engine.run("making room", &format!("DROP TABLE {}", read.relation()))?;
        }
    }
    let before = "DELETE FROM trends WHERE frame NOT IN (SELECT frame FROM frames)";
    engine.run("leaving the periods before out", before)?;
    // The public recomputes all of it: it gets all frames.
    let all = Frames::plan(oldest, None, basis.last_day);
    sums::set_frames(engine, &all.frames)?;
    sums::set_days(engine, all.days())?;
    Ok(oldest)
}

/// The day on which the oldest block ended.
fn oldest_block(engine: &Engine) -> Result<Option<Day>, EngineFault> {
    let oldest = "SELECT min(last_day) AS oldest FROM blocks";
    let oldest = engine.query("looking for the oldest block", oldest, &[], |row| row.maybe_day("oldest"))?;
    Ok(oldest.into_iter().flatten().next())
}

/// Fills the tables of inputs that belong to this cut.
fn set_inputs(engine: &Engine, basis: &Basis) -> Result<(), EngineFault> {
    let Basis { last_day, evidence, names, inputs } = basis;
    let count = |number: u32| Some(Param::from(number));
    engine.run("replacing the parameters", "DELETE FROM parameters")?;
    let parameters = [
        Some(Param::Day(*last_day)),
        count(evidence.listed_votes),
        count(evidence.ranked_votes),
        count(evidence.ranked_days),
        count(evidence.p95_votes),
        Some(catalog::DEFAULT_POLICY.into()),
    ];
    engine.append("parameters", [parameters])?;
    let networks =
        engine.query("listing the networks", "SELECT DISTINCT asn FROM blocks", &[], |row| row.u32("asn"))?;
    let networks: BTreeSet<u32> = networks.into_iter().collect();
    inputs::replace_list(engine, "asn_names", names, &networks)?;
    inputs::replace_list(engine, "asn_kinds", &inputs.kinds, &networks)?;
    inputs::replace_list(engine, "asn_organisations", &inputs.organisations, &networks)?;
    Ok(())
}
