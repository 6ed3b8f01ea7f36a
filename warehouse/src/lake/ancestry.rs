//! Whether a cache stands on the line of the current manifest, so that it may go on instead of being rebuilt.

use super::Lake;
use super::manifest::Manifest;
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
        let mut named_by = oldest(&current);
        while let Some(next) = named_by.filter(|next| id.number < next.number) {
            let manifest = match read_manifest(self.paths(), next) {
                Ok(manifest) if manifest.lineage == current.lineage => manifest,
                Ok(_) => return false,
                Err(error) => {
                    tracing::info!(lake.manifest = %id, error = %error, "the line cannot be followed to a manifest");
                    return false;
                }
            };
            if manifest.ancestors.contains(&id) {
                return true;
            }
            named_by = oldest(&manifest);
        }
        false
    }
}

/// The oldest ancestor that a manifest names. Numbers fall along the line, so following it ends.
fn oldest(manifest: &Manifest) -> Option<ManifestId> {
    manifest.ancestors.last().copied()
}
