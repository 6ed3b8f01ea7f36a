//! Agents that send without a pause, and know what they were told.

use std::net::SocketAddr;
use std::thread::{Scope, ScopedJoinHandle};

use anyhow::{Context as _, ensure};
use bufferlake_tests::http::{self, Connection};
use bufferlake_tests::sender::{Sealed, Sender};
use serde_json::{Value, json};
use wire::{AgentId, Record, Seq};

use super::super::lake::RowsByBatch;
use super::super::stage::{now_unix_s, records};
use super::evidence::Evidence;

/// Records in each batch.
const RECORDS: usize = 20;

pub(super) struct Crowd(Vec<Member>);

struct Member {
    sender: Sender,
    /// What each of its batches holds: of one day, also if midnight passes.
    records: Vec<Record>,
    /// The last batch that was acknowledged.
    told: u64,
    /// Sent, and not answered.
    open: Option<Sealed>,
}

/// Members that are sending.
pub(super) struct Running<'scope>(Vec<ScopedJoinHandle<'scope, anyhow::Result<bool>>>);

impl Crowd {
    pub(super) fn of(senders: Vec<Sender>) -> anyhow::Result<Self> {
        let records = records(RECORDS)?;
        let member = |sender| Member { sender, records: records.clone(), told: 0, open: None };
        Ok(Self(senders.into_iter().map(member).collect()))
    }

    /// One batch of each.
    pub(super) fn warm_up(&mut self, address: SocketAddr) -> anyhow::Result<()> {
        self.0.iter_mut().try_for_each(|member| {
            let answered = member.send_next(&mut Connection::open(address)?)?;
            ensure!(answered, "the warehouse is not there");
            Ok(())
        })
    }

    /// Everyone sends, each batch after the answer to the one before, until the warehouse is gone.
    pub(super) fn start<'scope>(
        &'scope mut self,
        scope: &'scope Scope<'scope, '_>,
        address: SocketAddr,
    ) -> Running<'scope> {
        let send = |member: &'scope mut Member| {
            scope.spawn(move || {
                let Ok(mut connection) = Connection::open(address) else { return Ok(false) };
                while member.send_next(&mut connection)? {}
                Ok(true)
            })
        };
        Running(self.0.iter_mut().map(send).collect())
    }

    /// After a restart: sends again what was not answered, twice. The first answer must fit what was on the disk, the
    /// second must be `duplicate`.
    pub(super) fn resend(&mut self, address: SocketAddr, evidence: &Evidence) -> anyhow::Result<()> {
        for member in &mut self.0 {
            let Member { sender, told, open, .. } = member;
            let durable = evidence.last_durable(&sender.agent, sender.epoch);
            ensure!(durable >= *told, "{}: {told} was acknowledged, {durable} is on the disk", sender.agent);
            let Some(sealed) = open.take() else { continue };
            let expected = if durable >= sealed.seq.0 { "duplicate" } else { "accepted" };
            for outcome in [expected, "duplicate"] {
                let answer = http::fetch(address, &sender.request(&sealed, now_unix_s()))?;
                let receipt = answer.json()?;
                ensure!(
                    answer.status == 200 && receipt["outcome"] == outcome && receipt["accepted"] == RECORDS,
                    "{} {}: {outcome} was expected, {durable} is on the disk: {receipt}",
                    sender.agent,
                    sealed.seq.0
                );
            }
            *told = sealed.seq.0;
        }
        Ok(())
    }

    /// True if this batch's agent got an answer to it.
    pub(super) fn was_told(&self, agent: &AgentId, seq: Seq) -> bool {
        self.0.iter().any(|member| &member.sender.agent == agent && seq.0 <= member.told)
    }

    /// Rows that must be in the lake.
    pub(super) fn rows(&self) -> u64 {
        self.0.iter().map(|member| member.told * RECORDS as u64).sum()
    }

    /// Every batch whose rows in the lake are not those that were acknowledged.
    pub(super) fn difference(&self, found: &RowsByBatch) -> Vec<String> {
        let mut expected = RowsByBatch::new();
        for Member { sender, told, .. } in &self.0 {
            expected
                .extend((1..=*told).map(|seq| ((sender.agent.to_string(), sender.epoch.get(), seq), RECORDS as u64)));
        }
        let missing = expected.iter().filter(|(batch, rows)| found.get(batch) != Some(rows));
        let missing = missing.map(|(batch, rows)| format!("{batch:?}: {:?} of {rows} rows", found.get(batch)));
        let extra = found.iter().filter(|(batch, _)| !expected.contains_key(batch));
        missing.chain(extra.map(|(batch, rows)| format!("{batch:?}: {rows} rows that nobody was told of"))).collect()
    }
}

impl Running<'_> {
    /// Waits until everyone has noticed; how many had a request open then.
    pub(super) fn join(self) -> anyhow::Result<usize> {
        let mut unanswered = 0;
        for member in self.0 {
            unanswered += usize::from(member.join().ok().context("a sender panicked")??);
        }
        Ok(unanswered)
    }
}

impl Member {
    /// Sends the next batch; false if there was no answer.
    fn send_next(&mut self, connection: &mut Connection) -> anyhow::Result<bool> {
        let sealed = self.sender.seal(self.records.clone())?;
        let request = self.sender.request(&sealed, now_unix_s());
        let seq = sealed.seq.0;
        self.open = Some(sealed);
        let Ok(answer) = connection.send(&request).and_then(|()| connection.receive()) else { return Ok(false) };
        let receipt: Value = answer.json()?;
        ensure!(
            answer.status == 200 && receipt["outcome"] == json!("accepted"),
            "{} {seq}: {} {receipt}",
            self.sender.agent,
            answer.status
        );
        self.open = None;
        self.told = seq;
        Ok(true)
    }
}
