//! What every answer of the warehouse means: the whole table in one place.
//!
//! Only the warehouse itself can refuse a batch for good: a 400 without one of its problem documents comes from
//! something between, and the batch is kept and tried again.

use intake::problem::TYPE_BASE;
use serde::Deserialize;
use wire::{Receipt, Seq};

/// What to do with the batch that was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is durable there.
    Settled,
    /// Not now; the bytes stay as they are. With the least wait that the warehouse asked for, in seconds.
    RetryLater(Option<u64>),
    /// Our clock is off: learn from the answer's `Date`, then try again.
    LearnClock,
    /// The warehouse expects another number.
    Expected(Seq),
    /// Nothing of this agent is taken until its key or registration is in order: an alarm, and tried again. With the
    /// problem's slug.
    Denied(String),
    /// It will never be taken: set aside, and its number goes out empty. With the problem's slug.
    RefusedForGood(String),
    /// The warehouse does not know this schema yet: kept, tried again slowly.
    Held,
}

/// The parts of an answer that decide.
#[derive(Debug, Clone, Default)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// At most [`super::MAX_REPLY_BYTES`] of the body.
    pub body: Vec<u8>,
    /// `Retry-After` in seconds.
    pub retry_after_s: Option<u64>,
    /// `Date` in Unix seconds.
    pub date_s: Option<i64>,
}

/// A refusal that the warehouse itself wrote.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Problem {
    /// Which of its refusals.
    #[serde(rename = "type")]
    pub(crate) slug: String,
    /// What it says to a person.
    #[serde(default)]
    pub(crate) detail: String,
    expected_seq: Option<u64>,
}

/// Problems that another attempt with the same bytes can never cure. A digest that differs is not among them: the
/// bytes changed on their way, and may arrive whole the next time.
const FOR_GOOD: [&str; 6] =
    ["bad-batch", "bad-compression", "bad-json", "body-too-large", "content-encoding", "content-type"];

/// Problems of the account, whatever the batch.
const DENIED: [&str; 7] = [
    "agent-mismatch",
    "bad-header",
    "bad-signature",
    "missing-header",
    "revoked-agent",
    "too-many-epochs",
    "unknown-agent",
];

/// Judges the answer to batch `seq`.
#[must_use]
pub fn judge(reply: &Reply, seq: Seq) -> Verdict {
    let later = Verdict::RetryLater(reply.retry_after_s);
    if reply.status == 200 {
        // A page of a proxy is no receipt.
        return match serde_json::from_slice::<Receipt>(&reply.body) {
            Ok(receipt) if receipt.next_seq == seq.next() => Verdict::Settled,
            _ => later,
        };
    }
    let Some(Problem { slug, expected_seq, .. }) = problem(&reply.body) else { return later };
    match (reply.status, slug.as_str()) {
        (400 | 415 | 422, "unknown-schema") => Verdict::Held,
        (401, "clock-skew") => Verdict::LearnClock,
        (409, _) => match expected_seq {
            Some(expected) if expected > 0 && Seq(expected) != seq => Verdict::Expected(Seq(expected)),
            _ => later,
        },
        (400 | 413 | 415 | 422, slug) if FOR_GOOD.contains(&slug) => Verdict::RefusedForGood(slug.to_owned()),
        (400..=403 | 422, slug) if DENIED.contains(&slug) => Verdict::Denied(slug.to_owned()),
        _ => later,
    }
}

/// The refusal in a body, if it is one of the warehouse's own.
pub(crate) fn problem(body: &[u8]) -> Option<Problem> {
    let problem: Problem = serde_json::from_slice(body).ok()?;
    let slug = problem.slug.strip_prefix(TYPE_BASE)?.to_owned();
    Some(Problem { slug, ..problem })
}

#[cfg(test)]
mod tests {
    //! Aim: every status has the verdict that the protocol gives it, whatever else the answer holds.

    use super::*;

    fn reply(status: u16, body: &str) -> Reply {
        Reply { status, body: body.as_bytes().to_vec(), retry_after_s: Some(7), date_s: None }
    }

    fn refusal(status: u16, slug: &str) -> Reply {
        reply(status, &format!(r#"{{"type":"{TYPE_BASE}{slug}","expected_seq":3}}"#))
    }

    #[test]
    fn every_status_has_its_verdict() {
        let receipt = |next| format!(r#"{{"outcome":"duplicate","accepted":1,"quarantined":{{}},"next_seq":{next}}}"#);
        let later = Verdict::RetryLater(Some(7));
        let cases = [
            (reply(200, &receipt(6)), Verdict::Settled),
            (reply(200, &receipt(9)), later.clone()),
            (reply(200, "<html>login</html>"), later.clone()),
            (reply(204, ""), later.clone()),
            (reply(302, ""), later.clone()),
            (reply(400, "<html>"), later.clone()),
            (refusal(400, "bad-json"), Verdict::RefusedForGood("bad-json".into())),
            (refusal(400, "bad-header"), Verdict::Denied("bad-header".into())),
            (refusal(400, "digest-mismatch"), later.clone()),
            (refusal(401, "clock-skew"), Verdict::LearnClock),
            (refusal(401, "missing-header"), Verdict::Denied("missing-header".into())),
            (refusal(401, "unknown-agent"), Verdict::Denied("unknown-agent".into())),
            (refusal(401, "bad-signature"), Verdict::Denied("bad-signature".into())),
            (reply(401, "<html>"), later.clone()),
            (refusal(403, "revoked-agent"), Verdict::Denied("revoked-agent".into())),
            (refusal(403, "too-many-epochs"), Verdict::Denied("too-many-epochs".into())),
            (refusal(404, "not-found"), later.clone()),
            (refusal(405, "method"), later.clone()),
            (refusal(408, "body-too-slow"), later.clone()),
            (refusal(409, "sequence-conflict"), Verdict::Expected(Seq(3))),
            (reply(409, "{}"), later.clone()),
            (reply(413, "<html>nginx</html>"), later.clone()),
            (refusal(413, "body-too-large"), Verdict::RefusedForGood("body-too-large".into())),
            (refusal(415, "content-type"), Verdict::RefusedForGood("content-type".into())),
            (refusal(422, "bad-batch"), Verdict::RefusedForGood("bad-batch".into())),
            (refusal(422, "unknown-schema"), Verdict::Held),
            (refusal(422, "agent-mismatch"), Verdict::Denied("agent-mismatch".into())),
            (refusal(429, "rate"), later.clone()),
            (refusal(500, "x"), later.clone()),
            (reply(502, "<html>"), later.clone()),
            (refusal(503, "warehouse-full"), later.clone()),
            (reply(504, ""), later),
        ];
        for (reply, verdict) in cases {
            assert_eq!(judge(&reply, Seq(5)), verdict, "status {}", reply.status);
        }
    }
}
