//! Takes an import's batches in: through the gate, into the landing zone, and only then answered.

use std::collections::BTreeMap;
use std::sync::Arc;

use intake::clock::Clock;
use wire::signature::ContentDigest;
use wire::{AgentId, Epoch, Seq};

use super::{AGENT_PREFIX, ImportFault, Piece};
use crate::admission::{Entry, Gate, Verdict};
use crate::agents::AcceptedGap;
use crate::landing::{LandedBatch, Landing, frame};

/// The warehouse's side of an import; in the running server and in a command that works alone.
#[derive(Clone)]
pub struct Receiver {
    gate: Gate,
    landing: Landing,
    clock: Arc<dyn Clock>,
}

impl Receiver {
    /// Takes batches through this gate into this landing zone.
    #[must_use]
    pub fn new(gate: Gate, landing: Landing, clock: Arc<dyn Clock>) -> Self {
        Self { gate, landing, clock }
    }

    /// The last row of this source that came in; 0 if none did.
    #[must_use]
    pub fn last_row(&self, agent: &AgentId, epoch: Epoch) -> u64 {
        self.gate.marks().last(agent, epoch).map_or(0, |mark| mark.seq.0)
    }

    /// Bytes that wait for the lake.
    #[must_use]
    pub fn waiting_bytes(&self) -> u64 {
        self.landing.bytes()
    }

    /// Makes a batch durable, or finds that it was before. Call it away from the reactor: it waits for the disk.
    ///
    /// # Errors
    /// [`ImportFault::Busy`] or [`ImportFault::NotDurable`]; nothing was taken then.
    pub fn take(&self, piece: Piece) -> Result<(), ImportFault> {
        let Piece { agent, epoch, seq, records, quarantined } = piece;
        if !agent.as_str().starts_with(AGENT_PREFIX) {
            return Err(ImportFault::BadSource(agent.to_string()));
        }
        let failed = |fault: &dyn std::fmt::Display| ImportFault::NotDurable(fault.to_string());
        let bytes = postcard::to_stdvec(&records).map_err(|fault| failed(&fault))?;
        let digest = ContentDigest::of(&bytes);
        let entry = Entry { agent: agent.clone(), epoch, seq, digest };
        // Rows are the sequence, so each batch jumps ahead by as many as it holds.
        let jump = AcceptedGap { epoch, seq };
        let admitted = match self.gate.admit(entry, &[jump]) {
            Ok(admitted) => admitted,
            Err(Verdict::Duplicate) => return Ok(()),
            Err(Verdict::Busy) => return Err(ImportFault::Busy(agent)),
            Err(verdict) => return Err(failed(&format!("the gate said {verdict:?} to row {}", seq.0))),
        };
        let arrived_hour = self.clock.hour();
        let landed = LandedBatch {
            agent,
            epoch,
            seq: Seq(seq.0),
            digest,
            arrived_hour,
            dropped: BTreeMap::new(),
            quarantined,
            records,
        };
        let frame = frame::encode(&landed).map_err(|fault| failed(&fault))?;
        self.landing.append_frame_blocking(frame).map_err(|fault| failed(&fault))?;
        admitted.landed();
        Ok(())
    }
}
