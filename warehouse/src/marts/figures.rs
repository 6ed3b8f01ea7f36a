//! Figures: all that is published beside blocks, made of blocks and inputs by the statements of `queries/`.
//!
//! The relations of `rankings/` and `trends/` read blocks, inputs and each other, and nothing else: whoever has a cut can
//! make them again. Those of `provenance/` read also who sent votes, which no block tells: they are the warehouse's word.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use wire::{Asn, Day};

use super::{Marts, frames, inputs};
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

/// Every relation of figures, each after those that it reads.
const STAGES: [Query; 25] = [
    catalog::FRAME_BINS,
    catalog::FRAME_GRADES,
    catalog::SUBJECT_BINS,
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
    catalog::AREAS,
    catalog::PERIODS,
    catalog::TRENDS,
    catalog::FRAME_AGENTS,
    catalog::SOURCE_VOTES,
    catalog::SOURCE_FIGURES,
    catalog::ASN_SOURCES,
    catalog::LEFT_OUT,
    catalog::ASN_PROVENANCE,
];

impl Marts {
    /// Makes every figure, lets `work` read the relations by their names, and forgets them.
    ///
    /// # Errors
    /// What `work` gives, or [`EngineFault`].
    pub(crate) fn with_figures<T, E: From<EngineFault>>(
        &self,
        basis: &Basis,
        work: impl FnOnce(&Engine) -> Result<T, E>,
    ) -> Result<T, E> {
        let engine = self.engine();
        engine.transaction(|| {
            set_inputs(engine, basis)?;
            for query in STAGES {
                let table = format!("CREATE OR REPLACE TEMP TABLE {} AS {}", query.relation(), query.sql);
                engine.run(query.name, &table)?;
            }
            let done = work(engine)?;
            for query in STAGES {
                engine.run("forgetting figures", &format!("DROP TABLE {}", query.relation()))?;
            }
            Ok(done)
        })
    }
}

/// Fills the tables of inputs that belong to this cut.
fn set_inputs(engine: &Engine, basis: &Basis) -> Result<(), EngineFault> {
    let Basis { last_day, evidence, names, inputs } = basis;
    let count = |number: u32| Some(Param::from(number));
    engine.run("replacing the parameters", "DELETE FROM parameters; DELETE FROM frames; DELETE FROM frame_days")?;
    let parameters = [
        Some(Param::Day(*last_day)),
        count(evidence.listed_votes),
        count(evidence.ranked_votes),
        count(evidence.ranked_days),
        count(evidence.p95_votes),
        Some(catalog::DEFAULT_POLICY.into()),
    ];
    engine.append("parameters", [parameters])?;
    let oldest = "SELECT min(last_day) AS oldest FROM blocks";
    let oldest = engine.query("looking for the oldest block", oldest, &[], |row| row.maybe_day("oldest"))?;
    let mut frames = frames::windows(*last_day);
    if let Some(Some(oldest)) = oldest.first() {
        frames.extend(frames::periods(*oldest, *last_day));
    }
    let rows = frames.iter().map(|frame| {
        [
            Some(frame.name.as_str().into()),
            Some(frame.kind.into()),
            frame.window_days.map(Param::from),
            Some(Param::Day(frame.first)),
            Some(Param::Day(frame.last)),
        ]
    });
    engine.append("frames", rows)?;
    let days = frames.iter().flat_map(|frame| {
        frame.days().map(|day| [Some(frame.name.as_str().into()), Some(frame.kind.into()), Some(Param::Day(day))])
    });
    engine.append("frame_days", days)?;
    let networks =
        engine.query("listing the networks", "SELECT DISTINCT asn FROM blocks", &[], |row| row.u32("asn"))?;
    let networks: BTreeSet<u32> = networks.into_iter().collect();
    inputs::replace_list(engine, "asn_names", names, &networks)?;
    inputs::replace_list(engine, "asn_kinds", &inputs.kinds, &networks)?;
    inputs::replace_list(engine, "asn_organisations", &inputs.organisations, &networks)?;
    Ok(())
}
