//! Who is signed in at the page: sessions in memory, few, short, and gone at a restart.
//!
//! A session keeps the look-ups made in it, because an address must not stand in a URL: proxies log URLs. A URL names the
//! look-up by its number in the session.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::http::{HeaderMap, HeaderValue, header};
use ipnet::IpNet;

/// Most people signed in at once; one more signs out who was idle longest.
const MAX_SESSIONS: usize = 64;

/// Look-ups that a session remembers; the oldest goes first.
pub(super) const MAX_LOOK_UPS: usize = 50;

/// Longest session, however busy, in hours: one working day.
const MAX_SESSION_HOURS: u64 = 12;

/// Name of the cookie.
const COOKIE: &str = "bufferlake_support";

/// Bytes of a token; it is written in hexadecimal.
const TOKEN_BYTES: usize = 32;

/// What the cookie holds.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Token([u8; TOKEN_BYTES]);

impl Token {
    fn generate() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; TOKEN_BYTES];
        getrandom::fill(&mut bytes)?;
        Ok(Self(bytes))
    }

    /// The token of a request, if it has one.
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        let cookies = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
        let mut pairs = cookies.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
        let (_, value) = pairs.find(|(name, _)| *name == COOKIE)?;
        let mut bytes = [0; TOKEN_BYTES];
        hex::decode_to_slice(value, &mut bytes).ok()?;
        Some(Self(bytes))
    }

    /// The header that gives the token to the browser. It goes when the browser closes, and the session ends by itself.
    pub(super) fn cookie(&self, secure: bool) -> HeaderValue {
        cookie(&hex::encode(self.0), "", secure)
    }
}

/// The header that takes the token away.
pub(super) fn no_cookie(secure: bool) -> HeaderValue {
    cookie("", "; Max-Age=0", secure)
}

fn cookie(value: &str, age: &str, secure: bool) -> HeaderValue {
    let secure = if secure { "; Secure" } else { "" };
    let text = format!("{COOKIE}={value}; Path=/support; HttpOnly; SameSite=Strict{age}{secure}");
    HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static(""))
}

/// A look-up of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LookUp {
    pub(super) number: u32,
    pub(super) subject: IpNet,
}

struct Session {
    /// Names the key with which it was opened.
    stamp: [u8; 16],
    began: Instant,
    used: Instant,
    next_number: u32,
    look_ups: VecDeque<LookUp>,
}

/// All sessions.
pub(super) struct Sessions {
    idle: Duration,
    open: Mutex<HashMap<Token, Session>>,
}

impl Sessions {
    /// No sessions yet; each will end after `idle` without a request.
    pub(super) fn new(idle: Duration) -> Self {
        Self { idle, open: Mutex::new(HashMap::new()) }
    }

    /// Opens a session with the key that `stamp` names.
    pub(super) fn open(&self, stamp: [u8; 16], now: Instant) -> Result<Token, getrandom::Error> {
        let token = Token::generate()?;
        let mut open = self.lock(now);
        if open.len() >= MAX_SESSIONS
            && let Some(idlest) = open.iter().min_by_key(|(_, session)| session.used).map(|(token, _)| token.clone())
        {
            open.remove(&idlest);
        }
        let session = Session { stamp, began: now, used: now, next_number: 1, look_ups: VecDeque::new() };
        open.insert(token.clone(), session);
        Ok(token)
    }

    /// Ends a session.
    pub(super) fn close(&self, token: &Token, now: Instant) {
        self.lock(now).remove(token);
    }

    /// Names the key with which a session was opened; none if there is no such session any more. Asking counts as use.
    pub(super) fn stamp(&self, token: &Token, now: Instant) -> Option<[u8; 16]> {
        let mut open = self.lock(now);
        let session = open.get_mut(token)?;
        session.used = now;
        Some(session.stamp)
    }

    /// The look-ups of a session, newest first.
    pub(super) fn look_ups(&self, token: &Token, now: Instant) -> Vec<LookUp> {
        let open = self.lock(now);
        open.get(token).map(|session| session.look_ups.iter().rev().copied().collect()).unwrap_or_default()
    }

    /// Remembers a look-up and gives its number. The same subject keeps the number that it has.
    pub(super) fn remember(&self, token: &Token, subject: IpNet, now: Instant) -> Option<u32> {
        let mut open = self.lock(now);
        let session = open.get_mut(token)?;
        let number = match session.look_ups.iter().position(|look_up| look_up.subject == subject) {
            Some(known) => session.look_ups.remove(known)?.number,
            None => {
                session.next_number += 1;
                session.next_number - 1
            }
        };
        session.look_ups.push_back(LookUp { number, subject });
        if session.look_ups.len() > MAX_LOOK_UPS {
            session.look_ups.pop_front();
        }
        Some(number)
    }

