//! One result's way into the tables: first answer or new, votes, history with the address, outbox without it, and the
//! delivery to the provider's own system if there is one.

use intake::asn::AsnFinding;
use intake::client::ClientAddress;
use intake::retries::RetryKey;
use intake::submission::{RecordContext, Submission};
use rusqlite::Connection;
use wire::Hour;

use super::answers::Answers;
use super::votes::Voters;
use super::writer::Moment;
use super::{StoreFault, history, outbox, webhooks};
use crate::webhook::body::body;

/// A parsed result with all that is known of its client.
pub struct Incoming {
    /// Where it came from; goes into the history and nowhere else.
    pub client: ClientAddress,
    /// Keyed hash of the client, by which an erasure finds its rows.
    pub client_tag: [u8; 16],
    /// Keyed hash of client unit and test type.
    pub vote_key: [u8; 16],
    /// Keyed hash that a repeated submission has in common with the first.
    pub retry_key: RetryKey,
    /// What the client sent.
    pub submission: Box<Submission>,
    /// Network and country of the client.
    pub finding: AsnFinding,
    /// The client's `User-Agent`, cut to a bound; history only.
    pub user_agent: Option<String>,
}

/// A result that is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Accepted {
    /// Its number in this database.
    pub local_id: i64,
    /// When it was received, in Unix seconds.
    pub received_s: i64,
}

impl Accepted {
    /// The id that existing clients and ISPs' systems know a test by.
    #[must_use]
    pub fn test_id(&self) -> String {
        format!("isp_{}_{}", self.received_s, self.local_id)
    }
}

/// Where a result goes beside the history.
#[derive(Debug, Clone, Copy)]
pub(super) struct Routes {
    /// An IP-free record of it goes into the outbox. Without it none is ever made, and the client's vote is not used up.
    pub(super) records: bool,
    /// A delivery to the provider's own system is queued.
    pub(super) webhook: bool,
}

/// What became of a submission.
pub(super) struct Taken {
    pub(super) accepted: Accepted,
    /// False if it was a repetition.
    pub(super) is_new: bool,
    /// Bytes that the outbox grew by; none if it was a repetition, or nothing is to leave.
    pub(super) record_bytes: Option<u64>,
}

/// Takes one result under the number `local_id`, or finds that it was taken before. It goes into the history, and where
/// else the configuration wants it.
pub(super) fn accept(
    connection: &Connection,
    answers: &mut Answers,
    voters: &mut Voters,
    incoming: &Incoming,
    local_id: i64,
    routes: Routes,
    now: Moment,
) -> Result<Taken, StoreFault> {
    let now_s = now.wall.as_second();
    if let Some(accepted) = answers.find(&incoming.retry_key, now) {
        return Ok(Taken { accepted, is_new: false, record_bytes: None });
    }
    let accepted = Accepted { local_id, received_s: now_s };
    history::insert(connection, incoming, accepted, now.wall.as_millisecond())?;
    let record_bytes =
        if routes.records { Some(keep_record(connection, voters, incoming, local_id, now_s)?) } else { None };
    if routes.webhook {
        let body = body(incoming, accepted).map_err(StoreFault::Body)?;
        webhooks::queue(connection, local_id, incoming.client.ip(), &body, now.wall)?;
    }
    answers.remember(connection, incoming.retry_key, &incoming.client_tag, accepted, now)?;
    Ok(Taken { accepted, is_new: true, record_bytes })
}

/// Makes the IP-free record and puts it into the outbox. Returns its bytes.
fn keep_record(
    connection: &Connection,
    voters: &mut Voters,
    incoming: &Incoming,
    local_id: i64,
    now_s: i64,
) -> Result<u64, StoreFault> {
    let tested_hour = Hour::of_unix_s(now_s);
    let (vote_day, vote_month) = if incoming.submission.can_vote() {
        let votes = voters.vote(connection, &incoming.vote_key, tested_hour.day())?;
        (votes.day, votes.month)
    } else {
        (false, false)
    };
    let record = incoming.submission.record(&RecordContext {
        tested_hour,
        ip_version: incoming.client.ip_version(),
        asn: incoming.finding.asn,
        asn_outcome: incoming.finding.outcome,
        country: incoming.finding.country,
        asn_database_day: incoming.finding.database_day,
        vote_day,
        vote_month,
    });
    outbox::push(connection, local_id, &record)
}
