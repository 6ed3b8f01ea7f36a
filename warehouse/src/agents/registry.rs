//! The registry as data: what `agents/agents.json` holds. Secrets lie apart from it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use wire::{AgentId, Asn, Epoch, Hour, Seq};

use crate::import::AGENT_PREFIX;

/// Every agent that was ever registered; a revoked one stays, so that its rows keep their name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Registry {
    /// The agents by their ids.
    pub agents: BTreeMap<AgentId, Agent>,
}

/// What the warehouse knows of one agent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Agent {
    /// Networks for which the agent may speak.
    #[serde(default)]
    pub bindings: Vec<Binding>,
    /// Its live keys, oldest first; the secrets lie in a file of their own.
    #[serde(default)]
    pub keys: Vec<KeyId>,
    /// Hour of revocation; from then on nothing of this agent is taken in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<Hour>,
    /// Gaps in its sequences that the operator accepted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<AcceptedGap>,
}

/// Names a key without telling anything of its secret: four random bytes as hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KeyId(pub String);

/// A network for which an agent may speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Binding {
    /// The network.
    pub asn: Asn,
    /// Hour of the binding: a record that arrived earlier counts as if it had arrived then.
    pub bound_at: Hour,
}

/// The operator's word that batches before `seq` will never come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AcceptedGap {
    /// In which of the agent's databases.
    pub epoch: Epoch,
    /// The batch that may come next although those before it are missing.
    pub seq: Seq,
}

/// True for the names of the warehouse's own intake: `direct`, and `import-…` for what its operator brought in.
#[must_use]
pub(super) fn is_own(agent: &AgentId) -> bool {
    agent.as_str() == AgentId::DIRECT || agent.as_str().starts_with(AGENT_PREFIX)
}

impl Registry {
    /// Since when the agent may speak for the network; `None` if it may not.
    /// What the warehouse took in itself speaks for every network since ever.
    #[must_use]
    pub fn bound_at(&self, agent: &AgentId, asn: Asn) -> Option<Hour> {
        if is_own(agent) {
            return Some(Hour(0));
        }
        self.agents.get(agent)?.bindings.iter().find(|binding| binding.asn == asn).map(|binding| binding.bound_at)
    }

    /// Every binding of every agent, also of revoked ones: revoking stops intake, it does not unsay what came before
    /// (that is `withdraw`). The `direct` agent has no rows here, it is bound to everything.
    pub fn bindings(&self) -> impl Iterator<Item = (&AgentId, Binding)> {
        self.agents.iter().flat_map(|(id, agent)| agent.bindings.iter().map(move |binding| (id, *binding)))
    }
}
