//! Which agent speaks for which network since when, and what was withdrawn: what decides whether a result counts.

use std::collections::{BTreeMap, BTreeSet};

use wire::{AgentId, Asn, Day, Hour};

use crate::agents::Registry;
use crate::withdrawals::Withdrawals;

/// The registry's bindings and the operator's withdrawals, as the marts need them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rights {
    /// Since when an agent speaks for a network.
    pub bindings: BTreeMap<(AgentId, Asn), Hour>,
    /// Agents and test days that were taken back.
    pub withdrawn: BTreeSet<(AgentId, Day)>,
}

impl Rights {
    /// As these files say.
    #[must_use]
    pub fn of(registry: &Registry, withdrawals: &Withdrawals) -> Self {
        let bindings = registry.bindings().map(|(agent, binding)| ((agent.clone(), binding.asn), binding.bound_at));
        Self { bindings: bindings.collect(), withdrawn: withdrawals.days() }
    }

    /// True if blocks that were closed through this day under these rights would be others under `next`: something was
    /// withdrawn or given back, a binding went or moved, or one began on a day that is closed already. A binding that
    /// begins later releases its results on its own day, and changes nothing that is closed.
    pub(super) fn reopens(&self, next: &Self, closed_through: Option<Day>) -> bool {
        let Some(closed) = closed_through else { return false };
        let kept = self.bindings.iter().all(|(name, since)| next.bindings.get(name) == Some(since));
        let late = |(name, since): (&(AgentId, Asn), &Hour)| !self.bindings.contains_key(name) && since.day() <= closed;
        self.withdrawn != next.withdrawn || !kept || next.bindings.iter().any(late)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rights(bindings: &[(u32, u32)]) -> Rights {
        let agent = AgentId::parse("provider").unwrap();
        let bindings =
            bindings.iter().map(|&(asn, day)| ((agent.clone(), Asn::new(asn).unwrap()), Day(day).first_hour()));
        Rights { bindings: bindings.collect(), withdrawn: BTreeSet::new() }
    }

    /// Aim: only what changes a closed day reopens it.
    #[test]
    fn a_later_binding_reopens_nothing() {
        let before = rights(&[(64_500, 5)]);
        let closed = Some(Day(10));
        assert!(!before.reopens(&before, closed));
        assert!(!before.reopens(&rights(&[(64_500, 5), (64_501, 11)]), closed));
        assert!(before.reopens(&rights(&[(64_500, 5), (64_501, 10)]), closed));
        assert!(before.reopens(&rights(&[(64_500, 4)]), closed));
        assert!(before.reopens(&rights(&[]), closed));
        assert!(!before.reopens(&rights(&[]), None));
        let withdrawn = BTreeSet::from([(AgentId::parse("provider").unwrap(), Day(7))]);
        assert!(before.reopens(&Rights { withdrawn, ..before.clone() }, closed));
    }
}
