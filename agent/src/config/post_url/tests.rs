//! Aim: addresses and batches leave in plain text only to where nobody listens in, however the host is spelt.

use ipnet::IpNet;

use super::{BadUrl, PostUrl};

/// What is said of posting to this URL with these prefixes.
fn with(prefixes: &[&str], url: &str) -> Result<(), BadUrl> {
    let prefixes: Vec<IpNet> = prefixes.iter().map(|text| text.parse().expect("a prefix")).collect();
    super::parse(&PostUrl::new(url), Some(&prefixes)).map(drop)
}

/// What is said of a URL for which there can be no prefix.
fn without(url: &str) -> Result<(), BadUrl> {
    super::parse(&PostUrl::new(url), None).map(drop)
}

#[test]
fn https_goes_anywhere() {
    for url in [
        "https://portal.example/hook?x=1",
        "https://192.0.2.1:8443/",
        "https://[2001:db8::1]/",
        "HTTPS://PORTAL.example",
    ] {
        assert_eq!(with(&[], url), Ok(()), "{url}");
        assert_eq!(without(url), Ok(()), "{url}");
    }
}

#[test]
fn plain_http_goes_to_loopback_however_it_is_spelt() {
    for url in [
        "http://127.0.0.1:5000/hook",
        "http://127.8.9.10/",
        "http://[::1]:5000/",
        "http://[::ffff:127.0.0.1]/",
        "http://localhost:5000/",
        "http://LOCALHOST/",
        "http://2130706433/",
        "http://0x7f.1/",
        "http://0177.0.0.1/",
    ] {
        assert_eq!(with(&[], url), Ok(()), "{url}");
        assert_eq!(without(url), Ok(()), "{url}");
    }
}

#[test]
fn plain_http_goes_to_listed_prefixes_only() {
    let own = ["10.1.0.0/16", "2001:db8:1::/48"];
    for url in ["http://10.1.2.3/", "http://[2001:db8:1:2::3]:80/", "http://[::ffff:10.1.2.3]/", "http://167838211/"] {
        assert_eq!(with(&own, url), Ok(()), "{url}");
        assert_eq!(with(&[], url), Err(BadUrl::PlainToPrefix), "{url}");
        assert_eq!(without(url), Err(BadUrl::PlainToNetwork), "{url}");
    }
    for url in ["http://10.2.0.1/", "http://[2001:db8:2::1]/", "http://192.0.2.1/", "http://0.0.0.0/", "http://[::]/"] {
        assert_eq!(with(&own, url), Err(BadUrl::PlainToPrefix), "{url}");
    }
}

// Aim: a name is taken where the client that posts checks what it resolves to, and nowhere else.
#[test]
fn plain_http_goes_to_a_name_only_where_prefixes_are_listed() {
    for url in [
        "http://portal.example/",
        "http://localhost.example/",
        "http://localhost./",
        "http://127.0.0.1.example/",
        "http://ip6-localhost/",
    ] {
        assert_eq!(without(url), Err(BadUrl::PlainToNetwork), "{url}");
        assert_eq!(with(&[], url), Err(BadUrl::PlainToPrefix), "{url}");
        assert_eq!(with(&["10.1.0.0/16"], url), Ok(()), "{url}");
    }
}

#[test]
fn other_urls_are_none() {
    for url in
        ["ftp://portal.example/", "file:///etc/passwd", "unix:/run/x", "ws://127.0.0.1/", "data:,x", "javascript:x"]
    {
        assert_eq!(with(&[], url), Err(BadUrl::Scheme), "{url}");
    }
    for url in
        ["", "portal.example/hook", "/hook", "http://", "https://", "http://[::1", "http://1.2.3.4.5/", "https://a b/"]
    {
        assert_eq!(with(&[], url), Err(BadUrl::Unreadable), "{url}");
    }
}

#[test]
fn credentials_are_refused_wherever_it_goes() {
    for url in
        ["https://user@x.example/", "https://user:word@x.example/", "https://:word@x.example/", "http://u:p@127.0.0.1/"]
    {
        assert_eq!(with(&[], url), Err(BadUrl::Credentials), "{url}");
        assert_eq!(without(url), Err(BadUrl::Credentials), "{url}");
    }
}

#[test]
fn what_may_be_a_password_or_a_token_is_not_shown() {
    for (url, shown) in [
        ("https://x.example/hook", "https://x.example/hook"),
        ("https://x.example", "https://x.example"),
        ("https://x.example/hook?token=word", "https://x.example/hook (hidden)"),
        ("https://x.example/hook#word", "https://x.example/hook (hidden)"),
        ("https://user:word@x.example/", "https://x.example/ (hidden)"),
        ("https://word@x.example/?word#word", "https://x.example/ (hidden)"),
        ("word", "(hidden)"),
        ("https://word:word", "(hidden)"),
    ] {
        assert_eq!(PostUrl::new(url).shown(), shown);
        assert_eq!(format!("{:?}", PostUrl::new(url)), shown);
        assert_eq!(serde_json::to_value(PostUrl::new(url)).expect("a text"), shown);
    }
}
