//! What docs/protocol.md promises of refusals, read from its tables.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context as _, ensure};

/// Promises of the document that are kept elsewhere, each with the place.
const SEEN_ELSEWHERE: [(u16, &str, &str); 8] = [
    (400, "body-broken", "e2e/slow.rs"),
    (403, "too-many-epochs", "warehouse/src/admission/marks/tests.rs"),
    (408, "body-too-slow", "e2e/slow.rs"),
    (409, "result-under-way", "two requests at one moment: intake/src/retries.rs"),
    (429, "too-many-requests", "a test of its own here"),
    (503, "warehouse-full", "warehouse/src/http/ingest/tests.rs"),
    (503, "batch-under-way", "two requests at one moment: warehouse/src/admission/marks/tests.rs"),
    (503, "not-durable", "a test of its own here"),
];

/// Statuses with their slugs, as a table of the document has them.
pub(super) struct Refusals(BTreeSet<(u16, String)>);

impl Refusals {
    /// The refusals of batches.
    pub(super) fn of_batches() -> anyhow::Result<Self> {
        Self::below("## Refusals")
    }

    /// The refusals of direct tests and look-ups.
    pub(super) fn of_clients() -> anyhow::Result<Self> {
        Self::below("## Direct tests and look-ups")
    }

    fn below(heading: &str) -> anyhow::Result<Self> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/protocol.md");
        let text = std::fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
        let section = text.split(heading).nth(1).with_context(|| format!("no section {heading:?}"))?;
        let section = section.split("\n## ").next().unwrap_or(section);
        let mut found = BTreeSet::new();
        for line in section.lines() {
            let mut cells = line.trim_matches('|').split('|').map(str::trim);
            let (Some(status), Some(slugs)) = (cells.next(), cells.next()) else { continue };
            let Ok(status) = status.parse() else { continue };
            // Every second part between backquotes stands inside of them.
            found.extend(slugs.split('`').skip(1).step_by(2).map(|slug| (status, slug.to_owned())));
        }
        ensure!(found.len() >= 10, "only {} refusals stand below {heading:?}", found.len());
        Ok(Self(found))
    }

    /// Fails if something was seen that the document does not promise, or the other way round.
    pub(super) fn assert_seen(&self, seen: &[(u16, &str)]) {
        let seen: BTreeSet<(u16, String)> = seen.iter().map(|(status, slug)| (*status, (*slug).to_owned())).collect();
        let elsewhere = |(status, slug): &(u16, String)| {
            SEEN_ELSEWHERE.iter().any(|(known, name, _)| known == status && name == slug)
        };
        let unknown: Vec<_> = seen.difference(&self.0).collect();
        let unseen: Vec<_> = self.0.difference(&seen).filter(|promise| !elsewhere(promise)).collect();
        assert!(unknown.is_empty(), "docs/protocol.md does not say: {unknown:?}");
        assert!(unseen.is_empty(), "docs/protocol.md promises what no case here shows: {unseen:?}");
    }
}
