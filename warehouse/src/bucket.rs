//! A copy of the releases in an S3-compatible bucket, for those who have more readers than this server has line.
//!
//! The copy has the paths of the public directory. What is there already stays; then come the files that releases share, the
//! releases' own, their manifests, `index.json`, and at last, when the store has listed everything once more, `latest.json`. So whoever
//! reads the bucket never finds a name before its file, wherever an upload was broken off, and the next one goes on there.
//! What no release names any more is removed behind all of it.

mod connect;

mod credentials;

mod fault;

mod send;

mod upload;

#[cfg(test)]
mod tests;

use serde::Serialize;

pub use fault::BucketFault;

use self::upload::Copy;
use crate::config::BucketConfig;
use crate::cut::CutId;
use crate::lock::UploadLock;
use crate::paths::DataDir;
use crate::shelf::Shelf;

/// What an upload did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Uploaded {
    /// The release that the bucket names as the newest.
    pub release: CutId,
    /// Files that were sent.
    pub sent: u64,
    /// Bytes of them.
    pub bytes: u64,
    /// Files that were there already.
    pub kept: u64,
    /// Files that were removed.
    pub removed: u64,
}

/// Brings the bucket up to what the shelf names.
///
/// # Errors
/// [`BucketFault`]; what the bucket names is whole all the same, and the next upload goes on.
pub async fn upload(config: &BucketConfig, dir: &DataDir, shelf: &Shelf) -> Result<Uploaded, BucketFault> {
    let _lock = UploadLock::take(dir)?;
    let copy = Copy {
        store: connect::open(config)?,
        prefix: object_store::path::Path::parse(config.prefix.trim_matches('/')).map_err(BucketFault::Prefix)?,
        public: &dir.public(),
        conditional: config.conditional,
    };
    copy.bring_up_to(shelf).await
}
