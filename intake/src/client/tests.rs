//! Aim: nobody chooses the address under which a test is kept, except the proxies that the operator trusts.

use std::net::IpAddr;

use axum::http::{HeaderMap, HeaderName, HeaderValue};

use super::TrustedProxies;

/// Peer, header lines (x = X-Forwarded-For, f = Forwarded), the client that must come out.
type Case = (&'static str, &'static [(&'static str, &'static str)], &'static str);

const CASES: &[Case] = &[
    // A peer that is no trusted proxy is the client, whatever it says.
    ("203.0.113.9", &[], "203.0.113.9"),
    ("203.0.113.9", &[("x", "198.51.100.1")], "203.0.113.9"),
    ("203.0.113.9", &[("f", "for=198.51.100.1")], "203.0.113.9"),
    ("203.0.113.9", &[("x", "127.0.0.1")], "203.0.113.9"),
    ("2001:db8::9", &[("x", "198.51.100.1")], "2001:db8::9"),
    // A trusted peer's last entry is the client.
    ("127.0.0.1", &[], "127.0.0.1"),
    ("127.0.0.1", &[("x", "198.51.100.1")], "198.51.100.1"),
    ("127.9.9.9", &[("x", "198.51.100.1")], "198.51.100.1"),
    ("::1", &[("x", "198.51.100.1")], "198.51.100.1"),
    ("::ffff:127.0.0.1", &[("x", "198.51.100.1")], "198.51.100.1"),
    ("10.0.0.5", &[("x", "198.51.100.1")], "198.51.100.1"),
    ("11.0.0.5", &[("x", "198.51.100.1")], "11.0.0.5"),
    // What stands left of the first untrusted hop is the client's own claim.
    ("127.0.0.1", &[("x", "1.2.3.4, 198.51.100.1")], "198.51.100.1"),
    ("127.0.0.1", &[("x", "127.0.0.1, 198.51.100.1")], "198.51.100.1"),
    ("127.0.0.1", &[("x", "1.1.1.1,2.2.2.2,198.51.100.1")], "198.51.100.1"),
    ("127.0.0.1", &[("x", "10.0.0.1, 198.51.100.1, 10.0.0.2")], "198.51.100.1"),
    ("127.0.0.1", &[("x", "1.1.1.1, 10.0.0.1")], "1.1.1.1"),
    ("127.0.0.1", &[("x", "10.0.0.1, 10.0.0.2")], "10.0.0.1"),
    // Several lines are one list.
    ("127.0.0.1", &[("x", "1.1.1.1"), ("x", "198.51.100.1")], "198.51.100.1"),
    ("127.0.0.1", &[("x", "198.51.100.1"), ("x", "10.0.0.1")], "198.51.100.1"),
    ("127.0.0.1", &[("x", "6.6.6.6, 198.51.100.1"), ("x", "10.0.0.1")], "198.51.100.1"),
    // Spellings.
    ("127.0.0.1", &[("x", "198.51.100.1:4711")], "198.51.100.1"),
    ("127.0.0.1", &[("x", "2001:db8::1")], "2001:db8::1"),
    ("127.0.0.1", &[("x", "[2001:db8::1]")], "2001:db8::1"),
    ("127.0.0.1", &[("x", "[2001:db8::1]:443")], "2001:db8::1"),
    ("127.0.0.1", &[("x", "2001:0DB8:0:0::1")], "2001:db8::1"),
    ("127.0.0.1", &[("x", "::ffff:198.51.100.1")], "198.51.100.1"),
    ("127.0.0.1", &[("x", "\"198.51.100.1\"")], "198.51.100.1"),
    ("127.0.0.1", &[("x", "   198.51.100.1   ")], "198.51.100.1"),
    // A hop that is no address ends the walk at the last one that was vouched for.
    ("127.0.0.1", &[("x", "unknown")], "127.0.0.1"),
    ("127.0.0.1", &[("x", "")], "127.0.0.1"),
    ("127.0.0.1", &[("x", "198.51.100.1,")], "127.0.0.1"),
    ("127.0.0.1", &[("x", "198.51.100.1, garbage")], "127.0.0.1"),
    ("127.0.0.1", &[("x", "garbage, 198.51.100.1")], "198.51.100.1"),
    ("127.0.0.1", &[("x", "1.1.1.1, unknown, 10.0.0.7")], "10.0.0.7"),
    ("127.0.0.1", &[("x", "198.51.100.256")], "127.0.0.1"),
    ("127.0.0.1", &[("x", "198.051.100.1")], "127.0.0.1"),
    ("127.0.0.1", &[("x", "0x7f000001")], "127.0.0.1"),
    ("127.0.0.1", &[("x", "3325256705")], "127.0.0.1"),
    ("127.0.0.1", &[("x", "fe80::1%eth0")], "127.0.0.1"),
    ("127.0.0.1", &[("x", "<script>")], "127.0.0.1"),
    // Forwarded (RFC 7239).
    ("127.0.0.1", &[("f", "for=198.51.100.1")], "198.51.100.1"),
    ("127.0.0.1", &[("f", "For=\"198.51.100.1:80\"")], "198.51.100.1"),
    ("127.0.0.1", &[("f", "for=\"[2001:db8::1]:80\"")], "2001:db8::1"),
    ("127.0.0.1", &[("f", "proto=https; for=198.51.100.1; by=10.0.0.1")], "198.51.100.1"),
    ("127.0.0.1", &[("f", "for=1.1.1.1, for=198.51.100.1")], "198.51.100.1"),
    ("127.0.0.1", &[("f", "for=198.51.100.1, for=10.0.0.1;proto=http")], "198.51.100.1"),
    ("127.0.0.1", &[("f", "for=1.1.1.1"), ("f", "for=198.51.100.1")], "198.51.100.1"),
    ("127.0.0.1", &[("f", "for=_hidden")], "127.0.0.1"),
    ("127.0.0.1", &[("f", "for=unknown")], "127.0.0.1"),
    ("127.0.0.1", &[("f", "proto=https")], "127.0.0.1"),
    ("127.0.0.1", &[("f", "for=\"1.1.1.1, 198.51.100.1\"")], "127.0.0.1"),
    ("127.0.0.1", &[("f", "for=\"[::ffff:198.51.100.1]\"")], "198.51.100.1"),
    ("127.0.0.1", &[("f", "FOR=198.51.100.1;for=1.1.1.1")], "198.51.100.1"),
    ("127.0.0.1", &[("f", "by=1.1.1.1;host=1.1.1.1")], "127.0.0.1"),
    ("127.0.0.1", &[("f", "for=1.1.1.1, for=unknown, for=10.0.0.1")], "10.0.0.1"),
    ("127.0.0.1", &[("f", "for=198.51.100.1,")], "127.0.0.1"),
    ("127.0.0.1", &[("f", "xfor=198.51.100.1")], "127.0.0.1"),
    ("203.0.113.9", &[("f", "for=127.0.0.1, for=10.0.0.1")], "203.0.113.9"),
    // Tricks.
    ("127.0.0.1", &[("x", "198.51.100.1\t,\t10.0.0.1")], "198.51.100.1"),
    ("127.0.0.1", &[("x", ",,198.51.100.1")], "198.51.100.1"),
    ("127.0.0.1", &[("x", "198.51.100.1,,10.0.0.1")], "10.0.0.1"),
    ("127.0.0.1", &[("x", "198.51.100.1; 10.0.0.1")], "127.0.0.1"),
    ("127.0.0.1", &[("x", "198.51.100.1 10.0.0.1")], "127.0.0.1"),
    ("127.0.0.1", &[("x", "for=198.51.100.1")], "127.0.0.1"),
    ("127.0.0.1", &[("x", "198.51.100.1/32")], "127.0.0.1"),
    ("127.0.0.1", &[("x", "127.1")], "127.0.0.1"),
    ("127.0.0.1", &[("x", "localhost")], "127.0.0.1"),
    ("127.0.0.1", &[("x", "198.51.100.1:99999")], "127.0.0.1"),
    ("127.0.0.1", &[("x", "::ffff:10.0.0.1")], "10.0.0.1"),
    ("127.0.0.1", &[("x", "6.6.6.6, ::ffff:7f00:1")], "6.6.6.6"),
    ("127.0.0.1", &[("x", "0.0.0.0")], "0.0.0.0"),
    ("127.0.0.1", &[("x", "255.255.255.255")], "255.255.255.255"),
    ("127.0.0.1", &[("x", "0:0:0:0:0:0:0:1, 198.51.100.1, ::1")], "198.51.100.1"),
    // X-Forwarded-For goes before Forwarded: a proxy that writes only the former would pass a forged latter on.
    ("127.0.0.1", &[("x", "198.51.100.1"), ("f", "for=1.1.1.1")], "198.51.100.1"),
];

#[test]
fn the_client_is_the_right_most_hop_that_is_not_trusted() {
    let trusted = TrustedProxies::parse(["10.0.0.0/8"]).expect("a good prefix");
    for (peer, lines, expected) in CASES {
        let mut headers = HeaderMap::new();
        for (name, value) in *lines {
            let name = if *name == "x" { "x-forwarded-for" } else { "forwarded" };
            headers.append(HeaderName::from_static(name), HeaderValue::from_str(value).expect("a header value"));
        }
        let client = trusted.client(peer.parse().expect("an address"), &headers);
        assert_eq!(client.ip(), expected.parse::<IpAddr>().expect("an address"), "{peer} {lines:?}");
    }
}

#[test]
fn a_line_that_is_not_ascii_ends_the_walk() {
    let mut headers = HeaderMap::new();
    headers.append("x-forwarded-for", HeaderValue::from_bytes(b"1.1.1.1, \xff").expect("bytes"));
    let client = TrustedProxies::default().client("127.0.0.1".parse().expect("an address"), &headers);
    assert_eq!(client.ip(), "127.0.0.1".parse::<IpAddr>().expect("an address"));
}

#[test]
fn debug_shows_no_address() {
    let client = TrustedProxies::default().client("203.0.113.77".parse().expect("an address"), &HeaderMap::new());
    assert!(!format!("{client:?} {:?}", client.unit(56)).contains("203"));
}

#[test]
fn an_ipv6_client_is_its_prefix() {
    let at = |text: &str| super::ClientAddress::new(text.parse().expect("an address")).unit(56).key_bytes();
    assert_eq!(at("2001:db8:0:1200::1"), at("2001:db8:0:12ff:ffff::9"));
    assert_ne!(at("2001:db8:0:1200::1"), at("2001:db8:0:1300::1"));
    assert_eq!(at("::ffff:192.0.2.1"), at("192.0.2.1"));
}

// Aim: only a trusted proxy can say that a client came over https.
#[test]
fn https_is_believed_of_trusted_proxies() {
    for (peer, said, expected) in [
        ("127.0.0.1", Some("https"), true),
        ("127.0.0.1", Some("HTTPS, http"), true),
        ("127.0.0.1", Some("http, https"), false),
        ("127.0.0.1", Some("http"), false),
        ("127.0.0.1", None, false),
        ("203.0.113.9", Some("https"), false),
    ] {
        let mut headers = HeaderMap::new();
        if let Some(said) = said {
            headers.insert("x-forwarded-proto", HeaderValue::from_static(said));
        }
        let https = TrustedProxies::default().came_over_https(peer.parse().expect("an address"), &headers);
        assert_eq!(https, expected, "{peer} {said:?}");
    }
}

#[test]
fn a_long_list_costs_no_more_than_its_bound() {
    let trusted = TrustedProxies::parse(["10.0.0.0/8"]).expect("a good prefix");
    let mut headers = HeaderMap::new();
    let list = format!("198.51.100.1{}", ", 10.0.0.1".repeat(super::MAX_HOPS));
    headers.append("x-forwarded-for", HeaderValue::from_str(&list).expect("a header value"));
    let client = trusted.client("127.0.0.1".parse().expect("an address"), &headers);
    assert_eq!(client.ip(), "10.0.0.1".parse::<IpAddr>().expect("an address"), "behind the bound nobody looks");
}
