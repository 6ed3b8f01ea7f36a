//! What came of each agent's batches, as a table: quarantine and gaps never reach the lake, so the manifest alone knows them.

use serde::Serialize;

use super::MartsFault;
use crate::engine::{Engine, Param};
use crate::lake::manifest::Mark;

/// Puts the accounts of these marks in the place of the others.
pub(super) fn replace(engine: &Engine, marks: &[Mark]) -> Result<(), MartsFault> {
    engine.run("replacing the accounts", "DELETE FROM accounts")?;
    let rows = marks.iter().flat_map(|mark| {
        let sums = &mark.accounts;
        let single = [("held", sums.records), ("batches", sums.batches), ("missing_batches", sums.missing)];
        let single = single.map(|(what, count)| (what, None, count));
        let quarantined = sums.quarantined.iter().map(|(reason, count)| ("quarantined", name(reason), *count));
        let dropped = sums.dropped.iter().map(|(reason, count)| ("dropped", name(reason), *count));
        let all = single.into_iter().chain(quarantined).chain(dropped);
        all.map(move |(what, reason, count)| {
            [
                Some(mark.agent.as_str().into()),
                Some(Param::Int(i64::try_from(u64::from(mark.epoch)).unwrap_or(i64::MAX))),
                Some(what.into()),
                reason.map(Param::Text),
                Some(Param::Int(i64::try_from(count).unwrap_or(i64::MAX))),
            ]
        })
    });
    Ok(engine.append("accounts", rows)?)
}

/// A reason as it is written on the wire.
fn name(reason: &impl Serialize) -> Option<String> {
    serde_json::to_value(reason).ok()?.as_str().map(str::to_owned)
}
