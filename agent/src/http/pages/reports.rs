//! What leaves, and who looked at what.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use intake::server::Peer;

use super::figures::{count, machine, minute};
use super::sign_in::SignedIn;
use super::view::left::pretty;
use super::view::{AuditEntry, AuditPage, Frame, LeavesPage, Place, draw};
use super::{Trouble, subject, to_start};
use crate::http::Door;
use crate::store::audit::{Action, Entry, Via, recent};
use crate::store::preview::waiting;

/// Records of the next batch that are shown.
const MAX_RECORDS: u32 = 5;

/// Entries of the audit log that are shown.
const MAX_ENTRIES: u32 = 200;

/// `GET /support/leaves`.
pub(super) async fn leaves(
    State(door): State<Arc<Door>>,
    peer: axum::Extension<Peer>,
    headers: HeaderMap,
) -> Result<Response, Trouble> {
    if SignedIn::of(&door, peer.0, &headers).is_none() {
        return Ok(to_start());
    }
    let next = door.reader.read(|connection| waiting(connection, MAX_RECORDS)).await?;
    let shown = next.records.len() as u64;
    let total = count(next.total, "record");
    let waits = match next.total {
        0 => "Nothing waits: the next test makes the first record.".to_owned(),
        total_records if total_records > shown => format!("{total} wait here; the oldest {shown} are these."),
        _ => format!("{total} in all."),
    };
    let mut records = next.records.iter().map(|record| pretty(record));
    let page = LeavesPage {
        frame: Frame::new("What leaves", Place::Leaves),
        destination: door.pages.destination.clone(),
        waiting: waits,
        first: records.next(),
        others: records.collect(),
    };
    Ok(draw(StatusCode::OK, &page))
}

/// `GET /support/audit`.
pub(super) async fn audit(
    State(door): State<Arc<Door>>,
    peer: axum::Extension<Peer>,
    headers: HeaderMap,
) -> Result<Response, Trouble> {
    let Some(who) = SignedIn::of(&door, peer.0, &headers) else { return Ok(to_start()) };
    let entries = door.reader.read(|connection| recent(connection, MAX_ENTRIES)).await?;
    door.gate.audit().note(who.admitted.entry(Action::Audit).with_rows(entries.len() as u64));
    let page = AuditPage { frame: Frame::new("Audit log", Place::Audit), entries: entries.iter().map(line).collect() };
    Ok(draw(StatusCode::OK, &page))
}

fn line(entry: &Entry) -> AuditEntry {
    AuditEntry {
        minute: minute(entry.at_ms),
        machine: machine(entry.at_ms),
        action: action(entry.action),
        via: match entry.via {
            Via::Api => "API",
            Via::Page => "page",
            Via::Command => "command",
        },
        caller: entry.caller.map(|caller| caller.to_string()).unwrap_or_default(),
        subject: entry.subject.map(subject::written).unwrap_or_default(),
        rows: entry.rows.map(|rows| rows.to_string()).unwrap_or_default(),
    }
}

fn action(action: Action) -> &'static str {
    match action {
        Action::SignIn => "signed in",
        Action::SignOut => "signed out",
        Action::Recent => "recent results",
        Action::LookUp => "look-up",
        Action::Stats => "figures",
        Action::Audit => "audit log",
        Action::Erase => "erasure",
        Action::Refused => "refused",
        Action::RotateKey => "new key",
    }
}
