//! A warehouse that is a `Vec`, with the admission that the protocol promises.

use wire::{Batch, Epoch, MAX_BATCH_JSON_BYTES, Seq};

use crate::store::batches::Offer;

/// What befalls an upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// Request and answer arrive.
    Answered,
    /// The request arrives, the answer does not.
    AnswerLost,
    /// The request does not arrive.
    RequestLost,
    /// The warehouse refuses the batch for good, if it has records and did not take it before.
    RefusedForGood,
}

/// What the agent hears.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Heard {
    Nothing,
    Receipt,
    Expected(Seq),
    Refused,
}

/// A batch that came in.
#[derive(Debug, Clone)]
pub(super) struct Delivered {
    pub(super) batch: Batch,
    body: Vec<u8>,
}

impl Delivered {
    /// Records that it brings, and records that it reports as dropped: what it accounts for.
    pub(super) fn accounts_for(&self) -> u64 {
        self.batch.records.len() as u64 + self.batch.dropped.values().sum::<u64>()
    }
}

#[derive(Debug, Default)]
pub(super) struct Warehouse {
    /// In the order of arrival.
    pub(super) taken: Vec<Delivered>,
    /// What a restore from a backup has cost it; it comes again if the agent still has it.
    pub(super) forgotten: Vec<Delivered>,
    /// A gap that the operator accepted.
    gap: Option<(Epoch, Seq)>,
    /// What was given up in accepted gaps, or was forgotten and can never come again.
    pub(super) lost: u64,
}

impl Warehouse {
    /// The last batch of this epoch.
    pub(super) fn last(&self, epoch: Epoch) -> Option<&Delivered> {
        self.taken.iter().rev().find(|delivered| delivered.batch.epoch == epoch)
    }

    pub(super) fn receive(&mut self, offer: &Offer, fate: Fate) -> Heard {
        if fate == Fate::RequestLost {
            return Heard::Nothing;
        }
        let json = zstd::bulk::decompress(&offer.body, MAX_BATCH_JSON_BYTES).expect("a sealed batch");
        let parsed = Batch::from_json(&json).expect("a batch");
        assert_eq!(parsed.malformed, 0);
        let delivered = Delivered { batch: parsed.batch, body: offer.body.clone() };
        let (epoch, seq) = (delivered.batch.epoch, delivered.batch.seq);
        assert_eq!(seq, offer.seq);
        let heard = match self.last(epoch) {
            Some(last) if last.batch.seq == seq && last.body == delivered.body => Heard::Receipt,
            last => {
                let expected = last.map_or(Seq::FIRST, |last| last.batch.seq.next());
                let jumps = seq > expected && self.gap == Some((epoch, seq));
                if seq != expected && !jumps {
                    Heard::Expected(expected)
                } else if fate == Fate::RefusedForGood && self.may_refuse(&delivered) {
                    Heard::Refused
                } else {
                    self.take(delivered);
                    Heard::Receipt
                }
            }
        };
        if fate == Fate::AnswerLost { Heard::Nothing } else { heard }
    }

    /// What was taken once is not refused when it comes again.
    fn may_refuse(&self, delivered: &Delivered) -> bool {
        !delivered.batch.records.is_empty() && self.forgotten.iter().all(|known| known.body != delivered.body)
    }

    fn take(&mut self, delivered: Delivered) {
        let Batch { epoch, seq, .. } = delivered.batch;
        let same = |known: &Delivered| known.batch.epoch == epoch && known.batch.seq == seq;
        if let Some(place) = self.forgotten.iter().position(same) {
            let before = self.forgotten.swap_remove(place);
            assert!(before.body == delivered.body, "batch {seq:?} was taken before with other bytes");
        }
        self.taken.push(delivered);
        // What lies before this batch will not come any more.
        self.give_up(|known| known.batch.epoch == epoch && known.batch.seq < seq);
    }

    /// Loses the last batches of this epoch, as a restore from a backup does.
    pub(super) fn forget(&mut self, epoch: Epoch, count: usize) {
        for _ in 0..count {
            let Some(place) = self.taken.iter().rposition(|delivered| delivered.batch.epoch == epoch) else { return };
            self.forgotten.push(self.taken.remove(place));
        }
    }

    pub(super) fn accept_gap(&mut self, epoch: Epoch, seq: Seq) {
        self.gap = Some((epoch, seq));
    }

    /// Counts as lost what was forgotten and can not come again.
    pub(super) fn give_up(&mut self, gone: impl Fn(&Delivered) -> bool) {
        let (gone, kept) = self.forgotten.drain(..).partition(gone);
        self.forgotten = kept;
        self.lost += gone.iter().map(Delivered::accounts_for).sum::<u64>();
    }
}
