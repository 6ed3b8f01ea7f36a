//! Opening a verified body: bounded decompression, then the batch.

use std::cell::RefCell;
use std::io::Read as _;

use axum::http::{HeaderMap, header};
use wire::batch::ParsedBatch;
use wire::signature::ContentDigest;
use wire::{Batch, MAX_BATCH_JSON_BYTES};

use super::{Refusal, SignedBody, Verified};

/// How a body is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// Not at all.
    Identity,
    /// Gzip, of any number of members.
    Gzip,
    /// Zstandard.
    Zstd,
}

impl Encoding {
    /// Reads `Content-Type` and `Content-Encoding`.
    ///
    /// # Errors
    /// [`Refusal::ContentType`] or [`Refusal::ContentEncoding`].
    pub(super) fn of(headers: &HeaderMap) -> Result<Self, Refusal> {
        let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let media = content_type.and_then(|value| value.split(';').next()).unwrap_or_default().trim();
        if !media.eq_ignore_ascii_case("application/json") {
            return Err(Refusal::ContentType);
        }
        match headers.get(header::CONTENT_ENCODING).map(|value| value.to_str()) {
            None | Some(Ok("" | "identity")) => Ok(Self::Identity),
            Some(Ok("gzip")) => Ok(Self::Gzip),
            Some(Ok("zstd")) => Ok(Self::Zstd),
            _ => Err(Refusal::ContentEncoding),
        }
    }
}

/// What a thread keeps between batches, so that opening one allocates almost nothing.
struct Opener {
    zstd: Option<zstd::bulk::Decompressor<'static>>,
    json: Vec<u8>,
}

thread_local! {
    static OPENER: RefCell<Opener> = const { RefCell::new(Opener { zstd: None, json: Vec::new() }) };
}

impl Verified<SignedBody> {
    /// Decompresses and parses the batch; the agent inside must be the one that signed. CPU work of about a
    /// millisecond: not for the reactor's threads.
    ///
    /// # Errors
    /// [`Refusal`] that says what was wrong with the body.
    pub fn open(self) -> Result<(Verified<ParsedBatch>, ContentDigest), Refusal> {
        let Self(body) = self;
        let parsed = OPENER.with_borrow_mut(|opener| {
            let json = match body.encoding {
                Encoding::Identity => {
                    if body.bytes.len() > MAX_BATCH_JSON_BYTES {
                        return Err(Refusal::InflatedTooLarge);
                    }
                    &body.bytes[..]
                }
                Encoding::Gzip => opener.gunzip(&body.bytes)?,
                Encoding::Zstd => opener.unzstd(&body.bytes)?,
            };
            Batch::from_json(json).map_err(Refusal::NotABatch)
        })?;
        if parsed.batch.agent != body.agent {
            return Err(Refusal::AgentMismatch { header: body.agent, body: parsed.batch.agent });
        }
        Ok((Verified(parsed), body.digest))
    }
}

impl Opener {
    fn gunzip(&mut self, bytes: &[u8]) -> Result<&[u8], Refusal> {
        self.json.clear();
        let mut bounded = flate2::read::MultiGzDecoder::new(bytes).take(MAX_BATCH_JSON_BYTES as u64 + 1);
        bounded.read_to_end(&mut self.json).map_err(|_| Refusal::BadCompression("gzip"))?;
        if self.json.len() > MAX_BATCH_JSON_BYTES {
            return Err(Refusal::InflatedTooLarge);
        }
        Ok(&self.json)
    }

    /// Decompresses straight into the one buffer: its size bounds the output, and a one-shot decompression needs no
    /// window beside it, whatever window the frame asks for.
    fn unzstd(&mut self, bytes: &[u8]) -> Result<&[u8], Refusal> {
        let bad = |_| Refusal::BadCompression("zstd");
        let decompressor = match &mut self.zstd {
            Some(ready) => ready,
            none => none.insert(zstd::bulk::Decompressor::new().map_err(bad)?),
        };
        self.json.clear();
        self.json.reserve(MAX_BATCH_JSON_BYTES);
        match decompressor.decompress_to_buffer(bytes, &mut self.json) {
            Ok(_) if self.json.len() > MAX_BATCH_JSON_BYTES => Err(Refusal::InflatedTooLarge),
            Ok(_) => Ok(&self.json),
            // The library tells its error codes apart only by their texts; a test holds this one.
            Err(fault) if fault.to_string().contains("Destination buffer is too small") => {
                Err(Refusal::InflatedTooLarge)
            }
            Err(fault) => Err(bad(fault)),
        }
    }
}
