//! Sends one file: whole if it is small, in parts if not, and never one whose bytes are not those that were published.

use std::path::Path;

use axum::body::Bytes;
use object_store::{
    Attribute, Attributes, MultipartUpload, ObjectStore, PutMode, PutMultipartOptions, PutOptions, PutPayload,
};
use sha2::Digest as _;
use tokio::fs::File;
use tokio::io::{AsyncRead, AsyncReadExt as _};

use super::BucketFault;
use crate::digest::Sha256;
use crate::durable::FileFault;
use crate::shelf::{Content, Item, cache_control, content_type};

/// Size of a part in bytes; a file of at most one part is sent whole. Stores take 10,000 parts, so a file may have 160 GB.
const PART_BYTES: usize = 16 << 20;

/// Sends a file under a key. `mode` holds for small files only: parts cannot be sent on a condition.
pub(super) async fn send(
    store: &dyn ObjectStore,
    key: &object_store::path::Path,
    public: &Path,
    path: &str,
    item: &Item,
    mode: PutMode,
) -> Result<(), BucketFault> {
    if let Content::Memory(bytes) = &item.content {
        return put(store, key, path, bytes.clone(), mode).await;
    }
    let located = public.join(path);
    let mut file = File::open(&located).await.map_err(FileFault::when("open", &located))?;
    let mut read = async || read_part(&mut file).await.map_err(FileFault::when("read", &located));
    if item.bytes <= PART_BYTES as u64 {
        let bytes = read().await?;
        // A longer file leaves bytes behind, which the digest tells.
        if Sha256::of(&bytes) != item.sha256 {
            return Err(BucketFault::Changed(path.to_owned()));
        }
        return put(store, key, path, bytes, mode).await;
    }
    let options = PutMultipartOptions::from(attributes(path));
    let mut upload = store.put_multipart_opts(key, options).await.map_err(BucketFault::when("begin", path))?;
    let mut hash = sha2::Sha256::new();
    let sent = async {
        loop {
            let part = read().await?;
            if part.is_empty() {
                break;
            }
            hash.update(&part);
            upload.put_part(part.into()).await.map_err(BucketFault::when("write", path))?;
        }
        if Sha256(hash.finalize().into()) != item.sha256 {
            return Err(BucketFault::Changed(path.to_owned()));
        }
        upload.complete().await.map_err(BucketFault::when("complete", path)).map(drop)
    };
    let sent = sent.await;
    if sent.is_err() {
        // Parts that stay behind cost the operator; if this fails, too, the store's own rules remove them.
        let _ = upload.abort().await;
    }
    sent
}

async fn put(
    store: &dyn ObjectStore,
    key: &object_store::path::Path,
    path: &str,
    bytes: Bytes,
    mode: PutMode,
) -> Result<(), BucketFault> {
    let options = PutOptions { mode, attributes: attributes(path), ..PutOptions::default() };
    store.put_opts(key, PutPayload::from(bytes), options).await.map(drop).map_err(BucketFault::when("write", path))
}

/// What the store tells of a file to those who load it.
fn attributes(path: &str) -> Attributes {
    [(Attribute::ContentType, content_type(path)), (Attribute::CacheControl, cache_control(path))].into_iter().collect()
}

/// The next part of a file; empty at its end.
async fn read_part(file: &mut (impl AsyncRead + Unpin)) -> std::io::Result<Bytes> {
    let mut part = Vec::new();
    file.take(PART_BYTES as u64).read_to_end(&mut part).await?;
    Ok(part.into())
}
