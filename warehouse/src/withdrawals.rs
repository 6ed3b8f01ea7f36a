//! What the operator took back: an agent's results of a range of test days. The rows stay in the lake, so that a
//! withdrawal can be looked into; every mart and every later cut leaves them out.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use wire::{AgentId, Day, Hour};

use crate::durable::{self, FileFault, PUBLIC_MODE};
use crate::lake::paths::TestDate;

/// Most days of one withdrawal: longer than the lake keeps anything.
const MOST_DAYS: u32 = 3_660;

/// Most withdrawals that are kept.
const MOST_WITHDRAWALS: usize = 10_000;

/// Everything that was taken back, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Withdrawals {
    /// In the order in which the operator said so.
    pub withdrawals: Vec<Withdrawal>,
}

/// An agent's results of some days, taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Withdrawal {
    /// Whose results.
    pub agent: AgentId,
    /// First test day.
    pub from: TestDate,
    /// Last test day.
    pub to: TestDate,
    /// Hour in which the operator said so.
    pub said_at: Hour,
}

/// The list cannot be read or changed so.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WithdrawalFault {
    /// The file system refused.
    #[error(transparent)]
    File(#[from] FileFault),
    /// The list was edited by hand into something else.
    #[error("{} is not a list of withdrawals", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        #[source]
        source: serde_json::Error,
    },
    /// The range ends before it begins, or is too long.
    #[error("{from} to {to} is no range of 1 to {MOST_DAYS} days: give the first day, then the last")]
    Range {
        /// First day.
        from: TestDate,
        /// Last day.
        to: TestDate,
    },
    /// There are too many.
    #[error("there are {MOST_WITHDRAWALS} withdrawals already: revoke the agent and withdraw one long range")]
    TooMany,
}

impl Withdrawals {
    /// Reads the list; an installation without one has taken nothing back.
    ///
    /// # Errors
    /// [`WithdrawalFault::File`] or [`WithdrawalFault::Unreadable`].
    pub fn load(path: &Path) -> Result<Self, WithdrawalFault> {
        match fs::read(path) {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .map_err(|source| WithdrawalFault::Unreadable { path: path.to_owned(), source }),
            Err(fault) if fault.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(source) => Err(FileFault::when("read", path)(source).into()),
        }
    }

    /// Adds a withdrawal, durably. Whoever calls it is alone: the server, or a command that holds the directory's lock.
    ///
    /// # Errors
    /// [`WithdrawalFault`]; then nothing was changed.
    pub fn add(path: &Path, withdrawal: Withdrawal) -> Result<Self, WithdrawalFault> {
        let mut list = Self::load(path)?;
        let Withdrawal { from, to, .. } = withdrawal;
        if from > to || to.day().0 - from.day().0 >= MOST_DAYS {
            return Err(WithdrawalFault::Range { from, to });
        }
        if list.withdrawals.len() >= MOST_WITHDRAWALS {
            return Err(WithdrawalFault::TooMany);
        }
        list.withdrawals.push(withdrawal);
        let unreadable = |source| WithdrawalFault::Unreadable { path: path.to_owned(), source };
        let bytes = serde_json::to_vec_pretty(&list).map_err(unreadable)?;
        durable::replace(path, &bytes, PUBLIC_MODE).map_err(FileFault::when("replace", path))?;
        Ok(list)
    }

    /// Every agent and test day that was taken back, each once.
    #[must_use]
    pub fn days(&self) -> BTreeSet<(AgentId, Day)> {
        let days = |one: &Withdrawal| (one.from.day().0..=one.to.day().0).map(Day);
        self.withdrawals.iter().flat_map(|one| days(one).map(|day| (one.agent.clone(), day))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn withdrawal(from: &str, to: &str) -> Withdrawal {
        let agent = AgentId::parse("forger").unwrap();
        Withdrawal { agent, from: from.parse().unwrap(), to: to.parse().unwrap(), said_at: Hour(1) }
    }

    /// Aim: what was added is read back, overlapping ranges give each day once, and a bad range changes nothing.
    #[test]
    fn withdrawals_add_up() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("withdrawals.json");
        assert_eq!(Withdrawals::load(&path).unwrap(), Withdrawals::default());
        Withdrawals::add(&path, withdrawal("2026-11-01", "2026-11-03")).unwrap();
        Withdrawals::add(&path, withdrawal("2026-11-03", "2026-11-04")).unwrap();
        for (from, to) in [("2026-11-05", "2026-11-04"), ("2000-01-01", "2026-11-04")] {
            assert!(matches!(Withdrawals::add(&path, withdrawal(from, to)), Err(WithdrawalFault::Range { .. })));
        }
        let list = Withdrawals::load(&path).unwrap();
        assert_eq!(list.withdrawals.len(), 2);
        assert_eq!(list.days().len(), 4);
    }

    /// Aim: a damaged list is an error, never an empty list: what was taken back must not come again.
    #[test]
    fn a_damaged_list_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("withdrawals.json");
        fs::write(&path, "{").unwrap();
        assert!(matches!(Withdrawals::load(&path), Err(WithdrawalFault::Unreadable { .. })));
    }
}
