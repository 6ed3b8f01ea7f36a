//! An agent's door without the agent: a client's body becomes a record, and votes are counted.

use std::collections::HashMap;
use std::net::IpAddr;

use anyhow::{Context as _, bail};
use intake::submission::{Parsed, RecordContext, parse};
use intake::votes::{LastSeen, Votes, decide};
use wire::{AsnOutcome, Hour, IpVersion, Record, TestType};

use super::client::Client;
use super::network::Network;

/// Remembers who voted; everything else is `intake`'s.
#[derive(Debug, Default)]
pub struct Door {
    seen: HashMap<(u32, u64, TestType), LastSeen>,
}

impl Door {
    /// The record of a body that this client sent in this hour.
    ///
    /// # Errors
    /// If the door refuses it.
    pub fn record(&mut self, body: &str, network: &Network, client: &Client, hour: Hour) -> anyhow::Result<Record> {
        let parsed = parse(body.as_bytes()).with_context(|| format!("the door refuses a simulated body: {body}"))?;
        let Parsed::Kept(submission) = parsed else { bail!("a simulated client opted out: {body}") };
        let votes = if submission.can_vote() {
            let name = (network.asn.get(), client.index, submission.test_type);
            let (votes, seen) = decide(self.seen.get(&name).copied(), hour.day());
            self.seen.insert(name, seen);
            votes
        } else {
            Votes { day: false, month: false }
        };
        Ok(submission.record(&RecordContext {
            tested_hour: hour,
            ip_version: match client.address {
                IpAddr::V4(_) => IpVersion::V4,
                IpAddr::V6(_) => IpVersion::V6,
            },
            asn: Some(network.asn),
            asn_outcome: AsnOutcome::Hit,
            country: Some(network.country.country),
            asn_database_day: None,
            vote_day: votes.day,
            vote_month: votes.month,
        }))
    }
}
