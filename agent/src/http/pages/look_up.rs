//! Looking a customer up. The address comes in a form, is kept in the session, and the answer has a URL of its own
//! without it: it can be loaded again, lies in the browser's history, and no log of a proxy has an address.

use std::sync::Arc;
use std::time::Instant;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Request, StatusCode};
use axum::response::{IntoResponse as _, Redirect, Response};
use intake::server::Peer;
use ipnet::IpNet;
use rusqlite::Connection;
use wire::TestType;

use super::bad::bad_customers;
use super::chart::charts;
use super::figures::{ago, count, machine, minute};
use super::form::Form;
use super::sign_in::{self, SignedIn};
use super::subject::{self, home, is_one_client, parse};
use super::ticket::ticket;
use super::typical::typical;
use super::verdict::{self, Typical};
use super::view::history::{Row, figures, network};
use super::view::left::Left;
use super::view::{Basis, CustomerPage, Frame, Place, Remembered, SearchBox, StartPage, draw};
use super::{Trouble, to_start};
use crate::http::Door;
use crate::store::StoreFault;
use crate::store::audit::Action;
use crate::store::lookup::{Filter, Found, find, newest};
use crate::store::preview::record_of;

/// Results of one customer that are shown.
const MAX_ROWS: u32 = 50;

/// Newest results of all customers that are looked through for bad ones.
const MAX_LOOKED_THROUGH: u32 = 500;

/// Customers with bad results that are shown.
const MAX_BAD: usize = 20;

/// Look-ups of the session that are offered again.
const MAX_REMEMBERED: usize = 8;

/// `GET /support`: the page to sign in, or where one begins.
pub(super) async fn start(
    State(door): State<Arc<Door>>,
    peer: axum::Extension<Peer>,
    headers: HeaderMap,
) -> Result<Response, Trouble> {
    let Some(who) = SignedIn::of(&door, peer.0, &headers) else {
        return Ok(sign_in::page(StatusCode::OK, None));
    };
    start_page(&door, &who, StatusCode::OK, SearchBox { takes_focus: true, ..SearchBox::default() }).await
}

/// `POST /support/look-up`.
pub(super) async fn look_up(
    State(door): State<Arc<Door>>,
    peer: axum::Extension<Peer>,
    request: Request<Body>,
) -> Result<Response, Trouble> {
    let form = Form::read(request).await?;
    let Some(who) = SignedIn::of(&door, peer.0, &form.headers) else { return Ok(to_start()) };
    let text = form.field("address");
    match parse(&text) {
        Ok(subject) => {
            let number = door.pages.sessions.remember(&who.token, subject, Instant::now());
            Ok(number
                .map_or_else(to_start, |number| Redirect::to(&format!("/support/look-ups/{number}")).into_response()))
        }
        Err(fault) => {
            let search = SearchBox { text: text.into_owned(), fault: Some(fault.to_string()), takes_focus: true };
            start_page(&door, &who, StatusCode::UNPROCESSABLE_ENTITY, search).await
        }
    }
}

async fn start_page(door: &Door, who: &SignedIn, status: StatusCode, search: SearchBox) -> Result<Response, Trouble> {
    let now_ms = door.clock.now().as_millisecond();
    let results = door.reader.read(|connection| newest(connection, MAX_LOOKED_THROUGH)).await?;
    let bad = bad_customers(&results, door.ipv6_client_bits, MAX_BAD, now_ms);
    door.gate.audit().note(who.admitted.entry(Action::Recent).with_rows(bad.len() as u64));
    let look_ups = door.pages.sessions.look_ups(&who.token, Instant::now()).into_iter().take(MAX_REMEMBERED);
    Ok(draw(
        status,
        &StartPage {
            frame: Frame::new(if search.fault.is_some() { "Error: look-up" } else { "Look-up" }, Place::LookUp),
            search,
            bad,
            looked_through: format!("among the newest {}", count(results.len() as u64, "result")),
            look_ups: look_ups
                .map(|look_up| Remembered { number: look_up.number, subject: subject::written(look_up.subject) })
                .collect(),
        },
    ))
}

