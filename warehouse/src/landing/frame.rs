//! How batches lie in a landing file: `magic · length · postcard bytes · SHA-256 of all before`.

use sha2::{Digest as _, Sha256};

use super::LandedBatch;

/// Begins every frame; the last byte is the version of the layout.
pub const MAGIC: [u8; 8] = *b"BLAKELF\x01";

/// Longest payload of a frame in bytes; a full batch of the longest records stays far below.
pub const MAX_PAYLOAD_BYTES: usize = 1 << 20;

const LENGTH_BYTES: usize = 4;
const DIGEST_BYTES: usize = 32;

/// Bytes are no frame.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FrameFault {
    /// It does not begin as a frame does.
    #[error("byte {0} does not begin a frame of a known version")]
    Magic(usize),
    /// It ends too early.
    #[error("the frame at byte {0} is cut off")]
    Short(usize),
    /// The digest differs.
    #[error("the frame at byte {0} has another digest than it was written with")]
    Digest(usize),
    /// More bytes than any batch has.
    #[error("a payload of {0} bytes; the most is {MAX_PAYLOAD_BYTES}")]
    TooLong(usize),
    /// The digest is right, but the content is no batch.
    #[error("the content is no batch")]
    Content(#[from] postcard::Error),
}

/// The batch as one frame.
///
/// # Errors
/// [`FrameFault::TooLong`] or [`FrameFault::Content`]; a batch within the wire's bounds has neither.
pub fn encode(batch: &LandedBatch) -> Result<Vec<u8>, FrameFault> {
    let mut frame = Vec::with_capacity(64 + batch.records.len() * 64);
    frame.extend_from_slice(&MAGIC);
    frame.extend_from_slice(&[0; LENGTH_BYTES]);
    let mut frame = postcard::to_extend(batch, frame)?;
    let payload = frame.len() - MAGIC.len() - LENGTH_BYTES;
    if payload > MAX_PAYLOAD_BYTES {
        return Err(FrameFault::TooLong(payload));
    }
    let length = u32::try_from(payload).map_err(|_| FrameFault::TooLong(payload))?;
    frame[MAGIC.len()..MAGIC.len() + LENGTH_BYTES].copy_from_slice(&length.to_le_bytes());
    let digest = Sha256::digest(&frame);
    frame.extend_from_slice(&digest);
    Ok(frame)
}

/// The batches of a landing file's bytes, in order.
///
/// # Errors
/// [`FrameFault`] with the byte at which the first bad frame begins.
pub fn decode_all(bytes: &[u8]) -> Result<Vec<LandedBatch>, FrameFault> {
    let mut batches = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let (batch, end) = decode_one(bytes, at)?;
        batches.push(batch);
        at = end;
    }
    Ok(batches)
}

fn decode_one(bytes: &[u8], at: usize) -> Result<(LandedBatch, usize), FrameFault> {
    let rest = bytes.get(at..).unwrap_or_default();
    let (magic, rest) = rest.split_at_checked(MAGIC.len()).ok_or(FrameFault::Short(at))?;
    if magic != MAGIC {
        return Err(FrameFault::Magic(at));
    }
    let (length, rest) = rest.split_first_chunk::<LENGTH_BYTES>().ok_or(FrameFault::Short(at))?;
    let length = u32::from_le_bytes(*length) as usize;
    if length > MAX_PAYLOAD_BYTES {
        return Err(FrameFault::TooLong(length));
    }
    let (payload, rest) = rest.split_at_checked(length).ok_or(FrameFault::Short(at))?;
    let digest = rest.get(..DIGEST_BYTES).ok_or(FrameFault::Short(at))?;
    let signed = MAGIC.len() + LENGTH_BYTES + length;
    if Sha256::digest(&bytes[at..at + signed]).as_slice() != digest {
        return Err(FrameFault::Digest(at));
    }
    Ok((postcard::from_bytes(payload)?, at + signed + DIGEST_BYTES))
}

/// A digest as 32 bytes.
pub(crate) mod digest_bytes {
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};
    use wire::signature::ContentDigest;

    pub(crate) fn serialize<S: Serializer>(digest: &ContentDigest, serializer: S) -> Result<S::Ok, S::Error> {
        digest.0.serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ContentDigest, D::Error> {
        <[u8; 32]>::deserialize(deserializer).map(ContentDigest)
    }
}
