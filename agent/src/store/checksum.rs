//! Checksums of single rows. SQLite has none of its own: a flipped bit inside a value looks like another value.

use sha2::{Digest as _, Sha256};

/// The first 64 bits of SHA-256 over the parts, each preceded by its length.
pub(super) fn of(parts: &[&[u8]]) -> i64 {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let digest: [u8; 32] = hash.finalize().into();
    let (eights, _) = digest.as_chunks::<8>();
    i64::from_be_bytes(eights[0])
}