/// What the database says of a subject.
struct Looked {
    found: Found,
    typical: Option<Typical>,
    /// The record of the newest result, while it waits for its seal.
    record: Option<Vec<u8>>,
    /// The home around the subject, and how many results it has.
    home: Option<(IpNet, u64)>,
    oldest_ms: Option<i64>,
}

fn look(connection: &Connection, subject: IpNet, home: Option<IpNet>) -> Result<Looked, StoreFault> {
    let of = |client| Filter { client: Some(client), ..Filter::default() };
    let found = find(connection, &of(subject), MAX_ROWS)?;
    let comparison = verdict::comparison(&found.results);
    let newest = found.results.first().map(|newest| record_of(connection, newest.local_id));
    Ok(Looked {
        typical: comparison.map(|comparison| typical(connection, comparison)).transpose()?,
        record: newest.transpose()?.flatten(),
        home: home.map(|home| find(connection, &of(home), 1).map(|found| (home, found.total))).transpose()?,
        oldest_ms: connection.query_row("SELECT min(received_ms) FROM history", [], |row| row.get(0))?,
        found,
    })
}

/// `GET /support/look-ups/{number}`.
pub(super) async fn customer(
    State(door): State<Arc<Door>>,
    peer: axum::Extension<Peer>,
    Path(number): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Trouble> {
    let Some(who) = SignedIn::of(&door, peer.0, &headers) else { return Ok(to_start()) };
    let look_ups = door.pages.sessions.look_ups(&who.token, Instant::now());
    let Some(look_up) = look_ups.into_iter().find(|look_up| number.parse() == Ok(look_up.number)) else {
        return Err(Trouble::new(
            StatusCode::NOT_FOUND,
            "This look-up is not kept any more",
            "Look-ups end with their sign-in. Look the customer up again.",
        ));
    };
    let subject = look_up.subject;
    let home = home(subject, door.ipv6_client_bits);
    let looked = door.reader.read(move |connection| look(connection, subject, home)).await?;
    door.gate.audit().note(who.admitted.entry(Action::LookUp).about(subject).with_rows(looked.found.total));
    let now_ms = door.clock.now().as_millisecond();
    Ok(draw(StatusCode::OK, &customer_page(&door, subject, &looked, now_ms)))
}

fn customer_page(door: &Door, subject: IpNet, looked: &Looked, now_ms: i64) -> CustomerPage {
    let (results, total) = (&looked.found.results, looked.found.total);
    let one_client = is_one_client(subject, door.ipv6_client_bits);
    let mut verdict = if one_client || results.is_empty() {
        verdict::verdict(results, looked.typical.as_ref(), now_ms)
    } else {
        verdict::crowd(results)
    };
    if let (true, Some(oldest)) = (results.is_empty(), looked.oldest_ms) {
        verdict.notes.push(format!("The history reaches back to {} UTC.", minute(oldest)));
    }
    let basis = verdict::basis(results).filter(|_| one_client);
    let newest = results.first();
    let text = subject::written(subject);
    CustomerPage {
        frame: Frame::new("Customer", Place::LookUp),
        search: SearchBox::default(),
        network: results.iter().find_map(network),
        kept: newest.map_or_else(
            || "no test kept".to_owned(),
            |newest| format!("{} kept, the newest {}", count(total, "test"), ago(now_ms, newest.received_ms)),
        ),
        home: looked.home.map(|(home, _)| subject::written(home)),
        home_tests: looked.home.map(|(_, tests)| count(tests, "test")).unwrap_or_default(),
        basis: basis.map(|basis| Basis {
            ago: ago(now_ms, basis.received_ms),
            minute: minute(basis.received_ms),
            machine: machine(basis.received_ms),
            figures: figures(basis),
            has_rises: basis.test_type == TestType::Single,
        }),
        ticket: ticket(&text, &verdict, results, now_ms),
        charts: if one_client { charts(results) } else { Vec::new() },
        rows: results.iter().map(Row::of).collect(),
        shows_addresses: subject.prefix_len() != subject.max_prefix_len(),
        shown_of: (total > results.len() as u64).then(|| format!("The newest {} of {total}.", results.len())),
        left: newest.map(|newest| Left::of(newest, looked.record.as_deref())),
        destination: door.pages.destination.clone(),
        subject: text,
        verdict,
    }
}
