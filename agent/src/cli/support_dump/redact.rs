//! Takes addresses and secrets out of text, however the address is spelled.
//!
//! The dump holds no rows with addresses; this is for what may stand in configuration, faults and log lines. It rather
//! takes a version number for an address than the other way round.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde_json::Value;

/// Runs of hexadecimal digits as long as this may be an address written as one number.
const LONG_RUN: usize = 8;

/// Secrets shorter than this would be found everywhere.
const SHORTEST_SECRET: usize = 4;

/// What stands in the place of a secret.
const HIDDEN: &str = "[secret]";

pub(super) struct Redactor {
    secrets: Vec<String>,
}

impl Redactor {
    /// Takes these out as well.
    pub(super) fn new(secrets: Vec<String>) -> Self {
        let secrets = secrets.into_iter().map(|secret| secret.trim().to_owned());
        Self { secrets: secrets.filter(|secret| secret.len() >= SHORTEST_SECRET).collect() }
    }

    /// The value with every text in it redacted.
    pub(super) fn redact(&self, value: Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.text(&text)),
            Value::Array(values) => values.into_iter().map(|value| self.redact(value)).collect(),
            Value::Object(members) => {
                members.into_iter().map(|(name, value)| (self.text(&name), self.redact(value))).collect()
            }
            other => other,
        }
    }

    fn text(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for secret in &self.secrets {
            text = text.replace(secret.as_str(), HIDDEN);
        }
        without_addresses(&text)
    }
}

/// Scheme, host and port of a URL; nothing of one that cannot be read.
pub(super) fn origin_of(url: &str) -> String {
    match reqwest::Url::parse(url) {
        Ok(url) => {
            let rest = if url.path().len() > 1 || url.query().is_some() { "/[hidden]" } else { "" };
            format!("{}{rest}", url.origin().ascii_serialization())
        }
        Err(_) => "[unreadable]".to_owned(),
    }
}

/// The text without addresses. One can begin where no letter and no digit stands before.
fn without_addresses(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let text = text.replace("%3a", ":").replace("%3A", ":");
    let mut rest = text.as_str();
    let mut inside_word = false;
    while let Some(next) = rest.chars().next() {
        let found = if inside_word { None } else { address_at(rest) };
        if let Some((length, instead)) = found {
            shown.push_str(&instead);
            rest = &rest[length..];
            inside_word = true;
        } else {
            shown.push(next);
            rest = &rest[next.len_utf8()..];
            inside_word = next.is_alphanumeric();
        }
    }
    shown
}

/// The length of an address with which the text begins, and what is shown instead.
fn address_at(text: &str) -> Option<(usize, String)> {
    if !text.starts_with(|c: char| c.is_ascii_hexdigit() || c == ':') {
        return None;
    }
    ipv6_at(text, ':')
        .or_else(|| ipv6_at(text, '-'))
        // Nibbles first: four of them look like an IPv4 address.
        .or_else(|| groups_at(text, '.', 1, 8))
        .or_else(|| [".", "-", "_", ", ", ","].iter().find_map(|between| ipv4_at(text, between)))
        .or_else(|| groups_at(text, ':', 2, 4))
        .or_else(|| number_at(text))
}

/// Four numbers below 256, also octal ones.
fn ipv4_at(text: &str, between: &str) -> Option<(usize, String)> {
    let mut octets = [0; 4];
    let mut at = 0;
    for (index, octet) in octets.iter_mut().enumerate() {
        if index > 0 {
            at += text[at..].strip_prefix(between).map(|_| between.len())?;
        }
        let digits = text[at..].find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len() - at);
        *octet = match &text[at..at + digits] {
            octal if digits == 4 && octal.starts_with('0') => u8::from_str_radix(octal, 8).ok()?,
            decimal => decimal.parse().ok()?,
        };
        at += digits;
    }
    Some((at, instead(Ipv4Addr::from(octets).into(), &text[..at])))
}

/// An IPv6 address, with colons or with something else in their place.
fn ipv6_at(text: &str, colon: char) -> Option<(usize, String)> {
    let inside = |c: char| c.is_ascii_hexdigit() || c == colon || c == '.';
    let longest = text.find(|c: char| !inside(c)).unwrap_or(text.len());
    (2..=longest).rev().find_map(|length| {
        let ends = !text[length..].starts_with(|c: char| c.is_alphanumeric());
        let address: Ipv6Addr = ends.then(|| text[..length].replace(colon, ":").parse().ok()).flatten()?;
        Some((length, instead(address.into(), &text[..length])))
    })
}

/// Groups of so many hexadecimal digits each, at least so many of them: bytes of an address, or its nibbles.
fn groups_at(text: &str, between: char, digits: usize, least: usize) -> Option<(usize, String)> {
    let run = text.find(|c: char| !c.is_ascii_hexdigit() && c != between).unwrap_or(text.len());
    let run = text[..run].trim_end_matches(between);
    let groups: Vec<&str> = run.split(between).collect();
    let fits = groups.len() >= least && groups.iter().all(|group| group.len() == digits);
    fits.then(|| (run.len(), "[address]".to_owned()))
}

