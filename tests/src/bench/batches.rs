//! Batches that are sealed and signed before the clock starts, so that the load generator only copies bytes.

use anyhow::{Context as _, ensure};
use wire::signature::Secret;
use wire::{AgentId, Batch, Epoch, MAX_BATCH_RECORDS, Record, SCHEMA, Seq};

use super::load::Source;
use crate::sender::{Sealed, Sender};

/// One agent's requests, in their order: the next is sent when the one before is answered.
#[derive(Debug)]
pub(super) struct Batches {
    requests: std::vec::IntoIter<Vec<u8>>,
    current: Vec<u8>,
}

impl Source for Batches {
    fn next(&mut self) -> Option<&[u8]> {
        self.current = self.requests.next()?;
        Some(&self.current)
    }
}

/// The records of full batches, as the text that stands between the brackets of a batch's JSON.
#[derive(Debug)]
pub(super) struct Pool(Vec<Vec<u8>>);

impl Pool {
    /// Makes full batches' worth of text out of these records; what does not fill one is left out.
    pub(super) fn of(records: &[Record]) -> anyhow::Result<Self> {
        let texts = records.chunks_exact(MAX_BATCH_RECORDS).map(|chunk| {
            let mut lines: Vec<Vec<u8>> = chunk.iter().map(serde_json::to_vec).collect::<Result<_, _>>()?;
            lines.sort_unstable();
            Ok(lines.join(&b','))
        });
        let texts: Vec<Vec<u8>> = texts.collect::<Result<_, serde_json::Error>>().context("writing records")?;
        ensure!(!texts.is_empty(), "fewer than {MAX_BATCH_RECORDS} records");
        Ok(Self(texts))
    }

    /// So many sealed and signed requests of one agent.
    pub(super) fn requests(
        &self,
        agent: &AgentId,
        secret: &Secret,
        epoch: Epoch,
        count: usize,
        unix_s: i64,
    ) -> anyhow::Result<Batches> {
        let sender = Sender::new(agent.clone(), secret.clone(), epoch);
        // The compressor is made once: its tables are larger than a batch.
        let mut compressor = zstd::bulk::Compressor::new(3).context("making a compressor")?;
        let mut requests = Vec::with_capacity(count);
        for (index, text) in self.0.iter().cycle().take(count).enumerate() {
            let json = batch_json(agent, epoch, Seq(index as u64 + 1), text)?;
            let body = compressor.compress(&json).context("compressing a batch")?;
            requests.push(sender.request(&Sealed { seq: Seq(index as u64 + 1), body }, unix_s));
        }
        Ok(Batches { requests: requests.into_iter(), current: Vec::new() })
    }
}

/// The JSON of a batch whose records are this text already.
fn batch_json(agent: &AgentId, epoch: Epoch, seq: Seq, records: &[u8]) -> anyhow::Result<Vec<u8>> {
    let empty =
        Batch { schema: SCHEMA, agent: agent.clone(), epoch, seq, dropped: Default::default(), records: vec![] };
    let mut json = serde_json::to_vec(&empty).context("writing a batch")?;
    ensure!(json.ends_with(b"[]}"), "the records are no longer the last field of a batch");
    json.truncate(json.len() - 2);
    json.extend_from_slice(records);
    json.extend_from_slice(b"]}");
    Ok(json)
}

impl Batches {
    /// The bodies of the first requests.
    pub(super) fn bodies(&self, count: usize) -> Vec<Vec<u8>> {
        let body = |request: &Vec<u8>| {
            let head = request.windows(4).position(|window| window == b"\r\n\r\n")?;
            Some(request[head + 4..].to_vec())
        };
        self.requests.as_slice().iter().take(count).filter_map(body).collect()
    }
}