    /// The sessions that have not ended by now.
    fn lock(&self, now: Instant) -> MutexGuard<'_, HashMap<Token, Session>> {
        let longest = Duration::from_secs(MAX_SESSION_HOURS * 3_600);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|_, session| {
            now.saturating_duration_since(session.used) < self.idle
                && now.saturating_duration_since(session.began) < longest
        });
        open
    }
}

#[cfg(test)]
mod tests {
    //! Aim: a session ends when it should, there are never more than a few, and its cookie is for this page alone.

    use super::*;

    const IDLE: Duration = Duration::from_secs(1_800);
    const STAMP: [u8; 16] = [7; 16];

    fn subject(text: &str) -> IpNet {
        text.parse().expect("a prefix")
    }

    #[test]
    fn a_session_ends_when_idle_and_at_the_end_of_the_day() {
        let (sessions, start) = (Sessions::new(IDLE), Instant::now());
        let token = sessions.open(STAMP, start).expect("randomness");
        let mut now = start;
        while now - start < Duration::from_secs((MAX_SESSION_HOURS - 1) * 3_600) {
            now += IDLE - Duration::from_secs(1);
            assert!(sessions.stamp(&token, now).is_some(), "busy after {:?}", now - start);
        }
        let idle = sessions.open(STAMP, now).expect("randomness");
        assert!(sessions.stamp(&idle, now + IDLE).is_none(), "idle");
        let day = start + Duration::from_secs(MAX_SESSION_HOURS * 3_600);
        assert!(sessions.stamp(&token, day).is_none(), "after a day");
    }

    #[test]
    fn sessions_are_few_and_the_idlest_goes() {
        let (sessions, start) = (Sessions::new(IDLE), Instant::now());
        let first = sessions.open(STAMP, start).expect("randomness");
        let second = sessions.open(STAMP, start).expect("randomness");
        sessions.stamp(&first, start + Duration::from_secs(1));
        for _ in 0..MAX_SESSIONS - 1 {
            sessions.open(STAMP, start + Duration::from_secs(2)).expect("randomness");
        }
        let now = start + Duration::from_secs(3);
        assert!(sessions.stamp(&first, now).is_some());
        assert!(sessions.stamp(&second, now).is_none());
        sessions.close(&first, now);
        assert!(sessions.stamp(&first, now).is_none(), "signed out");
    }

    #[test]
    fn look_ups_are_numbered_and_bounded() {
        let (sessions, now) = (Sessions::new(IDLE), Instant::now());
        let token = sessions.open(STAMP, now).expect("randomness");
        assert_eq!(sessions.remember(&token, subject("192.0.2.1/32"), now), Some(1));
        assert_eq!(sessions.remember(&token, subject("192.0.2.2/32"), now), Some(2));
        assert_eq!(sessions.remember(&token, subject("192.0.2.1/32"), now), Some(1), "the same again");
        let newest = |sessions: &Sessions| sessions.look_ups(&token, now);
        assert_eq!(newest(&sessions).iter().map(|look_up| look_up.number).collect::<Vec<_>>(), [1, 2]);
        for n in 0..200u8 {
            sessions.remember(&token, subject(&format!("198.51.100.{n}/32")), now);
        }
        assert_eq!(newest(&sessions).len(), MAX_LOOK_UPS);
        assert_eq!(sessions.remember(&Token([0; TOKEN_BYTES]), subject("192.0.2.1/32"), now), None, "no such session");
    }

    #[test]
    fn the_cookie_is_for_this_page_alone() {
        let token = Sessions::new(IDLE).open(STAMP, Instant::now()).expect("randomness");
        let set = token.cookie(true);
        let text = set.to_str().expect("text");
        for part in ["; Path=/support", "; HttpOnly", "; SameSite=Strict", "; Secure"] {
            assert!(text.contains(part), "{part} in {text}");
        }
        assert!(!token.cookie(false).to_str().expect("text").contains("Secure"));
        let mut headers = HeaderMap::new();
        let pair = text.split(';').next().expect("a pair");
        headers.append(header::COOKIE, HeaderValue::from_static("other=1"));
        headers.append(header::COOKIE, HeaderValue::try_from(format!("a=b; {pair}")).expect("a header"));
        assert!(Token::of(&headers) == Some(token));
        headers.clear();
        headers.append(header::COOKIE, HeaderValue::from_static("bufferlake_support=12"));
        assert!(Token::of(&headers).is_none());
    }
}