/// A long number, decimal or hexadecimal: four bytes are enough for an address.
fn number_at(text: &str) -> Option<(usize, String)> {
    let run = text.find(|c: char| !c.is_ascii_hexdigit()).unwrap_or(text.len());
    let ends = !text[run..].starts_with(char::is_alphanumeric);
    let number = run >= LONG_RUN && ends && text[..run].contains(|c: char| c.is_ascii_digit());
    number.then(|| (run, "[number]".to_owned()))
}

/// Loopback and unspecified addresses stay: they are the same everywhere.
fn instead(address: IpAddr, spelled: &str) -> String {
    let address = address.to_canonical();
    if address.is_loopback() || address.is_unspecified() {
        return spelled.to_owned();
    }
    match address {
        IpAddr::V4(v4) if v4.is_private() => "[private IPv4 address]",
        IpAddr::V4(_) => "[IPv4 address]",
        IpAddr::V6(v6) if v6.is_unique_local() || v6.is_unicast_link_local() => "[private IPv6 address]",
        IpAddr::V6(_) => "[IPv6 address]",
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    //! Aim: no spelling of an address comes through, and what is none stays readable.

    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn addresses_are_replaced_in_any_spelling() {
        for (text, shown) in [
            ("from 203.0.113.77:4711, lost", "from [IPv4 address]:4711, lost"),
            ("client=10.1.2.3", "client=[private IPv4 address]"),
            ("203-0-113-77.dsl.example", "[IPv4 address].dsl.example"),
            ("203_0_113_77", "[IPv4 address]"),
            ("[203, 0, 113, 77]", "[[IPv4 address]]"),
            ("0313.0.0161.0115", "[IPv4 address]"),
            ("203.000.113.077", "[IPv4 address]"),
            ("10.0.0.0/8", "[private IPv4 address]/8"),
            ("[2001:db8::1]:443", "[[IPv6 address]]:443"),
            ("at 2001:DB8:0:1::5.", "at [IPv6 address]."),
            ("2001-db8--1", "[IPv6 address]"),
            ("2001%3adb8%3A%3A1", "[IPv6 address]"),
            ("::ffff:203.0.113.77", "[IPv4 address]"),
            ("fd00::1/64", "[private IPv6 address]/64"),
            ("cb:00:71:4d", "[address]"),
            ("1.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa", "[address].ip6.arpa"),
            ("cb00714d", "[number]"),
            ("3405803853", "[number]"),
            ("x3405803853", "x3405803853"),
        ] {
            assert_eq!(without_addresses(text), shown, "{text}");
        }
    }

    #[test]
    fn what_is_no_address_stays() {
        for text in [
            "127.0.0.1:8081 and [::1]:9081 and 0.0.0.0",
            "2026-11-25T10:00:02.123456Z INFO agent::upload: batch.seq=12 settled",
            "version 0.1.0, seq 1234567",
            "https://warehouse.example:8443/api/v1",
            "core::cell, std::net::IpAddr",
            "status 503 (warehouse-full)",
            "größer als 10,5",
            "",
        ] {
            assert_eq!(without_addresses(text), text);
        }
    }

    #[test]
    fn secrets_and_paths_of_urls_are_hidden() {
        let redactor = Redactor::new(vec!["  key-of-the-desk\n".into(), "ab".into(), String::new()]);
        let value = json!({ "log": ["got key-of-the-desk from 192.0.2.1"], "n": 3405803853_u32, "ab": null });
        let shown = json!({ "log": ["got [secret] from [IPv4 address]"], "n": 3405803853_u32, "ab": null });
        assert_eq!(redactor.redact(value), shown);
        assert_eq!(origin_of("https://hooks.example/T0/B1/token?x=1"), "https://hooks.example/[hidden]");
        assert_eq!(origin_of("https://hooks.example"), "https://hooks.example");
        assert_eq!(origin_of("no url"), "[unreadable]");
    }

    proptest! {
        #[test]
        fn no_address_comes_through(before in "[ =(\\[\"/@]", after in "[ ,;)\\]\"/]", v4: u32, v6: u128) {
            for address in [IpAddr::from(Ipv4Addr::from_bits(v4)), IpAddr::from(Ipv6Addr::from_bits(v6))] {
                prop_assume!(!address.is_loopback() && !address.is_unspecified());
                let shown = without_addresses(&format!("x{before}{address}{after}y"));
                prop_assert!(!shown.contains(&address.to_string()), "{}", shown);
            }
        }

        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,80}|[0-9a-f:.,_é-]{0,80}") {
            let _ = without_addresses(&text);
        }
    }
}
