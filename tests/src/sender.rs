//! Sealed and signed batches, as an agent makes them, for agents that exist only in a test, a demo or a benchmark.

use std::collections::BTreeMap;

use anyhow::Context as _;
use wire::signature::{
    AGENT_HEADER, BATCHES_PATH, ContentDigest, DIGEST_HEADER, SIGNATURE_HEADER, Secret, TIMESTAMP_HEADER,
};
use wire::{AgentId, Batch, DropReason, Epoch, Record, SCHEMA, Seq};

use crate::http;

/// zstd level of sealed batches, as the agent's.
const ZSTD_LEVEL: i32 = 3;

/// An agent without a database: it numbers, seals and signs.
#[derive(Debug, Clone)]
pub struct Sender {
    /// Its name.
    pub agent: AgentId,
    /// Its key.
    pub secret: Secret,
    /// The epoch in which it numbers.
    pub epoch: Epoch,
    /// The number of its next batch.
    pub next: Seq,
}

/// A batch that cannot change any more.
#[derive(Debug, Clone)]
pub struct Sealed {
    /// Its number.
    pub seq: Seq,
    /// Its compressed bytes.
    pub body: Vec<u8>,
}

impl Sender {
    /// A sender whose first batch will be number 1.
    #[must_use]
    pub fn new(agent: AgentId, secret: Secret, epoch: Epoch) -> Self {
        Self { agent, secret, epoch, next: Seq::FIRST }
    }

    /// Seals the next batch.
    ///
    /// # Errors
    /// If it cannot be compressed.
    pub fn seal(&mut self, records: Vec<Record>) -> anyhow::Result<Sealed> {
        self.seal_with_drops(records, BTreeMap::new())
    }

    /// Seals the next batch, with a report of what was dropped before it.
    ///
    /// # Errors
    /// If it cannot be compressed.
    pub fn seal_with_drops(
        &mut self,
        records: Vec<Record>,
        dropped: BTreeMap<DropReason, u64>,
    ) -> anyhow::Result<Sealed> {
        let seq = self.next;
        let batch = Batch { schema: SCHEMA, agent: self.agent.clone(), epoch: self.epoch, seq, dropped, records };
        let json = batch.to_sealed_json().context("writing a batch")?;
        let body = zstd::bulk::compress(&json, ZSTD_LEVEL).context("compressing a batch")?;
        self.next = seq.next();
        Ok(Sealed { seq, body })
    }

    /// The request that delivers it, signed at this time.
    #[must_use]
    pub fn request(&self, sealed: &Sealed, unix_s: i64) -> Vec<u8> {
        self.request_of_bytes(&sealed.body, "zstd", unix_s)
    }

    /// The signed request for any body, good or not.
    #[must_use]
    pub fn request_of_bytes(&self, body: &[u8], encoding: &str, unix_s: i64) -> Vec<u8> {
        let headers = self.headers(body, encoding, unix_s);
        let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        http::request("POST", BATCHES_PATH, &headers, body)
    }

    /// The headers of that request, for tests that alter them.
    #[must_use]
    pub fn headers(&self, body: &[u8], encoding: &str, unix_s: i64) -> Vec<(&'static str, String)> {
        let digest = ContentDigest::of(body);
        vec![
            ("content-type", "application/json".to_owned()),
            ("content-encoding", encoding.to_owned()),
            (AGENT_HEADER, self.agent.to_string()),
            (TIMESTAMP_HEADER, unix_s.to_string()),
            (DIGEST_HEADER, digest.to_string()),
            (SIGNATURE_HEADER, self.secret.sign(&self.agent, unix_s, &digest)),
        ]
    }
}
