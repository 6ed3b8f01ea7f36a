//! Requests of browser clients for the load generator: real bodies, each made new by digits that are patched in place.

use wire::Hour;

use super::load::Source;
use crate::http;
use crate::simulator::live::Live;
use crate::simulator::network::Network;

/// Digits at the end of the client's own time that make each body new.
const COUNTER_DIGITS: usize = 9;
/// Different bodies per connection.
const TEMPLATES: usize = 64;

/// One connection's requests.
#[derive(Debug)]
pub(super) struct Bodies {
    templates: Vec<Template>,
    turn: u64,
    stream: u64,
}

#[derive(Debug)]
struct Template {
    bytes: Vec<u8>,
    /// Where the counter stands.
    counter_at: usize,
    /// Where the last nine digits of the client's address stand: `73.1aa.1bb.1cc`.
    address_at: usize,
}

impl Bodies {
    /// Requests for one connection; another `stream` sends other bodies from other clients.
    pub(super) fn new(networks: &[Network], seed: u64, stream: u64) -> Self {
        let mut live = Live::new(networks.iter().collect(), 1e6, seed, stream);
        let templates = std::iter::from_fn(|| live.next(Hour(490_000), "2026-01-01T00:00:00.000000000Z"))
            .take(TEMPLATES)
            .filter_map(|post| {
                let headers = [("content-type", "application/json"), ("x-forwarded-for", "73.100.100.100")];
                let bytes = http::request("POST", "/api/telemetry", &headers, post.body.as_bytes());
                Some(Template {
                    counter_at: position(&bytes, b"00.000000000Z")? + 3,
                    address_at: position(&bytes, b"73.100.100.100")? + 3,
                    bytes,
                })
            })
            .collect();
        Self { templates, turn: 0, stream }
    }
}

impl Source for Bodies {
    fn next(&mut self) -> Option<&[u8]> {
        self.turn += 1;
        let index = usize::try_from(self.turn).ok()? % self.templates.len();
        let template = &mut self.templates[index];
        // Streams are told apart by the highest digits of the counter.
        let mut rest = self.stream % 100 * 10_000_000 + self.turn % 10_000_000;
        for place in (0..COUNTER_DIGITS).rev() {
            template.bytes[template.counter_at + place] = digit(rest % 10);
            rest /= 10;
        }
        // A client tests less than once a second on average: half a million addresses take turns.
        let mut client = (self.turn * 100 + self.stream % 100) * 7_919 % 1_000_000;
        for place in [10, 9, 6, 5, 2, 1] {
            template.bytes[template.address_at + place] = digit(client % 10);
            client /= 10;
        }
        Some(&template.bytes)
    }
}

fn digit(value: u64) -> u8 {
    b'0' + u8::try_from(value).unwrap_or_default()
}

fn position(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulator::network::world;

    /// Aim: requests stay well formed when they are patched, and no two are the same.
    #[test]
    fn patched_requests_are_new_and_well_formed() {
        let mut bodies = Bodies::new(&world(1).unwrap(), 1, 3);
        let mut seen = std::collections::BTreeSet::new();
        for _ in 0..500 {
            let request = bodies.next().unwrap().to_vec();
            let text = String::from_utf8(request.clone()).unwrap();
            let (head, body) = text.split_once("\r\n\r\n").unwrap();
            let address = head.lines().find_map(|line| line.strip_prefix("x-forwarded-for: ")).unwrap();
            address.parse::<std::net::Ipv4Addr>().unwrap();
            let body: serde_json::Value = serde_json::from_str(body).unwrap();
            body["timestamp"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
            assert!(seen.insert(request));
        }
    }
}
