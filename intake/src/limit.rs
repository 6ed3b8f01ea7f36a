//! How often one client may ask, in memory that no flood can grow.
//!
//! The algorithm is GCRA (ITU-T I.371), which needs one moment a client: when its allowance would be whole again. The
//! moments lie in a table of fixed size at two places per client, found by keyed hashes, and the earlier of the two
//! counts, as in a count-min sketch. So memory is constant; what a flood can do is to make the moments of a few other
//! clients a little too late. A map of clients, as `governor` keeps one, would grow with every forged source.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use crate::client::ClientAddress;
use crate::problem::Problem;

/// Places in the table: 2 MiB.
const SLOTS: usize = 1 << 18;

/// Length of the prefix that counts as one source of requests over IPv6.
const SOURCE_PREFIX_BITS: u8 = 64;

/// Limits requests per client: IPv4 address or IPv6 /64.
pub struct RateLimit {
    name: &'static str,
    per_minute: u32,
    interval_us: u64,
    started: Instant,
    hashers: [RandomState; 2],
    whole_again_us: Box<[AtomicU64]>,
}

/// What is left of a client's allowance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// Whether this request may pass.
    pub allowed: bool,
    /// Requests that may follow at once.
    pub remaining: u32,
    /// Time until the next request may pass, or until the allowance is whole again.
    pub wait: Duration,
}

impl RateLimit {
    /// A limit of `per_minute` requests, all of which may come at once. `name` stands in the headers.
    #[must_use]
    pub fn new(name: &'static str, per_minute: u32) -> Self {
        let per_minute = per_minute.max(1);
        Self {
            name,
            per_minute,
            // A microsecond is the shortest interval that is counted.
            interval_us: (60_000_000 / u64::from(per_minute)).max(1),
            started: Instant::now(),
            hashers: [RandomState::new(), RandomState::new()],
            whole_again_us: (0..SLOTS).map(|_| AtomicU64::new(0)).collect(),
        }
    }

    /// Counts a request of this client.
    pub fn take(&self, client: ClientAddress) -> Allowance {
        self.take_at(client, self.now_us())
    }

    fn now_us(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    fn take_at(&self, client: ClientAddress, now_us: u64) -> Allowance {
        let (slots, whole_again) = self.find(client, now_us);
        let next = whole_again + self.interval_us;
        let allowance = self.allowance(next, now_us);
        if allowance.allowed {
            for slot in slots {
                slot.fetch_max(next, Ordering::Relaxed);
            }
        }
        allowance
    }

    /// The client's places in the table, and when its allowance is whole again.
    fn find(&self, client: ClientAddress, now_us: u64) -> ([&AtomicU64; 2], u64) {
        let source = client.unit(SOURCE_PREFIX_BITS).key_bytes();
        let slots = self.hashers.each_ref().map(|hasher| {
            let hash = hasher.hash_one(source);
            // The table's length is a power of two, so the low bits are a place in it.
            &self.whole_again_us[usize::try_from(hash & (SLOTS as u64 - 1)).unwrap_or(0)]
        });
        let whole_again = slots.iter().map(|slot| slot.load(Ordering::Relaxed)).min().unwrap_or(0).max(now_us);
        (slots, whole_again)
    }

    /// What is left if the allowance is whole again at `next`.
    fn allowance(&self, next_us: u64, now_us: u64) -> Allowance {
        let minute_us = self.interval_us * u64::from(self.per_minute);
        let ahead = next_us - now_us;
        if ahead > minute_us {
            return Allowance { allowed: false, remaining: 0, wait: Duration::from_micros(ahead - minute_us) };
        }
        let remaining = u32::try_from((minute_us - ahead) / self.interval_us).unwrap_or(u32::MAX);
        Allowance { allowed: true, remaining, wait: Duration::from_micros(ahead) }
    }

    /// Counts a request and refuses it if it is one too many.
    ///
    /// # Errors
    /// 429 with `Retry-After` and the `RateLimit` headers.
    pub fn check(&self, client: ClientAddress) -> Result<Allowance, Problem> {
        self.judge(self.take(client))
    }

    /// As [`RateLimit::check`] without counting: for limits on failures, which are counted by [`RateLimit::take`] once
    /// they have failed.
    ///
    /// # Errors
    /// 429 with `Retry-After` and the `RateLimit` headers.
    pub fn check_without_counting(&self, client: ClientAddress) -> Result<Allowance, Problem> {
        let now_us = self.now_us();
        let (_, whole_again) = self.find(client, now_us);
        self.judge(self.allowance(whole_again + self.interval_us, now_us))
    }

    fn judge(&self, allowance: Allowance) -> Result<Allowance, Problem> {
        if allowance.allowed {
            return Ok(allowance);
        }
        let seconds = allowance.wait.as_secs() + 1;
        let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, "too-many-requests", "Too many requests")
            .detail(format!(
                "At most {} requests a minute are taken from one client. Try again later.",
                self.per_minute
            ))
            .retry_after(seconds);
        Err(self.headers(allowance).into_iter().fold(problem, |problem, (name, value)| problem.header(name, value)))
    }

