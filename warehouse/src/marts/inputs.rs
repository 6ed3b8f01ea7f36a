//! Inputs as tables: what figures are made with beside votes. All of them are published with every cut.

use std::collections::{BTreeMap, BTreeSet};

use wire::{Asn, Country, Rate};

use super::MartsFault;
use crate::catalog;
use crate::engine::{Engine, EngineFault, Param};

/// Fills the tables of bins, policies and critical values, which are data of the program.
pub(super) fn fill_built_in(engine: &Engine) -> Result<(), MartsFault> {
    let bins = catalog::BINS_CSV.lines().skip(1).filter_map(|line| <[_; 5]>::try_from(numbers(line)).ok());
    engine.append("bins", bins.map(|row| row.map(|cell| cell.map(Param::Int))))?;
    let rate_bins = catalog::RATE_BINS_CSV.lines().skip(1);
    let rate_bins: Vec<[Option<i64>; 3]> = rate_bins.filter_map(|line| numbers(line).try_into().ok()).collect();
    engine.append("rate_bins", rate_bins.iter().map(|row| row.map(|cell| cell.map(Param::Int))))?;
    let bin_of = |rate: u32| rate_bins.iter().rfind(|[_, lower, _]| *lower <= Some(rate.into())).and_then(|bin| bin[0]);
    engine.append("rates", every_rate().map(|rate| [Some(Param::from(rate)), bin_of(rate).map(Param::Int)]))?;
    let critical = catalog::CRITICAL_VALUES_CSV.lines().skip(1);
    let critical = critical.filter_map(|line| <[_; 2]>::try_from(numbers(line)).ok());
    engine.append("critical_values", critical.map(|row| row.map(|cell| cell.map(Param::Int))))?;
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

/// Every rate that a record can hold, rising: whole numbers of hundredths with three significant digits.
fn every_rate() -> impl Iterator<Item = u32> {
    let mut next = 0_u32;
    std::iter::from_fn(move || {
        let rate = next;
        let step = if rate < 1_000 { 1 } else { 10_u32.pow(rate.ilog10() - 2) };
        next += step;
        (rate <= Rate::MAX_HUNDREDTHS).then_some(rate)
    })
}

/// The cells of a line; an empty one is no number.
fn numbers(line: &str) -> Vec<Option<i64>> {
    line.split(',').map(|cell| cell.parse().ok()).collect()
}

/// Puts these standard times in the place of the others.
pub(super) fn replace_offsets(engine: &Engine, offsets: &BTreeMap<Country, i16>) -> Result<(), EngineFault> {
    engine.run("replacing the standard times", "DELETE FROM country_offsets")?;
    let rows =
        offsets.iter().map(|(country, minutes)| [Some(country.as_str().into()), Some(Param::Int(i64::from(*minutes)))]);
    engine.append("country_offsets", rows)
}

/// Puts this list of networks in the place of the table's, without networks that have no block.
pub(super) fn replace_list(
    engine: &Engine,
    table: &str,
    list: &BTreeMap<Asn, String>,
    with_blocks: &BTreeSet<u32>,
) -> Result<(), EngineFault> {
    engine.run("replacing a list of networks", &format!("DELETE FROM {table}"))?;
    let known = list.iter().filter(|(asn, _)| with_blocks.contains(&asn.get()));
    engine.append(table, known.map(|(asn, text)| [Some(asn.get().into()), Some(text.as_str().into())]))
}
