//! Whether a cache stands on the line of the current manifest, so that it may go on instead of being rebuilt.

use super::Lake;
use super::manifest::Snapshot;
use super::paths::ManifestId;
use super::publish::read_manifest;

impl Lake {
    /// True if `id` is the current manifest or one before it on the same line. What the current manifest does not name
    /// itself is looked for on disk, from manifest to manifest; where one is gone or of another line, the search ends.
    ///
    /// False says "rebuild", which is never wrong, only slow.
    #[must_use]
    pub fn is_ancestor(&self, id: ManifestId) -> bool {
        let current = self.current();
        if current.id == id || current.ancestors.contains(&id) {
            return true;
        }
        let mut step = self.oldest_named(&current);
        while let Some(manifest) = step.filter(|manifest| manifest.lineage == current.lineage) {
            if manifest.id == id || manifest.ancestors.contains(&id) {
                return true;
            }
            // Numbers fall along the line: behind the one that is looked for there is nothing to find.
            step = if manifest.number > id.number { self.oldest_named(&manifest) } else { None };
        }
        false
    }

    /// The oldest of the named ancestors that is still on disk: collection leaves some of them.
    fn oldest_named(&self, manifest: &Snapshot) -> Option<Snapshot> {
        manifest.ancestors.iter().rev().find_map(|id| read_manifest(self.paths(), *id).ok())
    }
}
