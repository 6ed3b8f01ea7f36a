//! The support desk's door: who has the key comes in, by the API or by the page.
//!
//! The key comes in a header or in the page's form, never in a URL: URLs stand in logs and histories. It is compared in
//! constant time. Failures are counted per client and written into the audit log.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use intake::client::ClientAddress;
use intake::clock::Clock;
use intake::key::LocalKey;
use intake::limit::RateLimit;
use intake::problem::Problem;
use intake::server::Peer;
use subtle::ConstantTimeEq as _;

use super::Door;
use crate::store::audit::{Action, AuditLog, Entry, Via};
use crate::support_key::{KeyFault, SupportKey};

/// Failures that one client may have in a minute. After that it waits, even with the right key: else it could go on
/// guessing.
pub const FAILURES_PER_MINUTE: u32 = 30;

/// Failures in a minute, of all clients, that are written into the audit log; the rest is only counted.
const AUDITED_PER_MINUTE: u32 = 120;

/// Names of parameters in which people put keys, in small letters and without `-` and `_`.
const KEY_PARAMETERS: [&str; 9] =
    ["accesstoken", "apikey", "auth", "authorization", "bearer", "key", "telemetryapikey", "token", "xapikey"];

/// Proof that the caller has the key; only [`Gate`] makes one.
#[derive(Debug, Clone, Copy)]
pub struct Admitted {
    client: ClientAddress,
    via: Via,
}

impl Admitted {
    /// An entry for the audit log about something that this caller does.
    #[must_use]
    pub fn entry(self, action: Action) -> Entry {
        Entry::new(action, self.via, self.client)
    }
}

impl FromRequestParts<Arc<Door>> for Admitted {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, door: &Arc<Door>) -> Result<Self, Refusal> {
        let Some(ConnectInfo(peer)) = parts.extensions.get::<Peer>() else { return Err(Refusal::Missing) };
        let client = door.proxies.client(peer.ip(), &parts.headers);
        door.gate.admit_request(client, &parts.uri, &parts.headers)
    }
}

/// Why a caller is not let in. As an answer it is a problem document.
#[derive(Debug)]
pub enum Refusal {
    /// No key was sent.
    Missing,
    /// The key stands in the URL.
    InQuery,
    /// It is another key.
    Wrong,
    /// This client had too many failures; the answer says for how long it must wait.
    TooMany(Problem),
    /// The agent has no key, so nobody comes in.
    Closed,
}

/// The door.
pub struct Gate {
    key: SupportKey,
    /// Under which keys are compared: what the comparison's time could tell is worth nothing outside this process.
    blind: LocalKey,
    /// Made at the first failure: its table takes memory that an agent without a support desk never needs.
    failures: OnceLock<RateLimit>,
    audit: AuditLog,
    clock: Arc<dyn Clock>,
    refused: AtomicU64,
    audited: Mutex<Minute>,
}

#[derive(Default)]
struct Minute {
    minute: i64,
    entries: u32,
}

impl Gate {
    /// A door with this key. `key.prepare()` makes it at the first start.
    ///
    /// # Errors
    /// If the system gives no random numbers.
    pub fn new(key: SupportKey, audit: AuditLog, clock: Arc<dyn Clock>) -> Result<Self, getrandom::Error> {
        Ok(Self {
            key,
            blind: LocalKey::generate()?,
            failures: OnceLock::new(),
            audit,
            clock,
            refused: AtomicU64::new(0),
            audited: Mutex::default(),
        })
    }

    /// Lets a request of the API in: the key stands in `Authorization: Bearer` or `X-API-Key`, and if in both, it is the
    /// same.
    ///
    /// # Errors
    /// [`Refusal`], counted and audited.
    pub fn admit_request(&self, client: ClientAddress, uri: &Uri, headers: &HeaderMap) -> Result<Admitted, Refusal> {
        self.admit(client, Via::Api, || {
            if uri.query().is_some_and(holds_key) {
                return Err(Refusal::InQuery);
            }
            let mut keys = keys(headers).peekable();
            if keys.peek().is_none() {
                return Err(Refusal::Missing);
            }
            let expected = self.expected()?;
            // All are compared, whatever the first one gives.
            let right = keys.fold(subtle::Choice::from(1), |right, key| right & self.tag(key).ct_eq(&expected));
            if bool::from(right) { Ok(()) } else { Err(Refusal::Wrong) }
        })
    }

    /// Lets somebody in who typed the key into the page's form.
    ///
    /// # Errors
    /// [`Refusal`], counted and audited.
    pub fn admit_typed(&self, client: ClientAddress, typed: &str) -> Result<Admitted, Refusal> {
        self.admit(client, Via::Page, || {
            let typed = typed.trim();
            if typed.is_empty() {
                return Err(Refusal::Missing);
            }
            if bool::from(self.tag(typed.as_bytes()).ct_eq(&self.expected()?)) { Ok(()) } else { Err(Refusal::Wrong) }
        })
    }

