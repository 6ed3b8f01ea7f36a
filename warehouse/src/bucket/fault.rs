//! What can go wrong with a bucket, said for the operator. A store's own words are left out where they could repeat
//! something of the credentials.

use std::error::Error;

use object_store::Error as StoreError;

use crate::cut::CutId;
use crate::durable::FileFault;
use crate::lock::LockFault;

/// By this code a store says that a bucket is not there, whatever was asked.
const NO_BUCKET: &str = "NoSuchBucket";

/// How much of what a store says is repeated.
const MAX_SAID_CHARS: usize = 400;

/// The bucket was not brought up to date.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BucketFault {
    /// There is nothing to upload.
    #[error("no release has been made yet")]
    NoRelease,
    /// Releases here are damaged.
    #[error("{0} releases are damaged here, and a copy of the others would not be whole; the log names them")]
    Damaged(usize),
    /// Another upload is under way.
    #[error(transparent)]
    Locked(#[from] LockFault),
    /// No key.
    #[error(
        "there are no credentials for the bucket: set bucket.access_key_id and bucket.secret_file, or AWS_ACCESS_KEY_ID and \
         AWS_SECRET_ACCESS_KEY"
    )]
    NoCredentials,
    /// The store does not take the key.
    #[error(
        "the store refuses the credentials, or they may not {action} {path}: they must be allowed to list, read, write and \
         delete in the bucket"
    )]
    Refused {
        /// What was being done.
        action: &'static str,
        /// To which object, or with which prefix.
        path: String,
    },
    /// The bucket is not there.
    #[error("the store has no bucket of this name: create it, and let the public read it")]
    NoBucket,
    /// The store failed.
    #[error("cannot {action} {path} in the bucket: {said}")]
    Store {
        /// What was being done.
        action: &'static str,
        /// To which object, or with which prefix.
        path: String,
        /// What the store said, or what happened to the connection. Its errors repeat their causes: this is the innermost.
        said: String,
    },
    /// A value of the configuration cannot be used.
    #[error("the bucket's configuration cannot be used")]
    Unusable(#[source] StoreError),
    /// The prefix is no path.
    #[error("bucket.prefix is no path")]
    Prefix(#[source] object_store::path::Error),
    /// A file here cannot be read.
    #[error(transparent)]
    File(#[from] FileFault),
    /// A file here is not what was published.
    #[error("{0} is not what was published; it was not sent")]
    Changed(String),
    /// The bucket is ahead of this warehouse.
    #[error(
        "the bucket's newest release is {there}, here it is {here}: if this warehouse was restored from a backup, make the \
         releases again first; if the bucket is to go back, remove its latest.json"
    )]
    Ahead {
        /// In the bucket.
        there: CutId,
        /// Here.
        here: CutId,
    },
    /// The bucket holds a release of the same name that says something else.
    #[error("the bucket has another release of the name {0}: releases never change, so nothing was overwritten")]
    OtherRelease(CutId),
    /// Another upload changed the bucket at the same time.
    #[error("another upload changed {0} in the bucket at the same time; the next one looks again")]
    Overtaken(String),
    /// After everything was sent, the store does not list it.
    #[error(
        "after everything was sent the store lists {found} bytes of {path}, not {bytes}: latest.json was not touched"
    )]
    NotWhole {
        /// The object.
        path: String,
        /// Bytes that were sent.
        bytes: u64,
        /// Bytes that are there.
        found: u64,
    },
}

impl BucketFault {
    /// Says what was being done to what; made for `map_err`.
    pub(super) fn when(action: &'static str, path: &str) -> impl FnOnce(StoreError) -> Self {
        let path = path.to_owned();
        move |source| match source {
            // Their text may repeat the key and what was signed.
            StoreError::PermissionDenied { .. } | StoreError::Unauthenticated { .. } => Self::Refused { action, path },
            StoreError::AlreadyExists { .. } | StoreError::Precondition { .. } | StoreError::NotModified { .. } => {
                Self::Overtaken(path)
            }
            source => {
                let said = innermost(&source);
                if said.contains(NO_BUCKET) { Self::NoBucket } else { Self::Store { action, path, said } }
            }
        }
    }
}

/// The first cause, on one line and not longer than a line should be.
fn innermost(fault: &StoreError) -> String {
    let mut cause: &dyn Error = fault;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string().split_whitespace().collect::<Vec<_>>().join(" ").chars().take(MAX_SAID_CHARS).collect()
}