    /// Writes the `RateLimit` headers (IETF draft) into an answer.
    pub fn describe(&self, allowance: Allowance, headers: &mut HeaderMap) {
        headers.extend(self.headers(allowance).map(|(name, value)| (Some(name), value)));
    }

    fn headers(&self, allowance: Allowance) -> [(HeaderName, HeaderValue); 2] {
        let policy = format!("\"{}\";q={};w=60", self.name, self.per_minute);
        let state = format!("\"{}\";r={};t={}", self.name, allowance.remaining, allowance.wait.as_secs() + 1);
        let value = |text: String| HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static(""));
        [
            (HeaderName::from_static("ratelimit-policy"), value(policy)),
            (HeaderName::from_static("ratelimit"), value(state)),
        ]
    }
}

#[cfg(test)]
mod tests {
    //! Aim: a client gets its allowance and no more, and a flood of forged sources neither grows memory nor shuts others out.

    use std::net::{IpAddr, Ipv6Addr};

    use super::*;

    const MINUTE_US: u64 = 60_000_000;

    fn v6(subnet: u64) -> ClientAddress {
        ClientAddress::new(IpAddr::V6(Ipv6Addr::from_bits((0x2001_0db8_u128 << 96) | (u128::from(subnet) << 64) | 1)))
    }

    #[test]
    fn an_allowance_is_a_burst_and_then_a_pace() {
        let limit = RateLimit::new("test", 60);
        let client = ClientAddress::new([192, 0, 2, 1].into());
        let start = 10 * MINUTE_US;
        let passed = (0..100).filter(|_| limit.take_at(client, start).allowed).count();
        assert_eq!(passed, 60);
        let refused = limit.take_at(client, start);
        assert_eq!(refused.wait, Duration::from_secs(1));
        assert!(limit.take_at(client, start + 1_000_000).allowed);
        assert!(!limit.take_at(client, start + 1_000_000).allowed);
        assert!(limit.take_at(ClientAddress::new([192, 0, 2, 2].into()), start).allowed, "others are not touched");
        assert_eq!((0..100).filter(|_| limit.take_at(client, start + 3 * MINUTE_US).allowed).count(), 60);
    }

    #[test]
    fn no_limit_is_too_high() {
        let limit = RateLimit::new("test", u32::MAX);
        assert!(limit.take_at(ClientAddress::new([192, 0, 2, 1].into()), MINUTE_US).allowed);
    }

    #[test]
    fn a_flood_of_a_million_sources_shuts_nobody_out() {
        let limit = RateLimit::new("test", 60);
        let start = 10 * MINUTE_US;
        // A million sources within a minute; each place of the table is hit about eight times.
        for n in 0..1_000_000 {
            limit.take_at(v6(n), start + n * 60);
        }
        let client = ClientAddress::new([192, 0, 2, 1].into());
        assert!(limit.take_at(client, start + MINUTE_US).allowed);
        let same_subnet = ClientAddress::new(IpAddr::V6(Ipv6Addr::from_bits(
            (0x2001_0db8_u128 << 96) | (u128::from(u64::from(u32::MAX)) << 64) | 77,
        )));
        assert_eq!(same_subnet.unit(64), v6(u64::from(u32::MAX)).unit(64));
    }
}