    /// Lets somebody in who has an open session, which the caller of this has checked: the stamp of the session is that of
    /// the key in force.
    #[must_use]
    pub fn admit_session(&self, client: ClientAddress, stamp: &[u8; 16]) -> Option<Admitted> {
        let expected = self.expected().ok()?;
        bool::from(expected.ct_eq(stamp)).then_some(Admitted { client, via: Via::Page })
    }

    /// Names the key in force within this process: sessions keep it, and end when the key is another. None: there is no
    /// key.
    #[must_use]
    pub fn stamp(&self) -> Option<[u8; 16]> {
        self.expected().ok()
    }

    /// Writes the audit log.
    #[must_use]
    pub fn audit(&self) -> &AuditLog {
        &self.audit
    }

    /// Refusals since start, also those that are not in the audit log.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.refused.load(Relaxed)
    }

    fn admit(
        &self,
        client: ClientAddress,
        via: Via,
        check: impl FnOnce() -> Result<(), Refusal>,
    ) -> Result<Admitted, Refusal> {
        if let Some(failures) = self.failures.get() {
            failures.check_without_counting(client).map_err(|problem| {
                self.refused.fetch_add(1, Relaxed);
                Refusal::TooMany(problem)
            })?;
        }
        match check() {
            Ok(()) => Ok(Admitted { client, via }),
            Err(refusal) => {
                self.refused.fetch_add(1, Relaxed);
                self.failures.get_or_init(|| RateLimit::new("support-failures", FAILURES_PER_MINUTE)).take(client);
                if self.has_room_in_log() {
                    self.audit.note(Entry::new(Action::Refused, via, client));
                }
                Err(refusal)
            }
        }
    }

    fn has_room_in_log(&self) -> bool {
        let minute = self.clock.now().as_second().div_euclid(60);
        let mut audited = self.audited.lock().unwrap_or_else(PoisonError::into_inner);
        if audited.minute != minute {
            *audited = Minute { minute, entries: 0 };
        }
        audited.entries = audited.entries.saturating_add(1);
        audited.entries <= AUDITED_PER_MINUTE
    }

    fn expected(&self) -> Result<[u8; 16], Refusal> {
        match self.key.current() {
            Ok(key) => Ok(self.tag(key.reveal().as_bytes())),
            Err(error) => {
                log_closed(&error);
                Err(Refusal::Closed)
            }
        }
    }

    fn tag(&self, key: &[u8]) -> [u8; 16] {
        self.blind.tag(&[key])
    }
}

fn log_closed(error: &KeyFault) {
    tracing::warn!(error = error as &dyn std::error::Error, "the support desk is closed: it has no key");
}

/// Every key in the headers, in the order of their meaning. `Authorization` of another scheme is the web server's.
fn keys(headers: &HeaderMap) -> impl Iterator<Item = &[u8]> {
    let bearers = headers.get_all(header::AUTHORIZATION).into_iter().filter_map(|value| {
        let (scheme, key) = value.as_bytes().split_at_checked(7)?;
        scheme.eq_ignore_ascii_case(b"bearer ").then_some(key)
    });
    let plain = headers.get_all("x-api-key").into_iter().map(HeaderValue::as_bytes);
    bearers.chain(plain).map(<[u8]>::trim_ascii).filter(|key| !key.is_empty())
}

/// True if a parameter of this query is one in which people put keys.
fn holds_key(query: &str) -> bool {
    query.split(['&', ';']).any(|parameter| {
        let name = parameter.split_once('=').map_or(parameter, |(name, _)| name);
        let plain: String =
            name.chars().filter(char::is_ascii_alphabetic).map(|letter| letter.to_ascii_lowercase()).collect();
        KEY_PARAMETERS.contains(&plain.as_str())
    })
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        const WAYS: &str = "Send it as `Authorization: Bearer <key>` or `X-API-Key: <key>`.";
        let unauthorized = |slug, title, detail: String| {
            Self::new(StatusCode::UNAUTHORIZED, slug, title)
                .detail(detail)
                .header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"support desk\""))
        };
        match refusal {
            Refusal::Missing => unauthorized(
                "key-missing",
                "The support key is missing",
                format!("This is for the support desk, which has a key. {WAYS}"),
            ),
            Refusal::InQuery => unauthorized(
                "key-in-query",
                "A key must not stand in the URL",
                format!(
                    "URLs stand in logs and histories, so a key in the URL is never looked at. {WAYS} \
                     If it was the real key, make a new one with `agent rotate-key`."
                ),
            ),
            Refusal::Wrong => unauthorized(
                "key-wrong",
                "This is not the support key",
                "The key that was sent is not the one in force. The agent's operator finds it in the file that \
                 `agent rotate-key` names, or in the configuration."
                    .to_owned(),
            ),
            Refusal::TooMany(problem) => problem,
            Refusal::Closed => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "support-closed", "The support desk is closed")
                    .detail("The agent has no support key that it may use; its log says why.")
            }
        }
    }
}

impl axum::response::IntoResponse for Refusal {
    fn into_response(self) -> axum::response::Response {
        Problem::from(self).into_response()
    }
}

#[cfg(test)]
mod tests;
