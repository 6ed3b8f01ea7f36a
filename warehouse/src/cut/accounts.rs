//! How complete each agent's results are: its own sequence numbers tell what never came, its batches what it gave up.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use wire::{AgentId, DropReason, QuarantineReason};

use crate::import;
use crate::lake::manifest::{Accounts, Mark};

/// An agent's account as it is published: in tens, so that the difference of two tells of no single result. What is held is
/// rounded down, what is not is rounded up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgentAccount {
    /// Who.
    pub agent: AgentId,
    /// Results in the lake.
    pub held: u64,
    /// Results that the agent gave up, by reason.
    pub dropped: BTreeMap<DropReason, u64>,
    /// Results that were counted and not kept, by reason.
    pub quarantined: BTreeMap<QuarantineReason, u64>,
    /// Batches that never came: gaps that the operator accepted.
    pub missing_batches: u64,
    /// Held of all that there were, in percent, rounded down; a missing batch counts as a usual one.
    pub complete_percent: u64,
}

/// Accounts of all agents but imports, whose numbers have gaps by design.
#[must_use]
pub fn accounts(marks: &[Mark]) -> Vec<AgentAccount> {
    let mut of_agents: BTreeMap<&AgentId, Accounts> = BTreeMap::new();
    for mark in marks.iter().filter(|mark| !mark.agent.as_str().starts_with(import::AGENT_PREFIX)) {
        let sum = of_agents.entry(&mark.agent).or_default();
        sum.batches += mark.accounts.batches;
        sum.records += mark.accounts.records;
        sum.missing += mark.accounts.missing;
        for (reason, records) in &mark.accounts.dropped {
            *sum.dropped.entry(*reason).or_default() += records;
        }
        for (reason, records) in &mark.accounts.quarantined {
            *sum.quarantined.entry(*reason).or_default() += records;
        }
    }
    of_agents.into_iter().map(|(agent, sum)| account(agent, &sum)).collect()
}

fn account(agent: &AgentId, sum: &Accounts) -> AgentAccount {
    let usual = if sum.batches == 0 { 0 } else { sum.records.div_ceil(sum.batches) };
    let all = sum.records + sum.dropped.values().sum::<u64>() + sum.missing * usual;
    AgentAccount {
        agent: agent.clone(),
        held: sum.records / 10 * 10,
        dropped: sum.dropped.iter().map(|(reason, records)| (*reason, up(*records))).collect(),
        quarantined: sum.quarantined.iter().map(|(reason, records)| (*reason, up(*records))).collect(),
        missing_batches: sum.missing,
        complete_percent: (100 * sum.records).checked_div(all).unwrap_or(100),
    }
}

fn up(records: u64) -> u64 {
    records.div_ceil(10) * 10
}

#[cfg(test)]
mod tests {
    use wire::{Epoch, Seq};

    use super::*;
    use crate::digest::Sha256;

    /// Aim: epochs of an agent add up, imports stay out, and all numbers move in tens.
    #[test]
    fn epochs_add_up() {
        let mark = |agent: &str, records, dropped, missing| Mark {
            agent: AgentId::parse(agent).unwrap(),
            epoch: Epoch::from_random_bits(records),
            seq: Seq(3),
            digest: Sha256::of(b""),
            accounts: Accounts {
                batches: 2,
                records,
                quarantined: BTreeMap::new(),
                dropped: [(DropReason::Poison, dropped)].into(),
                missing,
            },
        };
        let marks = [mark("import-old", 900, 0, 7), mark("isp", 95, 0, 0), mark("isp", 42, 3, 1)];
        let accounts = accounts(&marks);
        assert_eq!(accounts.len(), 1);
        let isp = &accounts[0];
        // 137 held of 137 + 3 + one batch of 35.
        assert_eq!((isp.held, isp.dropped[&DropReason::Poison], isp.missing_batches), (130, 10, 1));
        assert_eq!(isp.complete_percent, 78);
    }
}
